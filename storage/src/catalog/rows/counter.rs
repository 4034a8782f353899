//! The row of a content's counter.

use super::Row;
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::model::Counter;

impl Row for Counter {
    const TABLE: &'static str = "counter";
    const COLUMNS: &'static [&'static str] = &[
        "content_id",
        "views",
        "likes",
        "watch_time_s",
        "trend",
        "hot",
        "watched_day",
        "uniques",
        "stats",
        "row_version",
    ];

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.content_id),
            Cell::int(self.views),
            Cell::int(self.likes),
            Cell::Real(self.watch_time_s),
            Cell::opt(self.trend.map(Cell::Real)),
            Cell::int(u8::from(self.hot)),
            Cell::Int(self.watched_day),
            Cell::Bytes(self.uniques.clone()),
            Cell::json(&self.stats),
            Cell::int(self.row_version),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            content_id: cells.id()?,
            views: cells.int()?,
            likes: cells.int()?,
            watch_time_s: cells.real_opt()?.unwrap_or_default(),
            trend: cells.real_opt()?,
            hot: cells.int::<u8>()? != 0,
            watched_day: cells.int()?,
            uniques: cells.bytes()?,
            stats: cells.json()?,
            row_version: cells.int()?,
        })
    }
}
