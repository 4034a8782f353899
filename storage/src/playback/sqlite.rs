//! Viewers in the catalog's SQLite file, through the catalog's one writer.
//!
//! SQLite writes whole pages: a heartbeat that updated its session's own row would write 4 kB at a
//! random place, one that is appended shares its page with its neighbours. What is superseded goes
//! in ranges from the front ([`Playback::tidy`]).

use super::index::{Index, Known, Needed, Place, Quiet};
use super::{Playback, PutViewer, StoredViewer, ViewerState};
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::sql::placeholders;
use crate::catalog::sqlite::run::{execute, query};
use crate::catalog::sqlite::{SqliteCatalog, fenced};
use crate::engagement::sqlite::keep;
use crate::model::{Fence, SessionId, ViewerId};
use crate::{Error, Result};
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Changes that are removed in one step: about a millisecond of the writer.
const TIDY_ROWS: u64 = 1_000;

const RECORD: &str = "SELECT row_version, record FROM viewer WHERE id = $1";
const VERSION: &str = "SELECT row_version FROM viewer WHERE id = $1";
const WHOLE: &str = "INSERT INTO viewer (id, shard, record, row_version) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (id) DO UPDATE SET record = excluded.record, row_version = excluded.row_version";
const CHANGE: &str = "INSERT INTO session_change \
     (shard, viewer, session, at, state, row_version) VALUES ($1, $2, $3, $4, $5, $6)";
/// The same where the fence holds: `?7` epoch. Alone in its task, it needs no savepoint.
const FENCED_CHANGE: &str = "INSERT INTO session_change \
     (shard, viewer, session, at, state, row_version) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM shard WHERE shard = ?1 AND epoch = ?7";
const PLACES: &str = "SELECT c.position, c.viewer, c.session, c.at, c.row_version \
     FROM session_change c LEFT JOIN viewer v ON v.id = c.viewer \
     WHERE v.row_version IS NULL OR c.row_version > v.row_version";
const FIRST: &str = "SELECT position FROM session_change ORDER BY position LIMIT 1";
const TIDY: &str = "DELETE FROM session_change WHERE position < ?1";

/// The embedded engine.
pub struct SqlitePlayback {
    catalog: Arc<SqliteCatalog>,
    index: Shared,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Index>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Index> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqlitePlayback {
    /// The viewers of this catalog. Reads where everything lies, on the calling thread.
    ///
    /// # Errors
    /// `Corrupt`, or the engine's own.
    pub fn open(catalog: Arc<SqliteCatalog>) -> Result<Self> {
        let index = Shared::default();
        let sql = format!("{PLACES} ORDER BY c.position");
        for (viewer, row_version, place) in catalog.read_now(|conn| places(conn, &sql, &[]))? {
            index.lock().note(viewer, row_version, place);
        }
        Ok(Self { catalog, index })
    }
}

#[async_trait]
impl Playback for SqlitePlayback {
    async fn load(&self, viewer: ViewerId) -> Result<StoredViewer> {
        let index = self.index.clone();
        self.catalog.read(move |conn| load(conn, &index, viewer)).await
    }

    async fn put(&self, put: PutViewer) -> Result<()> {
        let index = self.index.clone();
        let pending = match Change::only(put) {
            Ok(change) => self.catalog.write_single(move |conn| change.apply(conn, &index)).await?,
            Err(put) => self.catalog.write(move |conn| apply(conn, &index, &put)).await?,
        };
        pending.stands();
        Ok(())
    }

    async fn unfolded(&self, before: Timestamp, limit: u32) -> Result<Vec<ViewerId>> {
        loop {
            // The lock is held for one look at a time: writers need it too.
            let look = self.index.lock().unchanged_since(before, limit as usize);
            match look {
                Quiet::Found(found) => return Ok(found),
                Quiet::LookOn => {}
            }
        }
    }

    async fn tidy(&self) -> Result<u64> {
        let index = self.index.clone();
        self.catalog.write(move |conn| tidy(conn, &index)).await
    }
}

/// A change that has run and is not committed yet. Dropped before it is known to stand, it is
/// doubted.
struct Pending {
    index: Shared,
    viewer: ViewerId,
    stands: bool,
}

impl Pending {
    fn stands(mut self) {
        self.stands = true;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.stands {
            self.index.lock().doubt(self.viewer);
        }
    }
}

/// One change of one session and nothing beside it, as a heartbeat makes it: the commonest write
/// there is.
struct Change {
    fence: Fence,
    viewer: ViewerId,
    session: SessionId,
    at: Timestamp,
    row_version: u64,
    params: [Cell; 7],
}

impl Change {
    /// The change that a put consists of, else the put.
    fn only(mut put: PutViewer) -> Result<Self, PutViewer> {
        let at = Timestamp::now();
        let PutViewer { fence, viewer, row_version, .. } = put;
        let ViewerState::Sessions(changed) = &mut put.state else { return Err(put) };
        let [(session, state)] = changed.as_mut_slice() else { return Err(put) };
        if !put.facts.is_empty() || !put.events.is_empty() {
            return Err(put);
        }
        let params = [
            Cell::int(fence.shard.0),
            Cell::int(viewer.bits()),
            Cell::text(*session),
            Cell::time(at),
            Cell::Text(std::mem::take(state)),
            Cell::int(row_version),
            Cell::int(fence.epoch.0),
        ];
        Ok(Self { fence, viewer, session: *session, at, row_version, params })
    }

    fn apply(&self, conn: &Connection, index: &Shared) -> Result<Pending> {
        let Self { viewer, session, at, row_version, .. } = *self;
        if version(conn, index, viewer)? + 1 != row_version {
            fenced::apply(conn, self.fence, &[], &[])?;
            return Err(Error::Conflict { what: format!("viewer {viewer}") });
        }
        if execute(conn, FENCED_CHANGE, &self.params)? == 0 {
            let Fence { shard, epoch } = self.fence;
            return Err(Error::Fenced { shard: shard.0, epoch: epoch.0 });
        }
        let position = conn.last_insert_rowid().unsigned_abs();
        index.lock().note(viewer, row_version, Place { session, position, at });
        Ok(Pending { index: index.clone(), viewer, stands: false })
    }
}

fn apply(conn: &Connection, index: &Shared, put: &PutViewer) -> Result<Pending> {
    fenced::apply(conn, put.fence, &[], &put.events)?;
    if version(conn, index, put.viewer)? + 1 != put.row_version {
        return Err(Error::Conflict { what: format!("viewer {}", put.viewer) });
    }
    let now = Timestamp::now();
    for fact in &put.facts {
        keep(conn, fact, now)?;
    }
    match &put.state {
        ViewerState::Sessions(changed) => append(conn, index, put, changed, now)?,
        ViewerState::Whole(record) => {
            let params = [
                Cell::int(put.viewer.bits()),
                Cell::int(put.fence.shard.0),
                Cell::text(record),
                Cell::int(put.row_version),
            ];
            execute(conn, WHOLE, &params)?;
            index.lock().drop_viewer(put.viewer);
        }
    }
    Ok(Pending { index: index.clone(), viewer: put.viewer, stands: false })
}

fn append(
    conn: &Connection,
    index: &Shared,
    put: &PutViewer,
    changed: &[(SessionId, String)],
    at: Timestamp,
) -> Result<()> {
    let mut places = Vec::with_capacity(changed.len());
    for (session, state) in changed {
        let params = [
            Cell::int(put.fence.shard.0),
            Cell::int(put.viewer.bits()),
            Cell::text(session),
            Cell::time(at),
            Cell::text(state),
            Cell::int(put.row_version),
        ];
        execute(conn, CHANGE, &params)?;
        let position = conn.last_insert_rowid().unsigned_abs();
        places.push(Place { session: *session, position, at });
    }
    // Last: what did not run to its end has changed nothing here.
    let mut index = index.lock();
    places.into_iter().for_each(|place| index.note(put.viewer, put.row_version, place));
    Ok(())
}

/// The row version that is stored.
fn version(conn: &Connection, index: &Shared, viewer: ViewerId) -> Result<u64> {
    if let Some(row_version) = index.lock().row_version(viewer) {
        return Ok(row_version);
    }
    if let Some(known) = known(conn, index, viewer)? {
        return Ok(known.row_version);
    }
    let row = query(conn, VERSION, &[Cell::int(viewer.bits())])?.pop();
    row.map_or(Ok(0), |row| Cells::new("viewer", row).int())
}

fn known(conn: &Connection, index: &Shared, viewer: ViewerId) -> Result<Option<Known>> {
    if index.lock().is_doubted(viewer) {
        let sql = format!("{PLACES} AND c.viewer = $1 ORDER BY c.position");
        let found = places(conn, &sql, &[Cell::int(viewer.bits())])?;
        let mut learnt = Index::default();
        for (viewer, row_version, place) in found {
            learnt.note(viewer, row_version, place);
        }
        index.lock().learn(viewer, learnt.get(viewer).cloned());
    }
    Ok(index.lock().get(viewer).cloned())
}

fn load(conn: &Connection, index: &Shared, viewer: ViewerId) -> Result<StoredViewer> {
    let places = known(conn, index, viewer)?;
    let mut stored = StoredViewer::default();
    if let Some(row) = query(conn, RECORD, &[Cell::int(viewer.bits())])?.pop() {
        let mut cells = Cells::new("viewer", row);
        stored.row_version = cells.int()?;
        stored.record = Some(cells.text()?);
    }
    let Some(Known { row_version, sessions }) = places else { return Ok(stored) };
    let params: Vec<_> = sessions.iter().map(|place| Cell::int(place.position)).collect();
    let sql = format!(
        "SELECT session, state FROM session_change WHERE position IN ({})",
        placeholders(1, params.len())
    );
    for row in query(conn, &sql, &params)? {
        let mut cells = Cells::new("session_change", row);
        stored.sessions.push((cells.id()?, cells.text()?));
    }
    if stored.sessions.len() != sessions.len() {
        // A write is under way, or has replaced them since.
        return Err(Error::Conflict { what: format!("viewer {viewer}") });
    }
    stored.row_version = row_version;
    Ok(stored)
}

fn tidy(conn: &Connection, index: &Shared) -> Result<u64> {
    let needed = index.lock().first_needed();
    let before = match needed {
        Needed::All => return Ok(0),
        Needed::From(position) => position,
        Needed::Nothing => u64::MAX,
    };
    let Some(first) = query(conn, FIRST, &[])?.pop() else { return Ok(0) };
    let first: u64 = Cells::new("session_change", first).int()?;
    let before = before.min(first.saturating_add(TIDY_ROWS));
    Ok(execute(conn, TIDY, &[Cell::int(before)])? as u64)
}

fn places(conn: &Connection, sql: &str, params: &[Cell]) -> Result<Vec<(ViewerId, u64, Place)>> {
    query(conn, sql, params)?.into_iter().map(place).collect()
}

fn place(row: Vec<Cell>) -> Result<(ViewerId, u64, Place)> {
    let mut cells = Cells::new("session_change", row);
    let position = cells.int()?;
    let viewer = ViewerId::new(cells.int()?);
    let (session, at) = (cells.id()?, cells.time()?);
    Ok((viewer, cells.int()?, Place { session, position, at }))
}
