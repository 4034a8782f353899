//! Viewers in the catalog's PostgreSQL database. A heartbeat updates the row of its session in
//! place, beside the version of its viewer, in two round trips; nothing is kept in memory, since
//! other nodes write too.

use super::{Playback, PutViewer, StoredViewer, ViewerState};
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::postgres::{PostgresCatalog, positions};
use crate::catalog::sql::{self, Expect, Statement};
use crate::engagement::postgres::{FACTS, keep};
use crate::model::{SessionId, ViewerId};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;

const FIRST: &str = "INSERT INTO viewer (id, shard, row_version) VALUES ($1, $2, $3)";
const NEXT: &str =
    "UPDATE viewer SET shard = $2, row_version = $3 WHERE id = $1 AND row_version = $3 - 1";
const SESSION: &str = "INSERT INTO viewer_session (viewer, session, shard, at, minute, state) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (viewer, session) DO UPDATE SET \
     shard = excluded.shard, at = excluded.at, minute = excluded.minute, state = excluded.state";
const WHOLE: &str = "INSERT INTO viewer_record (viewer, record) VALUES ($1, $2) \
     ON CONFLICT (viewer) DO UPDATE SET record = excluded.record";
const FOLD: &str = "DELETE FROM viewer_session WHERE viewer = $1";
/// The version, the record, and every session: one statement sees one state.
const LOAD: &str = "SELECT row_version, record, NULL, NULL FROM viewer \
     LEFT JOIN viewer_record ON viewer_record.viewer = viewer.id WHERE viewer.id = $1 UNION ALL \
     SELECT NULL, NULL, session, state FROM viewer_session WHERE viewer = $1";
const QUIET: &str = "SELECT viewer FROM viewer_session WHERE minute <= $1 AND at < $2 \
     GROUP BY viewer ORDER BY MIN(at), viewer LIMIT $3";

/// Viewers in a database server.
pub struct PostgresPlayback {
    catalog: Arc<PostgresCatalog>,
}

impl PostgresPlayback {
    /// The viewers of this catalog.
    #[must_use]
    pub fn new(catalog: Arc<PostgresCatalog>) -> Self {
        Self { catalog }
    }
}

#[async_trait]
impl Playback for PostgresPlayback {
    async fn load(&self, viewer: ViewerId) -> Result<StoredViewer> {
        let mut stored = StoredViewer::default();
        let rows = self.catalog.rows(LOAD.to_owned(), vec![Cell::int(viewer.bits())]).await?;
        for row in rows {
            let mut cells = Cells::new("viewer", row);
            let (version, record) = (cells.int_opt()?, cells.text_opt()?);
            match version {
                Some(version) => (stored.row_version, stored.record) = (version, record),
                None => stored.sessions.push((cells.id()?, cells.text()?)),
            }
        }
        Ok(stored)
    }

    async fn put(&self, put: PutViewer) -> Result<()> {
        let statements = statements(&put, Timestamp::now());
        self.catalog.server.commit(put.fence, statements, put.events).await
    }

    async fn unfolded(&self, before: Timestamp, limit: u32) -> Result<Vec<ViewerId>> {
        let before = Cell::time(before);
        let params = vec![minute(&before), before, Cell::int(limit)];
        let rows = self.catalog.rows(QUIET.to_owned(), params).await?;
        rows.into_iter().map(|row| Ok(ViewerId::new(Cells::new("viewer", row).int()?))).collect()
    }

    /// What is replaced is freed by the database.
    async fn tidy(&self) -> Result<u64> {
        Ok(0)
    }
}

fn statements(put: &PutViewer, now: Timestamp) -> Vec<Statement> {
    let mut statements = vec![version(put)];
    match &put.state {
        ViewerState::Sessions(changed) => {
            statements.extend(changed.iter().map(|changed| session(put, changed, now)));
        }
        ViewerState::Whole(record) => {
            let viewer = Cell::int(put.viewer.bits());
            statements.push(sql::any(WHOLE, vec![viewer.clone(), Cell::text(record)]));
            statements.push(sql::any(FOLD, vec![viewer]));
        }
    }
    if !put.facts.is_empty() {
        statements.push(sql::any(&positions::hold(FACTS), Vec::new()));
        statements.extend(put.facts.iter().map(|fact| keep(fact, now)));
    }
    statements
}

/// The version of the viewer, which must be one less so far. The row is locked from here on.
fn version(put: &PutViewer) -> Statement {
    let sql = if put.row_version == 1 { FIRST } else { NEXT };
    let params = vec![
        Cell::int(put.viewer.bits()),
        Cell::int(put.fence.shard.0),
        Cell::int(put.row_version),
    ];
    let expect = Expect::Exactly(1, format!("viewer {}", put.viewer));
    Statement { sql: sql.to_owned(), params, expect }
}

fn session(put: &PutViewer, (session, state): &(SessionId, String), now: Timestamp) -> Statement {
    let now = Cell::time(now);
    let params = vec![
        Cell::int(put.viewer.bits()),
        Cell::text(session),
        Cell::int(put.fence.shard.0),
        now.clone(),
        minute(&now),
        Cell::text(state),
    ];
    sql::any(SESSION, params)
}

/// The minute of a time.
fn minute(at: &Cell) -> Cell {
    match at {
        Cell::Int(nanoseconds) => Cell::Int(nanoseconds.div_euclid(MINUTE)),
        Cell::Null | Cell::Real(_) | Cell::Text(_) | Cell::Bytes(_) => Cell::Null,
    }
}
