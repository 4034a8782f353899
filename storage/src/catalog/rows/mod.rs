//! Which table a record lives in, and which cell says what: the one place that knows the columns.
//!
//! The statements of [`super::sql`] are made from these lists, so a column is named once here and
//! once in its migration.

mod audit;
mod content;
mod counter;
mod job;
mod rendition;
mod timer;
mod upload;

pub(crate) use job::{class_of, class_rank};

use super::OutboxEvent;
use super::cell::{Cell, Cells};
use crate::Result;

/// A record that is one row of one table.
pub(crate) trait Row: Sized {
    /// The table's name.
    const TABLE: &'static str;
    /// Its columns; the key's first, `row_version` last where there is one.
    const COLUMNS: &'static [&'static str];
    /// How many of the columns are the key.
    const KEY: usize = 1;

    /// The cells in the order of [`Row::COLUMNS`].
    fn to_cells(&self) -> Vec<Cell>;

    /// The record of cells in the order of [`Row::COLUMNS`].
    fn from_cells(cells: &mut Cells) -> Result<Self>;

    /// The record of one stored row.
    fn decode(cells: Vec<Cell>) -> Result<Self> {
        Self::from_cells(&mut Cells::new(Self::TABLE, cells))
    }
}

impl Row for OutboxEvent {
    const TABLE: &'static str = "outbox";
    const COLUMNS: &'static [&'static str] =
        &["position", "shard", "sequence", "at", "topic", "event_key", "payload", "trace"];

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::int(self.position),
            Cell::int(self.shard),
            Cell::int(self.sequence),
            Cell::time(self.at),
            Cell::text(&self.event.topic),
            Cell::text(&self.event.key),
            Cell::json(&self.event.payload),
            Cell::opt(self.event.trace.as_ref().map(Cell::text)),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            position: cells.int()?,
            shard: cells.int()?,
            sequence: cells.int()?,
            at: cells.time()?,
            event: super::NewEvent {
                topic: cells.text()?,
                key: cells.text()?,
                payload: cells.json()?,
                trace: cells.text_opt()?,
            },
        })
    }
}
