//! The catalog in one SQLite file: write-ahead log, every commit synced, one writer with group
//! commit, a few readers beside it.
//!
//! What is answered is on disk (`synchronous=FULL`). The fence is checked in the transaction that
//! writes; a query sees every commit that was answered before it was asked.

mod checkpoint;
pub(crate) mod fenced;
pub(crate) mod migrate;
mod readers;
pub(crate) mod run;
mod writer;

use super::cell::{Cell, Cells};
use super::rows::Row;
use super::sql;
use super::{Catalog, Commit, ContentQuery, Moving, OutboxEvent};
use crate::model::{
    AuditEntry, AuditId, AuditOutcome, Content, ContentId, DeadLetter, DeadLetterId, Fence, Job,
    Rendition, Segment, Timer, Upload, UploadId,
};
use crate::{Config, Result, files};
use async_trait::async_trait;
use checkpoint::Checkpoints;
use jiff::Timestamp;
use readers::Readers;
use run::{execute, execute_expecting, explain, query, ready, records};
use rusqlite::Connection;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use writer::Writer;

/// How long a connection waits for another's lock. Only recovery after a crash holds one for
/// longer than an instant.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps: the program has some forty.
pub(crate) const STATEMENTS_CACHED: usize = 64;
/// The page size of SQLite, by which its limit counts.
const PAGE_BYTES: u64 = 4096;

/// The embedded catalog.
pub struct SqliteCatalog {
    // Dropped before the writer, whose connection is the last to close and tidies the log away.
    readers: Readers,
    writer: Writer,
}

impl SqliteCatalog {
    /// Opens the file, makes it when it is missing, and brings its schema up to date. The caller
    /// holds the lock of the data folder.
    ///
    /// # Errors
    /// `SchemaTooNew`, `Corrupt`, `Full`, or the engine's own.
    pub fn open(path: &Path, config: &Config) -> Result<Self> {
        if let Some(folder) = path.parent() {
            files::create_dirs(folder)?;
        }
        files::touch_private(path)?;
        let mut conn = Connection::open(path).map_err(explain)?;
        prepare(&conn, config)?;
        migrate::migrate(&mut conn)?;
        if let Some(folder) = path.parent() {
            files::sync_dir(folder)?;
        }
        let pages_max = config.catalog_checkpoint_bytes.div_ceil(PAGE_BYTES);
        let pages_max = pages_max.try_into().unwrap_or(u32::MAX);
        let checkpoints = Checkpoints::start(&mut conn, path, pages_max)?;
        let (queue_max, batch_max) = (config.catalog_queue_max, config.catalog_batch_max);
        Ok(Self {
            readers: Readers::new(path, config.catalog_readers, config.catalog_reads_max),
            writer: Writer::start(conn, checkpoints, queue_max, batch_max)?,
        })
    }

    /// Runs `work` in a savepoint of the writer's next group.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// Runs `work`, which changes rows by one statement at most and cannot fail after it, in the
    /// writer's next group.
    pub(crate) async fn write_single<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.writer.run_single(work).await
    }

    /// Runs `work` on a connection that reads one state of the catalog.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.readers.run(move |conn| in_one_state(conn, work)).await
    }

    /// The same on the calling thread: for the start of a node.
    pub(crate) fn read_now<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.readers.run_now(work)
    }

    /// The records that a query finds.
    pub(crate) async fn find<R>(&self, sql: String, params: Vec<Cell>) -> Result<Vec<R>>
    where
        R: Row + Send + 'static,
    {
        self.readers.run(move |conn| records(conn, &sql, &params)).await
    }

    /// The rows that a query finds.
    pub(crate) async fn rows(&self, sql: String, params: Vec<Cell>) -> Result<Vec<Vec<Cell>>> {
        self.readers.run(move |conn| query(conn, &sql, &params)).await
    }

    async fn find_one<R: Row + Send + 'static>(&self, id: impl Display) -> Result<Option<R>> {
        Ok(self.find(sql::by_id::<R>(), vec![Cell::text(id)]).await?.pop())
    }

    /// Records whose ids rise with time, newest first, below `before`.
    async fn newest<R>(&self, before: Option<impl Display>, limit: u32) -> Result<Vec<R>>
    where
        R: Row + Send + 'static,
    {
        // No id sorts behind a letter that is no hexadecimal digit.
        let before = before.map_or_else(|| "z".to_owned(), |id| id.to_string());
        let sql = format!("{} {}", sql::select::<R>(), sql::NEWEST);
        self.find(sql, vec![Cell::Text(before), Cell::int(limit)]).await
    }

    async fn ids<T>(&self, sql: &str, params: Vec<Cell>) -> Result<Vec<T>>
    where
        T: FromStr<Err: Display>,
    {
        let rows = self.rows(sql.to_owned(), params).await?;
        rows.into_iter().map(|row| Cells::new("id", row).id()).collect()
    }
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn claim_shards(&self, count: u16) -> Result<Vec<Fence>> {
        self.write(move |conn| fenced::claim_shards(conn, count)).await
    }

    async fn commit(&self, commit: Commit) -> Result<()> {
        let Commit { fence, writes, events } = commit;
        let statements: Vec<_> =
            writes.iter().flat_map(|write| sql::statements(fence, write)).map(ready).collect();
        self.write(move |conn| fenced::apply(conn, fence, &statements, &events)).await
    }

    async fn upload(&self, id: UploadId) -> Result<Option<Upload>> {
        self.find_one(id).await
    }

    async fn uploads_not_handed_over(&self, limit: u32) -> Result<Vec<UploadId>> {
        self.ids(sql::UPLOADS_NOT_HANDED_OVER, vec![Cell::int(limit)]).await
    }

    async fn content(&self, id: ContentId) -> Result<Option<Content>> {
        self.find_one(id).await
    }

    async fn contents(&self, query: ContentQuery) -> Result<Vec<Content>> {
        let (sql, params) = sql::contents(&query);
        self.find(sql, params).await
    }

    async fn contents_unfinished(
        &self,
        after: Option<ContentId>,
        limit: u32,
    ) -> Result<Vec<ContentId>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        self.ids(sql::CONTENTS_UNFINISHED, vec![Cell::Text(after), Cell::int(limit)]).await
    }

    async fn contents_moving(&self, which: Moving, limit: u32) -> Result<Vec<ContentId>> {
        let (sql, params) = sql::contents_moving(which, limit);
        self.ids(sql, params).await
    }

    async fn renditions(&self, content: ContentId) -> Result<Vec<Rendition>> {
        self.find(sql::renditions(), vec![Cell::text(content)]).await
    }

    async fn rendition(&self, content: ContentId, name: &str) -> Result<Option<Rendition>> {
        Ok(self.find(sql::rendition(), vec![Cell::text(content), Cell::text(name)]).await?.pop())
    }

    async fn segments(&self, content: ContentId, rendition: &str) -> Result<Vec<Segment>> {
        self.find(sql::segments(), vec![Cell::text(content), Cell::text(rendition)]).await
    }

    async fn jobs_of(&self, content: ContentId) -> Result<Vec<Job>> {
        self.find(sql::jobs_of(), vec![Cell::text(content)]).await
    }

    async fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>> {
        self.newest(before, limit).await
    }

    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>> {
        self.find_one(id).await
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxEvent>> {
        let sql = format!("{} ORDER BY position LIMIT $1", sql::select::<OutboxEvent>());
        self.find(sql, vec![Cell::int(limit)]).await
    }

    async fn outbox_done(&self, position: u64) -> Result<()> {
        self.write(move |conn| execute(conn, sql::OUTBOX_DONE, &[Cell::int(position)]).map(drop))
            .await
    }

    async fn timers_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>> {
        let sql = format!("{} {}", sql::select::<Timer>(), sql::timer::DUE);
        self.find(sql, vec![Cell::time(now), Cell::int(limit)]).await
    }

    async fn timer_next(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let rows = self.rows(sql::timer::NEXT.to_owned(), vec![Cell::time(now)]).await?;
        Cells::new(Timer::TABLE, rows.into_iter().next().unwrap_or_default()).time_opt()
    }

    async fn timer_done(&self, position: u64) -> Result<()> {
        let params = [Cell::int(position)];
        self.write(move |conn| execute(conn, sql::timer::DONE, &params).map(drop)).await
    }

    async fn timer_put_off(&self, position: u64, due_at: Timestamp) -> Result<()> {
        let params = [Cell::int(position), Cell::time(due_at)];
        self.write(move |conn| execute(conn, sql::timer::PUT_OFF, &params).map(drop)).await
    }

    async fn audit_append(&self, entry: AuditEntry) -> Result<()> {
        let append = sql::audit::append(&entry);
        self.write(move |conn| execute_expecting(conn, &append)).await
    }

    async fn audit_outcome(&self, id: AuditId, outcome: AuditOutcome) -> Result<()> {
        let outcome = sql::audit::outcome(id, outcome);
        self.write(move |conn| execute_expecting(conn, &outcome)).await
    }

    async fn audit(&self, before: Option<AuditId>, limit: u32) -> Result<Vec<AuditEntry>> {
        self.newest(before, limit).await
    }

    async fn audit_forget(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let params = [Cell::time(before), Cell::int(limit)];
        let gone = self.write(move |conn| execute(conn, sql::audit::FORGET, &params)).await?;
        Ok(gone as u64)
    }

    async fn ping(&self) -> Result<()> {
        self.rows(sql::SHARD_COUNT.to_owned(), Vec::new()).await?;
        self.write(|conn| {
            execute(conn, "UPDATE shard SET epoch = epoch WHERE shard = 0", &[]).map(drop)
        })
        .await
    }
}

fn in_one_state<T>(conn: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let state = conn.unchecked_transaction().map_err(explain)?;
    work(&state)
}

fn prepare(conn: &Connection, config: &Config) -> Result<()> {
    conn.busy_timeout(LOCK_WAIT).map_err(explain)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    for (pragma, value) in [
        ("journal_mode", "WAL".to_owned()),
        ("synchronous", "FULL".to_owned()),
        // Negative: a number of kB instead of pages.
        ("cache_size", format!("-{}", config.catalog_cache_bytes / 1024)),
        // The log is cut back to this after a burst.
        ("journal_size_limit", (64 << 20).to_string()),
        ("max_page_count", (config.catalog_bytes_max / PAGE_BYTES).to_string()),
    ] {
        conn.pragma_update_and_check(None, pragma, value, |_| Ok(())).or_else(|error| {
            // A pragma that answers no row has been set all the same.
            match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                other => Err(explain(other)),
            }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commits_are_synced_and_logged_ahead() {
        let folder = tempfile::TempDir::new().unwrap();
        let catalog = SqliteCatalog::open(&folder.path().join("c.db"), &Config::default()).unwrap();
        let ask =
            |pragma| catalog.write(move |conn| Ok(query(conn, pragma, &[])?.remove(0).remove(0)));
        assert_eq!(ask("PRAGMA journal_mode").await.unwrap(), Cell::text("wal"));
        assert_eq!(ask("PRAGMA synchronous").await.unwrap(), Cell::Int(2));
        assert_eq!(ask("PRAGMA max_page_count").await.unwrap(), Cell::Int((64 << 30) / 4096));
        assert_eq!(ask("PRAGMA cache_size").await.unwrap(), Cell::Int(-65_536));
        assert_eq!(ask("PRAGMA journal_size_limit").await.unwrap(), Cell::Int(64 << 20));
    }

    #[tokio::test]
    async fn the_file_is_for_its_owner_alone_and_may_lie_in_a_new_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("new/c.db");
        let catalog = SqliteCatalog::open(&path, &Config::default()).unwrap();
        catalog.ping().await.unwrap();
        for name in ["c.db", "c.db-wal", "c.db-shm"] {
            let facts = std::fs::metadata(path.with_file_name(name)).unwrap();
            assert_eq!(facts.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }

    #[tokio::test]
    async fn questions_about_many_rows_use_an_index() {
        let folder = tempfile::TempDir::new().unwrap();
        let catalog = SqliteCatalog::open(&folder.path().join("c.db"), &Config::default()).unwrap();
        for (sql, count, index) in [
            (sql::UPLOADS_NOT_HANDED_OVER, 1, "content_receiving"),
            (sql::CONTENTS_UNFINISHED, 2, "content_unfinished"),
            (sql::timer::NEXT, 1, "timer_by_due"),
            (sql::audit::FORGET, 2, "audit_by_time"),
            (sql::engagement::RANKED, 3, "counter_by_trend"),
            (sql::engagement::RANKED_COUNT, 1, "counter_by_trend"),
            (sql::engagement::HOT, 1, "counter_hot"),
            (sql::engagement::VIEW_KEYS_FORGET, 2, "view_key_by_time"),
            (sql::engagement::MINUTES_FORGET, 2, "view_minute_by_time"),
            (sql::engagement::FACTS, 2, "INTEGER PRIMARY KEY"),
            (&format!("{} {}", sql::select::<Timer>(), sql::timer::DUE), 2, "timer_by_due"),
        ] {
            let params = vec![Cell::Int(1); count];
            let plan = catalog.rows(format!("EXPLAIN QUERY PLAN {sql}"), params).await.unwrap();
            assert!(format!("{plan:?}").contains(index), "{sql}: {plan:?}");
        }
    }
}
