//! Limits of the link between nodes, each with its unit in its name and its reason beside it.

use crate::runtime::Backoff;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of the link. `[cluster.link]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Milliseconds until a dialled address must take the connection: far beyond any round trip,
    /// and short beside the lease that a dead peer still has.
    pub connect_ms: u64,
    /// Milliseconds from a connection until both sides know each other, at either side: some round
    /// trips and two signatures, on a machine that is busy.
    pub handshake_ms: u64,
    /// Milliseconds between heartbeats to a peer: a few dozen bytes each.
    pub heartbeat_ms: u64,
    /// Milliseconds without an answer after which a peer is not reached: four heartbeats, so that
    /// neither one lost packet nor a pause of half a second ends a connection, and early enough for
    /// peers to agree about a death within four seconds.
    pub heartbeat_deadline_ms: u64,
    /// Milliseconds before a peer is dialled again; each failure doubles it. A restarted process
    /// listens again within a second.
    pub redial_first_ms: u64,
    /// Milliseconds before a peer is dialled again at most: a mended network is found out within
    /// this time, and a hundred nodes that dial a dead one cost it fifty packets a second.
    pub redial_max_ms: u64,
    /// Asks of one peer that this node works on at one time, granted to it when it connects. An ask
    /// takes about 2 ms, so these are some 100,000 a second; each may hold one frame in memory.
    pub credits: u32,
    /// Milliseconds after which one who found no credit left should try again: a full link is
    /// worked off in a few.
    pub full_retry_ms: u64,
    /// Largest frame that this node takes, bytes. Asks and answers are some kilobytes; bulk data
    /// goes through the blob store.
    pub frame_bytes_max: u64,
    /// Connections that are not known yet, at one time; the next ones wait in the kernel. Ten
    /// times the nodes of a usual cluster, and 64 stalled clients cost under a megabyte.
    pub handshakes_max: u32,
    /// Notes that wait for one peer; one more is dropped. They are hints that the next ones
    /// replace.
    pub notes_waiting_max: usize,
    /// Milliseconds between looks at the certificate's files, so that a renewed one is used
    /// without a restart. Three `stat` calls.
    pub certificates_every_ms: u64,
    /// Milliseconds of silence after which the kernel probes a connection. Heartbeats are faster;
    /// this is for a connection that neither side holds any more but for the kernel.
    pub keepalive_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_ms: 2_000,
            handshake_ms: 3_000,
            heartbeat_ms: 500,
            heartbeat_deadline_ms: 2_000,
            redial_first_ms: 100,
            redial_max_ms: 2_000,
            credits: 256,
            full_retry_ms: 100,
            frame_bytes_max: 1024 * 1024,
            handshakes_max: 64,
            notes_waiting_max: 1024,
            certificates_every_ms: 10_000,
            keepalive_ms: 15_000,
        }
    }
}

impl Config {
    /// Says what cannot work.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        let within = |key: &str, value: u64, range: std::ops::RangeInclusive<u64>| {
            let (least, most) = (range.start(), range.end());
            match range.contains(&value) {
                true => Ok(()),
                false => Err(format!("link.{key} is {value}: {least} to {most} is possible")),
            }
        };
        within("connect_ms", self.connect_ms, 10..=60_000)?;
        within("handshake_ms", self.handshake_ms, 10..=60_000)?;
        within("heartbeat_ms", self.heartbeat_ms, 10..=60_000)?;
        let beats = self.heartbeat_ms.saturating_mul(2)..=600_000;
        within("heartbeat_deadline_ms", self.heartbeat_deadline_ms, beats)?;
        within("redial_first_ms", self.redial_first_ms, 1..=60_000)?;
        within("redial_max_ms", self.redial_max_ms, self.redial_first_ms..=600_000)?;
        within("credits", self.credits.into(), 1..=65_536)?;
        within("full_retry_ms", self.full_retry_ms, 1..=60_000)?;
        within("frame_bytes_max", self.frame_bytes_max, 16 * 1024..=64 * 1024 * 1024)?;
        within("handshakes_max", self.handshakes_max.into(), 1..=4096)?;
        within("notes_waiting_max", self.notes_waiting_max as u64, 1..=1_000_000)?;
        within("certificates_every_ms", self.certificates_every_ms, 10..=86_400_000)?;
        within("keepalive_ms", self.keepalive_ms, 1_000..=7_200_000)
    }

    pub(super) fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(super) fn handshake(&self) -> Duration {
        Duration::from_millis(self.handshake_ms)
    }

    pub(super) fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }

    pub(super) fn heartbeat_deadline(&self) -> Duration {
        Duration::from_millis(self.heartbeat_deadline_ms)
    }

    pub(super) fn redial(&self) -> Backoff {
        Backoff {
            first: Duration::from_millis(self.redial_first_ms),
            most: Duration::from_millis(self.redial_max_ms),
        }
    }

    pub(super) fn full_retry(&self) -> Duration {
        Duration::from_millis(self.full_retry_ms)
    }

    pub(super) fn certificates_every(&self) -> Duration {
        Duration::from_millis(self.certificates_every_ms)
    }

    pub(super) fn keepalive(&self) -> Duration {
        Duration::from_millis(self.keepalive_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        config.validate().expect_err("this cannot work")
    }

    #[test]
    fn the_defaults_are_possible_and_an_error_names_its_key() {
        Config::default().validate().expect("the defaults");
        assert_eq!(
            check(|config| config.heartbeat_deadline_ms = 900),
            "link.heartbeat_deadline_ms is 900: 1000 to 600000 is possible"
        );
        assert!(check(|config| config.credits = 0).contains("link.credits is 0"));
        assert!(check(|config| config.redial_max_ms = 99).contains("link.redial_max_ms"));
    }
}
