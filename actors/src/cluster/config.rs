//! How nodes share the work: leases, suspicion, moves of shards. Durations with their reasons.

use super::lease::Terms;
use crate::config::above_zero;
use playhouse_storage::membership::Verdict;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Configuration of ownership in a cluster. All nodes should have the same; a node that differs
/// loses time, never data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The database believes in a node for so long after it was last heard. Longer, and what it
    /// owned waits longer after its death; shorter, and a failover of the database ends all lives.
    pub lease_ttl_ms: u64,
    /// The lease is renewed so often: two renewals may be lost.
    pub renew_every_ms: u64,
    /// A renewal that failed is tried again after so long.
    pub renew_retry_ms: u64,
    /// A node falls silent so long before its lease ends: what two clocks drift apart within one
    /// lease, and what an answer that is on its way needs.
    pub lease_margin_ms: u64,
    /// The view is read so often: one small row per member. A planned move waits for it.
    pub look_every_ms: u64,
    /// So often a node looks whom it reaches, which costs no byte; while it accuses somebody, the
    /// view is read as often.
    pub watch_every_ms: u64,
    /// A peer that is not reached for so long is accused: longer than a redial and a pause of the
    /// scheduler, short enough that another node serves within 4 s.
    pub suspect_after_ms: u64,
    /// A suspicion counts for so long; while it holds it is said again after half of that. Peers
    /// notice an absence at different times, by `watch_every_ms` and the link's heartbeat.
    pub suspicion_fresh_ms: u64,
    /// So many peers end a lease by their suspicions. At least 2: one may be the one cut off.
    pub suspects_needed: u16,
    /// Shards claimed in one transaction. It waits for commits under way of the owner before; a
    /// slow one holds up no more than these.
    pub claims_at_once_max: usize,
    /// Asks of this node that wait while a shard moves; further ones are answered 503. About 4 kB
    /// each, so 4 MB.
    pub buffered_asks_max: usize,
    /// An ask waits so long at most for a shard to arrive, then it is answered 503. Above
    /// `drain_deadline_ms` plus twice `look_every_ms`, so that a planned move is not noticed.
    pub move_wait_ms: u64,
    /// The owner of a shard that is not reached for so long is asked through another node. Above
    /// `suspect_after_ms`: until then it may as well be dead, and nobody would reach it.
    pub relay_after_ms: u64,
    /// The entities of a shard that moves must end within so long, what they do included; then it
    /// is given up all the same, and the fence refuses what comes too late.
    pub drain_deadline_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease_ttl_ms: 10_000,
            renew_every_ms: 3_000,
            renew_retry_ms: 500,
            lease_margin_ms: 1_000,
            look_every_ms: 1_000,
            watch_every_ms: 250,
            suspect_after_ms: 2_500,
            suspicion_fresh_ms: 5_000,
            suspects_needed: 2,
            claims_at_once_max: 128,
            buffered_asks_max: 1_024,
            move_wait_ms: 6_000,
            relay_after_ms: 3_500,
            drain_deadline_ms: 3_000,
        }
    }
}

impl Config {
    /// Checks the numbers against each other.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        for (key, value) in [
            ("renew_every_ms", self.renew_every_ms),
            ("renew_retry_ms", self.renew_retry_ms),
            ("lease_margin_ms", self.lease_margin_ms),
            ("look_every_ms", self.look_every_ms),
            ("watch_every_ms", self.watch_every_ms),
            ("claims_at_once_max", self.claims_at_once_max as u64),
            ("buffered_asks_max", self.buffered_asks_max as u64),
            ("drain_deadline_ms", self.drain_deadline_ms),
        ] {
            above_zero(key, value)?;
        }
        for (holds, what) in self.relations() {
            if !holds {
                return Err(what.to_owned());
            }
        }
        Ok(())
    }

    /// What must hold between the numbers, and how to say that it does not.
    fn relations(&self) -> [(bool, &'static str); 8] {
        let lost = self.renew_every_ms.saturating_mul(2).saturating_add(self.lease_margin_ms);
        let looks = self.look_every_ms.saturating_mul(2);
        [
            (
                self.lease_ttl_ms > lost,
                "lease_ttl_ms must be above twice renew_every_ms plus lease_margin_ms: one lost \
                 renewal must not end a node",
            ),
            (
                self.renew_retry_ms <= self.renew_every_ms,
                "renew_retry_ms must not be above renew_every_ms",
            ),
            (
                self.watch_every_ms <= self.look_every_ms,
                "watch_every_ms must not be above look_every_ms",
            ),
            (
                self.suspect_after_ms > self.watch_every_ms.saturating_mul(2),
                "suspect_after_ms must be above twice watch_every_ms: one look proves no absence",
            ),
            (
                self.suspicion_fresh_ms > self.watch_every_ms.saturating_mul(4),
                "suspicion_fresh_ms must be above four times watch_every_ms: it is forgotten \
                 before a second peer notices",
            ),
            (
                self.suspects_needed >= 2,
                "suspects_needed must be 2 at least: one node alone may be the one cut off",
            ),
            (
                self.move_wait_ms > self.drain_deadline_ms.saturating_add(looks),
                "move_wait_ms must be above drain_deadline_ms plus twice look_every_ms: asks would \
                 give up before a shard has arrived",
            ),
            (
                self.relay_after_ms > self.suspect_after_ms,
                "relay_after_ms must be above suspect_after_ms: a node that died is asked for its \
                 shards by way of others that do not reach it either",
            ),
        ]
    }

    /// How leases run.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            ttl: Duration::from_millis(self.lease_ttl_ms),
            every: Duration::from_millis(self.renew_every_ms),
            margin: Duration::from_millis(self.lease_margin_ms),
        }
    }

    /// When suspicions end a lease.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict { by: self.suspects_needed, within: self.suspicion_fresh() }
    }

    /// [`Config::renew_retry_ms`] as a duration.
    #[must_use]
    pub fn renew_retry(&self) -> Duration {
        Duration::from_millis(self.renew_retry_ms)
    }

    /// [`Config::look_every_ms`] as a duration.
    #[must_use]
    pub fn look_every(&self) -> Duration {
        Duration::from_millis(self.look_every_ms)
    }

    /// [`Config::watch_every_ms`] as a duration.
    #[must_use]
    pub fn watch_every(&self) -> Duration {
        Duration::from_millis(self.watch_every_ms)
    }

    /// [`Config::suspect_after_ms`] as a duration.
    #[must_use]
    pub fn suspect_after(&self) -> Duration {
        Duration::from_millis(self.suspect_after_ms)
    }

    /// [`Config::suspicion_fresh_ms`] as a duration.
    #[must_use]
    pub fn suspicion_fresh(&self) -> Duration {
        Duration::from_millis(self.suspicion_fresh_ms)
    }

    /// [`Config::move_wait_ms`] as a duration.
    #[must_use]
    pub fn move_wait(&self) -> Duration {
        Duration::from_millis(self.move_wait_ms)
    }

    /// [`Config::relay_after_ms`] as a duration.
    #[must_use]
    pub fn relay_after(&self) -> Duration {
        Duration::from_millis(self.relay_after_ms)
    }

    /// [`Config::drain_deadline_ms`] as a duration.
    #[must_use]
    pub fn drain_deadline(&self) -> Duration {
        Duration::from_millis(self.drain_deadline_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_together() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn what_does_not_hold_together_is_named() {
        let check = |key: &str, change: &dyn Fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            let error = config.validate().expect_err(key);
            assert!(error.starts_with(key), "{key}: {error}");
        };
        check("lease_ttl_ms", &|it| it.renew_every_ms = 5_000);
        check("lease_margin_ms", &|it| it.lease_margin_ms = 0);
        check("renew_retry_ms", &|it| it.renew_retry_ms = 3_001);
        check("watch_every_ms", &|it| it.watch_every_ms = 1_001);
        check("suspect_after_ms", &|it| it.suspect_after_ms = 500);
        check("suspicion_fresh_ms", &|it| it.suspicion_fresh_ms = 1_000);
        check("suspects_needed", &|it| it.suspects_needed = 1);
        check("move_wait_ms", &|it| it.move_wait_ms = 5_000);
        check("relay_after_ms", &|it| it.relay_after_ms = 2_500);
        check("claims_at_once_max", &|it| it.claims_at_once_max = 0);
    }
}
