//! The rows of a rendition and of its segments.

use super::Row;
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::model::{Rendition, Segment};

impl Row for Rendition {
    const TABLE: &'static str = "rendition";
    const COLUMNS: &'static [&'static str] = &[
        "content_id",
        "name",
        "kind",
        "position",
        "spec",
        "state",
        "segments_total",
        "segments_done",
        "attempts",
        "init",
        "average_bps",
        "peak_bps",
        "last_error",
        "row_version",
    ];
    const KEY: usize = 2;

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.content_id),
            Cell::text(&self.name),
            Cell::word(&self.kind),
            Cell::int(self.position),
            Cell::json(&self.spec),
            Cell::word(&self.state),
            Cell::int(self.segments_total),
            Cell::int(self.segments_done),
            Cell::int(self.attempts),
            Cell::opt(self.init.as_ref().map(Cell::json)),
            Cell::opt(self.average_bps.map(Cell::int)),
            Cell::opt(self.peak_bps.map(Cell::int)),
            Cell::opt(self.last_error.as_ref().map(Cell::text)),
            Cell::int(self.row_version),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            content_id: cells.id()?,
            name: cells.text()?,
            kind: cells.word()?,
            position: cells.int()?,
            spec: cells.json()?,
            state: cells.word()?,
            segments_total: cells.int()?,
            segments_done: cells.int()?,
            attempts: cells.int()?,
            init: cells.json_opt()?,
            average_bps: cells.int_opt()?,
            peak_bps: cells.int_opt()?,
            last_error: cells.text_opt()?,
            row_version: cells.int()?,
        })
    }
}

impl Row for Segment {
    const TABLE: &'static str = "segment";
    const COLUMNS: &'static [&'static str] = &[
        "content_id",
        "rendition",
        "segment_index",
        "attempt",
        "blob_key",
        "start_ticks",
        "duration_ticks",
        "size_bytes",
        "sha256",
    ];
    const KEY: usize = 3;

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.content_id),
            Cell::text(&self.rendition),
            Cell::int(self.index),
            Cell::text(&self.attempt),
            Cell::text(&self.key),
            Cell::int(self.start),
            Cell::int(self.duration),
            Cell::int(self.bytes),
            Cell::text(&self.sha256),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            content_id: cells.id()?,
            rendition: cells.text()?,
            index: cells.int()?,
            attempt: cells.text()?,
            key: cells.text()?,
            start: cells.int()?,
            duration: cells.int()?,
            bytes: cells.int()?,
            sha256: cells.text()?,
        })
    }
}
