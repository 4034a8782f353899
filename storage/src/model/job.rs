//! Encode work waiting or under way, and work that gave up.

use super::{ContentId, DeadLetterId, JobId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::IntoStaticStr;

/// One piece of encode work: a source, a range of segments and a set of renditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The content that it serves; its shard fences the row.
    pub content_id: ContentId,
    /// What comes before what.
    pub class: JobClass,
    /// What to do (`actors::encode::Work`), opaque to the store.
    pub work: Value,
    /// Where it stands.
    pub state: JobState,
    /// Not to be claimed before.
    pub not_before: Timestamp,
    /// When it was put in the queue; older first within a class.
    pub created_at: Timestamp,
    /// Where in a trace it was put there, a W3C `traceparent`.
    pub traceparent: Option<String>,
}

/// What comes before what: lower runs first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JobClass {
    /// Probe of a fresh source.
    Probe,
    /// First two segments of the lowest rung and its audio: something plays.
    Opening,
    /// The poster's candidates: a page without a picture looks broken.
    Pictures,
    /// The rest of the lowest rung alone.
    Lowest,
    /// Several rungs from one decode.
    Group,
    /// One rung alone, after its group failed.
    Single,
}

impl JobClass {
    /// Every class, in the order in which they run.
    pub const ALL: [Self; 6] =
        [Self::Probe, Self::Opening, Self::Pictures, Self::Lowest, Self::Group, Self::Single];
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// May be claimed.
    Ready,
    /// Someone works on it.
    Leased {
        /// Names the attempt; results with another token are refused.
        token: String,
        /// When it may be claimed again.
        until: Timestamp,
    },
}

/// How many jobs of a class there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCount {
    /// Which class.
    pub class: JobClass,
    /// Those that could be claimed now.
    pub waiting: u64,
    /// Those that are put off until later.
    pub resting: u64,
    /// Those that somebody works on.
    pub leased: u64,
    /// Since when the one that has waited longest could be claimed: it was put in the queue, had
    /// rested, or its lease was over.
    pub oldest_waiting: Option<Timestamp>,
}

/// A job that gave up after its attempts; an operator can replay it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The content that it served.
    pub content_id: ContentId,
    /// The rendition that has failed.
    pub rendition: String,
    /// Why the last attempt failed.
    pub reason: String,
    /// Failed attempts.
    pub attempts: u32,
    /// The work, as it stood in the job.
    pub work: Value,
    /// When it gave up.
    pub created_at: Timestamp,
    /// When it was replayed.
    pub replayed_at: Option<Timestamp>,
}
