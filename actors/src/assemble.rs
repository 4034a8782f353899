//! Puts the platform together: handles first, then the directory, then who is supervised.
//!
//! Order of the table is order of start: the event bridge before those who tell events, the
//! janitor last, because it asks everybody.

use crate::content::{Checks, Manifests};
use crate::encode::Pool;
use crate::events::{Bridge, Hub, Janitor};
use crate::runtime::{
    Backoff, Bell, ChildSpec, Directory, Handle, Inspector, Passivator, Restart, RestartPolicy,
    Timekeeper, Tree,
};
use crate::{Config, Engines, Platform, upload};
use playhouse_storage::model::Fence;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Ten restarts in a minute mean that restarting does not help; the node ends and says why.
const POLICY: RestartPolicy = RestartPolicy {
    restart: Restart::Permanent,
    intensity: 10,
    window: Duration::from_secs(60),
    backoff: Backoff { first: Duration::from_millis(100), most: Duration::from_secs(5) },
};

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
) -> (Platform, Vec<ChildSpec>) {
    let (pool, bridge, janitor, passivator) =
        (Handle::new(), Handle::new(), Handle::new(), Handle::new());
    let timekeeper = Handle::new();
    let directory = Directory::new(fences, config.runtime.clone());
    let platform = Platform {
        manifests: Manifests::new(engines.catalog.clone(), config.manifest_names_max),
        hub: Hub::new(config.hints_max),
        checks: Checks::default(),
        engines,
        inspector: Inspector::new(&directory, Tree::default()),
        directory: directory.clone(),
        pool: pool.clone(),
        bridge: bridge.clone(),
        timekeeper: timekeeper.clone(),
        config: Arc::new(config),
    };
    directory.bind(platform.clone());
    let work_dir = scratch.join("work");
    let attempts = platform.config.encode.attempt_watch();
    let (for_bridge, for_pool, for_janitor, for_timekeeper) =
        (platform.clone(), platform.clone(), platform.clone(), platform.clone());
    let table = vec![
        ChildSpec::service("events.bridge", POLICY, &bridge, move || {
            let engines = &for_bridge.engines;
            let config = for_bridge.config.events.clone();
            Bridge::new(engines.catalog.clone(), engines.eventlog.clone(), config)
        }),
        ChildSpec::service("encode.pool", POLICY, &pool, move || {
            Pool::new(for_pool.clone(), work_dir.clone())
        })
        .tasks_watched(attempts),
        ChildSpec::service("runtime.passivator", POLICY, &passivator, move || {
            Passivator::new(directory.clone())
        }),
        ChildSpec::service("runtime.timekeeper", POLICY, &timekeeper, move || {
            let Platform { engines, directory, config, .. } = for_timekeeper.clone();
            Timekeeper::new(engines.catalog, directory, BELLS, config.timers.clone())
        }),
        ChildSpec::service("events.janitor", POLICY, &janitor, move || {
            Janitor::new(for_janitor.clone())
        }),
    ];
    (platform, table)
}
