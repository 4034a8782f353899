//! The queue of encode work: claims with leases over the catalog's job rows.
//!
//! Jobs are put in, given back and finished by the commits of the entity that owns them; this
//! port is only how a pool takes one. A claim whose lease ran out may be claimed again, under a
//! new token; results with the old token are refused.

use crate::Result;
use crate::model::{Job, JobClass, JobCount, JobId};
use async_trait::async_trait;
use jiff::Timestamp;

pub mod postgres;
pub(crate) mod sql;
pub mod sqlite;

/// The port of the job queue.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Takes the first claimable job among `classes`: lowest class first, then oldest. Its state
    /// is `Leased` with a fresh token until `until`.
    async fn claim(
        &self,
        classes: &[JobClass],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Job>>;

    /// Prolongs a lease.
    ///
    /// # Errors
    /// `Conflict` when `token` is no longer the holder's.
    async fn renew(&self, id: JobId, token: &str, until: Timestamp) -> Result<()>;

    /// Gives a job back whose attempt was lost and counts for nothing: claimable from `not_before`
    /// on. From now on `token` holds nothing: what comes late with it is refused.
    ///
    /// # Errors
    /// `Conflict` when `token` is no longer the holder's.
    async fn release(&self, id: JobId, token: &str, not_before: Timestamp) -> Result<()>;

    /// Makes every job claimable again that is leased in the name of this process, and answers
    /// them: when it starts or ends, no worker of its own is alive. Others keep theirs.
    async fn release_own(&self) -> Result<Vec<Job>>;

    /// Waiting jobs of these classes that serve another content than `except`.
    async fn waiting(&self, classes: &[JobClass], except: crate::model::ContentId) -> Result<u64>;

    /// Whether a job could be claimed at `now`: it is there, due, and nobody's.
    async fn waits(&self, id: JobId, now: Timestamp) -> Result<bool>;

    /// Up to `limit` jobs that could have been claimed since `since` and were not, the oldest
    /// first.
    async fn overdue(&self, since: Timestamp, limit: u32) -> Result<Vec<Job>>;

    /// How many jobs of each class there are at `now`; classes without any are left out.
    async fn counts(&self, now: Timestamp) -> Result<Vec<JobCount>>;

    /// The earliest time in the future at which a job becomes claimable, to sleep until: a
    /// waiting job's `not_before`, or the end of a lease (its holder may be lost).
    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>>;
}
