//! A node's way into its cluster, and out of it.
//!
//! In: the link first, so that peers find it; then the database, which begins a life of this node;
//! shards come to it from then on. Out: it asks to be drained, its shards go to others while it
//! still serves, and its life ends when it owns nothing and everybody has stopped.

use crate::config::{ClusterConfig, Config};
use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;
use playhouse_actors::cluster::lease::Lease;
use playhouse_actors::cluster::link::{Files, Link, Secret, Security};
use playhouse_actors::cluster::{Citizen, Hall, Reach, Routes, WardenMessage};
use playhouse_actors::runtime::{Directory, Handle};
use playhouse_storage::membership::Membership;
use playhouse_storage::model::{Newcomer, NodeLife, Phase, ViewChange};
use playhouse_storage::{Error, Stores};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// So often a node that waits for something of its cluster looks again.
const LOOK: Duration = Duration::from_millis(100);

/// Clocks that are further apart are told: a lease of an encode job forgives 45 s, and the
/// database's answer may have taken its time.
const CLOCKS_APART_S: f64 = 5.0;

/// A node that has joined.
pub(crate) struct Joined {
    pub(crate) citizen: Citizen,
    pub(crate) warden: Handle<WardenMessage>,
    pub(crate) hall: Arc<Hall>,
    link: Arc<Link>,
    /// Proxies have so long to notice that this node goes.
    notice: Duration,
    /// It was drained because it stops, not by an operator: its next life is up.
    stops: AtomicBool,
}

/// Joins the cluster that the configuration names.
///
/// # Errors
/// A secret or certificates that cannot be used, an address in use, a database of another cluster.
pub(crate) async fn join(
    config: &Config,
    stores: &Stores,
    directory: &Directory,
    http: SocketAddr,
) -> Result<Joined> {
    let own = &config.cluster;
    let name = own.node().map_err(|error| anyhow!(error))?;
    let warden = Handle::new();
    let freed = warden.clone();
    let routes = Arc::new(Routes::new(config.node.shard_count));
    let hall = Arc::new(Hall::new(Arc::clone(&routes), move || freed.hint(WardenMessage::Look)));
    let listener = TcpListener::bind(&own.listen)
        .with_context(|| format!("cluster.listen: cannot listen on {}", own.listen))?;
    let listens = listener.local_addr()?;
    let (limits, security) = (config.actors.link.clone(), security(own)?);
    let link = Link::start(limits, name.clone(), security, listener, hall.clone()).await?;
    let newcomer = Newcomer {
        name,
        link: or(&own.link, listens.to_string()),
        http: or(&own.http, format!("http://{http}")),
        zone: own.zone.clone(),
        weight: own.weight,
        build: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let (me, lease) = begin(config, stores.membership.as_ref(), &newcomer).await?;
    tracing::info!(node = %me.name, incarnation = me.incarnation, "joined the cluster");
    hold_clocks(stores.membership.as_ref()).await?;
    let reach = Reach { peers: link.clone(), routes, directory: directory.clone() };
    let membership = Arc::clone(&stores.membership);
    let citizen = Citizen::new(me, lease, membership, reach, config.actors.cluster.clone());
    let notice = Duration::from_millis(own.notice_ms);
    Ok(Joined { citizen, warden, hall, link, notice, stops: AtomicBool::default() })
}

/// Begins a life. One that was killed and comes back at once waits for its earlier lease to end.
async fn begin(
    config: &Config,
    membership: &dyn Membership,
    newcomer: &Newcomer,
) -> Result<(NodeLife, Lease)> {
    let terms = config.actors.cluster.terms();
    let patience = Instant::now() + terms.ttl + terms.every;
    let mut told = false;
    loop {
        let sent = Instant::now();
        let joined =
            membership.join(&config.cluster.name, config.node.shard_count, newcomer, terms.ttl);
        match joined.await {
            Ok(me) => return Ok((me, Lease::granted(terms, sent))),
            Err(error @ Error::Alive { .. }) if Instant::now() >= patience => {
                return Err(error).context("another process uses cluster.node");
            }
            Err(error @ Error::Alive { .. }) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "an earlier life of this node is not over yet");
                }
                sleep(LOOK).await;
            }
            Err(error) => return Err(error).context("the cluster was not joined"),
        }
    }
}

/// Leases of nodes go by the database's clock and by time that only passes; what goes by this
/// node's own clock is told to whoever can mend it.
async fn hold_clocks(membership: &dyn Membership) -> Result<()> {
    let sent = Timestamp::now();
    let theirs = membership.clock().await.context("the database does not tell the time")?;
    let ahead_s = sent.duration_since(theirs).as_secs_f64();
    if ahead_s.abs() > CLOCKS_APART_S {
        tracing::warn!(
            ahead_s,
            "this node's clock is not the database's: mend it (NTP). Times that are shown, ages of \
             events and leases of encode jobs are off by as much; who owns what is not"
        );
    }
    Ok(())
}

fn security(own: &ClusterConfig) -> Result<Security> {
    if own.authority.as_os_str().is_empty() {
        return Ok(Security::Plain(Secret(secret(&own.secret)?)));
    }
    Ok(Security::Tls(Files {
        authority: own.authority.clone(),
        certificate: own.certificate.clone(),
        key: own.key.clone(),
    }))
}

/// The secret that all nodes share.
///
/// # Errors
/// A file that cannot be read or is no such secret.
pub(crate) fn secret(path: &Path) -> Result<[u8; 32]> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cluster.secret: {} cannot be read", path.display()))?;
    let text = text.trim();
    let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digits).collect();
    match bytes.map(<[u8; 32]>::try_from) {
        Some(Ok(secret)) if secret.iter().any(|byte| *byte != secret[0]) => Ok(secret),
        _ => bail!(
            "cluster.secret: {} must have 64 hexadecimal digits that nobody guesses: \
             `openssl rand -hex 32` makes some",
            path.display()
        ),
    }
}

fn or(given: &str, otherwise: String) -> String {
    if given.is_empty() { otherwise } else { given.to_owned() }
}

impl Joined {
    /// Tells proxies that this node goes, and serves what they send until they must have noticed.
    /// Meanwhile the others take over what it owns, for at most `within`.
    pub(crate) async fn retire(&self, directory: &Directory, within: Duration) {
        let noticed = Instant::now() + self.notice;
        self.citizen.leave();
        self.drain(directory, within).await;
        sleep_until(noticed).await;
    }

    /// Nothing is moved when nobody else could take it.
    async fn drain(&self, directory: &Directory, within: Duration) {
        let until = Instant::now() + within;
        if !self.is_up() {
            return;
        }
        if let Err(error) = self.turn(Phase::Draining).await {
            tracing::warn!(%error, "this node is not drained; others take over when it has ended");
            return;
        }
        self.stops.store(true, Ordering::Release);
        let owned = directory.held().len();
        while !directory.held().is_empty() && Instant::now() < until && self.others_can().await {
            self.warden.hint(WardenMessage::Look);
            sleep(LOOK).await;
        }
        let left = directory.held().len();
        tracing::info!(owned, left, "shards were handed over");
    }

    /// Changes the phase of this node in the view.
    async fn turn(&self, phase: Phase) -> playhouse_storage::Result<()> {
        let (membership, me) = (self.citizen.membership(), self.citizen.me());
        let fresh = self.citizen.config().suspicion_fresh();
        loop {
            let version = membership.view(fresh).await?.version;
            match membership.change(version, ViewChange::Phase(me.name.clone(), phase)).await {
                Err(Error::Conflict { .. }) => sleep(LOOK).await,
                done => return done.map(drop),
            }
        }
    }

    fn is_up(&self) -> bool {
        let me = self.citizen.me();
        let view = self.citizen.seen().view;
        view.is_some_and(|view| view.members.iter().any(|it| it.is_able() && it.life == *me))
    }

    async fn others_can(&self) -> bool {
        let me = self.citizen.me();
        let view = self.citizen.seen().view;
        view.is_some_and(|view| view.members.iter().any(|it| it.is_able() && it.life != *me))
    }

    /// Ends this life: what it still owned is free at once.
    pub(crate) async fn leave(&self) {
        if let Err(error) = self.citizen.membership().leave(self.citizen.me()).await {
            tracing::warn!(%error, "the database did not hear this node leave; its lease runs out");
        }
        if self.stops.load(Ordering::Acquire)
            && let Err(error) = self.turn(Phase::Up).await
        {
            tracing::warn!(%error, "this node will be drained when it comes back");
        }
        self.link.stop().await;
    }
}
