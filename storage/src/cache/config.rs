//! How a cache server is used. Nested into `cluster.toml` as `[storage.redis]`.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The limits of a Redis server's use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Connections. Each carries one command at a time, which takes some 50 µs beside the server.
    pub connections_max: u32,
    /// A command that is not answered within so long, milliseconds, is given up: whoever asks a
    /// cache has a slower way, which takes some milliseconds.
    pub deadline_ms: u64,
    /// After a failure nobody asks for so long, milliseconds: a cache that is away must not make
    /// every request wait for the deadline.
    pub rest_ms: u64,
    /// Commands under way; one more does without the cache. A thousand are some 20 ms of a server.
    pub calls_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { connections_max: 8, deadline_ms: 100, rest_ms: 1_000, calls_max: 1_024 }
    }
}

impl Config {
    /// Every value is one that can be served.
    ///
    /// # Errors
    /// Names the key and its bound.
    pub fn validate(&self) -> Result<(), String> {
        for (key, value) in [
            ("connections_max", u64::from(self.connections_max)),
            ("deadline_ms", self.deadline_ms),
            ("rest_ms", self.rest_ms),
            ("calls_max", self.calls_max as u64),
        ] {
            if value == 0 {
                return Err(format!("storage.redis.{key} must be at least 1"));
            }
        }
        Ok(())
    }

    pub(super) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    pub(super) fn rest(&self) -> Duration {
        Duration::from_millis(self.rest_ms)
    }
}
