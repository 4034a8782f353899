//! A node that is no cluster's takes all shards: what it must know of a cluster in its database.

use crate::catalog::cell::{Cell, Cells};
use crate::{Error, Result};

/// The cluster with those of its members that are alive, and how long the longest lease still is:
/// no row when there is none. `now` is what the engine says for its clock.
pub(crate) fn members_alive(now: &str) -> String {
    format!(
        "SELECT c.name, string_agg(n.name, ', ' ORDER BY n.name), MAX(n.lease_until) - {now} \
         FROM cluster AS c JOIN node AS n ON n.lease_until > {now} GROUP BY c.name"
    )
}

/// Owners see that their shards have gone.
pub(crate) const MOVED: &str = "UPDATE cluster SET moves = moves + 1";

/// Refuses to take shards from a cluster that lives: its nodes would all be fenced.
///
/// # Errors
/// `Invalid`.
pub(crate) fn check(members_alive: Vec<Vec<Cell>>) -> Result<()> {
    let Some(row) = members_alive.into_iter().next() else { return Ok(()) };
    let mut cells = Cells::new("node", row);
    let (cluster, members, left) = (cells.text()?, cells.text()?, cells.int::<i64>()?);
    let left_s = left.max(1).unsigned_abs().div_ceil(1_000_000_000);
    Err(Error::Invalid(format!(
        "the database is in use by the cluster {cluster:?} (alive: {members}), and this node is \
         configured to be in none, so it would take all shards from it: configure it to join, \
         give it a database of its own, or end those nodes and wait {left_s} s for their leases"
    )))
}
