//! The row of a content. `search` is title and description in lower case, because the databases'
//! own idea of case ends with ASCII.

use super::Row;
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::model::Content;

impl Row for Content {
    const TABLE: &'static str = "content";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "upload_id",
        "owner",
        "title",
        "description",
        "search",
        "language",
        "residency",
        "protection",
        "kind",
        "status",
        "stage",
        "source",
        "media",
        "plan",
        "duration_s",
        "pictures",
        "scan",
        "fingerprint",
        "blocked",
        "tier",
        "unlisted",
        "created_at",
        "updated_at",
        "published_at",
        "traceparent",
        "row_version",
    ];

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.id),
            Cell::text(self.upload_id),
            Cell::text(&self.owner),
            Cell::text(&self.title),
            Cell::text(&self.description),
            Cell::Text(format!("{}\n{}", self.title, self.description).to_lowercase()),
            Cell::opt(self.language.as_ref().map(Cell::text)),
            Cell::word(&self.residency),
            Cell::word(&self.protection),
            Cell::opt(self.kind.as_ref().map(Cell::word)),
            Cell::word(&self.status),
            Cell::word(&self.stage),
            Cell::opt(self.source.as_ref().map(Cell::json)),
            Cell::opt(self.media.as_ref().map(Cell::json)),
            Cell::opt(self.plan.as_ref().map(Cell::json)),
            Cell::opt(self.duration_s.map(Cell::Real)),
            Cell::json(&self.pictures),
            Cell::json(&self.scan),
            Cell::json(&self.fingerprint),
            Cell::opt(self.blocked.as_ref().map(Cell::json)),
            Cell::word(&self.tier),
            Cell::int(u8::from(self.unlisted)),
            Cell::time(self.created_at),
            Cell::time(self.updated_at),
            Cell::opt(self.published_at.map(Cell::time)),
            Cell::opt(self.traceparent.as_ref().map(Cell::text)),
            Cell::int(self.row_version),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            id: cells.id()?,
            upload_id: cells.id()?,
            owner: cells.text()?,
            title: cells.text()?,
            description: cells.text()?,
            language: {
                cells.skip();
                cells.text_opt()?
            },
            residency: cells.word()?,
            protection: cells.word()?,
            kind: cells.word_opt()?,
            status: cells.word()?,
            stage: cells.word()?,
            source: cells.json_opt()?,
            media: cells.json_opt()?,
            plan: cells.json_opt()?,
            duration_s: cells.real_opt()?,
            pictures: cells.json()?,
            scan: cells.json()?,
            fingerprint: cells.json()?,
            blocked: cells.json_opt()?,
            tier: cells.word()?,
            unlisted: cells.int::<i64>()? != 0,
            created_at: cells.time()?,
            updated_at: cells.time()?,
            published_at: cells.time_opt()?,
            traceparent: cells.text_opt()?,
            row_version: cells.int()?,
        })
    }
}
