//! Asks: each asker waits for its answer before it asks again.

use crate::ours::{Catalog, RowId};
use crate::process::{Stopwatch, Took};
use crate::{ours, plain};
use playhouse_actors::runtime::Config;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How actors are asked.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Askers, each with one ask on its way.
    pub(crate) in_flight: u64,
    /// Actors that are asked in turn.
    pub(crate) actors: u64,
    /// From all askers together.
    pub(crate) asks: u64,
}

impl Load {
    /// Whom an asker asks, one after the other. Strides are prime, so that askers meet everywhere.
    fn turns(self, asker: u64) -> impl Iterator<Item = usize> + Send {
        let place = move |turn| (asker * 7_919 + turn * 31) % self.actors;
        let to_index = |place| usize::try_from(place).expect("an index");
        (0..self.asks / self.in_flight).map(place).map(to_index)
    }
}

/// Asks of plain actors.
pub(crate) async fn plain(load: Load) -> Took {
    let mut actors = Vec::new();
    for _ in 0..load.actors {
        actors.push(plain::spawn_asked().await);
    }
    let known: Arc<[_]> = actors.iter().map(|(actor, _)| actor.clone()).collect();
    let (mut askers, watch) = (JoinSet::new(), Stopwatch::start());
    for asker in 0..load.in_flight {
        let known = Arc::clone(&known);
        askers.spawn(async move {
            for turn in load.turns(asker) {
                plain::ask(&known[turn], 1).await;
            }
        });
    }
    askers.join_all().await;
    let took = watch.took(load.asks);
    plain::stop(actors).await;
    took
}

/// Asks of entities, which are loaded before.
pub(crate) async fn ours(load: Load) -> Took {
    let catalog = Catalog::new(load.actors);
    let directory = ours::directory(&catalog, Config::default());
    let known: Arc<[_]> = (0..load.actors).map(|id| directory.entity(RowId(id))).collect();
    for entity in known.iter() {
        ours::ask(entity, 1).await;
    }
    let (mut askers, watch) = (JoinSet::new(), Stopwatch::start());
    for asker in 0..load.in_flight {
        let known = Arc::clone(&known);
        askers.spawn(async move {
            for turn in load.turns(asker) {
                ours::ask(&known[turn], 1).await;
            }
        });
    }
    askers.join_all().await;
    let took = watch.took(load.asks);
    assert_eq!(catalog.total(), load.actors + load.asks, "each ask is carried out once");
    directory.close().await;
    took
}

/// Asks of a service. There is one, whatever the load says.
pub(crate) async fn service(load: Load) -> Took {
    let (handle, tree) = ours::service(u64::MAX, &Arc::default()).await;
    let (mut askers, watch) = (JoinSet::new(), Stopwatch::start());
    for asker in 0..load.in_flight {
        let handle = handle.clone();
        askers.spawn(async move {
            for _ in load.turns(asker) {
                ours::ask_service(&handle, 1).await;
            }
        });
    }
    askers.join_all().await;
    let took = watch.took(load.asks);
    tree.stop().await;
    took
}
