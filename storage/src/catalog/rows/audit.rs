//! The row of an audit entry.

use super::Row;
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::model::AuditEntry;

impl Row for AuditEntry {
    const TABLE: &'static str = "audit";
    const COLUMNS: &'static [&'static str] =
        &["id", "at", "subject", "action", "path", "reason", "outcome", "trace_id"];

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.id),
            Cell::time(self.at),
            Cell::text(&self.subject),
            Cell::text(&self.action),
            Cell::text(&self.path),
            Cell::opt(self.reason.as_ref().map(Cell::text)),
            Cell::word(&self.outcome),
            Cell::opt(self.trace_id.as_ref().map(Cell::text)),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            id: cells.id()?,
            at: cells.time()?,
            subject: cells.text()?,
            action: cells.text()?,
            path: cells.text()?,
            reason: cells.text_opt()?,
            outcome: cells.word()?,
            trace_id: cells.text_opt()?,
        })
    }
}
