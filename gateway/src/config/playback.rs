//! The limits of telling what players do, and of showing what was counted. `[gateway.playback]`

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of playback sessions and of what is counted of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaybackLimits {
    /// A player that plays says so every so many seconds. Each costs a durable write; fewer make
    /// the numbers of viewers late. Never longer than a third of `actors.playback.timeout_s`.
    pub heartbeat_interval_s: u64,
    /// Most events in one request: what a player collects in some hours without a line.
    pub events_max: usize,
    /// Largest body of events, bytes: as many of them, with CMCD, at some 500 each.
    pub events_bytes_max: usize,
    /// Longest id and name of a device, characters.
    pub device_chars_max: usize,
    /// Longest text of an error that a player tells, characters; the rest is cut off.
    pub error_chars_max: usize,
    /// Seconds after which a refused player should try again when too many facts wait to be
    /// counted: thousands are counted in each.
    pub full_retry_s: u64,
    /// Most streams of numbers at once: watch pages that are open. Each holds a listener of a
    /// board that all of one content share. Below `gateway.connections_max`.
    pub streams_max: usize,
    /// A stream of numbers sends at most one event in so many milliseconds.
    pub stream_every_ms: u64,
    /// Most points of views on a creator's chart: more than a screen tells apart.
    pub insights_points_max: u32,
    /// Most rows of sums in one answer: a day by the hour, for every country of the world.
    pub analytics_rows_max: u32,
    /// Rounds of ranks that one page of `sort=trending` reads to fill up, when contents that rank
    /// are not public. A page that is still not full is sent shorter, with its cursor.
    pub trending_rounds_max: u32,
}

impl Default for PlaybackLimits {
    fn default() -> Self {
        Self {
            heartbeat_interval_s: 10,
            events_max: 1_000,
            events_bytes_max: 512 * 1024,
            device_chars_max: 128,
            error_chars_max: 500,
            full_retry_s: 5,
            streams_max: 8_000,
            stream_every_ms: 250,
            insights_points_max: 360,
            analytics_rows_max: 6_000,
            trending_rounds_max: 5,
        }
    }
}

impl PlaybackLimits {
    /// Holds the values against each other.
    ///
    /// # Errors
    /// One sentence that begins with the key.
    pub(super) fn validate(&self) -> Result<(), String> {
        for (key, value) in [
            ("heartbeat_interval_s", self.heartbeat_interval_s),
            ("events_max", self.events_max as u64),
            ("events_bytes_max", self.events_bytes_max as u64),
            ("device_chars_max", self.device_chars_max as u64),
            ("full_retry_s", self.full_retry_s),
            ("streams_max", self.streams_max as u64),
            ("stream_every_ms", self.stream_every_ms),
            ("insights_points_max", u64::from(self.insights_points_max)),
            ("analytics_rows_max", u64::from(self.analytics_rows_max)),
            ("trending_rounds_max", u64::from(self.trending_rounds_max)),
        ] {
            if value == 0 {
                return Err(format!("{key} must be at least 1"));
            }
        }
        Ok(())
    }

    pub(crate) fn stream_every(&self) -> Duration {
        Duration::from_millis(self.stream_every_ms)
    }
}
