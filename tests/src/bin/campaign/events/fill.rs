//! The catalog seen from outside: rows put into the outbox as a node's commits do, and what has
//! become of them.

use super::truth::{Sums, Truth};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Rows of one transaction.
const AT_ONCE: u64 = 1_000;
const INSERT: &str = "INSERT INTO outbox (shard, sequence, at, topic, event_key, payload) \
     VALUES (?1, ?2, ?3, 'playback.events', ?4, ?5)";
const SUMS: &str = "SELECT content_id, country, device, SUM(views) FROM play_minute \
     GROUP BY content_id, country, device";

/// A connection of its own.
pub(super) struct Outbox {
    catalog: Connection,
}

impl Outbox {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let catalog = Connection::open(path)?;
        catalog.busy_timeout(Duration::from_secs(30))?;
        Ok(Self { catalog })
    }

    /// Tells so many events.
    pub(super) fn fill(&self, truth: &mut Truth, events: u64) -> anyhow::Result<()> {
        let mut left = events;
        while left > 0 {
            let some = left.min(AT_ONCE);
            let begin = TransactionBehavior::Immediate;
            let group = rusqlite::Transaction::new_unchecked(&self.catalog, begin)?;
            let at = SystemTime::now().duration_since(UNIX_EPOCH)?;
            let text = text(at)?;
            {
                let mut insert = group.prepare_cached(INSERT)?;
                for _ in 0..some {
                    let event = truth.next(&text);
                    let (shard, sequence) =
                        (i64::try_from(event.shard)?, i64::try_from(event.sequence)?);
                    let at = i64::try_from(at.as_nanos())?;
                    let payload = event.payload.to_string();
                    insert.execute((shard, sequence, at, event.content, payload))?;
                }
            }
            group.commit()?;
            left -= some;
        }
        Ok(())
    }

    /// How many of those that were told have left the outbox.
    pub(super) fn carried(&self, truth: &Truth) -> anyhow::Result<u64> {
        let first = "SELECT shard, sequence FROM outbox ORDER BY position LIMIT 1";
        let first: Option<(i64, i64)> =
            self.catalog.query_row(first, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(first.map_or(truth.told, |(shard, sequence)| {
            truth.names.number(shard.unsigned_abs(), sequence.unsigned_abs()).unwrap_or(0)
        }))
    }

    /// Views that are added.
    pub(super) fn sums(&self) -> anyhow::Result<Sums> {
        let mut select = self.catalog.prepare(SUMS)?;
        let rows = select.query_map([], |row| {
            let views: i64 = row.get(3)?;
            Ok(((row.get(0)?, row.get(1)?, row.get(2)?), views.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A time as events tell it.
fn text(at: Duration) -> anyhow::Result<String> {
    let at = jiff::Timestamp::from_nanosecond(i128::try_from(at.as_nanos())?)?;
    Ok(at.to_string())
}
