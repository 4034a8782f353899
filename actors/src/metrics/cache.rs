//! Caches: how often what is asked for is there.

use playhouse_storage::metrics::Counters;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use std::sync::{LazyLock, OnceLock};

static REQUESTS: LazyLock<Counters<2>> = LazyLock::new(Counters::default);

pub(super) fn register(registry: &mut Registry) {
    registry.register(
        "playhouse_cache_requests",
        "What caches were asked for, by whether they had it",
        REQUESTS.clone(),
    );
}

/// Counts the hits and misses of one cache; for a `static` beside it.
pub struct CacheMeter {
    cache: &'static str,
    hits: OnceLock<Counter>,
    misses: OnceLock<Counter>,
}

impl CacheMeter {
    /// The meter of a cache.
    #[must_use]
    pub const fn new(cache: &'static str) -> Self {
        Self { cache, hits: OnceLock::new(), misses: OnceLock::new() }
    }

    /// Counts a look-up.
    pub fn looked(&self, found: bool) {
        let (cell, result) = if found { (&self.hits, "hit") } else { (&self.misses, "miss") };
        let labels = [("cache", self.cache), ("result", result)];
        cell.get_or_init(|| REQUESTS.get_or_create_owned(&labels)).inc();
    }
}
