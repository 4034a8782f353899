//! The way to every entity: of this node, or over a link of another one.
//!
//! The directory has two phases, because what entities are loaded with (the platform) contains the
//! directory: [`Directory::new`] makes it, [`Directory::bind`] gives it the platform; until then
//! every ask is `Unavailable`. Directory and platform then hold each other until
//! [`Directory::close`] lets the platform go.

use super::host::{self, Envelope};
use super::population::Population;
use super::resident::Resident;
use super::shard::{Refused, Shard, To};
use super::{Config, Entity, EntityId, EntityRules, Exit, Link, link, trace};
use crate::Platform;
use playhouse_storage::model::Fence;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// The way to every entity. Cheap to clone.
pub struct Directory<P = Platform> {
    inner: Arc<Inner<P>>,
}

struct Inner<P> {
    population: Arc<Population>,
    platform: Mutex<Option<P>>,
    /// Where the entities are when they are not here.
    link: Option<Arc<dyn Link>>,
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
        Self::with(fences, config, None)
    }

    /// A directory of a process that has no entities: all of them are asked over the link.
    #[must_use]
    pub fn linked(link: Arc<dyn Link>, config: Config) -> Self {
        Self::with(Vec::new(), config, Some(link))
    }

    fn with(fences: Vec<Fence>, config: Config, link: Option<Arc<dyn Link>>) -> Self {
        let population = Population::new(fences, config);
        Self { inner: Arc::new(Inner { population, platform: Mutex::new(None), link }) }
    }

    /// Gives the directory what entities are loaded with: once at boot, before the first ask.
    pub fn bind(&self, platform: P) {
        *self.platform() = Some(platform);
    }

    /// Fixes the rules of a kind, before its first message. Without them those of the
    /// configuration hold.
    pub fn rule<K: Entity<P>>(&self, rules: EntityRules) {
        self.inner.population.kinds.add(K::KIND, rules);
    }

    /// The entity of a kind with this address. Nothing is started before the first message.
    #[must_use]
    pub fn entity<K: Entity<P>>(&self, id: K::Id) -> EntityRef<K, P> {
        EntityRef { id, directory: self.clone(), kind: PhantomData }
    }

    /// Refuses new asks from now on, lets entities finish what they have been asked, at most for
    /// `close_deadline_s`, kills the rest, and lets the platform go.
    pub async fn close(&self) {
        self.inner.population.close().await;
        let platform = self.platform().take();
        drop(platform);
    }

    /// Stops every entity that has nothing inside and had no message for `idle`; answers how many.
    /// No message is lost: the next one loads the entity anew.
    pub fn stop_idle(&self, idle: Duration) -> usize {
        self.inner.population.shards().map(|shard| shard.stop_idle(idle)).sum()
    }

    /// Entities that run.
    #[must_use]
    pub fn active(&self) -> usize {
        self.inner.population.shards().map(|shard| shard.len()).sum()
    }

    /// The limits that it runs with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.population.config
    }

    pub(super) fn population(&self) -> &Arc<Population> {
        &self.inner.population
    }

    fn platform(&self) -> std::sync::MutexGuard<'_, Option<P>> {
        self.inner.platform.lock().unwrap_or_else(PoisonError::into_inner)
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
        if let Some(link) = &self.directory.inner.link {
            let letter = link::letter::<K, P>(&self.id, &request, within)?;
            return link::ask::<K, P>(link.as_ref(), letter).await;
        }
        let deadline = Instant::now() + within;
        let (reply, answer) = oneshot::channel();
        let request = host::as_sent(request);
        let trace = trace::current();
        let letter = |stamp| host::Mail::Asked(Envelope { request, reply, deadline, stamp, trace });
        let resident = self.send(letter)?;
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
        letter: impl FnOnce(super::mailbox::Stamp) -> host::Mail<K, P>,
    ) -> Result<Arc<Resident>, AskError> {
        let population = self.directory.population();
        let shard = population.shard_count().map(|count| self.id.shard(count).0);
        let shard = shard.and_then(|number| population.shard(number));
        let shard = shard.ok_or(AskError::Unavailable)?;
        let to = To { kind: K::KIND, id: &self.id, hash: population.hash(K::KIND, &self.id) };
        let mut letter = Some(letter);
        let busy = |retry_after| AskError::Busy { retry_after };
        loop {
            match shard.admit(&to, self.starter(shard), &mut letter) {
                Ok(resident) => return Ok(resident),
                Err(Refused::NoRoom) if population.make_room() => {}
                Err(Refused::NoRoom | Refused::Full) => {
                    return Err(busy(population.config.retry_after()));
                }
                Err(Refused::Resting(rest)) => return Err(busy(rest)),
                Err(Refused::Closed) => return Err(AskError::Unavailable),
            }
        }
    }

    fn starter<'a>(
        &'a self,
        shard: &'a Arc<Shard>,
    ) -> impl FnOnce(
        super::address::Address,
        Option<Box<super::resident::Memory>>,
    ) -> Option<super::shard::Running>
    + 'a {
        move |address, memory| {
            let platform = self.directory.platform().clone()?;
            let population = self.directory.population();
            let kind = population.kinds.get(K::KIND);
            let bound = population.config.mailbox_messages_max;
            let resident = Resident::new(address, kind, memory, bound);
            host::start::<K, P>(self.id.clone(), platform, Arc::clone(shard), resident)
        }
    }
}

/// Why an ask has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The mailbox, the node or the store is at its bound, or the actor rests after crashes; the
    /// request was not carried out.
    #[error("busy, try again in {}s", retry_after.as_secs_f64().ceil())]
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
