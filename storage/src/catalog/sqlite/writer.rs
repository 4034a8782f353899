//! The one writer: a thread that commits whatever has queued in one go.
//!
//! Each task is kept or undone by itself and has a result of its own; all tasks of a group
//! share one fsync. Nothing is answered before that, and when the group's commit fails every task
//! of it is told so. The queue is bounded: when it is full the caller hears `Busy` at once.

use super::checkpoint::Checkpoints;
use super::run::execute;
use crate::metrics::Meter;
use crate::{Error, Result, failpoint};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// From the queue to the disk: what a writer waits for.
static COMMITS: Meter = Meter::new("sqlite", "commit");

/// The writer's door. Dropping it lets the queue run dry and waits for the thread.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Task>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on its connection.
    ///
    /// # Errors
    /// `Io` when the system gives no thread.
    pub(crate) fn start(
        conn: Connection,
        checkpoints: Checkpoints,
        queue_max: usize,
        batch_max: usize,
    ) -> Result<Self> {
        let (queue, tasks) = sync_channel(queue_max);
        let thread = std::thread::Builder::new()
            .name("catalog-writer".to_owned())
            .spawn(move || write_all(&conn, &checkpoints, &tasks, batch_max))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in a savepoint of the next group and answers when the group is on disk.
    ///
    /// # Errors
    /// `Busy`, what `work` says, or why the group did not commit.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.submit(move |conn| in_savepoint(conn, work)).await
    }

    /// The same without a savepoint, which costs a copy of each page that is touched: for work that
    /// changes rows by one statement at most, and cannot fail after it. A statement that fails
    /// leaves nothing behind (<https://sqlite.org/lang_conflict.html>, ABORT).
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) async fn run_single<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.submit(work).await
    }

    async fn submit<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let submitted = async {
            let (answer, result) = oneshot::channel();
            let task = Submitted { work: Some(work), result: None, answer };
            let queue = self.queue.as_ref().expect("the queue is taken by drop only");
            queue.try_send(Box::new(task)).map_err(|error| match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => stopped(),
            })?;
            result.await.map_err(|_| stopped())?
        };
        COMMITS.around(submitted).await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the catalog's writer panicked");
        }
    }
}

fn stopped() -> Error {
    Error::Engine("the catalog's writer has stopped".to_owned())
}

/// A piece of work on its way through the writer.
trait Task: Send {
    /// Does the work; answers a copy of the error when there is one.
    fn run(&mut self, conn: &Connection) -> Option<Error>;

    /// Tells the submitter: its own error, else the group's, else its result.
    fn answer(self: Box<Self>, group: Option<&Error>);
}

struct Submitted<T, F> {
    work: Option<F>,
    result: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T, F> Task for Submitted<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T> + Send,
{
    fn run(&mut self, conn: &Connection) -> Option<Error> {
        let work = self.work.take()?;
        let result = work(conn);
        let failed = result.as_ref().err().map(Error::again);
        self.result = Some(result);
        failed
    }

    fn answer(self: Box<Self>, group: Option<&Error>) {
        let result = match (self.result, group) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(_)) | None, Some(error)) => Err(error.again()),
            (Some(result), None) => result,
            (None, None) => Err(stopped()),
        };
        // Who asked may have gone; what was committed stays committed.
        drop(self.answer.send(result));
    }
}

fn write_all(
    conn: &Connection,
    checkpoints: &Checkpoints,
    tasks: &Receiver<Box<dyn Task>>,
    batch_max: usize,
) {
    while let Ok(first) = tasks.recv() {
        let mut waiting = VecDeque::from([first]);
        while waiting.len() < batch_max
            && let Ok(next) = tasks.try_recv()
        {
            waiting.push_back(next);
        }
        while !waiting.is_empty() {
            let mut done = Vec::with_capacity(waiting.len());
            let outcome = commit_group(conn, &mut waiting, &mut done);
            if let Err(error) = &outcome {
                tracing::warn!(%error, tasks = done.len(), "catalog group not committed");
            }
            for task in done {
                task.answer(outcome.as_ref().err());
            }
            checkpoints.look(conn);
        }
    }
}

/// Runs what waits in one transaction. What it moved to `done` shares its outcome; what it left
/// waiting has not been touched.
fn commit_group(
    conn: &Connection,
    waiting: &mut VecDeque<Box<dyn Task>>,
    done: &mut Vec<Box<dyn Task>>,
) -> Result<()> {
    let before = conn.total_changes();
    if let Err(error) = execute(conn, "BEGIN IMMEDIATE", &[]) {
        done.extend(waiting.drain(..));
        return Err(error);
    }
    while let Some(mut task) = waiting.pop_front() {
        let failed = task.run(conn);
        done.push(task);
        // Some errors (a full disk is one) end the whole transaction, the neighbours' part too.
        if conn.is_autocommit() {
            return Err(failed.unwrap_or_else(|| Error::Engine("transaction lost".to_owned())));
        }
    }
    execute(conn, "COMMIT", &[]).inspect_err(|_| roll_back(conn))?;
    // Housekeeping looks every few seconds and mostly finds nothing: that is no commit of anything.
    if conn.total_changes() != before {
        failpoint::pass("catalog.committed");
    }
    Ok(())
}

fn in_savepoint<T>(conn: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    execute(conn, "SAVEPOINT task", &[])?;
    let result = work(conn);
    if !conn.is_autocommit()
        && let Err(error) = close_savepoint(conn, result.is_ok())
    {
        // Half of a task must never be committed with its neighbours.
        roll_back(conn);
        return Err(error);
    }
    result
}

/// Every task pays for this: prepared statements spare it the parser.
fn close_savepoint(conn: &Connection, keep: bool) -> Result<()> {
    if !keep {
        execute(conn, "ROLLBACK TO task", &[])?;
    }
    execute(conn, "RELEASE task", &[]).map(drop)
}

fn roll_back(conn: &Connection) {
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "catalog transaction could not be rolled back");
    }
}
