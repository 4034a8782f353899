//! Puts the platform together: handles first, then the directory, then who can be supervised.
//!
//! Nothing is started here, and nothing decided about it: the one table of that is the node's.

use crate::analytics::Analyst;
use crate::cluster::{Citizen, Duty, Envoy, Keeper, OnDuty, Warden, WardenMessage};
use crate::content::{Cards, Checks, Manifests, Mover, Reading, Terms};
use crate::encode::{Herald, Pool, Scaler, Waker, Workforce, Workshop};
use crate::engagement::{Boards, Cells, Heat, Looks, Ranker, Settler, Teller};
use crate::events::{Bridge, Hub, Janitor};
use crate::playback::{Addresses, Rester};
use crate::runtime::{
    Bell, ChildSpec, Directory, Handle, Inspector, Link, Passivator, RestartPolicy, Service,
    Timekeeper, Tree,
};
use crate::{
    Config, Engines, Platform, content, encode, engagement, events, playback, runtime, upload,
};
use playhouse_storage::model::{Fence, ShardId};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The services of the platform, each of which becomes a row of the supervision table.
pub struct Parts {
    /// Outbox to event log.
    pub bridge: Part<OnDuty<Bridge>>,
    /// Asks again wherever something was left unfinished.
    pub janitor: Part<OnDuty<Janitor>>,
    /// Brings contents to the shelf where they belong.
    pub mover: Part<OnDuty<Mover>>,
    /// Gives work to workers.
    pub pool: Part<Pool>,
    /// Carries wake-ups to and from the pool.
    pub waker: Part<Waker>,
    /// Keeps as many workers as there should be.
    pub scaler: Part<OnDuty<Scaler>>,
    /// Sends idle entities to sleep.
    pub passivator: Part<Passivator>,
    /// Rings the durable timers of entities.
    pub timekeeper: Part<OnDuty<Timekeeper>>,
    /// Brings viewers who have gone to rest.
    pub rester: Part<OnDuty<Rester>>,
    /// Brings facts to counters.
    pub settler: Part<OnDuty<Settler>>,
    /// Brings hints of this ingress to counters, and their answers to boards.
    pub teller: Part<Teller>,
    /// Says which contents are hot.
    pub ranker: Part<Ranker>,
    /// Adds up what viewers did.
    pub analyst: Part<Analyst>,
    /// What a node of a cluster needs besides.
    pub cluster: Option<ClusterParts>,
}

/// The services of a node that is one of several.
pub struct ClusterParts {
    /// Renews the lease.
    pub keeper: Part<Keeper>,
    /// Claims shards and gives them up.
    pub warden: Part<Warden>,
    /// Tells other nodes what has changed.
    pub envoy: Part<Envoy>,
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

    /// A service that one node of a cluster runs for all.
    fn on_duty<T: Clone + Send + Sync + 'static>(
        surroundings: &T,
        handle: &Handle<S::Message>,
        duty: Duty,
        wake: fn() -> S::Message,
        make: impl Fn(T) -> S + Send + Sync + 'static,
    ) -> Part<OnDuty<S>> {
        let surroundings = surroundings.clone();
        let make: Arc<dyn Fn() -> S + Send + Sync> = Arc::new(move || make(surroundings.clone()));
        let make = move || OnDuty::new(duty.clone(), Arc::clone(&make), wake);
        Part { handle: handle.clone(), make: Box::new(make) }
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

/// What a platform is assembled of.
pub struct Ground {
    /// The engines behind the ports.
    pub engines: Engines,
    /// Limits.
    pub config: Config,
    /// The entities that it owns, and the way to others.
    pub directory: Directory,
    /// Its place in a cluster, if it is one of several, and where its warden is told that shards
    /// have become free.
    pub citizen: Option<(Citizen, Handle<WardenMessage>)>,
    /// Workers write into folders below `scratch/work`, which must lie on the file system of the
    /// blobs and is emptied whenever the pool starts.
    pub scratch: PathBuf,
    /// Who starts workers beside this node.
    pub workforce: Option<Arc<dyn Workforce>>,
}

/// The platform of a node that owns the shards of `fences`, all there are, and the services that go
/// with it. Workers write below `scratch`.
#[must_use]
pub fn assemble(
    engines: Engines,
    config: Config,
    fences: Vec<Fence>,
    scratch: &Path,
) -> (Platform, Parts) {
    let directory = Directory::new(fences, config.runtime.clone());
    let scratch = scratch.to_owned();
    let ground = Ground { engines, config, directory, citizen: None, scratch, workforce: None };
    assemble_on(ground)
}

/// The platform of a node, and the services that go with it.
#[must_use]
pub fn assemble_on(ground: Ground) -> (Platform, Parts) {
    let Ground { engines, config, directory, citizen, scratch, workforce } = ground;
    let reading = Reading::new(config.catalog_patience());
    let platform = Platform {
        manifests: Manifests::new(
            engines.catalog.clone(),
            config.manifest_names_max,
            config.manifests_max,
            Terms { fresh: config.card_ttl(), stale: config.card_stale() },
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
        looks: Looks::default(),
        heat: Heat::default(),
        engines,
        inspector: Inspector::new(&directory, Tree::default()),
        directory: directory.clone(),
        pool: Handle::new(),
        bridge: Handle::new(),
        timekeeper: Handle::new(),
        addresses: Addresses::new(config.playback.addresses_max),
        citizen: citizen.as_ref().map(|(citizen, _)| citizen.clone()),
        config: Arc::new(config),
    };
    directory.bind(platform.clone());
    let mut parts = parts(&platform, &scratch, workforce);
    parts.cluster = citizen.map(|(citizen, warden)| cluster_parts(&platform, &citizen, &warden));
    (platform, parts)
}

fn cluster_parts(
    platform: &Platform,
    citizen: &Citizen,
    warden: &Handle<WardenMessage>,
) -> ClusterParts {
    let hub = platform.hub.clone();
    ClusterParts {
        keeper: Part::with(citizen, &Handle::new(), Keeper::new),
        warden: Part::with(citizen, warden, Warden::new),
        envoy: Part::with(citizen, &Handle::new(), move |it| Envoy::new(it, hub.clone())),
    }
}

/// What one node of a cluster does for all, by the shard whose owner does it: spread over the
/// first shards, so that no node does everything.
#[derive(Clone, Copy)]
pub(crate) enum Task {
    Bridge,
    Janitor,
    Mover,
    Scaler,
    Timekeeper,
    Rester,
    Settler,
}

/// Whether this node does something for all.
pub(crate) fn duty(platform: &Platform, task: Task) -> Duty {
    match &platform.citizen {
        Some(citizen) => Duty::of(citizen, ShardId(task as u16)),
        None => Duty::alone(),
    }
}

fn parts(platform: &Platform, scratch: &Path, workforce: Option<Arc<dyn Workforce>>) -> Parts {
    let pool = platform.pool.clone();
    let (shop, work_dir) = (Workshop::from(platform), scratch.join(WORK));
    Parts {
        bridge: Part::on_duty(
            platform,
            &platform.bridge,
            duty(platform, Task::Bridge),
            || events::BridgeMessage::Wake,
            bridge,
        ),
        janitor: Part::on_duty(
            platform,
            &Handle::new(),
            duty(platform, Task::Janitor),
            || events::JanitorMessage::GoOn,
            Janitor::new,
        ),
        mover: Part::on_duty(
            platform,
            &Handle::new(),
            duty(platform, Task::Mover),
            || content::MoverMessage::GoOn,
            Mover::new,
        ),
        pool: Part::with(&shop, &platform.pool, move |it| Pool::new(it, work_dir.clone())),
        waker: Part::with(&shop, &Handle::new(), move |it| Waker::new(it, pool.clone())),
        scaler: Part::on_duty(
            platform,
            &Handle::new(),
            duty(platform, Task::Scaler),
            || encode::ScalerMessage::Look,
            move |it: Platform| {
                Scaler::new(it.engines.jobs, workforce.clone(), it.config.scaling.clone())
            },
        ),
        passivator: Part::with(platform, &Handle::new(), |it| Passivator::new(it.directory)),
        timekeeper: Part::on_duty(
            platform,
            &platform.timekeeper,
            duty(platform, Task::Timekeeper),
            || runtime::TimekeeperMessage::Look,
            timekeeper,
        ),
        rester: Part::on_duty(
            platform,
            &Handle::new(),
            duty(platform, Task::Rester),
            || playback::ResterMessage::GoOn,
            Rester::new,
        ),
        settler: Part::on_duty(
            platform,
            &Handle::new(),
            duty(platform, Task::Settler),
            || engagement::SettlerMessage::Poll,
            Settler::new,
        ),
        teller: Part::with(platform, &Handle::new(), Teller::new),
        ranker: Part::with(platform, &Handle::new(), Ranker::new),
        analyst: Part::with(platform, &Handle::new(), Analyst::new),
        cluster: None,
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
