//! HTTP in, message out, status back.
//!
//! A handler reads the request, asks an entity (or reads the catalog), and turns the answer into a
//! status. Rules of the house live in `actors`, bytes in `storage`; [`routes`] is the whole route
//! table, [`Site`] what stands around it, [`problem`] the one door for errors, [`auth`] says who is
//! calling.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that meets an error has failed"))]

mod answers;
mod routes;
mod site;

mod admin;
mod content;
mod docs;
mod engagement;
mod events;
mod health;
mod levels;
mod me;
mod media;
mod metrics;
mod pages;
mod playback;
mod uploads;
mod worker;

mod tus;
mod view;

mod auth;
mod config;
mod context;
mod cors;
mod extract;
mod problem;
mod rates;
mod serve;
mod stopping;
#[cfg(test)]
mod testing;
mod trace;

pub use auth::{Claims, Keys, KeysError, Role, TokenError};
pub use config::{AnswerLimits, Config, InspectorLimits, PlaybackLimits, RateLimits};
pub use levels::{Levels, LogFilter};
pub use metrics::Telling;
pub use routes::site;
pub use serve::serve;
pub use site::Site;

use admin::Orders;
use auth::KnownTokens;
use playhouse_actors::Platform;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the HTTP side is made of.
pub struct Gateway {
    /// The way to entities and stores.
    pub platform: Platform,
    /// Issues and verifies tokens.
    pub auth: Keys,
    /// What is logged.
    pub levels: Arc<dyn Levels>,
    /// Limits.
    pub config: Config,
    /// What the process adds to its metrics.
    pub telling: Telling,
}

/// What every handler can reach. Each request clones it more than once: it is one pointer.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What the handlers of all requests share.
pub(crate) struct Shared {
    pub(crate) platform: Platform,
    pub(crate) keys: Keys,
    pub(crate) tokens: KnownTokens,
    pub(crate) levels: Arc<dyn Levels>,
    pub(crate) config: Config,
    /// One permit per open event stream.
    pub(crate) streams: Arc<Semaphore>,
    /// One permit per open stream of numbers.
    pub(crate) number_streams: Arc<Semaphore>,
    /// One permit per open stream of the tree.
    pub(crate) tree_streams: Arc<Semaphore>,
    /// One permit per look at the actors.
    pub(crate) looks: Arc<Semaphore>,
    /// One permit per look at the cluster.
    pub(crate) surveys: Arc<Semaphore>,
    pub(crate) orders: Orders,
    pub(crate) telling: Telling,
}

impl From<Gateway> for App {
    fn from(gateway: Gateway) -> Self {
        let inspector = &gateway.config.inspector;
        Self(Arc::new(Shared {
            tree_streams: Arc::new(Semaphore::new(inspector.streams_max)),
            looks: Arc::new(Semaphore::new(inspector.looks_max)),
            surveys: Arc::new(Semaphore::new(inspector.surveys_max)),
            orders: Orders::new(inspector.orders_max),
            platform: gateway.platform,
            telling: gateway.telling,
            keys: gateway.auth,
            levels: gateway.levels,
            tokens: KnownTokens::new(gateway.config.tokens_cached_max),
            streams: Arc::new(Semaphore::new(gateway.config.sse_streams_max)),
            number_streams: Arc::new(Semaphore::new(gateway.config.playback.streams_max)),
            config: gateway.config,
        }))
    }
}
