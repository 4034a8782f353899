//! The two transactions that shards live by: an owner's commit, and the claim that ends the right
//! of every owner before. The writer runs one at a time, so what is read here holds until the end.

use super::run::{NOW, execute, execute_expecting, query};
use crate::catalog::NewEvent;
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::sql::{self, Statement};
use crate::membership::loner;
use crate::model::{Epoch, Fence, ShardId};
use crate::{Error, Result};
use jiff::Timestamp;
use rusqlite::Connection;

/// One fenced transaction, inside its savepoint.
pub(crate) fn apply(
    conn: &Connection,
    fence: Fence,
    statements: &[Statement],
    events: &[NewEvent],
) -> Result<()> {
    let shard = Cell::int(fence.shard.0);
    let rows = query(conn, sql::SHARD, std::slice::from_ref(&shard))?;
    let sequence = match rows.first().map(Vec::as_slice) {
        Some([epoch, Cell::Int(sequence)]) if *epoch == Cell::int(fence.epoch.0) => *sequence,
        Some(_) | None => {
            return Err(Error::Fenced { shard: fence.shard.0, epoch: fence.epoch.0 });
        }
    };
    for statement in statements {
        execute_expecting(conn, statement)?;
    }
    if events.is_empty() {
        return Ok(());
    }
    let at = Timestamp::now();
    let mut sequence = sequence.unsigned_abs();
    for event in events {
        sequence += 1;
        execute_expecting(conn, &sql::outbox_row(fence, sequence, at, event))?;
    }
    execute(conn, sql::SHARD_SEQUENCE, &[shard, Cell::int(sequence)]).map(drop)
}

/// Takes every shard, which makes every earlier owner a stranger.
pub(super) fn claim_shards(conn: &Connection, count: u16) -> Result<Vec<Fence>> {
    make_shards(conn, count)?;
    loner::check(query(conn, &loner::members_alive(NOW), &[])?)?;
    execute(conn, sql::SHARDS_RAISE, &[])?;
    execute(conn, loner::MOVED, &[])?;
    query(conn, sql::SHARDS, &[])?.into_iter().map(fence_of).collect()
}

/// Makes the shards, unless they are there.
pub(crate) fn make_shards(conn: &Connection, count: u16) -> Result<()> {
    let made = match query(conn, sql::SHARD_COUNT, &[])?.first().map(Vec::as_slice) {
        Some([Cell::Int(made)]) => *made,
        Some(_) | None => return Err(Error::Corrupt { what: "table shard".to_owned() }),
    };
    if made == 0 {
        for shard in 0..count {
            execute(conn, sql::SHARD_INSERT, &[Cell::int(shard)])?;
        }
    } else if made != i64::from(count) {
        return Err(Error::Invalid(format!(
            "the catalog was made with {made} shards, the configuration says {count}: set \
             shard_count = {made}, or start with a new data folder"
        )));
    }
    Ok(())
}

fn fence_of(row: Vec<Cell>) -> Result<Fence> {
    let mut cells = Cells::new("shard", row);
    Ok(Fence { shard: ShardId(cells.int()?), epoch: Epoch(cells.int()?) })
}
