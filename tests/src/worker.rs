//! A `playhouse worker` as a real process: started, killed, or told to go.

use crate::sandbox::children;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A worker that runs. It ends with this, by its id.
pub struct Worker {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Worker {
    /// Starts `playhouse worker` with these `key=value` settings, and waits until it is ready. Its
    /// folder and its log lie in `folder`, by its name.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start(name: &str, folder: &Path, token: &str, settings: &[String]) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("a log");
        let mut command = Command::new(crate::binary("playhouse"));
        command.arg("worker").arg("--config").arg(crate::root().join("cluster.toml"));
        command.arg("--data").arg(folder.join(name)).args(settings).stdin(Stdio::null());
        command.env("PLAYHOUSE_WORKER__TOKEN", token).env("RUST_LOG", "info");
        let output = file.try_clone().expect("a file can be shared");
        let child = command.stdout(output).stderr(file).spawn().expect("playhouse starts");
        let mut worker = Self { name: name.to_owned(), child, log };
        let (before, began) = (worker.count("worker ready"), Instant::now());
        while worker.count("worker ready") == before {
            let ended = worker.child.try_wait().expect("a child's state");
            assert!(ended.is_none(), "{name} ended at once; its log:\n{}", worker.log());
            assert!(began.elapsed() < Duration::from_secs(30), "{name}:\n{}", worker.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        worker
    }

    /// As it was named.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name under which it holds jobs.
    ///
    /// # Panics
    /// When it has not said it.
    #[must_use]
    pub fn id(&self) -> String {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        let mut ready = lines.filter(|line: &serde_json::Value| line["message"] == "worker ready");
        let line = ready.next().expect("it was ready");
        line["worker"].as_str().expect("a name").to_owned()
    }

    /// Its codec-workers that are alive.
    #[must_use]
    pub fn encoders(&self) -> Vec<Pid> {
        children(self.pid(), "codec-worker")
    }

    /// The classes of the jobs that it has started, in order.
    #[must_use]
    pub fn jobs(&self) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        let started = lines.filter(|line: &serde_json::Value| line["message"] == "job started");
        started.filter_map(|line| line["class"].as_str().map(str::to_owned)).collect()
    }

    /// Ends it as a machine that is gone would.
    ///
    /// # Panics
    /// When it is not running.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Tells it to go (SIGTERM): how it ended, and after how long.
    ///
    /// # Panics
    /// When it does not end within half a minute.
    pub async fn stop(mut self) -> (ExitStatus, Duration) {
        kill_process(self.pid(), Signal::TERM).expect("a child can be signalled");
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child's state") {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(30), "it goes on:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Everything it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn count(&self, what: &str) -> usize {
        self.log().matches(what).count()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed()).expect("a process id is positive")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log of worker {}:\n{}", self.name, self.log());
        }
        // It may have ended by itself; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
