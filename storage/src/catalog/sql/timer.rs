//! What the catalog says to a database about durable timers.

use super::{Statement, any};
use crate::catalog::cell::Cell;
use crate::model::Fence;
use jiff::Timestamp;

/// Puts an unanswered timer off: `$1` position, `$2` the new time.
pub(crate) const PUT_OFF: &str =
    "UPDATE timer SET due_at = $2, failures = failures + 1 WHERE position = $1";
/// Removes an answered timer: `$1` position.
pub(crate) const DONE: &str = "DELETE FROM timer WHERE position = $1";
/// Timers that are due, for a selection to come before: `$1` now, `$2` limit.
pub(crate) const DUE: &str = "WHERE due_at <= $1 ORDER BY due_at, position LIMIT $2";
/// When the next timer becomes due: `$1` now.
pub(crate) const NEXT: &str = "SELECT MIN(due_at) FROM timer WHERE due_at > $1";

/// Which timer of which entity.
pub(super) struct Name<'a> {
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
}

/// Sets a timer. One that is set anew gets a new position, even for the same time.
pub(super) fn set(fence: Fence, timer: &Name<'_>, due_at: Timestamp) -> Vec<Statement> {
    let mut params = names(timer);
    params.extend([Cell::int(fence.shard.0), Cell::time(due_at)]);
    let insert = any(
        "INSERT INTO timer (kind, id, name, shard, due_at, failures) \
         VALUES ($1, $2, $3, $4, $5, 0)",
        params,
    );
    vec![clear(timer), insert]
}

/// Removes a timer, if it is set.
pub(super) fn clear(timer: &Name<'_>) -> Statement {
    any("DELETE FROM timer WHERE kind = $1 AND id = $2 AND name = $3", names(timer))
}

fn names(timer: &Name<'_>) -> Vec<Cell> {
    vec![Cell::text(timer.kind), Cell::text(timer.id), Cell::text(timer.name)]
}
