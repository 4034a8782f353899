//! The supervision table of a node: who is started in which order, what an end of each means, and
//! how long its handlers may take. All of it is here and nowhere else.
//!
//! Rows start from top to bottom and stop from bottom to top: the listener comes last and goes
//! first, so nobody is promised what nobody would do. A service that does not stay up ends its
//! branch, a branch that does not stay up ends the node, with exit code 1 and the reason.
//!
//! Numbers are keys of `[actors.runtime]`, with their reasons: intensity, window and backoff of a
//! service are `service_*`, those of a branch follow from them and `branch_restarts_max`; a handler
//! is reported after `handler_report_ms` and, when it waits, killed after `handler_kill_ms`.

use crate::http::Http;
use anyhow::Result;
use playhouse_actors::encode::Workshop;
use playhouse_actors::runtime::Strategy::{OneForOne, RestForOne};
use playhouse_actors::runtime::{
    ChildSpec, Config as Limits, Directory, EntityRules, Handle, RestartPolicy, Supervisor, Tree,
    Watch,
};
use playhouse_actors::{
    Config, Parts, Platform, WorkerParts, content, engagement, playback, rendition, upload,
};
use playhouse_gateway::{Config as HttpConfig, Gateway};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// The services, in the order of their start. Every one is permanent: none has a last message.
fn services(parts: Parts, front: Front, config: &Config) -> Vec<ChildSpec> {
    let (limits, attempts) = (&config.runtime, config.encode.attempt_watch());
    let (service, branch) = (limits.service_policy(), limits.branch_policy());
    let watch = limits.watch();
    let runtime = vec![
        parts.passivator.child("passivator", service).watched(watch),
        parts.timekeeper.child("timekeeper", service).watched(watch),
    ];
    // Its tasks are attempts, with a worker each: they speak seldom.
    let encode = vec![
        parts.pool.child("pool", service).watched(watch).tasks_watched(attempts),
        parts.waker.child("waker", service).watched(watch),
        parts.scaler.child("scaler", service).watched(watch),
    ];
    // It copies films: a large one takes long, and holds up no one.
    let moves = Duration::from_secs(config.tiers.move_kill_s);
    let patient = Watch { kill_after: Some(moves), ..watch };
    let content = vec![parts.mover.child("mover", service).watched(patient)];
    let events = vec![
        parts.bridge.child("bridge", service).watched(watch),
        parts.janitor.child("janitor", service).watched(watch),
    ];
    let playback = vec![parts.rester.child("rester", service).watched(watch)];
    let engagement = vec![
        parts.settler.child("settler", service).watched(watch),
        parts.teller.child("teller", service).watched(watch),
        parts.ranker.child("ranker", service).watched(watch),
        parts.analyst.child("analyst", service).watched(watch),
    ];
    // The only way to order a restart: it can be restarted, not stopped. Its task serves for as
    // long as it lives and says nothing, which is no reason to end it.
    let http = vec![front.child("listener", service).watched(watch).essential()];
    let cluster = parts.cluster.map(|parts| {
        vec![
            parts.keeper.child("keeper", service).watched(watch).essential(),
            parts.warden.child("warden", service).watched(watch).essential(),
            parts.envoy.child("envoy", service).watched(watch),
        ]
    });
    let cluster = cluster.map(|services| {
        // None builds on another. First, and the last to stop: what a node owns it keeps until
        // everybody has ended.
        ChildSpec::branch("cluster", OneForOne, branch, services)
    });
    let alone = vec![
        // Neither builds on the other: one looks at who is idle, one at the rows of timers.
        ChildSpec::branch("runtime", OneForOne, branch, runtime),
        // Before the janitor, which has sources hashed that it finds unhashed.
        ChildSpec::branch("encode", OneForOne, branch, encode),
        // What the janitor has entities commit becomes events: with the bridge it starts anew, and
        // looks once more at everything that was left.
        ChildSpec::branch("events", RestForOne, branch, events),
        // What it leaves in the middle its next round goes on with.
        ChildSpec::branch("content", OneForOne, branch, content),
        // Whom it does not bring to rest today it brings tomorrow: nobody waits for it.
        ChildSpec::branch("playback", OneForOne, branch, playback),
        // None builds on another: each reads what is on disk or in the cells. Before the listener,
        // which refuses players while too many facts wait.
        ChildSpec::branch("engagement", OneForOne, branch, engagement),
        // Last: a client is let in when everybody is there to serve it.
        ChildSpec::branch("http", OneForOne, branch, http),
    ];
    cluster.into_iter().chain(alone).collect()
}

/// The kinds of entities. None is started or kept up: the next message loads it from its rows. One
/// that crashes at once again rests (`crashes_max`, `crash_*`), so that it keeps no store busy.
fn entities(directory: &Directory, limits: &Limits) {
    let rules: EntityRules = limits.entity_rules();
    // A client asks again by itself, and waits for the offset.
    directory.rule::<upload::Session>(rules);
    // Its jobs and transcoders report to it; what is lost while it rests the janitor asks again.
    directory.rule::<content::Pipeline>(rules);
    // A segment that it does not take is handed over again with the next attempt of its job.
    directory.rule::<rendition::Transcoder>(rules);
    // A player keeps its events until they are answered, and sends them again.
    directory.rule::<playback::Viewer>(rules);
    // Its facts wait in their queue until it answers the settler.
    directory.rule::<engagement::Counter>(rules);
}

/// Starts the tree of a worker: the same pool, and nobody who is asked anything.
///
/// # Errors
/// The first child that does not start.
pub(crate) async fn start_worker(
    shop: &Workshop,
    parts: WorkerParts,
    root: &Tree,
) -> Result<Supervisor> {
    let limits = &shop.config.runtime;
    let (service, branch) = (limits.service_policy(), limits.branch_policy());
    let (watch, attempts) = (limits.watch(), shop.config.encode.attempt_watch());
    let encode = vec![
        // First, so that it hears what the pool's first job says.
        parts.herald.child("herald", service).watched(watch),
        parts.pool.child("pool", service).watched(watch).tasks_watched(attempts),
        parts.waker.child("waker", service).watched(watch),
    ];
    // None builds on another: hints and wake-ups that get lost are no loss.
    let table = vec![ChildSpec::branch("encode", OneForOne, branch, encode)];
    Ok(Supervisor::start(OneForOne, table, limits, root).await?)
}

/// What the listener serves.
pub(crate) struct Front {
    /// A bound socket.
    pub(crate) listener: TcpListener,
    /// The routes' state.
    pub(crate) gateway: Gateway,
    /// Limits.
    pub(crate) config: HttpConfig,
}

/// Starts the tree.
///
/// # Errors
/// The first child that does not start.
pub(crate) async fn start(platform: &Platform, parts: Parts, front: Front) -> Result<Supervisor> {
    let limits = &platform.config.runtime;
    entities(&platform.directory, limits);
    let table = services(parts, front, &platform.config);
    let root = platform.inspector.tree_root();
    Ok(Supervisor::start(OneForOne, table, limits, root).await?)
}

impl Front {
    fn child(self, name: &'static str, policy: RestartPolicy) -> ChildSpec {
        let listener = Arc::new(self.listener);
        let site = playhouse_gateway::site(self.gateway);
        let config = self.config;
        let make = move || Http::new(Arc::clone(&listener), site.clone(), config.clone());
        ChildSpec::service(name, policy, &Handle::new(), make)
    }
}
