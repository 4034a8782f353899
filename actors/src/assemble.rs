//! Puts the platform together: handles first, then the directory, then who can be supervised.
//!
//! Nothing is started here, and nothing decided about it: the one table of that is the node's.

use crate::content::{Cards, Checks, Manifests};
use crate::encode::Pool;
use crate::engagement::{Boards, Cells, Heat, Ranker, Settler, Teller};
use crate::events::{Bridge, Hub, Janitor};
use crate::playback::{Addresses, Rester};
use crate::runtime::{
    Bell, ChildSpec, Directory, Handle, Inspector, Passivator, RestartPolicy, Service, Timekeeper,
    Tree,
};
use crate::{Config, Engines, Platform, upload};
use playhouse_storage::model::Fence;
use std::path::Path;
use std::sync::Arc;

/// The services of the platform, each of which becomes a row of the supervision table.
pub struct Parts {
    /// Outbox to event log.
    pub bridge: Part<Bridge>,
    /// Asks again wherever something was left unfinished.
    pub janitor: Part<Janitor>,
    /// Gives work to workers.
    pub pool: Part<Pool>,
    /// Sends idle entities to sleep.
    pub passivator: Part<Passivator>,
    /// Rings the durable timers of entities.
    pub timekeeper: Part<Timekeeper>,
    /// Brings viewers who have gone to rest.
    pub rester: Part<Rester>,
    /// Brings facts to counters.
    pub settler: Part<Settler>,
    /// Brings hints of this ingress to counters, and their answers to boards.
    pub teller: Part<Teller>,
    /// Says which contents are hot.
    pub ranker: Part<Ranker>,
}

/// A service that can be made at any time, and the handle that is pointed to whichever runs.
pub struct Part<S: Service> {
    handle: Handle<S::Message>,
    make: Box<dyn Fn() -> S + Send + Sync>,
}

impl<S: Service> Part<S> {
    fn new(handle: &Handle<S::Message>, make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self { handle: handle.clone(), make: Box::new(make) }
    }

    /// Its row in the table.
    #[must_use]
    pub fn child(self, name: &'static str, policy: RestartPolicy) -> ChildSpec {
        ChildSpec::service(name, policy, &self.handle, self.make)
    }
}

/// The kinds whose entities set durable timers.
const BELLS: &[Bell] = &[Bell::of::<upload::Session>()];

/// The platform of a node that owns the shards of `fences`, and the services that go with it.
/// Workers write into folders below `scratch/work`, which must lie on the file system of the
/// blobs and is emptied whenever the pool starts.
#[must_use]
pub fn assemble(
    engines: Engines,
    config: Config,
    fences: Vec<Fence>,
    scratch: &Path,
) -> (Platform, Parts) {
    let directory = Directory::new(fences, config.runtime.clone());
    let platform = Platform {
        manifests: Manifests::new(engines.catalog.clone(), config.manifest_names_max),
        cards: Cards::new(engines.catalog.clone(), config.cards_max, config.card_ttl()),
        hub: Hub::new(config.hints_max),
        checks: Checks::default(),
        cells: Cells::new(&config.engagement, config.playback.timeout_s),
        boards: Boards::new(config.engagement.boards_max),
        heat: Heat::default(),
        engines,
        inspector: Inspector::new(&directory, Tree::default()),
        directory: directory.clone(),
        pool: Handle::new(),
        bridge: Handle::new(),
        timekeeper: Handle::new(),
        addresses: Addresses::new(config.playback.addresses_max),
        config: Arc::new(config),
    };
    directory.bind(platform.clone());
    let parts = parts(&platform, scratch);
    (platform, parts)
}

fn parts(platform: &Platform, scratch: &Path) -> Parts {
    let work_dir = scratch.join("work");
    let (for_bridge, for_pool, for_janitor, for_timekeeper) =
        (platform.clone(), platform.clone(), platform.clone(), platform.clone());
    let for_rester = platform.clone();
    let directory = platform.directory.clone();
    let (for_settler, for_teller, for_ranker) =
        (platform.clone(), platform.clone(), platform.clone());
    Parts {
        bridge: Part::new(&platform.bridge, move || {
            let engines = &for_bridge.engines;
            let config = for_bridge.config.events.clone();
            Bridge::new(engines.catalog.clone(), engines.eventlog.clone(), config)
        }),
        janitor: Part::new(&Handle::new(), move || Janitor::new(for_janitor.clone())),
        pool: Part::new(&platform.pool, move || Pool::new(for_pool.clone(), work_dir.clone())),
        passivator: Part::new(&Handle::new(), move || Passivator::new(directory.clone())),
        timekeeper: Part::new(&platform.timekeeper, move || {
            let Platform { engines, directory, config, .. } = for_timekeeper.clone();
            Timekeeper::new(engines.catalog, directory, BELLS, config.timers.clone())
        }),
        rester: Part::new(&Handle::new(), move || Rester::new(for_rester.clone())),
        settler: Part::new(&Handle::new(), move || Settler::new(for_settler.clone())),
        teller: Part::new(&Handle::new(), move || Teller::new(for_teller.clone())),
        ranker: Part::new(&Handle::new(), move || Ranker::new(for_ranker.clone())),
    }
}
