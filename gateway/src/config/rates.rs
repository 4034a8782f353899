//! How often one client may begin something. `[gateway.rates]`

use serde::{Deserialize, Serialize};

/// Bounds on what one client begins, counted in the cache (`storage.cache`): on all nodes together
/// where they share a server. While the cache is away nothing is counted and nobody is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Playback sessions that one address may open in a minute; 0 is no limit. Behind one address
    /// may be an office or a school.
    pub sessions_per_minute_max: u64,
    /// Uploads that one creator may begin in an hour; 0 is no limit. Administrators have none.
    pub uploads_per_hour_max: u64,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { sessions_per_minute_max: 600, uploads_per_hour_max: 1_000 }
    }
}
