//! What the job queue says to a database, with `$n` parameters. A job is leased while it has a
//! token; it is claimable when it has none and is due, or when its lease is over.

use crate::catalog::cell::Cell;
use crate::catalog::rows::{Row, class_rank};
use crate::catalog::sql::placeholders;
use crate::model::{ContentId, Job, JobClass};
use jiff::Timestamp;

/// Leases the first claimable job: `$1` token, `$2` until, `$3` now, then the classes. `lock` is
/// what the engine says behind the choice of a row.
pub(crate) fn claim(
    classes: &[JobClass],
    token: &str,
    now: Timestamp,
    until: Timestamp,
    lock: &str,
) -> (String, Vec<Cell>) {
    let sql = format!(
        "UPDATE job SET token = $1, lease_until = $2 WHERE id = (SELECT id FROM job \
         WHERE class_rank IN ({}) AND ((token IS NULL AND not_before <= $3) \
         OR (token IS NOT NULL AND lease_until <= $3)) \
         ORDER BY class_rank, created_at, id LIMIT 1{lock}) RETURNING {}",
        placeholders(4, classes.len()),
        Job::COLUMNS.join(", ")
    );
    let mut params = vec![Cell::text(token), Cell::time(until), Cell::time(now)];
    params.extend(classes.iter().map(|class| Cell::Int(class_rank(*class))));
    (sql, params)
}

/// Holds a leased job: `$1` id, `$2` token.
pub(crate) const HOLD: &str = "UPDATE job SET token = token WHERE id = $1 AND token = $2";

/// Prolongs a lease: `$1` id, `$2` token, `$3` until.
pub(crate) const RENEW: &str = "UPDATE job SET lease_until = $3 WHERE id = $1 AND token = $2";

/// Ends one lease: `$1` id, `$2` token, `$3` not before.
pub(crate) const RELEASE: &str = "UPDATE job SET token = NULL, lease_until = NULL, \
     not_before = $3 WHERE id = $1 AND token = $2";

/// Ends every lease.
pub(crate) const RELEASE_ALL: &str =
    "UPDATE job SET token = NULL, lease_until = NULL WHERE token IS NOT NULL";

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
