//! One `codec-worker` process: started with three descriptors, spoken to in frames, always ended.
//!
//! It parses hostile input, so it inherits nothing: no environment, no descriptor but its control
//! socket and the source, a process group of its own. Dropping it kills it; who reaps it then is
//! said in [`Body`].

use super::body::Body;
use super::outcome::Outcome;
use command_fds::{CommandFdExt as _, FdMapping};
use playhouse_codecs::worker::{COMMITTED, CONTROL_FD, Command, Event, SOURCE_FD, frame};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// The end of a worker's log that is kept when it fails, bytes.
const LOG_TAIL_BYTES: u64 = 2_048;
/// Bytes of a frame's length.
const HEADER_BYTES: usize = 4;

/// How a worker is started.
pub(super) struct Setup<'a> {
    pub(super) executable: &'a Path,
    pub(super) body: &'a Body,
    pub(super) memory_bytes: u64,
    pub(super) file_bytes: u64,
    /// The trace that its log begins with.
    pub(super) traceparent: Option<String>,
}

/// A running worker.
pub(super) struct Worker {
    body: Body,
    pid: Option<u32>,
    control: UnixStream,
    received: Vec<u8>,
}

impl Worker {
    /// Starts a worker on a source.
    ///
    /// # Errors
    /// Of the operating system.
    pub(super) fn spawn(setup: &Setup, source: OwnedFd) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        // The worker's FFmpeg complains at length about broken files; its words must not flood
        // the node's log, and their file is bounded by the worker's own file limit.
        let log = File::create(setup.body.log())?;
        let mut command = tokio::process::Command::new(setup.executable);
        command
            .arg("--output")
            .arg(setup.body.folder())
            .args(["--memory-bytes", &setup.memory_bytes.to_string()])
            .args(["--file-bytes", &setup.file_bytes.to_string()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true);
        if let Some(traceparent) = &setup.traceparent {
            command.args(["--traceparent", traceparent]);
        }
        let mappings = vec![
            FdMapping { parent_fd: OwnedFd::from(theirs), child_fd: CONTROL_FD },
            FdMapping { parent_fd: source, child_fd: SOURCE_FD },
        ];
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        let control = UnixStream::from_std(ours)?;
        let child = command.spawn()?;
        let pid = child.id();
        setup.body.take_in(child)?;
        Ok(Self { body: setup.body.clone(), pid, control, received: vec![] })
    }

    /// Its process id.
    pub(super) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Gives the worker its command.
    ///
    /// # Errors
    /// When it has ended, or the command is over the limit of a frame.
    pub(super) async fn send(&mut self, command: &Command) -> io::Result<()> {
        self.control.write_all(&frame::encode(command)?).await
    }

    /// Tells the worker that its oldest untold segment is committed. One that has ended meanwhile
    /// needs no telling: its end comes as an event.
    pub(super) async fn tell_committed(&mut self) {
        if let Err(error) = self.control.write_all(&[COMMITTED]).await {
            tracing::debug!(%error, "a worker was gone before its segment was committed");
        }
    }

    /// The next event; `None` when the worker has closed the socket. Nothing is lost when the
    /// future is dropped before it is ready.
    ///
    /// # Errors
    /// When what it sent is not the protocol.
    pub(super) async fn next(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(event) = self.take_frame()? {
                return Ok(Some(event));
            }
            if self.control.read_buf(&mut self.received).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn take_frame(&mut self) -> io::Result<Option<Event>> {
        let Some(header) = self.received.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let end = HEADER_BYTES + frame::check_length(*header)?;
        if self.received.len() < end {
            return Ok(None);
        }
        let event = frame::decode(&self.received[HEADER_BYTES..end])?;
        self.received.drain(..end);
        Ok(Some(event))
    }

    /// Waits for the end of a worker that closed its socket without a last word.
    pub(super) async fn crash(&self, within: Duration) -> Outcome {
        match timeout(within, self.body.ended()).await {
            Ok(Ok(status)) => Outcome::Crashed {
                signal: status.and_then(|status| status.signal()),
                code: status.and_then(|status| status.code()),
            },
            Ok(Err(error)) => Outcome::HostFailed { error: error.to_string() },
            Err(_) => Outcome::Hung { silent_s: within.as_secs() },
        }
    }

    /// Gives a worker that has said its last word time to end, then kills it; no zombie stays.
    pub(super) async fn end(self, within: Duration) {
        if timeout(within, self.body.ended()).await.is_err() {
            self.kill().await;
        }
    }

    /// Kills it and waits for its end. A worker that is gone already is no error.
    pub(super) async fn kill(&self) {
        self.body.kill().await;
    }

    /// The end of what it logged.
    pub(super) async fn last_words(&self) -> String {
        let log = tail(&self.body.log()).await.unwrap_or_default();
        String::from_utf8_lossy(&log).trim().to_owned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // An attempt that is lost ends here; one in order has seen the end of its worker.
        self.body.begin_to_kill();
    }
}

/// The last bytes of a file that may be as large as the worker's file limit.
async fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = tokio::fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    file.seek(io::SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES))).await?;
    let mut last = Vec::new();
    // It may still grow: no more is read than was asked for.
    file.take(LOG_TAIL_BYTES).read_to_end(&mut last).await?;
    Ok(last)
}

/// The worker's executable: as configured, else beside the server's own.
///
/// # Errors
/// When the server's own executable cannot be found.
pub(super) fn executable(configured: &Path) -> io::Result<PathBuf> {
    if configured.as_os_str().is_empty() {
        return Ok(std::env::current_exe()?.with_file_name("codec-worker"));
    }
    Ok(configured.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_a_long_log_only_the_end_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("worker.log");
        std::fs::write(&path, "the same complaint\n".repeat(10_000) + "out of memory").expect("ok");
        let last = tail(&path).await.expect("it reads");
        assert_eq!(last.len() as u64, LOG_TAIL_BYTES);
        assert!(last.ends_with(b"out of memory"));
    }
}
