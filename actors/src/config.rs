//! The limits of the flow, each with its reason. Nested into `cluster.toml` as `[actors]`.
//!
//! Every queue, list, retry and waiting time of the actors has its bound here; what a source may
//! be is [`Limits`] of `codecs`.

use crate::encode::{Encode, Scaling};
use crate::runtime::Backoff;
use playhouse_codecs::limits::Limits;
use playhouse_storage::staging::parts::{PART_BYTES_MAX, PART_BYTES_MIN};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Configuration of the actors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest upload, bytes: the limit of the largest kind of source; the rest is for validation.
    pub upload_bytes_max: u64,
    /// An upload that gets no byte for so long is removed. A day lets a creator come back.
    pub upload_ttl_s: u64,
    /// The timer of that is moved when it is off by more than this; else it rings early and is set
    /// anew then. So an upload whose offset is committed every few seconds writes it rarely.
    pub upload_expiry_slack_s: u64,
    /// Least bytes of a part of an upload in parts, the last one apart. Larger files have larger
    /// parts, so that there are about a thousand. A part is what a broken connection can cost.
    pub upload_part_bytes: u64,
    /// An upload in parts is removed after so long, however busy it is: bytes that go to a bucket
    /// are not seen here. Below `storage.s3.orphans_after_h` by an hour at least.
    pub upload_parts_life_s: u64,
    /// An entity must answer another one within so long: some commits on a loaded disk.
    pub ask_deadline_ms: u64,
    /// Tries of an ask that found the other side busy, before the attempt is given up.
    pub ask_tries_max: u32,
    /// Hints kept for slow listeners; one that falls behind reads the catalog.
    pub hints_max: usize,
    /// Names of segments kept for look-up. About 200 bytes each: some 50 films in 13 MB.
    pub manifest_names_max: usize,
    /// Contents of which what playing and counting needs is kept, the least recently used going
    /// first. About 500 bytes each, so 30 MB; more than are watched within a few seconds.
    pub cards_max: usize,
    /// So long is it kept at most, and so are manifests that have ended. This node drops it with
    /// each change; another node may change it too, and what was blocked there still plays here
    /// for so long.
    pub card_ttl_s: u64,
    /// While the catalog is away, what was known of a content serves for so long after that, and so
    /// do its manifests: what plays goes on.
    pub card_stale_s: u64,
    /// A viewer waits for so many milliseconds for a catalog that is away or slow before what was
    /// known serves; an honest read takes a few.
    pub catalog_patience_ms: u64,
    /// Manifests kept, the least recently used going first. About 10 kB each, so 10 MB.
    pub manifests_max: usize,
    /// Mailboxes, deadlines of starts and stops.
    pub runtime: crate::runtime::Config,
    /// Which sources are taken.
    pub limits: Limits,
    /// Encode work and its processes.
    pub encode: Encode,
    /// How many workers this node starts beside itself.
    pub scaling: Scaling,
    /// Outbox and housekeeping.
    pub events: Events,
    /// Durable timers.
    pub timers: Timers,
    /// When contents go to the cold shelf.
    pub tiers: crate::content::Tiers,
    /// Sessions of viewers.
    pub playback: crate::playback::Config,
    /// Counting.
    pub engagement: crate::engagement::Config,
    /// Adding up what viewers did.
    pub analytics: crate::analytics::Config,
    /// Ownership in a cluster.
    pub cluster: crate::cluster::Config,
    /// The link between the nodes of a cluster.
    pub link: crate::cluster::link::Config,
}

/// Outbox and housekeeping. `[actors.events]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Outbox rows carried at once: below a megabyte.
    pub bridge_batch_max: u32,
    /// The outbox is looked at so often even if nobody woke the bridge.
    pub bridge_poll_ms: u64,
    /// Time between two rounds of housekeeping.
    pub janitor_every_s: u64,
    /// Records that the janitor reads at once.
    pub janitor_page_max: u32,
    /// Entities that the janitor asks side by side, in one step: they share one commit, and others
    /// notice nothing of it.
    pub janitor_group_max: usize,
    /// The orders of operators are kept for so many days: a year lets an incident be traced back.
    pub audit_keep_days: u32,
}

/// Durable timers. `[actors.timers]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timers {
    /// Timers that ring at once. Each may load an entity and commit; 64 commits share an fsync or
    /// two, and a few entities that hang leave room for the others.
    pub at_once_max: u32,
    /// Due timers are looked for so often even if nobody woke the timekeeper.
    pub poll_s: u64,
    /// Waiting time before a timer that was not answered rings again; doubles with each time.
    pub retry_first_ms: u64,
    /// Longest waiting time before it rings again: what is mended shows within ten minutes.
    pub retry_most_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            upload_bytes_max: 20_000_000_000,
            upload_ttl_s: 86_400,
            upload_expiry_slack_s: 300,
            upload_part_bytes: 16 << 20,
            upload_parts_life_s: 604_800,
            ask_deadline_ms: 10_000,
            ask_tries_max: 5,
            hints_max: 1_024,
            manifest_names_max: 65_536,
            cards_max: 65_536,
            card_ttl_s: 10,
            card_stale_s: 3_600,
            catalog_patience_ms: 1_000,
            manifests_max: 1_024,
            runtime: crate::runtime::Config::default(),
            limits: Limits::default(),
            encode: Encode::default(),
            scaling: Scaling::default(),
            events: Events::default(),
            timers: Timers::default(),
            tiers: crate::content::Tiers::default(),
            playback: crate::playback::Config::default(),
            engagement: crate::engagement::Config::default(),
            analytics: crate::analytics::Config::default(),
            cluster: crate::cluster::Config::default(),
            link: crate::cluster::link::Config::default(),
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            bridge_batch_max: 256,
            bridge_poll_ms: 1_000,
            janitor_every_s: 60,
            janitor_page_max: 100,
            janitor_group_max: 10,
            audit_keep_days: 365,
        }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self { at_once_max: 64, poll_s: 30, retry_first_ms: 1_000, retry_most_ms: 600_000 }
    }
}

impl Config {
    /// Checks the numbers against each other.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        above_zero("upload_bytes_max", self.upload_bytes_max)?;
        above_zero("upload_ttl_s", self.upload_ttl_s)?;
        let least = PART_BYTES_MIN..=PART_BYTES_MAX;
        if !least.contains(&self.upload_part_bytes) {
            let (from, to) = least.into_inner();
            return Err(format!("upload_part_bytes must be from {from} to {to}, as S3 has it"));
        }
        if self.upload_parts_life_s < self.upload_ttl_s {
            return Err("upload_parts_life_s must not be below upload_ttl_s".to_owned());
        }
        above_zero("ask_deadline_ms", self.ask_deadline_ms)?;
        above_zero("ask_tries_max", u64::from(self.ask_tries_max))?;
        above_zero("hints_max", self.hints_max as u64)?;
        above_zero("manifest_names_max", self.manifest_names_max as u64)?;
        above_zero("cards_max", self.cards_max as u64)?;
        above_zero("card_ttl_s", self.card_ttl_s)?;
        above_zero("manifests_max", self.manifests_max as u64)?;
        self.runtime.validate().map_err(|error| format!("runtime.{error}"))?;
        self.limits.validate().map_err(|error| format!("limits: {error}"))?;
        self.encode.validate().map_err(|error| format!("encode.{error}"))?;
        self.scaling.validate().map_err(|error| format!("scaling.{error}"))?;
        self.events.validate().map_err(|error| format!("events.{error}"))?;
        self.timers.validate().map_err(|error| format!("timers.{error}"))?;
        self.tiers.validate().map_err(|error| format!("tiers.{error}"))?;
        self.playback.validate().map_err(|error| format!("playback.{error}"))?;
        self.engagement.validate().map_err(|error| format!("engagement.{error}"))?;
        self.analytics.validate().map_err(|error| format!("analytics.{error}"))?;
        self.cluster.validate().map_err(|error| format!("cluster.{error}"))?;
        self.link.validate().map_err(|error| format!("link.{error}"))
    }

    /// [`Config::card_stale_s`] as a duration.
    #[must_use]
    pub fn card_stale(&self) -> Duration {
        Duration::from_secs(self.card_stale_s)
    }

    pub(crate) fn catalog_patience(&self) -> Duration {
        Duration::from_millis(self.catalog_patience_ms)
    }

    /// [`Config::card_ttl_s`] as a duration.
    #[must_use]
    pub fn card_ttl(&self) -> Duration {
        Duration::from_secs(self.card_ttl_s)
    }

    /// [`Config::ask_deadline_ms`] as a duration.
    #[must_use]
    pub fn ask_deadline(&self) -> Duration {
        Duration::from_millis(self.ask_deadline_ms)
    }
}

impl Events {
    fn validate(&self) -> Result<(), String> {
        above_zero("bridge_batch_max", u64::from(self.bridge_batch_max))?;
        above_zero("bridge_poll_ms", self.bridge_poll_ms)?;
        above_zero("janitor_every_s", self.janitor_every_s)?;
        above_zero("janitor_page_max", u64::from(self.janitor_page_max))?;
        above_zero("janitor_group_max", self.janitor_group_max as u64)?;
        above_zero("audit_keep_days", u64::from(self.audit_keep_days))
    }
}

impl Timers {
    fn validate(&self) -> Result<(), String> {
        above_zero("at_once_max", u64::from(self.at_once_max))?;
        above_zero("poll_s", self.poll_s)?;
        above_zero("retry_first_ms", self.retry_first_ms)?;
        if self.retry_most_ms < self.retry_first_ms {
            return Err("retry_most_ms must not be below retry_first_ms".into());
        }
        Ok(())
    }

    /// `poll_s`.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_s)
    }

    /// `retry_first_ms` and `retry_most_ms`.
    #[must_use]
    pub fn retry(&self) -> Backoff {
        Backoff {
            first: Duration::from_millis(self.retry_first_ms),
            most: Duration::from_millis(self.retry_most_ms),
        }
    }
}

pub(crate) fn above_zero(key: &str, value: u64) -> Result<(), String> {
    if value == 0 { Err(format!("{key} must be above 0")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_together() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_silent_worker_is_given_up_before_its_runner_is_killed() {
        let mut config = Config::default();
        config.encode.worker_silence_s = 55;
        let error = config.validate().expect_err("60 s are not above 55 s and 5 s");
        let what = "encode.attempt_kill_ms must be above worker_silence_s plus worker_exit_s";
        assert_eq!(error, what);
    }

    #[test]
    fn a_lease_that_cannot_be_renewed_in_time_is_named() {
        let mut config = Config::default();
        config.encode.lease_renew_s = 40;
        let error = config.validate().expect_err("40 s does not fit twice into 60 s");
        assert_eq!(error, "encode.lease_s must be above twice lease_renew_s");
    }
}
