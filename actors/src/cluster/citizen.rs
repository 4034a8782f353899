//! What a node is in its cluster: its life, its lease, what it has seen last. Shared by the
//! services that keep it, and read by the operator's pages.

use super::envelope::millis;
use super::lease::Lease;
use super::{Config, Note, PeerState, Peers, Router, Routes};
use crate::metrics;
use crate::runtime::Directory;
use jiff::Timestamp;
use playhouse_storage::membership::Membership;
use playhouse_storage::model::{Fence, Holding, NodeLife, ShardId, View};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Moves that are remembered for an operator.
const MOVES_MAX: usize = 256;

/// This node in its cluster. Cheap to clone.
#[derive(Clone)]
pub struct Citizen {
    inner: Arc<Inner>,
}

struct Inner {
    me: NodeLife,
    membership: Arc<dyn Membership>,
    peers: Arc<dyn Peers>,
    routes: Arc<Routes>,
    directory: Directory,
    config: Config,
    lease: Mutex<Lease>,
    seen: RwLock<Seen>,
    moves: Mutex<VecDeque<Move>>,
    /// Why this life is over, once it is.
    dead: watch::Sender<Option<String>>,
    /// It was told to go.
    leaving: AtomicBool,
}

/// What was read of the cluster last.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The view; none before the first.
    pub view: Option<Arc<View>>,
    /// Who owns which shard.
    pub holdings: Arc<Vec<Holding>>,
    /// When the view was read.
    pub at: Option<Timestamp>,
}

/// What a node did with a shard, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// When.
    pub at: Timestamp,
    /// Which shard.
    pub shard: ShardId,
    /// At which epoch.
    pub epoch: u64,
    /// What was done.
    pub what: Moved,
    /// One sentence.
    pub why: String,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

/// What was done with a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// It was taken.
    Claimed,
    /// It was given up.
    Released,
    /// Another node was granted it.
    Lost,
}

impl Citizen {
    /// A node that has joined as `me`, by a request that was sent when `lease` says. From now on
    /// the directory asks other nodes for what it does not own.
    #[must_use]
    pub fn new(
        me: NodeLife,
        lease: Lease,
        membership: Arc<dyn Membership>,
        reach: Reach,
        config: Config,
    ) -> Self {
        let Reach { peers, routes, directory } = reach;
        directory.own_until(lease.deadline());
        let router = Router::new(
            me.name.clone(),
            Arc::clone(&routes),
            directory.clone(),
            Arc::clone(&peers),
            &config,
        );
        directory.route(Arc::new(router));
        let inner = Inner {
            me,
            membership,
            peers,
            routes,
            directory,
            config,
            lease: Mutex::new(lease),
            seen: RwLock::default(),
            moves: Mutex::default(),
            dead: watch::Sender::new(None),
            leaving: AtomicBool::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Which life of which node.
    #[must_use]
    pub fn me(&self) -> &NodeLife {
        &self.inner.me
    }

    /// The database's word about members and owners.
    #[must_use]
    pub fn membership(&self) -> &Arc<dyn Membership> {
        &self.inner.membership
    }

    /// Its numbers.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// How each peer is reached just now.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerState> {
        self.inner.peers.states()
    }

    /// The link to the peers.
    #[must_use]
    pub fn link(&self) -> &Arc<dyn Peers> {
        &self.inner.peers
    }

    /// Who owns which shard, as far as is known.
    #[must_use]
    pub fn routes(&self) -> &Arc<Routes> {
        &self.inner.routes
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    /// What was read last.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.inner.seen.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn saw(&self, seen: Seen) {
        *self.inner.seen.write().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// What was done with shards here, the newest last.
    #[must_use]
    pub fn moves(&self) -> Vec<Move> {
        self.inner.moves.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn moved(&self, what: Moved, fences: &[Fence], why: &str, took: Duration) {
        metrics::shards_moved(what, fences.len());
        let mut moves = self.inner.moves.lock().unwrap_or_else(PoisonError::into_inner);
        let took_ms = millis(took);
        for Fence { shard, epoch } in fences {
            if moves.len() >= MOVES_MAX {
                moves.pop_front();
            }
            let (at, why) = (Timestamp::now(), why.to_owned());
            moves.push_back(Move { at, shard: *shard, epoch: epoch.0, what, why, took_ms });
        }
    }

    /// Tells every peer; who does not hear it sees it in the database.
    pub(super) fn tell_all(&self, note: &Note) {
        let Ok(note) = serde_json::to_value(note) else { return };
        let Some(view) = self.seen().view else { return };
        let others = view.members.iter().filter(|it| it.alive && it.life != self.inner.me);
        others.for_each(|member| self.inner.peers.tell(&member.life.name, note.clone()));
    }

    /// The lease as it is.
    #[must_use]
    pub fn lease(&self) -> Lease {
        *self.lock()
    }

    /// This node was told to go: proxies shall send it nothing more.
    pub fn leave(&self) {
        self.inner.leaving.store(true, Ordering::Release);
    }

    /// Whether it was told to go.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.inner.leaving.load(Ordering::Acquire)
    }

    /// How long this node may still own anything without another renewal.
    #[must_use]
    pub fn lease_left(&self) -> Duration {
        self.lease().deadline().saturating_duration_since(Instant::now())
    }

    pub(super) fn renewed(&self, sent: Instant) {
        let mut lease = self.lock();
        *lease = lease.renewed(sent);
        self.inner.directory.own_until(lease.deadline());
    }

    /// This life is over: the process must end.
    pub(super) fn die(&self, why: &str) {
        self.inner.directory.own_until(Instant::now());
        self.inner.dead.send_if_modified(|dead| {
            let first = dead.is_none();
            if first {
                *dead = Some(why.to_owned());
            }
            first
        });
    }

    /// Ready when this life is over, with the reason: by the word of the database, or because its
    /// own deadline has passed without a renewal.
    pub async fn died(&self) -> String {
        let mut dead = self.inner.dead.subscribe();
        loop {
            let deadline = self.lease().deadline();
            tokio::select! {
                found = dead.wait_for(Option::is_some) => match found {
                    Ok(why) => return why.clone().unwrap_or_default(),
                    Err(_) => return "its cluster is gone".to_owned(),
                },
                () = sleep_until(deadline) => {}
            }
            if self.lease().deadline() <= Instant::now() {
                self.die("its lease could not be renewed in time: the database was not reached");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lease> {
        self.inner.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a node reaches others by.
pub struct Reach {
    /// The link.
    pub peers: Arc<dyn Peers>,
    /// Who owns which shard.
    pub routes: Arc<Routes>,
    /// Its own entities.
    pub directory: Directory,
}
