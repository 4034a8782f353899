//! A bounded set of reading connections, used on blocking threads.
//!
//! A query first needs admission (else `Busy`), then one of the connections. Both are held by the
//! blocking closure itself, so a caller that goes away does not let one more in.

use super::run::explain;
use crate::metrics::Meter;
use crate::{Error, Result};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

static READS: Meter = Meter::new("sqlite", "read");

/// The reading side of the catalog.
pub(crate) struct Readers {
    idle: Arc<Idle>,
    admission: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

struct Idle {
    path: PathBuf,
    connections: Mutex<Vec<Connection>>,
}

impl Readers {
    /// At most `connections` queries at one time, at most `queries_max` with those that wait.
    pub(crate) fn new(path: &Path, connections: usize, queries_max: usize) -> Self {
        let idle = Idle { path: path.to_owned(), connections: Mutex::default() };
        Self {
            idle: Arc::new(idle),
            admission: Arc::new(Semaphore::new(queries_max)),
            connections: Arc::new(Semaphore::new(connections)),
        }
    }

    /// Runs `work` on a connection that sees everything that was committed before.
    ///
    /// # Errors
    /// `Busy`, or what `work` says.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        READS.around(self.run_on_one(work)).await
    }

    async fn run_on_one<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let admitted = self.admission.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let permit = self.connections.clone().acquire_owned().await.map_err(|_| Error::Busy)?;
        let idle = self.idle.clone();
        crate::files::blocking(move || {
            let _held = (admitted, permit);
            let conn = idle.take()?;
            let result = work(&conn);
            idle.give_back(conn);
            result
        })
        .await
    }
}

impl Readers {
    /// Runs `work` on the calling thread, beside the bound: for the start of a node.
    pub(crate) fn run_now<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let conn = self.idle.take()?;
        let result = work(&conn);
        self.idle.give_back(conn);
        result
    }
}

impl Idle {
    fn take(&self) -> Result<Connection> {
        let idle = self.connections.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open(&self.path), Ok)
    }

    fn give_back(&self, conn: Connection) {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }
}

fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(explain)?;
    conn.busy_timeout(super::LOCK_WAIT).map_err(explain)?;
    conn.set_prepared_statement_cache_capacity(super::STATEMENTS_CACHED);
    Ok(conn)
}
