//! Positions that a reader may follow: nothing ever appears below one that was read.
//!
//! A sequence gives positions in rising order, but transactions commit in any order: a reader that
//! has seen 7 could miss 6, which is committed later. So whoever is about to take positions first
//! holds a shared advisory lock that names the last one given so far: all of theirs will lie above.
//! A reader takes the sequence's last position, then looks at those locks, then reads the rows. A
//! writer that it does not see has committed already, or takes its positions above the last one;
//! a writer that it sees bounds what may be believed. Nobody waits, and only transactions that
//! write to the same table count: a long one elsewhere holds nothing back.
//!
//! The lock's number is the sequence's own (high half) and the low half of the position.

use super::pool::Link;
use super::run::query;
use crate::catalog::cell::Cell;
use crate::{Error, Result};
use futures_util::future::join;

/// The last position that a sequence has given. It is of no transaction.
const LAST: &str = "(last_value - (NOT is_called)::int)";

/// Holds the lock of the one who is about to take positions of this table, until the end of the
/// transaction. It must run before the first of them is taken.
pub(crate) fn hold(table: &str) -> String {
    let sequence = format!("{table}_position_seq");
    format!(
        "SELECT pg_advisory_xact_lock_shared(('{sequence}'::regclass::oid::bigint << 32) \
         | ({LAST} & 4294967295)) FROM {sequence}"
    )
}

/// Up to which position everything of this table has been decided.
fn decided(table: &str) -> String {
    let sequence = format!("{table}_position_seq");
    // Who holds a position above the last one that is looked at has come later, and counts from
    // there: the difference of low halves wraps to the upper half of its range.
    format!(
        "SELECT last - COALESCE((SELECT MAX(behind) FROM (\
         SELECT (last - objid::bigint) & 4294967295 AS behind FROM pg_locks \
         WHERE locktype = 'advisory' AND objsubid = 1 AND classid = '{sequence}'::regclass::oid \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())\
         ) AS held WHERE behind < 2147483648), 0) FROM (SELECT {LAST} AS last FROM {sequence} \
         OFFSET 0) AS given"
    )
}

/// Rows by their position, which is their first column, as far as everything is decided. The rows
/// are read by a statement of their own after the look at the locks: what was decided is in it.
pub(crate) async fn rows(
    link: &Link,
    table: &str,
    sql: &str,
    params: &[Cell],
) -> Result<Result<Vec<Vec<Cell>>>, tokio_postgres::Error> {
    let decided = decided(table);
    let (bound, rows) = join(query(link, &decided, &[]), query(link, sql, params)).await;
    let (bound, mut rows) = (bound?, rows?);
    let bound = match bound.first().map(Vec::as_slice) {
        Some([Cell::Int(bound)]) => *bound,
        Some(_) | None => {
            return Ok(Err(Error::Corrupt { what: format!("the sequence of {table}") }));
        }
    };
    rows.retain(|row| matches!(row.first(), Some(Cell::Int(position)) if *position <= bound));
    Ok(Ok(rows))
}
