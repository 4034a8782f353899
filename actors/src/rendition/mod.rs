//! `rendition::Transcoder`: one rendition. Commits finished segments, counts failed attempts.
//!
//! Segments are the checkpoints. Each is committed together with a check that its job is still
//! held by the attempt that made it, so a lost worker's late result is refused, and in rising order
//! without a gap, so whoever takes the job next knows where to go on.

pub(crate) mod attempts;
mod progress;
mod transcoder;

pub use transcoder::Transcoder;

use crate::encode::Outcome;
use crate::runtime::EntityId;
use jiff::Timestamp;
use playhouse_storage::model::{ContentId, Init, JobId, Rendition, Segment, ShardId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The address of a rendition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RenditionId {
    /// Its content; the shard key.
    pub content: ContentId,
    /// Its name.
    pub name: String,
}

impl fmt::Display for RenditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.content, self.name)
    }
}

impl EntityId for RenditionId {
    fn shard(&self, count: u16) -> ShardId {
        self.content.shard(count)
    }
}

/// What a transcoder can be asked.
#[derive(Clone, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Request {
    /// An attempt begins: where does it go on?
    Begin {
        /// Which job.
        job: JobId,
        /// The attempt.
        token: String,
    },
    /// A fresh init segment is in the blob store.
    InitReady {
        /// Which job.
        job: JobId,
        /// The attempt.
        token: String,
        /// It.
        init: Init,
    },
    /// A segment is in the blob store.
    SegmentReady {
        /// Which job.
        job: JobId,
        /// The attempt.
        token: String,
        /// It.
        segment: Segment,
    },
    /// An attempt at a job of this rendition alone has ended.
    AttemptEnded {
        /// Which job.
        job: JobId,
        /// The attempt.
        token: String,
        /// How.
        outcome: Outcome,
    },
}

/// What a transcoder answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// To `Begin`: the record as it is on disk.
    Started(Box<Rendition>),
    /// To `InitReady` and `SegmentReady`: it is on disk; the record after it.
    Committed(Box<Rendition>),
    /// To `InitReady`: it is unlike the one before, all segments were dropped. This attempt must
    /// end as `InitChanged`; the next one starts anew.
    Restarted,
    /// To `AttemptEnded`: nothing is left to do.
    Finished,
    /// To `AttemptEnded`: the job is back in the queue.
    Retry {
        /// Earliest next attempt.
        not_before: Timestamp,
    },
    /// To `AttemptEnded`: a dead letter was written.
    GaveUp,
    /// The request is not carried out.
    Refused(Refusal),
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// No such rendition.
    #[error("there is no such rendition")]
    NotFound,
    /// The job is held by another attempt, or is gone.
    #[error("the job is no longer held by this attempt")]
    NotHeld,
    /// Segments are committed in order without a gap.
    #[error("segment {expected} comes next")]
    OutOfOrder {
        /// The index that comes next.
        expected: u32,
    },
    /// It does not lie where the plan says.
    #[error("{0}")]
    NotAsPlanned(String),
}
