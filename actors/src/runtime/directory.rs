//! The way to every entity: of this node, or over a link of another one.
//!
//! The directory has two phases, because what entities are loaded with (the platform) contains the
//! directory: [`Directory::new`] makes it, [`Directory::bind`] gives it the platform; until then
//! every ask is `Unavailable`. Directory and platform then hold each other until
//! [`Directory::close`] lets the platform go.

use super::delivery::{Deliveries, NotHere};
use super::host::{self, Envelope};
use super::population::Population;
use super::resident::Resident;
use super::shard::{Refused, Shard, To};
use super::{Config, Entity, EntityId, EntityRules, Exit, Letter, Link, Named, link, trace};
use crate::Platform;
use playhouse_storage::model::{Fence, ShardId};
use serde_json::Value;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
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
    /// The way to entities that are not here.
    link: RwLock<Option<Arc<dyn Link>>>,
    deliveries: Deliveries<P>,
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
        let directory = Self::shared(u16::try_from(fences.len()).unwrap_or(u16::MAX), config);
        fences.into_iter().for_each(|fence| directory.open(fence));
        directory
    }

    /// A directory of so many shards that several nodes share; none is this node's before it is
    /// [opened](Self::open). Those of others are asked by the [route](Self::route).
    #[must_use]
    pub fn shared(shard_count: u16, config: Config) -> Self {
        let inner = Inner {
            population: Population::new(shard_count, config),
            platform: Mutex::new(None),
            link: RwLock::new(None),
            deliveries: Deliveries::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// A directory of a process that has no entities: all of them are asked over the link.
    #[must_use]
    pub fn linked(link: Arc<dyn Link>, config: Config) -> Self {
        let directory = Self::shared(0, config);
        directory.route(link);
        directory
    }

    /// The way to entities that are not here, until the directory is closed.
    pub fn route(&self, link: Arc<dyn Link>) {
        *self.inner.link.write().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }

    /// Serves a shard that this node owns from now on.
    pub fn open(&self, fence: Fence) {
        self.inner.population.open(fence);
    }

    /// Refuses new asks of a shard, lets its entities finish what they have been asked, at most for
    /// `within`, kills the rest, and serves it no more: it may be given away.
    pub async fn close_shard(&self, fence: Fence, within: Duration) {
        self.inner.population.close_shard(fence, within).await;
    }

    /// Serves a shard no more that another node has taken, and ends whoever still runs behind the
    /// message that they handle: nothing of it can be committed.
    pub fn lose_shard(&self, fence: Fence) {
        self.inner.population.lose_shard(fence);
    }

    /// What this node owns.
    #[must_use]
    pub fn held(&self) -> Vec<Fence> {
        self.inner.population.shards().map(|shard| shard.fence).collect()
    }

    /// The fence of a shard, if this node owns it.
    #[must_use]
    pub fn fence(&self, shard: ShardId) -> Option<Fence> {
        self.inner.population.shard(shard).as_ref().map(|shard| shard.fence)
    }

    /// Nobody here is served after this moment, unless it is moved: the lease of this node.
    pub fn own_until(&self, deadline: Instant) {
        self.inner.population.own_until(deadline);
    }

    /// Gives the directory what entities are loaded with: once at boot, before the first ask.
    pub fn bind(&self, platform: P) {
        *self.platform() = Some(platform);
    }

    /// Fixes the rules of a kind, before its first message. Without them those of the
    /// configuration hold.
    pub fn rule<K: Entity<P>>(&self, rules: EntityRules) {
        self.inner.population.kinds.add(K::KIND, rules);
        self.inner.deliveries.add::<K>();
    }

    /// Asks an entity of this node what a letter says. Only kinds whose rules are fixed are known.
    ///
    /// # Errors
    /// [`NotHere`]: another node owns it, or this program does not understand the letter.
    pub async fn deliver(&self, letter: Letter) -> Result<Result<Value, AskError>, NotHere> {
        self.inner.deliveries.get(&letter.kind)?(self.clone(), letter).await
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
        let link = self.inner.link.write().unwrap_or_else(PoisonError::into_inner).take();
        drop((platform, link));
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

    fn link(&self) -> Option<Arc<dyn Link>> {
        self.inner.link.read().unwrap_or_else(PoisonError::into_inner).clone()
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
        let deadline = Instant::now() + within;
        let request = match self.ask_here(request, deadline).await {
            Ok(answer) => return answer,
            Err(request) => request,
        };
        let link = self.directory.link().ok_or(AskError::Unavailable)?;
        let within = deadline.saturating_duration_since(Instant::now());
        let letter = link::letter::<K, P>(&self.id, &request, within, self.shard())?;
        link::traced_ask::<K, P>(link.as_ref(), letter, request.name()).await
    }

    /// The same, of an entity of this node only.
    ///
    /// # Errors
    /// The request: another node owns the entity, or nobody does just now.
    pub(super) async fn ask_here(
        &self,
        request: K::Request,
        deadline: Instant,
    ) -> Result<Result<K::Reply, AskError>, K::Request> {
        let (reply, answer) = oneshot::channel();
        let trace = trace::current();
        let mut unsent = Some((request, reply));
        let sent = self.send(|stamp| {
            let (request, reply) = unsent.take().expect("a letter is only sealed once");
            let request = host::as_sent(request);
            host::Mail::Asked(Envelope { request, reply, deadline, stamp, trace })
        });
        let resident = match sent {
            Ok(resident) => resident,
            Err(Unsent::Refused(error)) => return Ok(Err(error)),
            Err(Unsent::NotHere) => {
                let (request, _) = unsent.expect("a letter that is not sent is not sealed");
                return Err(request);
            }
        };
        Ok(self.answer(&resident, answer, deadline).await)
    }

    async fn answer(
        &self,
        resident: &Resident,
        answer: oneshot::Receiver<Result<K::Reply, Exit>>,
        deadline: Instant,
    ) -> Result<K::Reply, AskError> {
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

    /// The shard that it lives in; none in a process that has no entities.
    pub(super) fn shard(&self) -> Option<ShardId> {
        let count = self.directory.population().shard_count()?;
        Some(self.id.shard(count))
    }

    fn send(
        &self,
        letter: impl FnOnce(super::mailbox::Stamp) -> host::Mail<K, P>,
    ) -> Result<Arc<Resident>, Unsent> {
        let population = self.directory.population();
        let shard = self.shard().map(|number| population.shard(number));
        let shard = shard.as_ref().and_then(|shard| shard.as_ref()).ok_or(Unsent::NotHere)?;
        if !population.owns() {
            return Err(Unsent::Refused(AskError::Unavailable));
        }
        let to = To { kind: K::KIND, id: &self.id, hash: population.hash(K::KIND, &self.id) };
        let mut letter = Some(letter);
        let busy = |retry_after| Unsent::Refused(AskError::Busy { retry_after });
        loop {
            match shard.admit(&to, self.starter(shard), &mut letter) {
                Ok(resident) => return Ok(resident),
                Err(Refused::NoRoom) if population.make_room() => {}
                Err(Refused::NoRoom | Refused::Full) => {
                    return Err(busy(population.config.retry_after()));
                }
                Err(Refused::Resting(rest)) => return Err(busy(rest)),
                Err(Refused::Closed) => return Err(Unsent::NotHere),
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

/// Why a request was not put in a mailbox of this node.
enum Unsent {
    /// The shard is another node's, or is being given away.
    NotHere,
    Refused(AskError),
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
