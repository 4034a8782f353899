//! The way to every entity of this node.
//!
//! The directory holds the fence of every shard and, shard by shard, who runs. It has two phases,
//! because what entities are loaded with (the platform) contains the directory: [`Directory::new`]
//! makes it, [`Directory::bind`] gives it the platform; until then every ask is `Unavailable`.
//! Directory and platform then hold each other until [`Directory::close`] lets the platform go.

use super::host::{self, Envelope};
use super::shard::{Address, Refused, Resident, ResidentView, Shard};
use super::{Config, Entity, EntityId, Exit};
use crate::Platform;
use futures_util::future::join_all;
use playhouse_storage::model::Fence;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

/// The way to every entity. Cheap to clone.
pub struct Directory<P = Platform> {
    inner: Arc<Inner<P>>,
}

struct Inner<P> {
    /// By shard number; none where another owns the shard.
    shards: Vec<Option<Arc<Shard>>>,
    platform: Mutex<Option<P>>,
    config: Config,
}

impl<P> Clone for Directory<P> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<P: Clone + Send + 'static> Directory<P> {
    /// A directory of as many shards as there are fences, all owned by this node.
    #[must_use]
    pub fn new(fences: Vec<Fence>, config: Config) -> Self {
        let mut shards = vec![None; fences.len()];
        for fence in fences {
            if let Some(place) = shards.get_mut(usize::from(fence.shard.0)) {
                *place = Some(Shard::new(fence));
            }
        }
        Self { inner: Arc::new(Inner { shards, platform: Mutex::new(None), config }) }
    }

    /// Gives the directory what entities are loaded with: once at boot, before the first ask.
    pub fn bind(&self, platform: P) {
        *self.platform() = Some(platform);
    }

    /// The entity of a kind with this address. Nothing is started before the first message.
    #[must_use]
    pub fn entity<K: Entity<P>>(&self, id: K::Id) -> EntityRef<K, P> {
        EntityRef { id, directory: self.clone(), kind: PhantomData }
    }

    /// Refuses new asks from now on, lets entities finish what they have been asked, at most for
    /// `close_deadline_s`, kills the rest, and lets the platform go.
    pub async fn close(&self) {
        let running: Vec<_> = self.shards().flat_map(Shard::close).collect();
        // Not ractor's own drain: on an actor that has not started yet it loses the queue.
        let finished = running.iter().map(|(resident, cell)| async move {
            resident.finished().await;
            cell.stop_and_wait(None, None).await
        });
        if timeout(self.inner.config.close_deadline(), join_all(finished)).await.is_err() {
            // A handler that is stuck on its thread cannot even be killed; nobody waits for it.
            let grace = Some(Duration::from_secs(1));
            join_all(running.iter().map(|(_, cell)| cell.kill_and_wait(grace))).await;
        }
        let platform = self.platform().take();
        drop(platform);
    }

    /// Stops every entity that has nothing inside and had no message for `idle`; answers how many.
    /// No message is lost: the next one loads the entity anew.
    pub fn stop_idle(&self, idle: Duration) -> usize {
        self.shards().map(|shard| shard.stop_idle(idle)).sum()
    }

    /// Entities that run.
    #[must_use]
    pub fn active(&self) -> usize {
        self.shards().map(Shard::len).sum()
    }

    /// Entities that run, by kind.
    #[must_use]
    pub fn active_by_kind(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for view in self.shards().flat_map(Shard::views) {
            *counts.entry(view.kind).or_default() += 1;
        }
        counts
    }

    /// Entities that run, at most `limit` of them, in the order of their shards.
    #[must_use]
    pub fn snapshot(&self, limit: usize) -> Vec<ResidentView> {
        self.shards().flat_map(Shard::views).take(limit).collect()
    }

    /// The limits that it runs with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.inner.shards.iter().flatten().map(Arc::as_ref)
    }

    fn platform(&self) -> std::sync::MutexGuard<'_, Option<P>> {
        self.inner.platform.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard of an address, unless another node owns it.
    fn shard_of(&self, id: &impl EntityId) -> Option<&Arc<Shard>> {
        let count = u16::try_from(self.inner.shards.len()).ok().filter(|count| *count > 0)?;
        self.inner.shards.get(usize::from(id.shard(count).0))?.as_ref()
    }
}

/// The address of one entity: the only way to speak to it.
pub struct EntityRef<K: Entity<P>, P: Clone + Send + 'static = Platform> {
    id: K::Id,
    directory: Directory<P>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Entity<P>, P: Clone + Send + 'static> Clone for EntityRef<K, P> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), directory: self.directory.clone(), kind: PhantomData }
    }
}

impl<K: Entity<P>, P: Clone + Send + 'static> EntityRef<K, P> {
    /// Sends a request and waits for the answer, at most `within`. The first message starts and
    /// loads the entity; its time counts. Dropping the future does not take the request back.
    ///
    /// # Errors
    /// [`AskError`]: nothing is known about whether the request was carried out unless it says so.
    pub async fn ask(&self, request: K::Request, within: Duration) -> Result<K::Reply, AskError> {
        let deadline = Instant::now() + within;
        let (reply, answer) = oneshot::channel();
        let request = host::as_sent(request);
        let resident = self.send(|ticket| Envelope { request, reply, deadline, ticket })?;
        let ended = |exit| host::told(exit, self.directory.config().retry_after());
        match timeout_at(deadline, answer).await {
            Ok(Ok(Ok(reply))) => Ok(reply),
            Ok(Ok(Err(exit))) => Err(ended(exit)),
            // Dropped unanswered: because the deadline had passed, or with the actor's queue.
            Ok(Err(_)) if deadline <= Instant::now() => Err(AskError::Expired),
            Ok(Err(_)) => Err(ended(resident.exit())),
            Err(_) => Err(AskError::Expired),
        }
    }

    fn send(
        &self,
        letter: impl FnOnce(super::mailbox::Ticket) -> Envelope<K, P>,
    ) -> Result<Arc<Resident>, AskError> {
        let shard = self.directory.shard_of(&self.id).ok_or(AskError::Unavailable)?;
        let address = Address { kind: K::KIND, id: self.id.to_string().into_boxed_str() };
        let config = self.directory.config();
        let start = |address| {
            let resident = Resident::new(address, config.mailbox_messages_max);
            let platform = self.directory.platform().clone()?;
            let shard = Arc::clone(shard);
            let id = self.id.clone();
            let cell = host::start::<K, P>(id, platform, shard, Arc::clone(&resident))?;
            Some((resident, cell))
        };
        shard.admit(address, start, letter).map_err(|refused| match refused {
            Refused::Full => AskError::Busy { retry_after: config.retry_after() },
            Refused::Closed => AskError::Unavailable,
        })
    }
}

/// Why an ask has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The mailbox or the store is at its bound; the request was not carried out.
    #[error("busy, try again in {}s", retry_after.as_secs())]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// No answer within the deadline; the request may still be carried out.
    #[error("no answer within the deadline")]
    Expired,
    /// The actor ended while it worked on the request, or before it came to it.
    #[error("the actor ended: {0}")]
    Ended(Exit),
    /// This node is not the owner of the shard, or is starting or stopping.
    #[error("not available here")]
    Unavailable,
}
