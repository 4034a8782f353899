//! What a node knows about who owns which shard: read from the database, and told sooner by those
//! who claim. It may be old, which costs a redirection and nothing else.

use playhouse_storage::model::{Epoch, Fence, Holding, NodeName, ShardId};
use std::sync::{PoisonError, RwLock};
use tokio::sync::watch;

/// Where a shard is, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Its last epoch that is known.
    pub epoch: u64,
    /// Who owns it; nobody while it moves.
    pub owner: Option<NodeName>,
}

/// Who owns which shard.
pub struct Routes {
    table: RwLock<Vec<Route>>,
    changes: watch::Sender<u64>,
}

impl Routes {
    /// Nothing is known about so many shards.
    #[must_use]
    pub fn new(shard_count: u16) -> Self {
        let table = RwLock::new(vec![Route::default(); usize::from(shard_count)]);
        Self { table, changes: watch::Sender::new(0) }
    }

    /// The way to a shard.
    #[must_use]
    pub fn of(&self, shard: ShardId) -> Route {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.get(usize::from(shard.0)).cloned().unwrap_or_default()
    }

    /// Listens for changes; whoever waits looks again.
    #[must_use]
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The database says who owns what. Read a moment ago, so a claim that was told since stays.
    pub fn read(&self, holdings: &[Holding]) {
        self.change(holdings.iter().map(|holding| {
            let owner = holding.owner.as_ref().map(|owner| owner.name.clone());
            (holding.shard, Route { epoch: holding.epoch.0, owner })
        }));
    }

    /// A node says that it owns these.
    pub fn claimed(&self, by: &NodeName, fences: &[Fence]) {
        self.change(
            fences.iter().map(|fence| {
                (fence.shard, Route { epoch: fence.epoch.0, owner: Some(by.clone()) })
            }),
        );
    }

    /// A node says that it has given these up.
    pub fn released(&self, fences: &[Fence]) {
        let route = |epoch: Epoch| Route { epoch: epoch.0, owner: None };
        self.change(fences.iter().map(|fence| (fence.shard, route(fence.epoch))));
    }

    fn change(&self, routes: impl Iterator<Item = (ShardId, Route)>) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        for (shard, route) in routes {
            let Some(known) = table.get_mut(usize::from(shard.0)) else { continue };
            if route.epoch >= known.epoch && route != *known {
                *known = route;
                changed = true;
            }
        }
        drop(table);
        if changed {
            self.changes.send_modify(|count| *count += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(shard: u16, epoch: u64) -> Fence {
        Fence { shard: ShardId(shard), epoch: Epoch(epoch) }
    }

    fn owner(routes: &Routes, shard: u16) -> Option<String> {
        routes.of(ShardId(shard)).owner.map(String::from)
    }

    #[test]
    fn what_is_older_than_what_is_known_changes_nothing() {
        let (routes, a, b) =
            (Routes::new(2), "a".parse().expect("it is there"), "b".parse().expect("it is there"));
        let changes = routes.listen();
        routes.claimed(&a, &[fence(0, 4)]);
        routes.claimed(&b, &[fence(0, 5)]);
        assert!(changes.has_changed().expect("it is there"));
        routes.claimed(&a, &[fence(0, 4)]);
        routes.released(&[fence(0, 4)]);
        assert_eq!(owner(&routes, 0).as_deref(), Some("b"));
        routes.released(&[fence(0, 5)]);
        assert_eq!((owner(&routes, 0), owner(&routes, 1)), (None, None));
    }

    #[test]
    fn a_read_that_says_nothing_new_wakes_nobody() {
        let (routes, a) = (Routes::new(1), "a".parse::<NodeName>().expect("it is there"));
        let life = playhouse_storage::model::NodeLife { name: a, incarnation: 1 };
        let holding = Holding { shard: ShardId(0), epoch: Epoch(1), owner: Some(life) };
        routes.read(std::slice::from_ref(&holding));
        let changes = routes.listen();
        routes.read(&[holding]);
        assert!(!changes.has_changed().expect("it is there"));
    }

    #[test]
    fn shards_that_do_not_exist_are_nobodys() {
        let (routes, a) = (Routes::new(1), "a".parse().expect("it is there"));
        routes.claimed(&a, &[fence(7, 1)]);
        assert_eq!(owner(&routes, 7), None);
    }
}
