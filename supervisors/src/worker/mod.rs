//! `playhouse worker`: a process that takes encode jobs, on any machine.
//!
//! It shares catalog, job queue and blobs with the nodes, runs the same pool, and tells entities
//! what came of a job over a link. It owns nothing: what it has finished is committed, and what it
//! has not is somebody else's as soon as it has given its leases back, or they have run out.

mod config;
mod link;
mod workforce;

pub(crate) use config::WorkerConfig;
pub(crate) use workforce::{Local, LocalWorkforce};

use crate::config::Config;
use crate::tree;
use anyhow::{Context, Result, bail};
use link::HttpLink;
use playhouse_actors::encode::{Workshop, give_back};
use playhouse_actors::runtime::{AskError, Exit, Inspector, Link, Supervisor, Tree};
use playhouse_storage::SharedStores;
use playhouse_storage::jobs::Jobs;
use playhouse_storage::wakes::Wakes;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A worker that is ready.
pub(crate) struct Worker {
    supervisor: Supervisor,
    /// Watches the tree for as long as it lives.
    _inspector: Inspector,
    jobs: Arc<dyn Jobs>,
    wakes: Arc<dyn Wakes>,
    stop: Duration,
    terminate: Signal,
    interrupt: Signal,
    // Last: the lock of the worker's folder outlives everything that it guards.
    _stores: SharedStores,
}

/// Why a worker ends.
enum End {
    Asked(&'static str),
    Escalated(Exit),
}

impl Worker {
    /// Starts everything, in order.
    ///
    /// # Errors
    /// Engines that belong to one node, a token that the node does not accept, or the first thing
    /// that does not start.
    pub(crate) async fn load(config: Config) -> Result<Self> {
        let began = Instant::now();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        config
            .worker
            .validate_in_use()
            .map_err(|error| anyhow::anyhow!("configuration: {error}"))?;
        let data = &config.worker.data;
        let stores = SharedStores::open(&config.storage, data)
            .await
            .with_context(|| format!("this worker cannot start in {}", data.display()))?;
        let link = HttpLink::new(&config.worker.node_url, &config.worker.token)?;
        let link: Arc<dyn Link> = Arc::new(link);
        greet(link.as_ref(), &config.worker.node_url).await?;

        let mut actors = config.actors;
        // The key is about nodes: this process is here for nothing else.
        actors.encode.at_node = true;
        let shop = Workshop::linked(&stores, Arc::clone(&link), actors);
        let scratch = stores.data_dir.temporary();
        let parts = playhouse_actors::assemble_worker(&shop, &link, &scratch);
        let inspector = Inspector::new(&shop.directory, Tree::default());
        let supervisor = tree::start_worker(&shop, parts, inspector.tree_root()).await?;
        ready(stores.data_dir.id(), &config.worker.node_url, began);
        let stop = Duration::from_millis(config.worker.stop_ms);
        let (jobs, wakes) = (Arc::clone(&stores.jobs), Arc::clone(&stores.wakes));
        let _inspector = inspector;
        Ok(Self {
            supervisor,
            _inspector,
            jobs,
            wakes,
            stop,
            terminate,
            interrupt,
            _stores: stores,
        })
    }

    /// Stays until something ends the worker; then ends its jobs at once and gives them back, all
    /// within `worker.stop_ms`.
    ///
    /// # Errors
    /// When the tree gave up.
    pub(crate) async fn run(mut self, attached: bool) -> Result<()> {
        let end = tokio::select! {
            _ = self.terminate.recv() => End::Asked("SIGTERM"),
            _ = self.interrupt.recv() => End::Asked("SIGINT"),
            () = detached(), if attached => End::Asked("the end of its input"),
            exit = self.supervisor.wait() => End::Escalated(exit),
        };
        if let End::Asked(by) = &end {
            tracing::info!(by, "worker stops");
        }
        let deadline = self.stop;
        if tokio::time::timeout(deadline, self.stop()).await.is_err() {
            tracing::warn!(?deadline, "worker did not stop in time; its leases run out");
        }
        match end {
            End::Asked(_) => Ok(()),
            End::Escalated(exit) => bail!("the worker gave up: {exit}"),
        }
    }

    /// Nobody claims any more, codec-workers are killed, and only then their jobs are free.
    async fn stop(self) {
        self.supervisor.stop().await;
        match give_back(self.jobs.as_ref(), self.wakes.as_ref()).await {
            Ok(released) => tracing::info!(released, "jobs given back"),
            Err(error) => tracing::warn!(%error, "jobs were not given back; their leases run out"),
        }
    }
}

/// Ready when the standard input, a pipe, has ended: with who holds its other end.
async fn detached() {
    let input = std::io::stdin().as_fd().try_clone_to_owned().and_then(Receiver::from_owned_fd);
    match input {
        Ok(mut input) => {
            let mut said = [0; 64];
            while input.read(&mut said).await.is_ok_and(|bytes| bytes > 0) {}
        }
        Err(error) => tracing::warn!(%error, "--attached needs a pipe as standard input"),
    }
}

/// A node that is away may come; a token that it does not accept is told at once.
async fn greet(link: &dyn Link, node_url: &str) -> Result<()> {
    match link.tell(serde_json::json!([])).await {
        Ok(()) => Ok(()),
        Err(AskError::Ended(exit)) => bail!("{node_url}: {exit}"),
        Err(error @ (AskError::Busy { .. } | AskError::Expired | AskError::Unavailable)) => {
            tracing::warn!(node_url, %error, "the node does not answer yet");
            Ok(())
        }
    }
}

/// The one line on stdout: scripts wait for it.
fn ready(id: &str, node_url: &str, began: Instant) {
    let start_ms = began.elapsed().as_millis() as u64;
    tracing::info!(worker = id, node_url, start_ms, "worker ready");
    println!("ready worker {id} for {node_url} after {start_ms} ms");
}
