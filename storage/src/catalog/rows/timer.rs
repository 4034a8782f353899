//! The row of a durable timer.

use super::Row;
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::model::{ShardId, Timer};

impl Row for Timer {
    const TABLE: &'static str = "timer";
    const COLUMNS: &'static [&'static str] =
        &["position", "shard", "kind", "id", "name", "due_at", "failures"];

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::int(self.position),
            Cell::opt(self.shard.map(|shard| Cell::int(shard.0))),
            Cell::text(&self.kind),
            Cell::text(&self.id),
            Cell::text(&self.name),
            Cell::time(self.due_at),
            Cell::int(self.failures),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            position: cells.int()?,
            shard: cells.int_opt()?.map(ShardId),
            kind: cells.text()?,
            id: cells.text()?,
            name: cells.text()?,
            due_at: cells.time()?,
            failures: cells.int()?,
        })
    }
}
