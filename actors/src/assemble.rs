//! Puts the platform together: handles first, then the directory, then who can be supervised.
//!
//! Nothing is started here, and nothing decided about it: the one table of that is the node's.

use crate::analytics::Analyst;
use crate::content::{Cards, Checks, Manifests, Mover, Reading};
use crate::encode::{Herald, Pool, Scaler, Waker, Workforce, Workshop};
use crate::engagement::{Boards, Cells, Heat, Ranker, Settler, Teller};
use crate::events::{Bridge, Hub, Janitor};
use crate::playback::{Addresses, Rester};
use crate::runtime::{
    Bell, ChildSpec, Directory, Handle, Inspector, Link, Passivator, RestartPolicy, Service,
    Timekeeper, Tree,
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
    /// Brings contents to the shelf where they belong.
    pub mover: Part<Mover>,
    /// Gives work to workers.
    pub pool: Part<Pool>,
    /// Carries wake-ups to and from the pool.
    pub waker: Part<Waker>,
    /// Keeps as many workers as there should be.
    pub scaler: Part<Scaler>,
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
    /// Adds up what viewers did.
    pub analyst: Part<Analyst>,
}

/// The services of a process that encodes and does nothing else.
pub struct WorkerParts {
    /// Gives work to workers.
    pub pool: Part<Pool>,
    /// Carries wake-ups to and from the pool.
    pub waker: Part<Waker>,
    /// Tells the node how far jobs are.
    pub herald: Part<Herald>,
}

/// A service that can be made at any time, and the handle that is pointed to whichever runs.
pub struct Part<S: Service> {
    handle: Handle<S::Message>,
    make: Box<dyn Fn() -> S + Send + Sync>,
}

impl<S: Service> Part<S> {
    /// A service that is made of what surrounds it, each time anew.
    fn with<T: Clone + Send + Sync + 'static>(
        surroundings: &T,
        handle: &Handle<S::Message>,
        make: impl Fn(T) -> S + Send + Sync + 'static,
    ) -> Self {
        let (surroundings, handle) = (surroundings.clone(), handle.clone());
        Self { handle, make: Box::new(move || make(surroundings.clone())) }
    }

    /// Its row in the table.
    #[must_use]
    pub fn child(self, name: &'static str, policy: RestartPolicy) -> ChildSpec {
        ChildSpec::service(name, policy, &self.handle, self.make)
    }
}

/// Where workers write, below the folder for temporary files.
const WORK: &str = "work";

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
    assemble_with(engines, config, fences, scratch, None)
}

/// The same for a node that has workers started beside itself.
#[must_use]
pub fn assemble_with(
    engines: Engines,
    config: Config,
    fences: Vec<Fence>,
    scratch: &Path,
    workforce: Option<Arc<dyn Workforce>>,
) -> (Platform, Parts) {
    let directory = Directory::new(fences, config.runtime.clone());
    let reading = Reading::new(config.catalog_patience());
    let platform = Platform {
        manifests: Manifests::new(
            engines.catalog.clone(),
            config.manifest_names_max,
            config.manifests_max,
            config.card_stale(),
            reading.clone(),
        ),
        cards: Cards::new(
            engines.catalog.clone(),
            config.cards_max,
            config.card_ttl(),
            config.card_stale(),
            reading,
        ),
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
    let parts = parts(&platform, scratch, workforce);
    (platform, parts)
}

fn parts(platform: &Platform, scratch: &Path, workforce: Option<Arc<dyn Workforce>>) -> Parts {
    let pool = platform.pool.clone();
    let (shop, work_dir) = (Workshop::from(platform), scratch.join(WORK));
    Parts {
        bridge: Part::with(platform, &platform.bridge, bridge),
        janitor: Part::with(platform, &Handle::new(), Janitor::new),
        mover: Part::with(platform, &Handle::new(), Mover::new),
        pool: Part::with(&shop, &platform.pool, move |it| Pool::new(it, work_dir.clone())),
        waker: Part::with(&shop, &Handle::new(), move |it| Waker::new(it, pool.clone())),
        scaler: Part::with(platform, &Handle::new(), move |it| {
            Scaler::new(it.engines.jobs, workforce.clone(), it.config.scaling.clone())
        }),
        passivator: Part::with(platform, &Handle::new(), |it| Passivator::new(it.directory)),
        timekeeper: Part::with(platform, &platform.timekeeper, timekeeper),
        rester: Part::with(platform, &Handle::new(), Rester::new),
        settler: Part::with(platform, &Handle::new(), Settler::new),
        teller: Part::with(platform, &Handle::new(), Teller::new),
        ranker: Part::with(platform, &Handle::new(), Ranker::new),
        analyst: Part::with(platform, &Handle::new(), Analyst::new),
    }
}

/// The services of a process that encodes and does nothing else. Workers write into a folder below
/// `scratch`, which is emptied whenever the pool starts.
#[must_use]
pub fn assemble_worker(shop: &Workshop, link: &Arc<dyn Link>, scratch: &Path) -> WorkerParts {
    let (work_dir, link) = (scratch.join(WORK), Arc::clone(link));
    let every = shop.config.encode.hints_every();
    let pool = Handle::new();
    let woken = pool.clone();
    WorkerParts {
        pool: Part::with(shop, &pool, move |it| Pool::new(it, work_dir.clone())),
        waker: Part::with(shop, &Handle::new(), move |it| Waker::new(it, woken.clone())),
        herald: Part::with(shop, &Handle::new(), move |it| {
            Herald::new(it.hub, Arc::clone(&link), every)
        }),
    }
}

fn bridge(platform: Platform) -> Bridge {
    let Platform { engines, config, .. } = platform;
    Bridge::new(engines.catalog, engines.eventlog, config.events.clone())
}

fn timekeeper(platform: Platform) -> Timekeeper {
    let Platform { engines, directory, config, .. } = platform;
    Timekeeper::new(engines.catalog, directory, BELLS, config.timers.clone())
}
