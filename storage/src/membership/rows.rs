//! What the steps of membership answer, as records and refusals.

use crate::catalog::cell::{Cell, Cells};
use crate::model::{
    Epoch, Fence, Holding, Member, NodeLife, NodeName, Rules, ShardId, View, ViewChange,
};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Rows of one step.
pub(super) type Rows = Vec<Vec<Cell>>;

/// Nanoseconds of a millisecond.
const MILLISECOND: i64 = 1_000_000;

/// What holds in a new cluster until an operator says otherwise: one node is enough, and of 1024
/// shards 3 % move at one time.
pub(super) fn first_rules() -> Rules {
    Rules { members_min: 1, moves_max: 32, pins: BTreeMap::new() }
}

/// The only row of a step.
pub(super) fn only(table: &'static str, rows: Option<Rows>) -> Result<Cells> {
    let row = rows.and_then(|rows| rows.into_iter().next());
    row.map(|row| Cells::new(table, row))
        .ok_or_else(|| Error::Corrupt { what: format!("table {table}: a row is missing") })
}

/// The name of the cluster and its number of shards.
pub(super) fn identity(rows: Rows) -> Result<Option<(String, u16)>> {
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut cells = Cells::new("cluster", row);
    Ok(Some((cells.text()?, cells.int()?)))
}

/// How long a lease is, as a reason not to join.
pub(super) fn alive(name: &NodeName, left: i64) -> Error {
    let left_ms = left.max(1).unsigned_abs().div_ceil(MILLISECOND.unsigned_abs());
    Error::Alive { name: name.to_string(), left_ms }
}

/// This life is over.
pub(super) fn over(life: &NodeLife) -> Error {
    Error::NotFound {
        what: format!("a lease of node {}, incarnation {}", life.name, life.incarnation),
    }
}

pub(super) fn no_cluster() -> Error {
    Error::NotFound { what: "a cluster: no node has joined one in this database".to_owned() }
}

pub(super) fn view(rows: Rows) -> Result<View> {
    let mut view = None;
    for row in rows {
        let mut cells = Cells::new("cluster", row);
        let view = view.get_or_insert(View {
            version: cells.int()?,
            moves: cells.int()?,
            shard_count: cells.int()?,
            rules: cells.json()?,
            members: Vec::new(),
        });
        if let Some(name) = cells.text_opt()? {
            view.members.push(member(&name, &mut cells)?);
        }
    }
    view.ok_or_else(no_cluster)
}

fn member(name: &str, cells: &mut Cells) -> Result<Member> {
    let life = NodeLife { name: named(name)?, incarnation: cells.int()? };
    let (link, http, zone) = (cells.text()?, cells.text()?, cells.text()?);
    let (weight, build, phase) = (cells.int()?, cells.text()?, cells.word()?);
    let (left, suspected_by) = (cells.int::<i64>()?, cells.text_opt()?);
    let suspected_by = suspected_by.iter().flat_map(|names| names.split(',')).map(named);
    Ok(Member {
        life,
        link,
        http,
        zone,
        weight,
        build,
        phase,
        alive: left > 0,
        lease_left_ms: left.div_euclid(MILLISECOND),
        suspected_by: suspected_by.collect::<Result<_>>()?,
    })
}

fn named(name: &str) -> Result<NodeName> {
    name.parse().map_err(|error| Error::Corrupt { what: format!("table node: {error}") })
}

pub(super) fn holding(row: Vec<Cell>) -> Result<Holding> {
    let mut cells = Cells::new("shard", row);
    let (shard, epoch) = (ShardId(cells.int()?), Epoch(cells.int()?));
    let owner = match (cells.text_opt()?, cells.int_opt()?) {
        (Some(name), Some(incarnation)) => Some(NodeLife { name: named(&name)?, incarnation }),
        (_, _) => None,
    };
    Ok(Holding { shard, epoch, owner })
}

/// Fences by shard.
pub(super) fn fences(rows: Rows) -> Result<Vec<Fence>> {
    let fence = |row| {
        let mut cells = Cells::new("shard", row);
        Ok(Fence { shard: ShardId(cells.int()?), epoch: Epoch(cells.int()?) })
    };
    let mut fences: Vec<_> = rows.into_iter().map(fence).collect::<Result<_>>()?;
    fences.sort_unstable_by_key(|fence| fence.shard);
    Ok(fences)
}

/// What there was when a change was tried.
pub(super) struct Facts {
    version: u64,
    shard_count: u16,
    is_member: bool,
    is_alive: bool,
    owned: u64,
}

pub(super) fn facts(rows: Rows) -> Result<Facts> {
    let row = rows.into_iter().next().ok_or_else(no_cluster)?;
    let mut cells = Cells::new("cluster", row);
    Ok(Facts {
        version: cells.int()?,
        shard_count: cells.int()?,
        is_member: cells.int::<i64>()? > 0,
        is_alive: cells.int::<i64>()? > 0,
        owned: cells.int()?,
    })
}

/// Why a change was not made.
pub(super) fn refusal(version: u64, change: &ViewChange, facts: &Facts) -> Error {
    let Facts { version: found, shard_count, is_member, is_alive, owned } = facts;
    if *found != version {
        let what = format!("the cluster's view (it is at version {found}, not {version})");
        return Error::Conflict { what };
    }
    match change {
        ViewChange::Phase(name, _) | ViewChange::Remove(name) if !is_member => {
            Error::NotFound { what: format!("a member named {name}") }
        }
        ViewChange::Remove(name) if *is_alive => Error::Invalid(format!(
            "node {name} is alive: drain it and end it before it is removed"
        )),
        ViewChange::Remove(name) => Error::Invalid(format!(
            "node {name} still owns {owned} shards: it can be removed when others have taken them"
        )),
        ViewChange::Phase(..) | ViewChange::Rules(_) => Error::Invalid(format!(
            "a pin names a shard that does not exist: the cluster has the shards 0 to {}",
            shard_count.saturating_sub(1)
        )),
    }
}

/// Rules that would stop the cluster for good.
///
/// # Errors
/// `Invalid`.
pub(super) fn check(rules: &Rules) -> Result<()> {
    for (key, value) in [("members_min", rules.members_min), ("moves_max", rules.moves_max)] {
        if value == 0 {
            return Err(Error::Invalid(format!("{key} must be at least 1")));
        }
    }
    Ok(())
}
