//! One node: started in order, stopped in reverse. The only file that sees every crate.
//!
//! Order is what makes a crash harmless: the lock before the stores, the epochs before anyone who
//! writes, the job leases before anyone who claims, the listener last.

use crate::cluster::{self, Joined};
use crate::config::Config;
use crate::process;
use crate::tree;
use crate::worker::{Local, LocalWorkforce};
use anyhow::{Context, Result, bail};
use playhouse_actors::encode::give_back;
use playhouse_actors::runtime::{Directory, Exit, Supervisor};
use playhouse_actors::{Engines, Ground, Platform};
use playhouse_gateway::{Gateway, Keys, Levels, Role};
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
    joined: Option<Joined>,
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
    /// Its cluster goes on without it.
    Dead(String),
}

impl Node {
    /// Starts everything, in order.
    ///
    /// # Errors
    /// The first thing that does not start; what had started before is dropped again.
    pub(crate) async fn load(
        config: Config,
        of_workers: Vec<OsString>,
        levels: Arc<dyn Levels>,
    ) -> Result<Self> {
        let began = Instant::now();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let stores = open(&config).await?;
        let keys = keys(&config, &stores)?;
        let listener = listen(&config)?;
        let address = listener.local_addr()?;

        let (directory, joined) = owns(&config, &stores, address).await?;
        let released = stores.jobs.release_own().await?.len();
        tracing::info!(shards = directory.held().len(), released, "job leases released");

        let workforce = LocalWorkforce::new(Local {
            arguments: of_workers,
            folder: stores.data_dir.path().join("workers"),
            node_url: format!("http://{address}"),
            token: keys.issue("local-worker", Role::Worker, WORKER_TOKEN).into(),
        });
        let (platform, parts) = playhouse_actors::assemble_on(Ground {
            engines: Engines::from(&stores),
            config: config.actors,
            directory,
            citizen: joined.as_ref().map(|it| (it.citizen.clone(), it.warden.clone())),
            scratch: stores.data_dir.temporary(),
            workforce: Some(Arc::new(workforce)),
        });
        if let Some(joined) = &joined {
            joined.hall.open(platform.clone());
        }
        let gateway = Gateway {
            platform: platform.clone(),
            auth: keys,
            levels,
            config: config.gateway.clone(),
            telling: process::telling(stores.data_dir.path().to_owned()),
        };
        let front = tree::Front { listener, gateway, config: config.gateway };
        let supervisor = tree::start(&platform, parts, front).await?;
        ready(address, began);
        let stop = Duration::from_millis(config.node.stop_ms);
        Ok(Self { supervisor, platform, joined, stop, terminate, interrupt, _stores: stores })
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
            why = died(self.joined.as_ref()) => End::Dead(why),
        };
        match &end {
            End::Asked(by) => tracing::info!(by, "node stops"),
            End::Escalated(_) => {}
            // Nothing of it counts any more, and every moment is one in which it may be believed.
            End::Dead(why) => bail!("this node is no member of its cluster any more: {why}"),
        }
        let deadline = self.stop;
        if tokio::time::timeout(deadline, self.stop()).await.is_err() {
            tracing::warn!(?deadline, "node did not stop in time; what still runs is dropped");
        }
        match end {
            End::Asked(_) => Ok(()),
            End::Escalated(exit) => bail!("the node gave up: {exit}"),
            End::Dead(_) => Ok(()),
        }
    }

    async fn stop(self) {
        if let Some(joined) = &self.joined {
            joined.retire(&self.platform.directory, self.stop / 2).await;
        }
        self.supervisor.stop().await;
        self.platform.directory.close().await;
        // Its own workers are gone: other processes need not wait for its leases to run out.
        let engines = &self.platform.engines;
        if let Err(error) = give_back(engines.jobs.as_ref(), engines.wakes.as_ref()).await {
            tracing::warn!(%error, "jobs were not given back; their leases run out");
        }
        if let Some(joined) = &self.joined {
            joined.leave().await;
        }
    }
}

/// The entities that this node owns: all of them, or what its cluster gives it from now on.
async fn owns(
    config: &Config,
    stores: &Stores,
    address: SocketAddr,
) -> Result<(Directory, Option<Joined>)> {
    let (count, limits) = (config.node.shard_count, config.actors.runtime.clone());
    if !config.cluster.is_on() {
        return Ok((Directory::new(stores.catalog.claim_shards(count).await?, limits), None));
    }
    let directory = Directory::shared(count, limits);
    let joined = cluster::join(config, stores, &directory, address).await?;
    Ok((directory, Some(joined)))
}

/// The keys of this node, or those that all nodes of its cluster have.
fn keys(config: &Config, stores: &Stores) -> Result<Keys> {
    let folder = stores.data_dir.path();
    if !config.cluster.is_on() {
        return Ok(Keys::open(folder)?);
    }
    Ok(Keys::adopt(folder, cluster::secret(&config.cluster.secret)?)?)
}

/// Ready when this node is no member of its cluster any more.
async fn died(joined: Option<&Joined>) -> String {
    match joined {
        Some(joined) => joined.citizen.died().await,
        None => std::future::pending().await,
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
    // The library's queue is 128 long and cannot be told; asked again, only that changes.
    rustix::net::listen(&listener, config.gateway.accept_queue_max.into())?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The one line on stdout: scripts wait for it and read the address from it.
fn ready(address: SocketAddr, began: Instant) {
    let start_ms = began.elapsed().as_millis() as u64;
    tracing::info!(%address, start_ms, "node ready");
    println!("ready http://{address} after {start_ms} ms");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;
    use std::time::Duration;

    /// A packet that was dropped is sent again after a second.
    #[test]
    fn many_connections_wait_to_be_accepted() {
        let mut config = Config::default();
        config.node.listen = "127.0.0.1:0".into();
        let listener = listen(&config).expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let waiting: Result<Vec<_>, _> = (0..500).map(connect).collect();
        assert_eq!(waiting.expect("the queue is long enough").len(), 500);
    }
}
