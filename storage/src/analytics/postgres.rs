//! Sums in the catalog's PostgreSQL database: events in partitions of a day, sums in partitions of
//! a month. A batch is one statement: its events, what those that are new add up to, and how far
//! the consumer has come. Partitions are made before they are needed, or when they are missed, and
//! dropped as a whole.

use super::calendar::{self, Partition, day_of, minute_of};
use super::rows::{self, AMOUNTS};
use super::{Analytics, PlayEvent, Point, Position, SeriesQuery};
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::postgres::PostgresCatalog;
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

const EVENTS: &str = "play_event";
const SUMS: &str = "play_minute";
/// Days for which partitions are made ahead.
const DAYS_AHEAD: i64 = 3;

/// Held while partitions are made or dropped: the bytes of "partitio".
const LOCK: &str = "PERFORM pg_advisory_xact_lock(8097873591115310447)";

/// The partitions of a table: `$1` its name.
const PARTITIONS: &str = "SELECT child.relname::text FROM pg_inherits \
     JOIN pg_class AS child ON child.oid = inhrelid \
     JOIN pg_class AS parent ON parent.oid = inhparent \
     WHERE parent.relname = $1 AND pg_table_is_visible(parent.oid) ORDER BY 1";

/// What is added up, in a database server.
pub struct PostgresAnalytics {
    catalog: Arc<PostgresCatalog>,
    /// Partitions that were there once.
    known: Mutex<HashSet<String>>,
}

impl PostgresAnalytics {
    /// The sums of this catalog.
    #[must_use]
    pub fn new(catalog: Arc<PostgresCatalog>) -> Self {
        Self { catalog, known: Mutex::default() }
    }

    /// Makes the partitions of these days and months that are not known to be there.
    async fn make(&self, days: BTreeSet<i64>, minutes: BTreeSet<i64>) -> Result<()> {
        let events = days.into_iter().map(|day| (EVENTS, calendar::of_day(day)));
        let months: BTreeSet<_> = minutes.into_iter().map(calendar::of_month).collect();
        let sums = months.into_iter().map(|month| (SUMS, month));
        for (table, partition) in events.chain(sums) {
            let name = format!("{table}_{}", partition.0);
            if self.lock().contains(&name) {
                continue;
            }
            self.catalog.execute(&made(table, &partition), vec![]).await?;
            self.lock().insert(name);
        }
        Ok(())
    }

    /// Drops partitions whose names sort before this one.
    async fn drop_before(&self, table: &str, first_kept: &str) -> Result<u64> {
        let rows = self.catalog.rows(PARTITIONS.to_owned(), vec![Cell::text(table)]).await?;
        let mut dropped = 0;
        for row in rows {
            let name = Cells::new("pg_class", row).text()?;
            let of = name.strip_prefix(table).and_then(|rest| rest.strip_prefix('_'));
            // Names of one table are equally long, digits only.
            let Some(of) = of.filter(|it| it.bytes().all(|byte| byte.is_ascii_digit())) else {
                continue;
            };
            if of < first_kept {
                let sql = format!("DO $$ BEGIN {LOCK}; DROP TABLE IF EXISTS {name}; END $$");
                self.catalog.execute(&sql, vec![]).await?;
                self.lock().remove(&name);
                tracing::info!(partition = name, "an old partition was dropped");
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Analytics for PostgresAnalytics {
    async fn add(&self, consumer: &str, events: Vec<PlayEvent>) -> Result<u64> {
        if events.is_empty() {
            return Ok(0);
        }
        let days = events.iter().map(|event| day_of(event.at)).collect();
        let minutes = events.iter().flat_map(|it| &it.parts).map(|part| part.minute).collect();
        self.make(days, minutes).await?;
        let reached = Value::Array(positions(&events));
        let events = rows::once(events);
        let told = Value::Array(events.iter().map(event).collect());
        let parts = Value::Array(events.iter().flat_map(parts).collect());
        let params =
            vec![Cell::text(told), Cell::text(parts), Cell::text(consumer), Cell::text(reached)];
        let rows = self.catalog.changed(statement(), params).await;
        if rows.is_err() {
            // Another node may have dropped a partition: the next try looks anew.
            self.lock().clear();
        }
        Cells::new(EVENTS, rows?.pop().unwrap_or_default()).int()
    }

    async fn positions(&self, consumer: &str) -> Result<Vec<Position>> {
        let params = vec![Cell::text(consumer)];
        let rows = self.catalog.rows(rows::POSITIONS.to_owned(), params).await?;
        rows.into_iter().map(rows::position).collect()
    }

    async fn series(&self, query: &SeriesQuery) -> Result<Vec<Point>> {
        let (sql, params) = rows::series(query);
        self.catalog.rows(sql, params).await?.into_iter().map(rows::point).collect()
    }

    async fn make_ahead(&self, now: Timestamp) -> Result<()> {
        let (day, minute) = (day_of(now), minute_of(now));
        let next_month = calendar::of_month(minute).2;
        self.make((day..=day + DAYS_AHEAD).collect(), [minute, next_month].into()).await
    }

    async fn forget(&self, events: Timestamp, sums: Timestamp, _limit: u32) -> Result<u64> {
        let (day, month) = (calendar::of_day(day_of(events)), calendar::of_month(minute_of(sums)));
        Ok(self.drop_before(EVENTS, &day.0).await? + self.drop_before(SUMS, &month.0).await?)
    }
}

/// Makes a partition, unless it is there. Nodes that meet here wait for each other.
fn made(table: &str, (name, from, to): &Partition) -> String {
    format!(
        "DO $$ BEGIN {LOCK}; CREATE TABLE IF NOT EXISTS {table}_{name} PARTITION OF {table} \
         FOR VALUES FROM ({from}) TO ({to}); END $$"
    )
}

fn event(event: &PlayEvent) -> Value {
    let (topic, partition, offset) = &event.place;
    json!({
        "day": day_of(event.at),
        "shard": event.shard,
        "sequence": event.sequence,
        "at": i64::try_from(event.at.as_nanosecond()).unwrap_or(i64::MAX),
        "content_id": event.content,
        "topic": topic,
        "partition": partition,
        "log_offset": offset,
        "payload": event.payload.to_string(),
    })
}

/// What an event adds, with its name: only those of new events count.
fn parts(event: &PlayEvent) -> impl Iterator<Item = Value> {
    event.parts.iter().map(|part| {
        let mut told = json!({
            "shard": event.shard,
            "sequence": event.sequence,
            "content_id": event.content,
            "minute": part.minute,
            "country": part.country,
            "device": part.device,
        });
        for (name, number) in AMOUNTS.into_iter().zip(part.amounts.numbers()) {
            told[name] = json!(number);
        }
        told
    })
}

fn positions(events: &[PlayEvent]) -> Vec<Value> {
    let reached = rows::reached(events).into_iter();
    let told = reached.map(|((topic, partition, shard), (sequence, offset))| {
        json!({"topic": topic, "partition": partition, "shard": shard, "sequence": sequence,
            "log_offset": offset})
    });
    told.collect()
}

/// `$1` events, `$2` what they add, `$3` the consumer, `$4` how far it has come; the first two and
/// the last are JSON. Rows are touched in the order of their keys, so that two who meet do not wait
/// for each other both.
fn statement() -> String {
    let typed = AMOUNTS.map(|name| format!("{name} BIGINT")).join(", ");
    let sums = AMOUNTS.map(|name| format!("SUM({name})::BIGINT AS {name}")).join(", ");
    let (names, added) = (AMOUNTS.join(", "), rows::added());
    format!(
        "WITH new AS (INSERT INTO {EVENTS} \
         (day, shard, sequence, at, content_id, topic, partition, log_offset, payload) \
         SELECT day, shard, sequence, at, content_id, topic, partition, log_offset, payload \
         FROM jsonb_to_recordset($1::jsonb) AS told(day BIGINT, shard BIGINT, sequence BIGINT, \
         at BIGINT, content_id TEXT, topic TEXT, partition BIGINT, log_offset BIGINT, \
         payload TEXT) ORDER BY day, shard, sequence ON CONFLICT DO NOTHING \
         RETURNING shard, sequence), \
         sums AS (SELECT content_id, minute, country, device, {sums} \
         FROM jsonb_to_recordset($2::jsonb) AS part(shard BIGINT, sequence BIGINT, \
         content_id TEXT, minute BIGINT, country TEXT, device TEXT, {typed}) \
         JOIN new USING (shard, sequence) GROUP BY content_id, minute, country, device), \
         added AS (INSERT INTO {SUMS} (content_id, minute, country, device, {names}) \
         SELECT content_id, minute, country, device, {names} FROM sums \
         ORDER BY content_id COLLATE \"C\", minute, country COLLATE \"C\", device COLLATE \"C\" \
         ON CONFLICT (content_id, minute, country, device) DO UPDATE SET {added}), \
         moved AS (INSERT INTO consumer_position AS known \
         (consumer, topic, partition, shard, sequence, log_offset) \
         SELECT $3, topic, partition, shard, sequence, log_offset \
         FROM jsonb_to_recordset($4::jsonb) AS reached(topic TEXT, partition BIGINT, \
         shard BIGINT, sequence BIGINT, log_offset BIGINT) ORDER BY topic, partition, shard \
         ON CONFLICT (consumer, topic, partition, shard) DO UPDATE SET \
         sequence = GREATEST(known.sequence, excluded.sequence), \
         log_offset = GREATEST(known.log_offset, excluded.log_offset)) \
         SELECT COUNT(*) FROM new"
    )
}
