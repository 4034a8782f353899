//! What an attempt has in the world outside: a process and a folder.
//!
//! The attempt and the pool share it. An attempt that is lost (killed, panicked) cannot clean up
//! after itself, so the pool does: it kills and reaps the process and removes the folder before it
//! gives the job back. When both are gone, the process is killed with the last of them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// The process and the folder of an attempt. Cheap to clone.
#[derive(Clone)]
pub(super) struct Body {
    folder: PathBuf,
    child: Arc<Mutex<Option<Child>>>,
}

impl Body {
    /// A body with a folder that does not exist yet, and no process.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, child: Arc::default() }
    }

    /// The only place that the process can write to.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the process logs. Beside the folder: the process cannot open it.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    /// Its process has been started.
    ///
    /// # Errors
    /// When it has a process already, which goes on; the new one is killed.
    pub(super) fn take_in(&self, child: Child) -> io::Result<()> {
        match self.child.try_lock() {
            Ok(mut place) if place.is_none() => {
                *place = Some(child);
                Ok(())
            }
            Ok(_) | Err(_) => Err(io::Error::other("the attempt has a process already")),
        }
    }

    /// Waits for the end of the process; `None` when there is none. It is no zombie afterwards.
    pub(super) async fn ended(&self) -> io::Result<Option<ExitStatus>> {
        match self.child.lock().await.as_mut() {
            Some(child) => child.wait().await.map(Some),
            None => Ok(None),
        }
    }

    /// Kills the process and waits for its end. One that is gone already is no error.
    pub(super) async fn kill(&self) {
        if let Some(child) = self.child.lock().await.as_mut()
            && let Err(error) = child.kill().await
        {
            tracing::debug!(%error, "a worker was gone before it could be killed");
        }
    }

    /// Kills the process without waiting, from where nobody can wait.
    pub(super) fn begin_to_kill(&self) {
        // Who holds the lock waits for its end or kills it.
        if let Ok(mut child) = self.child.try_lock()
            && let Some(child) = child.as_mut().filter(|child| child.id().is_some())
            && let Err(error) = child.start_kill()
        {
            tracing::debug!(%error, "a worker was gone before it could be killed");
        }
    }

    /// Leaves nothing of it: no process, no folder. A process that the system does not end within
    /// `within` (it waits for a broken disk) is left to the system: nobody listens to it any more.
    pub(super) async fn clear(&self, within: Duration) {
        if timeout(within, self.kill()).await.is_err() {
            tracing::error!(folder = ?self.folder, "a killed worker does not end");
        }
        self.remove_files().await;
    }

    /// Removes the folder and the log, if they are there.
    pub(super) async fn remove_files(&self) {
        let folder = &self.folder;
        for gone in
            [tokio::fs::remove_dir_all(folder).await, tokio::fs::remove_file(self.log()).await]
        {
            match gone {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(?folder, %error, "a work folder was not removed"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    fn check_is_gone(pid: u32) {
        // A zombie would still be listed.
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "process {pid} is left");
    }

    #[tokio::test]
    async fn a_stopped_process_is_reaped_and_its_files_are_removed() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let body = Body::new(temporary.path().join("attempt"));
        std::fs::create_dir_all(body.folder()).expect("a folder");
        std::fs::write(body.folder().join("360p-00000.m4s"), "half").expect("a file");
        std::fs::write(body.log(), "words").expect("a log");
        let mut command = tokio::process::Command::new("sleep");
        let child = command.arg("1000").stdin(Stdio::null()).kill_on_drop(true).spawn();
        let child = child.expect("sleep starts");
        let pid = child.id().expect("it runs");
        body.take_in(child).expect("it has none yet");
        let raw = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a process id");
        rustix::process::kill_process(raw, rustix::process::Signal::STOP).expect("it stops");

        body.clear(Duration::from_secs(10)).await;
        check_is_gone(pid);
        assert_eq!(std::fs::read_dir(temporary.path()).expect("the folder").count(), 0);
    }

    #[tokio::test]
    async fn a_body_without_a_process_is_cleared_as_well() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let body = Body::new(temporary.path().join("attempt"));
        body.clear(Duration::from_secs(10)).await;
        assert_eq!(body.ended().await.expect("no error"), None);
    }
}
