//! The row of an upload.

use super::Row;
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::model::Upload;

impl Row for Upload {
    const TABLE: &'static str = "upload";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "content_id",
        "owner",
        "size_bytes",
        "offset_bytes",
        "state",
        "metadata",
        "write_grant",
        "created_at",
        "expires_at",
        "parts",
        "traceparent",
        "row_version",
    ];

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.id),
            Cell::text(self.content_id),
            Cell::text(&self.owner),
            Cell::int(self.size_bytes),
            Cell::int(self.offset_bytes),
            Cell::word(&self.state),
            Cell::json(&self.metadata),
            Cell::int(self.grant),
            Cell::time(self.created_at),
            Cell::time(self.expires_at),
            Cell::opt(self.parts.as_ref().map(Cell::json)),
            Cell::opt(self.traceparent.as_ref().map(Cell::text)),
            Cell::int(self.row_version),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            id: cells.id()?,
            content_id: cells.id()?,
            owner: cells.text()?,
            size_bytes: cells.int()?,
            offset_bytes: cells.int()?,
            state: cells.word()?,
            metadata: cells.json()?,
            grant: cells.int()?,
            created_at: cells.time()?,
            expires_at: cells.time()?,
            parts: cells.json_opt()?,
            traceparent: cells.text_opt()?,
            row_version: cells.int()?,
        })
    }
}
