//! The supervision tree as one table.
//!
//! Children start from top to bottom and stop from bottom to top: the listener comes last and
//! goes first, so nobody is promised what nobody would do.

use crate::http::Http;
use anyhow::Result;
use playhouse_actors::Platform;
use playhouse_actors::encode::Pool;
use playhouse_actors::events::{Bridge, Janitor};
use playhouse_actors::runtime::{
    Backoff, ChildSpec, Handle, Passivator, Restart, RestartPolicy, Strategy, Supervisor,
};
use playhouse_gateway::{Config, Gateway};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is worth restarting: most failures are a store that was busy or away for a moment. More
/// than ten within a minute are a fault that only another start of the process can mend.
const POLICY: RestartPolicy = RestartPolicy {
    restart: Restart::Permanent,
    intensity: 10,
    window: Duration::from_secs(60),
    backoff: Backoff { first: Duration::from_millis(100), most: Duration::from_secs(5) },
};

/// What the listener serves.
pub(crate) struct Front {
    /// A bound socket.
    pub(crate) listener: TcpListener,
    /// The routes' state.
    pub(crate) gateway: Gateway,
    /// Limits.
    pub(crate) config: Config,
}

/// Starts the tree.
///
/// # Errors
/// The first child that does not start.
pub(crate) async fn start(
    platform: &Platform,
    front: Front,
    scratch: PathBuf,
) -> Result<Supervisor> {
    let (pool, bridge) = (&platform.pool, &platform.bridge);
    let (janitor, passivator, http) = (Handle::new(), Handle::new(), Handle::new());
    let table = vec![
        ChildSpec::service("encode.pool", POLICY, pool, with(platform, move |platform| {
            Pool::new(platform, scratch.clone())
        })),
        ChildSpec::service("events.bridge", POLICY, bridge, with(platform, bridge_of)),
        ChildSpec::service("janitor", POLICY, &janitor, with(platform, Janitor::new)),
        ChildSpec::service("passivator", POLICY, &passivator, with(platform, |platform| {
            Passivator::new(platform.directory)
        })),
        ChildSpec::service("http", POLICY, &http, front.service()),
    ];
    let limits = platform.directory.config();
    Ok(Supervisor::start(Strategy::OneForOne, table, limits).await?)
}

/// Makes a service of the platform, anew for each start.
fn with<S, M: Fn(Platform) -> S>(platform: &Platform, make: M) -> impl Fn() -> S + use<S, M> {
    let platform = platform.clone();
    move || make(platform.clone())
}

fn bridge_of(platform: Platform) -> Bridge {
    let config = platform.config.events.clone();
    Bridge::new(platform.engines.catalog, platform.engines.eventlog, config)
}

impl Front {
    fn service(self) -> impl Fn() -> Http {
        let listener = Arc::new(self.listener);
        let router = playhouse_gateway::router(self.gateway);
        let config = self.config;
        move || Http::new(Arc::clone(&listener), router.clone(), config.clone())
    }
}
