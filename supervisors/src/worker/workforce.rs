//! Workers on this machine: `playhouse worker` processes that this node starts.
//!
//! Each has a folder of its own below the node's, and the node's configuration. Their standard
//! input is a pipe that the node holds: when it is closed they go, so one that is told to go gives
//! its jobs back, and none stays when the node is killed.

use async_trait::async_trait;
use playhouse_actors::encode::Workforce;
use playhouse_storage::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// How workers are started.
pub(crate) struct Local {
    /// What follows `playhouse worker`: where the configuration comes from.
    pub(crate) arguments: Vec<OsString>,
    /// Holds a folder for each.
    pub(crate) folder: PathBuf,
    /// This node.
    pub(crate) node_url: String,
    /// Of the role `worker`.
    pub(crate) token: Secret,
}

/// The workers of this machine.
pub(crate) struct LocalWorkforce {
    how: Local,
    /// By the number of their folder.
    running: Mutex<BTreeMap<u32, Child>>,
}

impl LocalWorkforce {
    /// Nobody yet.
    pub(crate) fn new(how: Local) -> Self {
        Self { how, running: Mutex::default() }
    }

    fn spawn(&self, number: u32) -> io::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("worker").args(&self.how.arguments).arg("--attached");
        command.arg("--data").arg(self.how.folder.join(number.to_string()));
        command.env("PLAYHOUSE_WORKER__TOKEN", self.how.token.reveal());
        // After the other arguments, so that it counts.
        command.arg(format!("worker.node_url={}", self.how.node_url));
        // Its log goes where the node's goes; its line `ready` is for nobody.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0).spawn()
    }
}

/// Forgets those that have ended.
fn reap(running: &mut BTreeMap<u32, Child>) {
    running.retain(|number, child| match child.try_wait() {
        Ok(None) => true,
        Ok(Some(status)) => {
            tracing::info!(worker = number, %status, "a local worker has ended");
            false
        }
        Err(error) => {
            tracing::warn!(worker = number, %error, "a local worker is not looked after");
            false
        }
    });
}

#[async_trait]
impl Workforce for LocalWorkforce {
    async fn count(&self) -> io::Result<u32> {
        let mut running = self.running.lock().await;
        reap(&mut running);
        // One that was told to go is no worker any more, though it still gives its jobs back.
        Ok(running.values().filter(|child| child.stdin.is_some()).count() as u32)
    }

    async fn start(&self, more: u32) -> io::Result<()> {
        let mut running = self.running.lock().await;
        reap(&mut running);
        for _ in 0..more {
            let free = (1..).find(|number| !running.contains_key(number)).unwrap_or(u32::MAX);
            running.insert(free, self.spawn(free)?);
        }
        Ok(())
    }

    async fn stop(&self, fewer: u32) -> io::Result<()> {
        let mut running = self.running.lock().await;
        let attached = running.values_mut().rev().filter(|child| child.stdin.is_some());
        attached.take(fewer as usize).for_each(|child| drop(child.stdin.take()));
        Ok(())
    }
}
