//! The limits of adding up what viewers did, each with its reason. `[actors.analytics]`

use serde::{Deserialize, Serialize};

/// Adding up what viewers did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Events that are added in one transaction: some hundred kilobytes, and a few milliseconds of
    /// the catalog's writer.
    pub batch_max: usize,
    /// The event log is waited for so long, milliseconds; below what the watchdog reports.
    pub wait_ms: u64,
    /// Waiting time after a failure of the log or the catalog, milliseconds: events wait where they
    /// are.
    pub retry_ms: u64,
    /// Events are kept as they were told for so many days: what went wrong can be added up again.
    pub events_keep_days: u32,
    /// Sums are kept for so many days: the same week of the year before, and of the one before it.
    pub sums_keep_days: u32,
    /// Rows that are forgotten at once: some milliseconds of the writer.
    pub forget_rows_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            batch_max: 500,
            wait_ms: 500,
            retry_ms: 1_000,
            events_keep_days: 90,
            sums_keep_days: 730,
            forget_rows_max: 2_000,
        }
    }
}

impl Config {
    pub(crate) fn validate(&self) -> Result<(), String> {
        for (key, value) in [
            ("batch_max", self.batch_max as u64),
            ("wait_ms", self.wait_ms),
            ("retry_ms", self.retry_ms),
            ("forget_rows_max", self.forget_rows_max.into()),
        ] {
            if value == 0 {
                return Err(format!("{key} must be at least 1"));
            }
        }
        // A late event of a player is taken for a day, and its fact may wait.
        match self.events_keep_days < 3 || self.sums_keep_days < self.events_keep_days {
            true => Err("events_keep_days must be at least 3, sums_keep_days no less".to_owned()),
            false => Ok(()),
        }
    }
}
