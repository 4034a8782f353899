//! The supervision tree: the services of the platform, and the listener on top of them.
//!
//! Children start from top to bottom and stop from bottom to top: the listener comes last and
//! goes first, so nobody is promised what nobody would do.

use crate::http::Http;
use anyhow::Result;
use playhouse_actors::runtime::{
    Backoff, ChildSpec, Config as Limits, Handle, Restart, RestartPolicy, Strategy, Supervisor,
    Tree,
};
use playhouse_gateway::{Config, Gateway};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// A listener that ends is out of sockets or memory for a moment; one that ends ten times within
/// a minute needs another start of the process.
const LISTENER: RestartPolicy = RestartPolicy {
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

/// Starts the services of `table` and the listener on top of them.
///
/// # Errors
/// The first child that does not start.
pub(crate) async fn start(
    mut table: Vec<ChildSpec>,
    front: Front,
    limits: &Limits,
    tree: &Tree,
) -> Result<Supervisor> {
    table.push(ChildSpec::service("http", LISTENER, &Handle::new(), front.service()));
    Ok(Supervisor::start(Strategy::OneForOne, table, limits, tree).await?)
}

impl Front {
    fn service(self) -> impl Fn() -> Http {
        let listener = Arc::new(self.listener);
        let router = playhouse_gateway::router(self.gateway);
        let config = self.config;
        move || Http::new(Arc::clone(&listener), router.clone(), config.clone())
    }
}
