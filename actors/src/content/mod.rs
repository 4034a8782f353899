//! `content::Pipeline`: leads one content from its upload to all its renditions.
//!
//! What comes next is a pure function of the rows (`machine`); what the end of a job means is
//! another (`verdict`). The actor reads, asks them, commits, and only then acts. So a crash at any
//! point is mended by looking at the rows again, which is what `Advance` does.

mod cards;
mod checks;
mod facts;
mod last;
mod lists;
mod loads;
mod machine;
mod manifests;
mod mover;
mod names;
mod pipeline;
mod publish;
mod reading;
mod remedy;
mod renditions;
#[cfg(test)]
mod story;
mod tiers;
mod verdict;

pub(crate) use cards::shows;
pub use cards::{Card, Cards, has_mpd};
pub use checks::{Checks, Fingerprinter, NotConfigured, Scanner};
pub(crate) use last::Terms;
pub(crate) use machine::stored;
pub use manifests::{Manifest, ManifestError, Manifests};
pub use mover::{Message as MoverMessage, Mover};
pub use pipeline::Pipeline;
#[cfg(test)]
pub(crate) use pipeline::fresh;
pub(crate) use reading::Reading;
pub use tiers::Tiers;
pub(crate) use verdict::later;

use crate::runtime::EntityId;
use playhouse_storage::model::{
    Content, ContentId, DeadLetterId, JobId, ShardId, Tier, UploadId, UploadMetadata,
};
use serde::{Deserialize, Serialize};

/// What a pipeline can be asked.
#[derive(Clone, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Request {
    /// Creates the content of a fresh upload.
    Open {
        /// Its upload.
        upload_id: UploadId,
        /// Subject of the creator.
        owner: String,
        /// What `Upload-Metadata` said.
        metadata: UploadMetadata,
    },
    /// The source is whole: its blob and size.
    Receive {
        /// The source's blob.
        key: String,
        /// Its size.
        size_bytes: u64,
    },
    /// The upload was terminated or has expired: the content goes too.
    Abandon,
    /// Looks at its rows and does what comes next. Sent at boot and after every step.
    Advance,
    /// A job that was not a single rung's has ended.
    JobEnded {
        /// Which.
        job: JobId,
        /// The attempt.
        token: String,
        /// How.
        outcome: crate::encode::Outcome,
    },
    /// The source's SHA-256, lower-case hex.
    Hashed {
        /// It.
        sha256: String,
    },
    /// The source cannot be read, tried more than once.
    Unreadable,
    /// Its bytes have come so far on their way to another shelf. One that is not at `from` stays
    /// as it is.
    Move {
        /// The state that the step was done in.
        from: Tier,
        /// The one behind it.
        to: Tier,
    },
    /// Changes what viewers are shown.
    Edit(Edit),
    /// Removes it, its files included.
    Delete,
    /// Puts a dead letter's work back in the queue.
    Replay(DeadLetterId),
}

/// What an owner can change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// New title.
    pub title: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New BCP 47 tag.
    pub language: Option<String>,
    /// True: back to draft. False: published again.
    pub unlisted: Option<bool>,
}

/// What a pipeline answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The record as it is on disk.
    Content(Box<Content>),
    /// It is gone.
    Deleted,
    /// The request is not carried out.
    Refused(Refusal),
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// No such content.
    #[error("there is no such content")]
    NotFound,
    /// The stage does not allow it.
    #[error("{0}")]
    NotNow(String),
}

impl EntityId for ContentId {
    fn shard(&self, count: u16) -> ShardId {
        Self::shard(self, count)
    }
}
