//! One node: started in order, stopped in reverse. The only file that sees every crate.
//!
//! Order is what makes a crash harmless: the lock before the stores, the epochs before anyone who
//! writes, the job leases before anyone who claims, the listener last.

use crate::config::Config;
use crate::tree;
use crate::worker::{Local, LocalWorkforce};
use anyhow::{Context, Result, bail};
use playhouse_actors::encode::give_back;
use playhouse_actors::runtime::{Exit, Supervisor};
use playhouse_actors::{Engines, Platform};
use playhouse_gateway::{Gateway, Keys, Role};
use playhouse_storage::Stores;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A node is restarted more often than this; workers that it starts end with it.
const WORKER_TOKEN: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A node that is ready.
pub(crate) struct Node {
    supervisor: Supervisor,
    platform: Platform,
    stop: Duration,
    terminate: Signal,
    interrupt: Signal,
    // Last: the lock of the data folder outlives everything that it guards.
    _stores: Stores,
}

/// Why a node ends.
enum End {
    /// Someone asked for it.
    Asked(&'static str),
    /// The tree gave up.
    Escalated(Exit),
}

impl Node {
    /// Starts everything, in order.
    ///
    /// # Errors
    /// The first thing that does not start; what had started before is dropped again.
    pub(crate) async fn load(config: Config, of_workers: Vec<OsString>) -> Result<Self> {
        let began = Instant::now();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let stores = open(&config).await?;
        let keys = Keys::open(stores.data_dir.path())?;
        let listener = listen(&config)?;
        let address = listener.local_addr()?;

        let fences = stores.catalog.claim_shards(config.node.shard_count).await?;
        let released = stores.jobs.release_own().await?.len();
        tracing::info!(shards = fences.len(), released, "shards claimed, job leases released");

        let scratch = stores.data_dir.temporary();
        let workforce = LocalWorkforce::new(Local {
            arguments: of_workers,
            folder: stores.data_dir.path().join("workers"),
            node_url: format!("http://{address}"),
            token: keys.issue("local-worker", Role::Worker, WORKER_TOKEN).into(),
        });
        let (platform, parts) = playhouse_actors::assemble_with(
            Engines::from(&stores),
            config.actors,
            fences,
            &scratch,
            Some(Arc::new(workforce)),
        );
        let gateway =
            Gateway { platform: platform.clone(), auth: keys, config: config.gateway.clone() };
        let front = tree::Front { listener, gateway, config: config.gateway };
        let supervisor = tree::start(&platform, parts, front).await?;
        ready(address, began);
        let stop = Duration::from_millis(config.node.stop_ms);
        Ok(Self { supervisor, platform, stop, terminate, interrupt, _stores: stores })
    }

    /// Stays until something ends the node, then stops in reverse within `node.stop_ms`.
    ///
    /// # Errors
    /// When the tree gave up.
    pub(crate) async fn run(mut self) -> Result<()> {
        let end = tokio::select! {
            _ = self.terminate.recv() => End::Asked("SIGTERM"),
            _ = self.interrupt.recv() => End::Asked("SIGINT"),
            exit = self.supervisor.wait() => End::Escalated(exit),
        };
        if let End::Asked(by) = &end {
            tracing::info!(by, "node stops");
        }
        let deadline = self.stop;
        if tokio::time::timeout(deadline, self.stop()).await.is_err() {
            tracing::warn!(?deadline, "node did not stop in time; what still runs is dropped");
        }
        match end {
            End::Asked(_) => Ok(()),
            End::Escalated(exit) => bail!("the node gave up: {exit}"),
        }
    }

    async fn stop(self) {
        self.supervisor.stop().await;
        self.platform.directory.close().await;
        // Its own workers are gone: other processes need not wait for its leases to run out.
        let engines = &self.platform.engines;
        if let Err(error) = give_back(engines.jobs.as_ref(), engines.wakes.as_ref()).await {
            tracing::warn!(%error, "jobs were not given back; their leases run out");
        }
    }
}

/// Opens the data folder and its catalog, which brings it to this program's schema.
///
/// # Errors
/// When the folder is in use, or its schema is newer than this program.
pub(crate) async fn migrate(config: Config) -> Result<()> {
    let stores = open(&config).await?;
    stores.catalog.ping().await?;
    println!("{} is at this program's schema", stores.data_dir.path().display());
    Ok(())
}

async fn open(config: &Config) -> Result<Stores> {
    let data = &config.node.data;
    Stores::open(&config.storage, data)
        .await
        .with_context(|| format!("data folder {} cannot be opened", data.display()))
}

fn listen(config: &Config) -> Result<TcpListener> {
    let address = &config.node.listen;
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The one line on stdout: scripts wait for it and read the address from it.
fn ready(address: SocketAddr, began: Instant) {
    let start_ms = began.elapsed().as_millis() as u64;
    tracing::info!(%address, start_ms, "node ready");
    println!("ready http://{address} after {start_ms} ms");
}
