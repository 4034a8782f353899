//! Emptying the write-ahead log into the catalog's file, beside the writer.
//!
//! A checkpoint writes pages back and syncs them: tens of milliseconds for a full log, in which a
//! writer that does it itself answers nobody. So a thread of its own copies what is in the log
//! while the writer goes on, and syncs the file. Under load the log grows meanwhile, and it begins
//! anew only after a checkpoint that reached its end: that one the writer makes, when next to
//! nothing is left to copy (<https://sqlite.org/wal.html>, section 3.2, "checkpoint starvation").

use super::run::{explain, query};
use crate::Result;
use rusqlite::Connection;
use std::cell::Cell;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// What the two threads tell each other.
#[derive(Default)]
struct Shared {
    /// Pages in the log after the last commit.
    pages: AtomicU32,
    /// What was in the log has been copied and synced.
    copied: AtomicBool,
}

/// The writer's side. Dropping it waits for the thread.
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    /// Pages in the log from which on it is emptied.
    pages_max: u32,
    /// The same for the next time: a reader of an old state can hold a log back.
    next: Cell<u32>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Takes the place of SQLite's own checkpoints of `conn`, the writer's connection to `path`.
    ///
    /// # Errors
    /// `Io` when the system gives no thread, or the engine's own.
    pub(super) fn start(conn: &mut Connection, path: &Path, pages_max: u32) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let told = shared.clone();
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            told.pages.store(pages.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        };
        conn.wal_hook(Some(hook)).map_err(explain)?;
        let copier = Copier {
            conn: Connection::open(path).map_err(explain)?,
            // Kept open for good: to close any descriptor of a file ends the locks that this
            // process has on it (fcntl(2)), and those are SQLite's.
            file: File::open(path)?,
            shared: shared.clone(),
        };
        // One call is enough, however often it is given.
        let (wake, calls) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("catalog-checkpoints".to_owned())
            .spawn(move || copier.copy_all(&calls))?;
        let next = Cell::new(pages_max);
        Ok(Self { shared, pages_max, next, wake: Some(wake), thread: Some(thread) })
    }

    /// After a commit: has the log emptied when it is long.
    pub(super) fn look(&self, conn: &Connection) {
        if self.shared.copied.swap(false, Ordering::Acquire) {
            checkpoint(conn);
        }
        let pages = self.shared.pages.load(Ordering::Relaxed);
        if pages < self.pages_max {
            self.next.set(self.pages_max);
        } else if pages >= self.next.get()
            && let Some(wake) = &self.wake
        {
            self.next.set(pages.saturating_add(self.pages_max));
            // Full: it is called already.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the catalog's checkpoints panicked");
        }
    }
}

/// The thread's side.
struct Copier {
    conn: Connection,
    file: File,
    shared: Arc<Shared>,
}

impl Copier {
    fn copy_all(&self, calls: &Receiver<()>) {
        while calls.recv().is_ok() {
            checkpoint(&self.conn);
            // Only a checkpoint that came to the end of the log syncs the file by itself.
            if let Err(error) = self.file.sync_data() {
                tracing::warn!(%error, "catalog not synced");
            }
            self.shared.copied.store(true, Ordering::Release);
        }
    }
}

/// Copies what no reader holds back. It can be made up for: the log only grows until the next.
fn checkpoint(conn: &Connection) {
    if let Err(error) = query(conn, "PRAGMA wal_checkpoint(PASSIVE)", &[]) {
        tracing::warn!(%error, "catalog's log not emptied");
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use crate::catalog::cell::Cell;
    use crate::catalog::sqlite::SqliteCatalog;
    use crate::catalog::sqlite::run::{execute, query};
    use std::path::Path;

    /// Commits before the log must have begun anew; each is two pages or more.
    const COMMITS_MAX: usize = 20_000;

    /// Two numbers that change whenever the log begins anew (<https://sqlite.org/fileformat2.html>,
    /// section 4.1, "WAL header").
    fn salts(log: &Path) -> Vec<u8> {
        std::fs::read(log).unwrap()[16..24].to_vec()
    }

    #[tokio::test]
    async fn a_log_under_load_begins_anew_and_nothing_of_it_is_lost() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("c.db");
        let config = Config { catalog_checkpoint_bytes: 128 << 10, ..Config::default() };
        let catalog = SqliteCatalog::open(&path, &config).unwrap();
        let make = "CREATE TABLE filler (bytes BLOB)";
        catalog.write(move |conn| execute(conn, make, &[])).await.unwrap();
        let (log, mut commits) = (path.with_file_name("c.db-wal"), 0);
        let first = salts(&log);
        while salts(&log) == first {
            assert!(commits < COMMITS_MAX, "the log was never emptied");
            let row = [Cell::Bytes(vec![7; 4096])];
            let add = "INSERT INTO filler VALUES ($1)";
            catalog.write(move |conn| execute(conn, add, &row)).await.unwrap();
            commits += 1;
        }
        drop(catalog);
        let conn = rusqlite::Connection::open(&path).unwrap();
        let kept = query(&conn, "SELECT COUNT(*) FROM filler", &[]).unwrap();
        assert_eq!(kept, [[Cell::int(commits)]]);
    }
}
