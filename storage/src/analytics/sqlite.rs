//! Sums in the catalog's SQLite file, through the catalog's one writer. There are no partitions:
//! events lie in the order of their days, so the oldest go from the front of their tree, some at a
//! time.

use super::calendar::{day_of, minute_of};
use super::rows::{self, AMOUNTS};
use super::{Analytics, PlayEvent, Point, Position, SeriesQuery};
use crate::Result;
use crate::catalog::cell::Cell;
use crate::catalog::sql::placeholders;
use crate::catalog::sqlite::SqliteCatalog;
use crate::catalog::sqlite::run::execute;
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use std::sync::Arc;

const EVENT: &str = "INSERT INTO play_event \
     (day, shard, sequence, at, content_id, topic, partition, log_offset, payload) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
const EVENTS_FORGET: &str = "DELETE FROM play_event WHERE (day, shard, sequence) IN \
     (SELECT day, shard, sequence FROM play_event WHERE day < $1 ORDER BY day LIMIT $2)";
const SUMS_FORGET: &str = "DELETE FROM play_minute WHERE (content_id, minute, country, device) IN \
     (SELECT content_id, minute, country, device FROM play_minute WHERE minute < $1 \
     ORDER BY minute LIMIT $2)";

/// The embedded engine.
pub struct SqliteAnalytics {
    catalog: Arc<SqliteCatalog>,
}

impl SqliteAnalytics {
    /// The sums of this catalog.
    #[must_use]
    pub fn new(catalog: Arc<SqliteCatalog>) -> Self {
        Self { catalog }
    }
}

#[async_trait]
impl Analytics for SqliteAnalytics {
    async fn add(&self, consumer: &str, events: Vec<PlayEvent>) -> Result<u64> {
        if events.is_empty() {
            return Ok(0);
        }
        let consumer = consumer.to_owned();
        self.catalog.write(move |conn| add(conn, &consumer, events)).await
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

    async fn make_ahead(&self, _now: Timestamp) -> Result<()> {
        Ok(())
    }

    async fn forget(&self, events: Timestamp, sums: Timestamp, limit: u32) -> Result<u64> {
        let (day, minute) = (day_of(events), minute_of(sums));
        let gone = self.catalog.write(move |conn| {
            let events = execute(conn, EVENTS_FORGET, &[Cell::int(day), Cell::int(limit)])?;
            let sums = execute(conn, SUMS_FORGET, &[Cell::int(minute), Cell::int(limit)])?;
            Ok(events.max(sums))
        });
        Ok(gone.await? as u64)
    }
}

fn add(conn: &Connection, consumer: &str, events: Vec<PlayEvent>) -> Result<u64> {
    let reached: Vec<_> = rows::reached(&events)
        .into_iter()
        .map(|((topic, partition, shard), (sequence, offset))| {
            let place = [Cell::text(topic), Cell::int(partition), Cell::int(shard)];
            (place, Cell::int(sequence), Cell::int(offset))
        })
        .collect();
    let mut new = Vec::new();
    for event in rows::once(events) {
        if execute(conn, EVENT, &cells(&event))? == 1 {
            new.push(event);
        }
    }
    let sums = sums_sql();
    for ((content, minute, country, device), amounts) in rows::sums(&new) {
        let place =
            [Cell::text(content), Cell::int(minute), Cell::Text(country), Cell::Text(device)];
        let numbers = amounts.numbers().map(Cell::int);
        execute(conn, &sums, &[&place[..], &numbers[..]].concat())?;
    }
    for ([topic, partition, shard], sequence, offset) in reached {
        let params = [Cell::text(consumer), topic, partition, shard, sequence, offset];
        execute(conn, rows::MOVE, &params)?;
    }
    Ok(new.len() as u64)
}

fn cells(event: &PlayEvent) -> [Cell; 9] {
    let (topic, partition, offset) = &event.place;
    [
        Cell::int(day_of(event.at)),
        Cell::int(event.shard),
        Cell::int(event.sequence),
        Cell::time(event.at),
        Cell::text(event.content),
        Cell::text(topic),
        Cell::int(*partition),
        Cell::int(*offset),
        Cell::json(&event.payload),
    ]
}

fn sums_sql() -> String {
    format!(
        "INSERT INTO play_minute (content_id, minute, country, device, {}) VALUES ({}) \
         ON CONFLICT (content_id, minute, country, device) DO UPDATE SET {}",
        AMOUNTS.join(", "),
        placeholders(1, 4 + AMOUNTS.len()),
        rows::added()
    )
}
