//! Everybody who lives on a node by address: the shards that it owns, the kinds, the room.

use super::kind::Kinds;
use super::member::Action;
use super::orders::by_operator;
use super::room::Room;
use super::shard::{Running, Shard};
use super::{Config, Exit, clock};
use arc_swap::{ArcSwapOption, Guard};
use futures_util::future::join_all;
use hashlink::DefaultHashBuilder;
use playhouse_storage::model::{Fence, ShardId};
use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The entities of a node.
pub(super) struct Population {
    /// By shard number; none where another owns the shard.
    shards: Vec<ArcSwapOption<Shard>>,
    room: Arc<Room>,
    memories_max: usize,
    /// Until when this node owns anything, by `clock::ticks`.
    until: AtomicU64,
    pub(super) kinds: Kinds,
    pub(super) config: Config,
    hasher: DefaultHashBuilder,
}

impl Population {
    /// So many shards, none of which is this node's yet.
    pub(super) fn new(count: u16, config: Config) -> Arc<Self> {
        let room = Arc::new(Room::new(config.entities_resident_max));
        let memories_max = config.ended_remembered_max.div_ceil(usize::from(count.max(1)));
        let shards = (0..count).map(|_| ArcSwapOption::empty()).collect();
        let (kinds, until) = (Kinds::new(&config), AtomicU64::new(u64::MAX));
        let hasher = DefaultHashBuilder::default();
        Arc::new(Self { shards, room, memories_max, until, kinds, config, hasher })
    }

    /// Lets messages in to a shard that this node owns from now on.
    pub(super) fn open(&self, fence: Fence) {
        if let Some(place) = self.shards.get(usize::from(fence.shard.0)) {
            place.store(Some(Shard::new(fence, Arc::clone(&self.room), self.memories_max)));
        }
    }

    /// This node owns nothing any more after this moment, unless it is told another one.
    pub(super) fn own_until(&self, deadline: Instant) {
        self.until.store(clock::at(deadline), Ordering::Release);
    }

    /// Its ownership is not over by the clock. The clock of counters lags by a few milliseconds,
    /// far less than the margin that every lease has.
    pub(super) fn owns(&self) -> bool {
        self.until.load(Ordering::Acquire) > clock::ticks()
    }

    /// The hash of an address.
    pub(super) fn hash(&self, kind: &'static str, id: &impl Hash) -> u64 {
        self.hasher.hash_one((kind, id))
    }

    /// How many shards the cluster has.
    pub(super) fn shard_count(&self) -> Option<u16> {
        u16::try_from(self.shards.len()).ok().filter(|count| *count > 0)
    }

    /// A shard, unless another node owns it.
    pub(super) fn shard(&self, number: ShardId) -> Guard<Option<Arc<Shard>>> {
        match self.shards.get(usize::from(number.0)) {
            Some(place) => place.load(),
            None => Guard::from_inner(None),
        }
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = Arc<Shard>> {
        self.shards.iter().filter_map(ArcSwapOption::load_full)
    }

    /// Sends the least recently used entity of the node that has nothing inside to sleep. False
    /// when everybody is busy.
    pub(super) fn make_room(&self) -> bool {
        let mut by_age: Vec<_> = self.shards().filter(|it| it.front() < u64::MAX).collect();
        if let Some(oldest) = by_age.iter().min_by_key(|shard| shard.front())
            && oldest.evict()
        {
            return true;
        }
        by_age.sort_by_key(|shard| shard.front());
        by_age.iter().any(|shard| shard.evict())
    }

    /// Refuses new messages from now on, lets entities finish what they have been asked, at most
    /// for `close_deadline_s`, and kills the rest.
    pub(super) async fn close(&self) {
        let running = self.shards().flat_map(|shard| shard.close()).collect();
        self.finish(running, self.config.close_deadline()).await;
    }

    /// The same for one shard, which another node will own, within a time of its own.
    pub(super) async fn close_shard(&self, fence: Fence, within: Duration) {
        let Some(shard) = self.held(fence) else { return };
        self.finish(shard.close(), within).await;
        self.vacate(&shard);
    }

    /// Another node owns this shard since: whoever still runs ends behind the message that it
    /// handles, which cannot commit.
    pub(super) fn lose_shard(&self, fence: Fence) {
        let Some(shard) = self.held(fence) else { return };
        shard.close().iter().for_each(|running| running.cell.stop(None));
        self.vacate(&shard);
    }

    fn held(&self, fence: Fence) -> Option<Arc<Shard>> {
        Guard::into_inner(self.shard(fence.shard)).filter(|shard| shard.fence == fence)
    }

    /// Takes a shard out, unless a newer one has its place already.
    fn vacate(&self, shard: &Arc<Shard>) {
        if let Some(place) = self.shards.get(usize::from(shard.fence.shard.0)) {
            let current = place.load();
            if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, shard)) {
                place.compare_and_swap(&current, None);
            }
        }
    }

    async fn finish(&self, running: Vec<Running>, within: Duration) {
        // Not ractor's own drain: on an actor that has not started yet it loses the queue.
        let finished = running.iter().map(|it| async move {
            it.resident.vitals.gauge.emptied().await;
            it.cell.stop_and_wait(None, None).await
        });
        if timeout(within, join_all(finished)).await.is_err() {
            // A handler that is stuck on its thread cannot even be killed; nobody waits for it.
            let grace = Some(self.config.kill_grace());
            join_all(running.iter().map(|it| it.cell.kill_and_wait(grace))).await;
        }
    }

    /// Ends an entity for an operator: in order, behind the message that it handles; by force when
    /// that takes too long. One whose handler blocks its thread is given up as `Stuck`: its address
    /// is free, and what it commits late meets a newer row.
    pub(super) async fn end(&self, shard: &Shard, running: &Running, action: Action) {
        running.resident.note(by_operator(action), "");
        // An operator waits, so a handler that should end gets no longer than this.
        let grace = Some(self.config.kill_grace());
        if running.cell.stop_and_wait(None, grace).await.is_ok() {
            return;
        }
        running.resident.condemn(Exit::Killed);
        if running.cell.kill_and_wait(grace).await.is_err() {
            shard.ended(&running.resident, &Exit::Stuck);
        }
    }
}
