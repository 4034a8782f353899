//! What the job queue says to a database, with `$n` parameters. A job is leased while it has a
//! token; it is claimable when it has none and is due, or when its lease is over.

use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::rows::{Row, class_of, class_rank};
use crate::catalog::sql::placeholders;
use crate::model::{ContentId, Job, JobClass, JobCount};
use jiff::Timestamp;
use uuid::Uuid;

/// What a claim gives.
pub(crate) struct Lease<'a> {
    token: String,
    holder: &'a str,
    now: Timestamp,
    until: Timestamp,
}

impl<'a> Lease<'a> {
    /// A lease under a fresh token.
    pub(crate) fn new(holder: &'a str, now: Timestamp, until: Timestamp) -> Self {
        Self { token: Uuid::now_v7().simple().to_string(), holder, now, until }
    }
}

/// Leases the first claimable job: `$1` token, `$2` until, `$3` now, `$4` holder, then the classes.
/// `lock` is what the engine says behind the choice of a row.
pub(crate) fn claim(classes: &[JobClass], lease: &Lease, lock: &str) -> (String, Vec<Cell>) {
    let sql = format!(
        "UPDATE job SET token = $1, lease_until = $2, holder = $4 WHERE id = (SELECT id FROM job \
         WHERE class_rank IN ({}) AND {} \
         ORDER BY class_rank, created_at, id LIMIT 1{lock}) RETURNING {}",
        placeholders(5, classes.len()),
        claimable(3),
        Job::COLUMNS.join(", ")
    );
    let Lease { token, holder, now, until } = lease;
    let times = [Cell::time(*until), Cell::time(*now)];
    let mut params = vec![Cell::text(token)];
    params.extend(times);
    params.push(Cell::text(holder));
    params.extend(classes.iter().map(|class| Cell::Int(class_rank(*class))));
    (sql, params)
}

/// Holds a leased job: `$1` id, `$2` token.
pub(crate) const HOLD: &str = "UPDATE job SET token = token WHERE id = $1 AND token = $2";

/// Prolongs a lease: `$1` id, `$2` token, `$3` until.
pub(crate) const RENEW: &str = "UPDATE job SET lease_until = $3 WHERE id = $1 AND token = $2";

/// Ends one lease: `$1` id, `$2` token, `$3` not before.
pub(crate) const RELEASE: &str = "UPDATE job SET token = NULL, lease_until = NULL, \
     holder = NULL, not_before = $3 WHERE id = $1 AND token = $2";

/// Ends every lease of a holder: `$1`.
pub(crate) fn release_of(holder: &str) -> (String, Vec<Cell>) {
    let sql = format!(
        "UPDATE job SET token = NULL, lease_until = NULL, holder = NULL WHERE holder = $1 \
         RETURNING {}",
        Job::COLUMNS.join(", ")
    );
    (sql, vec![Cell::text(holder)])
}

/// Says that a job could be claimed at `$n`.
fn claimable(n: u32) -> String {
    format!(
        "((token IS NULL AND not_before <= ${n}) OR (token IS NOT NULL AND lease_until <= ${n}))"
    )
}

/// Counts a job when it could be claimed: `$1` id, `$2` now.
pub(crate) fn waits() -> String {
    format!("SELECT COUNT(*) FROM job WHERE id = $1 AND {}", claimable(2))
}

/// Jobs that could be claimed before now: `$1` since, `$2` how many.
pub(crate) fn overdue() -> String {
    let columns = Job::COLUMNS.join(", ");
    let since = claimable(1);
    format!("SELECT {columns} FROM job WHERE {since} ORDER BY created_at, id LIMIT $2")
}

/// Since when a job could be claimed that can be: it is no older than the end of what kept it from
/// being claimed, a lease or a rest.
const WAITING_SINCE: &str = "CASE WHEN token IS NOT NULL THEN lease_until \
     WHEN not_before > created_at THEN not_before ELSE created_at END";

/// Jobs by class: `$1` now.
pub(crate) fn counts() -> String {
    let waiting = claimable(1);
    format!(
        "SELECT class_rank, COUNT(CASE WHEN {waiting} THEN 1 END), \
         COUNT(CASE WHEN token IS NULL AND not_before > $1 THEN 1 END), \
         COUNT(CASE WHEN token IS NOT NULL AND lease_until > $1 THEN 1 END), \
         MIN(CASE WHEN {waiting} THEN {WAITING_SINCE} END) \
         FROM job GROUP BY class_rank ORDER BY class_rank"
    )
}

/// A row of [`counts`].
pub(crate) fn count(row: Vec<Cell>) -> Result<JobCount> {
    let mut cells = Cells::new(Job::TABLE, row);
    Ok(JobCount {
        class: class_of(cells.int()?)?,
        waiting: cells.int()?,
        resting: cells.int()?,
        leased: cells.int()?,
        oldest_waiting: cells.time_opt()?,
    })
}

/// When the next job becomes claimable: `$1` now.
pub(crate) const NEXT_DUE: &str = "SELECT MIN(due) FROM (\
     SELECT MIN(not_before) AS due FROM job WHERE token IS NULL AND not_before > $1 UNION ALL \
     SELECT MIN(lease_until) AS due FROM job WHERE token IS NOT NULL AND lease_until > $1) AS dues";

/// Counts jobs that wait and serve another content.
pub(crate) fn waiting(classes: &[JobClass], except: ContentId) -> (String, Vec<Cell>) {
    let sql = format!(
        "SELECT COUNT(*) FROM job WHERE token IS NULL AND content_id <> $1 \
         AND class_rank IN ({})",
        placeholders(2, classes.len())
    );
    let mut params = vec![Cell::text(except)];
    params.extend(classes.iter().map(|class| Cell::Int(class_rank(*class))));
    (sql, params)
}
