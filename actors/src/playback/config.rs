//! The limits of viewers' sessions, each with its reason. Nested into `cluster.toml` as
//! `[actors.playback]`.

use crate::config::above_zero;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Sessions of viewers. `[actors.playback]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A session of which nothing is heard for so long has timed out: three heartbeats and a slow
    /// line.
    pub timeout_s: u64,
    /// Watching for so long makes a view; half of the duration does when that is shorter. Below it
    /// somebody has only looked what it is.
    pub view_after_s: f64,
    /// Devices on which a viewer may play at once; 0 for no limit. A household shares an account,
    /// more than five screens of it are shared with others.
    pub streams_per_viewer_max: u32,
    /// Views of one viewer that count within a clock hour; 0 for no limit. One in 30 seconds, the
    /// whole hour long.
    pub views_per_viewer_hour_max: u32,
    /// Views of one content from one address that count within a clock hour; 0 for no limit.
    /// Schools and mobile networks show hundreds of people under one address.
    pub views_per_address_hour_max: u32,
    /// Addresses of contents that are remembered for that limit, in memory. About 100 bytes each.
    pub addresses_max: usize,
    /// An event that happened longer ago is refused: keys of views are kept for as long.
    pub event_age_max_s: u64,
    /// An event that is further ahead is refused: clients correct their clocks by `server_time`.
    pub event_ahead_max_s: u64,
    /// Gaps in the `seq` of a session that are remembered. Players send in order; a few batches may
    /// be under way at once.
    pub gaps_max: usize,
    /// Stretches of a content that are remembered as watched by one session: who jumps more often
    /// has the closest ones joined.
    pub ranges_max: usize,
    /// A session reports what it adds to the statistics each time that so long has passed: a
    /// creator's page is a minute behind at most.
    pub report_every_s: u64,
    /// Sessions of one viewer that are remembered; older ones are known by their position only.
    pub sessions_max: usize,
    /// Contents of which a viewer's position is remembered: what somebody watches in some months.
    pub resume_max: usize,
    /// Counted views of one viewer that are remembered, so that repeated ones are refused with the
    /// reason. Above `views_per_viewer_hour_max`, for the hours before.
    pub counted_max: usize,
    /// Time between two looks for viewers who have gone.
    pub rest_every_s: u64,
    /// A viewer is brought to rest so long after the time-out: late events of the end come first.
    pub rest_slack_s: u64,
    /// Viewers that are read at once when they are brought to rest.
    pub rest_page_max: u32,
    /// Viewers that are brought to rest at once: they share a commit, and others notice nothing.
    pub rest_at_once_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout_s: 45,
            view_after_s: 10.0,
            streams_per_viewer_max: 5,
            views_per_viewer_hour_max: 120,
            views_per_address_hour_max: 300,
            addresses_max: 100_000,
            event_age_max_s: 86_400,
            event_ahead_max_s: 60,
            gaps_max: 64,
            ranges_max: 64,
            report_every_s: 60,
            sessions_max: 16,
            resume_max: 200,
            counted_max: 256,
            rest_every_s: 5,
            rest_slack_s: 15,
            rest_page_max: 1_024,
            rest_at_once_max: 64,
        }
    }
}

impl Config {
    /// Checks the numbers against each other.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        above_zero("timeout_s", self.timeout_s)?;
        above_zero("addresses_max", self.addresses_max as u64)?;
        above_zero("event_age_max_s", self.event_age_max_s)?;
        above_zero("gaps_max", self.gaps_max as u64)?;
        above_zero("ranges_max", self.ranges_max as u64)?;
        above_zero("report_every_s", self.report_every_s)?;
        above_zero("sessions_max", self.sessions_max as u64)?;
        above_zero("rest_every_s", self.rest_every_s)?;
        above_zero("rest_page_max", u64::from(self.rest_page_max))?;
        above_zero("rest_at_once_max", self.rest_at_once_max as u64)?;
        if !(0.0..=3600.0).contains(&self.view_after_s) {
            return Err("view_after_s must be 0 to 3600".into());
        }
        if self.counted_max < self.views_per_viewer_hour_max as usize {
            return Err("counted_max must not be below views_per_viewer_hour_max".into());
        }
        // A session that is forgotten while it plays would be opened over and over.
        if self.sessions_max <= self.streams_per_viewer_max as usize {
            return Err("sessions_max must be above streams_per_viewer_max".into());
        }
        Ok(())
    }

    /// `timeout_s` in milliseconds.
    #[must_use]
    pub fn timeout_ms(&self) -> i64 {
        milliseconds(self.timeout_s)
    }

    /// `event_age_max_s` in milliseconds.
    #[must_use]
    pub fn event_age_max_ms(&self) -> i64 {
        milliseconds(self.event_age_max_s)
    }

    /// `event_ahead_max_s` in milliseconds.
    #[must_use]
    pub fn event_ahead_max_ms(&self) -> i64 {
        milliseconds(self.event_ahead_max_s)
    }

    /// `report_every_s` in milliseconds.
    #[must_use]
    pub fn report_every_ms(&self) -> u64 {
        self.report_every_s.saturating_mul(1_000)
    }

    /// How long a session is unchanged before its viewer is brought to rest.
    #[must_use]
    pub fn rest_after(&self) -> SignedDuration {
        seconds(self.timeout_s.saturating_add(self.rest_slack_s))
    }

    /// `rest_every_s`.
    #[must_use]
    pub fn rest_every(&self) -> Duration {
        Duration::from_secs(self.rest_every_s)
    }
}

fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000)
}

fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}
