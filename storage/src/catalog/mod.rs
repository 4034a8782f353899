//! The catalog: every record, changed by fenced commits only.
//!
//! A [`Commit`] is data: the fence, the rows to write and the events to tell. An engine runs it in
//! one transaction that first checks `shard.epoch = fence.epoch`; every row is written
//! `WHERE row_version = read version`. If anything does not hold, nothing of it commits, the
//! outbox rows included. A commit is acknowledged when it is on disk.

use crate::Result;
use crate::engagement::Minute;
use crate::model::{
    AuditEntry, AuditId, AuditOutcome, Content, ContentId, Counter, DeadLetter, DeadLetterId,
    Fence, Job, JobId, Rendition, Residency, Segment, Status, Timer, Upload, UploadId,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

pub(crate) mod cell;
pub mod postgres;
pub(crate) mod rows;
pub(crate) mod sql;
pub mod sqlite;

/// One fenced transaction.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Proof of ownership; checked inside the transaction.
    pub fence: Fence,
    /// Rows, written in this order.
    pub writes: Vec<Write>,
    /// Facts for the outbox, in this order.
    pub events: Vec<NewEvent>,
}

/// One row to write. Updates expect the stored `row_version` to be one less than the record's:
/// whoever changes a record raises its version by one before committing it.
#[derive(Clone, Debug)]
pub enum Write {
    /// A new upload; `row_version` is 1.
    InsertUpload(Box<Upload>),
    /// A changed upload.
    UpdateUpload(Box<Upload>),
    /// A new content; `row_version` is 1.
    InsertContent(Box<Content>),
    /// A changed content.
    UpdateContent(Box<Content>),
    /// Removes a content with its renditions, segments, jobs, dead letters and all that
    /// was counted.
    DeleteContent(ContentId),
    /// A new rendition; `row_version` is 1.
    InsertRendition(Box<Rendition>),
    /// A changed rendition.
    UpdateRendition(Box<Rendition>),
    /// A new segment; a second one with the same index is a conflict.
    InsertSegment(Box<Segment>),
    /// Removes every segment of a rendition (its init segment changed: it starts anew).
    DeleteSegments(ContentId, String),
    /// A new job.
    InsertJob(Box<Job>),
    /// A job back in the queue, not before the time, with this work.
    RequeueJob {
        /// Which.
        id: JobId,
        /// The attempt that gives it back; a conflict when it is no longer the holder.
        token: String,
        /// Earliest next claim.
        not_before: Timestamp,
        /// What is left to do.
        work: Value,
    },
    /// A job that is done; a conflict when the token is no longer the holder's.
    FinishJob {
        /// Which.
        id: JobId,
        /// The attempt that finished it.
        token: String,
    },
    /// Changes nothing, but makes the commit a conflict when the job is not leased with this
    /// token: what a lost worker brings late is refused.
    HoldJob {
        /// Which.
        id: JobId,
        /// The attempt that the other writes come from.
        token: String,
    },
    /// Removes every job of a content.
    DeleteJobs(ContentId),
    /// A job that gave up.
    InsertDeadLetter(Box<DeadLetter>),
    /// Marks a dead letter as replayed; a conflict when it was replayed before.
    ReplayDeadLetter(DeadLetterId, Timestamp),
    /// Sets a durable timer of an entity; one of this name that is set already moves.
    SetTimer {
        /// Kind of the entity.
        kind: &'static str,
        /// Its address within the kind.
        id: String,
        /// Which of its timers.
        name: &'static str,
        /// When it rings.
        due_at: Timestamp,
    },
    /// Clears a durable timer, if it is set.
    ClearTimer {
        /// Kind of the entity.
        kind: &'static str,
        /// Its address within the kind.
        id: String,
        /// Which of its timers.
        name: &'static str,
    },
    /// The first counter of a content; `row_version` is 1.
    InsertCounter(Box<Counter>),
    /// A changed counter.
    UpdateCounter(Box<Counter>),
    /// Changes nothing, but makes the commit a conflict when the content is gone.
    HoldContent(ContentId),
    /// Takes facts that were counted off the queue; a conflict when one of them has gone before.
    SettleFacts(Vec<u64>),
    /// Adds views to a minute of a content.
    AddViews(ContentId, Minute),
    /// Keeps that a user likes a content; a conflict when that was kept before.
    InsertLike {
        /// What.
        content: ContentId,
        /// Who.
        who: String,
        /// Since when.
        at: Timestamp,
    },
    /// Forgets that a user likes a content; a conflict when that was not kept.
    DeleteLike {
        /// What.
        content: ContentId,
        /// Who.
        who: String,
    },
}

/// A fact for the event log, written to the outbox in the transaction that made it true.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// `media.upload.completed`, …
    pub topic: String,
    /// Partition key: the content id as text.
    pub key: String,
    /// The fact.
    pub payload: Value,
    /// Where in a trace it was made true, a W3C `traceparent`; from before migration 9 the trace id
    /// alone.
    pub trace: Option<String>,
}

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    /// Order of commit on this catalog.
    pub position: u64,
    /// Shard of the producer.
    pub shard: u16,
    /// Rises by one per shard: with the shard, the producer's name of the event.
    pub sequence: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// The fact.
    pub event: NewEvent,
}

/// Which contents to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct ContentQuery {
    /// Words that title or description contain, case-insensitive.
    pub text: Option<String>,
    /// Only this owner's.
    pub owner: Option<String>,
    /// Only these; empty means all.
    pub statuses: Vec<Status>,
    /// Only ids below this one (ids rise with time).
    pub before: Option<ContentId>,
    /// At most so many.
    pub limit: u32,
}

/// Which contents are to go to another tier, by their ids.
#[derive(Clone, Copy, Debug)]
pub enum Moving {
    /// Those under way.
    UnderWay,
    /// Cold ones that were watched on this day (since 1970) or later.
    Wanted {
        /// The day.
        since_day: i64,
    },
    /// Hot ones that are done, were published before a time and not watched since before a day.
    Idle {
        /// The time.
        published_before: Timestamp,
        /// The day.
        watched_before_day: i64,
        /// Only those that may rest there; `None` for all.
        residency: Option<Residency>,
    },
}

/// The catalog's port.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Takes every shard `0..count` for a node that is in no cluster, and raises its epoch by one.
    /// Called once per boot.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the catalog was made with another shard count, or a member of
    /// a cluster is alive on it, whose shards it would take.
    async fn claim_shards(&self, count: u16) -> Result<Vec<Fence>>;

    /// Runs one fenced transaction.
    ///
    /// # Errors
    /// `Fenced`, `Conflict`, `Full`, `Busy`, or the engine's own.
    async fn commit(&self, commit: Commit) -> Result<()>;

    /// One upload.
    async fn upload(&self, id: UploadId) -> Result<Option<Upload>>;
    /// Completed uploads whose content still waits for them (a crash came between the two).
    async fn uploads_not_handed_over(&self, limit: u32) -> Result<Vec<UploadId>>;

    /// One content.
    async fn content(&self, id: ContentId) -> Result<Option<Content>>;
    /// A page of contents, newest first.
    async fn contents(&self, query: ContentQuery) -> Result<Vec<Content>>;
    /// Contents whose pipeline has work left, for re-activation after a boot; ids above `after`.
    async fn contents_unfinished(
        &self,
        after: Option<ContentId>,
        limit: u32,
    ) -> Result<Vec<ContentId>>;
    /// All renditions of a content, in ladder order.
    async fn renditions(&self, content: ContentId) -> Result<Vec<Rendition>>;
    /// One rendition.
    async fn rendition(&self, content: ContentId, name: &str) -> Result<Option<Rendition>>;
    /// The segments of a rendition, in order.
    async fn segments(&self, content: ContentId, rendition: &str) -> Result<Vec<Segment>>;
    /// Contents that are to go to another tier, at most `limit`: those published longest ago first
    /// where they are idle.
    async fn contents_moving(&self, which: Moving, limit: u32) -> Result<Vec<ContentId>>;
    /// All jobs of a content.
    async fn jobs_of(&self, content: ContentId) -> Result<Vec<Job>>;

    /// Dead letters, newest first, below `before`.
    async fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>>;
    /// One dead letter.
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>>;

    /// The oldest outbox rows.
    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxEvent>>;
    /// Removes outbox rows up to and with `position`: they are on the event log.
    async fn outbox_done(&self, position: u64) -> Result<()>;

    /// Timers that are due at `now`, the longest due first.
    async fn timers_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>>;
    /// The earliest time after `now` at which a timer becomes due, to sleep until.
    async fn timer_next(&self, now: Timestamp) -> Result<Option<Timestamp>>;
    /// Removes a timer that was answered, by its position: one that its entity has set anew in the
    /// meantime has another and stays.
    async fn timer_done(&self, position: u64) -> Result<()>;
    /// Puts a timer that was not answered off until `due_at` and counts the failure, unless its
    /// entity has set it anew in the meantime.
    async fn timer_put_off(&self, position: u64, due_at: Timestamp) -> Result<()>;

    /// Writes an order down; it is on disk before the answer, and before it is carried out.
    async fn audit_append(&self, entry: AuditEntry) -> Result<()>;
    /// Writes down what came of an order.
    ///
    /// # Errors
    /// `Conflict` when that was written down before, or the order is not known.
    async fn audit_outcome(&self, id: AuditId, outcome: AuditOutcome) -> Result<()>;
    /// Orders, newest first, below `before`.
    async fn audit(&self, before: Option<AuditId>, limit: u32) -> Result<Vec<AuditEntry>>;
    /// Removes at most `limit` of the orders that were asked before a time, the oldest first, and
    /// answers how many.
    async fn audit_forget(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Answers when the store can be read and written (readiness).
    async fn ping(&self) -> Result<()>;
}
