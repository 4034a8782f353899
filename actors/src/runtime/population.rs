//! Everybody who lives on a node by address: the shards that it owns, the kinds, the room.

use super::kind::Kinds;
use super::member::Action;
use super::orders::by_operator;
use super::room::Room;
use super::shard::{Running, Shard};
use super::{Config, Exit};
use futures_util::future::join_all;
use hashlink::DefaultHashBuilder;
use playhouse_storage::model::Fence;
use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;
use tokio::time::timeout;

/// The entities of a node.
pub(super) struct Population {
    /// By shard number; none where another owns the shard.
    shards: Vec<Option<Arc<Shard>>>,
    pub(super) kinds: Kinds,
    pub(super) config: Config,
    hasher: DefaultHashBuilder,
}

impl Population {
    /// As many shards as there are fences, all owned by this node.
    pub(super) fn new(fences: Vec<Fence>, config: Config) -> Arc<Self> {
        let room = Arc::new(Room::new(config.entities_resident_max));
        let memories_max = config.ended_remembered_max.div_ceil(fences.len().max(1));
        let mut shards = vec![None; fences.len()];
        for fence in fences {
            if let Some(place) = shards.get_mut(usize::from(fence.shard.0)) {
                *place = Some(Shard::new(fence, Arc::clone(&room), memories_max));
            }
        }
        let kinds = Kinds::new(&config);
        Arc::new(Self { shards, kinds, config, hasher: DefaultHashBuilder::default() })
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
    pub(super) fn shard(&self, number: u16) -> Option<&Arc<Shard>> {
        self.shards.get(usize::from(number))?.as_ref()
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = &Arc<Shard>> {
        self.shards.iter().flatten()
    }

    /// Sends the least recently used entity of the node that has nothing inside to sleep. False
    /// when everybody is busy.
    pub(super) fn make_room(&self) -> bool {
        let mut by_age: Vec<&Arc<Shard>> =
            self.shards().filter(|it| it.front() < u64::MAX).collect();
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
        let running: Vec<_> = self.shards().flat_map(|shard| shard.close()).collect();
        // Not ractor's own drain: on an actor that has not started yet it loses the queue.
        let finished = running.iter().map(|it| async move {
            it.resident.vitals.gauge.emptied().await;
            it.cell.stop_and_wait(None, None).await
        });
        if timeout(self.config.close_deadline(), join_all(finished)).await.is_err() {
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
