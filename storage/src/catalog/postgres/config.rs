//! The bounds of the catalog on PostgreSQL, each with its reason.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How this node uses a PostgreSQL server; of no effect while the catalog is a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The certificates, in PEM, that may sign the server's; needed with `sslmode=verify-full`.
    pub ca_file: String,
    /// Connections that this node opens at most. Each is a process of the server; behind a
    /// pgbouncer each is a client, of which it takes thousands.
    pub connections_max: u32,
    /// Connections that are kept open when nothing happens, so that the next burst need not wait
    /// for a handshake.
    pub connections_idle_min: u32,
    /// Connections beside those, for nothing but membership, so that a lease is renewed in time
    /// however busy the others are. One renews while two wait for the last commit of a dead owner.
    pub membership_connections_max: u32,
    /// A connection is closed after so many seconds, so that a node finds a server that has moved.
    pub connection_lifetime_s: u64,
    /// Calls under way and waiting for a connection; one more is answered `Busy`. A thousand drain
    /// in about 0.2 s.
    pub calls_max: usize,
    /// A connection must be there within so many milliseconds, made anew or given back; then the
    /// try has failed.
    pub connect_timeout_ms: u64,
    /// The server ends a statement of a transaction after so many milliseconds. The slowest
    /// honest one forgets some thousand rows.
    pub statement_timeout_ms: u64,
    /// The server ends a transaction whose node says nothing for so many milliseconds, so that a
    /// node that stands still holds no shard against its next owner. A node is between two
    /// statements for well under a millisecond.
    pub transaction_idle_ms: u64,
    /// Every call is answered within so many milliseconds, all its tries included: below
    /// `actors.ask_deadline_ms`, so that whoever asked still hears it.
    pub deadline_ms: u64,
    /// Tries of a call that certainly changed nothing and met a lost connection, a server that is
    /// just starting, stopping or read-only, or a transaction in its way. With the pauses these
    /// reach over the seconds that a fail-over takes.
    pub tries_max: u32,
    /// Pause before the second try, milliseconds; doubled each time, with jitter.
    pub retry_first_ms: u64,
    /// Longest pause between two tries, milliseconds.
    pub retry_longest_ms: u64,
    /// After a call that nobody answered in all its tries the others fail at once, but for one in
    /// so many milliseconds: a server that is away must not make every request wait for the
    /// deadline.
    pub rest_ms: u64,
    /// URL of a standby that answers reads which may lag (lists for everybody, ranks, charts), so
    /// that the primary is left to writes; empty: there is none. While it is away the primary
    /// answers.
    pub replica: String,
    /// The standby answers while it is behind by at most so many milliseconds: a content that was
    /// just published is missing from lists for no longer.
    pub replica_lag_max_ms: u64,
    /// How far behind it is is asked once in so many milliseconds.
    pub replica_check_ms: u64,
    /// The standby answers a read within so many milliseconds, or the primary is asked.
    pub replica_deadline_ms: u64,
    /// Every fenced transaction tells the server its fence (`playhouse.fence`, `SHARD.EPOCH`), for
    /// triggers that keep a history of who wrote what. A few microseconds each.
    pub tell_fences: bool,
    /// A connection is lost when the network acknowledges nothing for so many milliseconds.
    pub silence_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ca_file: String::new(),
            connections_max: 16,
            connections_idle_min: 2,
            membership_connections_max: 3,
            connection_lifetime_s: 1_800,
            calls_max: 1024,
            connect_timeout_ms: 3_000,
            statement_timeout_ms: 5_000,
            transaction_idle_ms: 5_000,
            deadline_ms: 8_000,
            tries_max: 10,
            retry_first_ms: 50,
            retry_longest_ms: 2_000,
            rest_ms: 1_000,
            replica: String::new(),
            replica_lag_max_ms: 10_000,
            replica_check_ms: 1_000,
            replica_deadline_ms: 1_000,
            tell_fences: false,
            silence_ms: 5_000,
        }
    }
}

impl Config {
    /// Holds every value against what can be served.
    ///
    /// # Errors
    /// One sentence that names the key and what would do.
    pub fn validate(&self) -> Result<(), String> {
        let at_least_one = [
            ("connections_max", u64::from(self.connections_max)),
            ("connection_lifetime_s", self.connection_lifetime_s),
            ("calls_max", self.calls_max as u64),
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("statement_timeout_ms", self.statement_timeout_ms),
            ("transaction_idle_ms", self.transaction_idle_ms),
            ("deadline_ms", self.deadline_ms),
            ("tries_max", u64::from(self.tries_max)),
            ("retry_first_ms", self.retry_first_ms),
            ("rest_ms", self.rest_ms),
            ("replica_check_ms", self.replica_check_ms),
            ("replica_deadline_ms", self.replica_deadline_ms),
            ("silence_ms", self.silence_ms),
        ];
        for (key, value) in at_least_one {
            if value == 0 {
                return Err(format!("storage.postgres.{key} must be at least 1"));
            }
        }
        if self.membership_connections_max < 2 {
            let key = "storage.postgres.membership_connections_max";
            return Err(format!("{key} must be at least 2: one renews while another waits"));
        }
        for (low, below, high, above) in [
            (
                "connections_idle_min",
                u64::from(self.connections_idle_min),
                "connections_max",
                u64::from(self.connections_max),
            ),
            ("statement_timeout_ms", self.statement_timeout_ms, "deadline_ms", self.deadline_ms),
            ("retry_first_ms", self.retry_first_ms, "retry_longest_ms", self.retry_longest_ms),
        ] {
            if below > above {
                return Err(format!("storage.postgres.{low} must not exceed {high}"));
            }
        }
        Ok(())
    }

    /// Those of the standby: one try, since the primary is asked instead.
    pub(super) fn of_replica(&self) -> Self {
        let deadline_ms = self.replica_deadline_ms;
        Self {
            tries_max: 1,
            deadline_ms,
            connect_timeout_ms: self.connect_timeout_ms.min(deadline_ms),
            connections_idle_min: 0,
            ..self.clone()
        }
    }

    /// Those of membership: a node that is in no cluster opens none.
    pub(crate) fn of_membership(&self) -> Self {
        let connections_max = self.membership_connections_max;
        Self { connections_max, connections_idle_min: 0, ..self.clone() }
    }

    pub(super) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(super) fn rest(&self) -> Duration {
        Duration::from_millis(self.rest_ms)
    }

    pub(super) fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }

    /// The pause after this many failed tries, without jitter.
    pub(super) fn pause(&self, failed: u32) -> Duration {
        let doubled = self.retry_first_ms.saturating_mul(1 << failed.saturating_sub(1).min(20));
        Duration::from_millis(doubled.min(self.retry_longest_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_a_wrong_one_is_named() {
        assert_eq!(Config::default().validate(), Ok(()));
        for (config, key) in [
            (Config { tries_max: 0, ..Config::default() }, "tries_max"),
            (
                Config { membership_connections_max: 1, ..Config::default() },
                "membership_connections_max",
            ),
            (Config { connections_idle_min: 17, ..Config::default() }, "connections_idle_min"),
            (Config { statement_timeout_ms: 8_001, ..Config::default() }, "statement_timeout_ms"),
        ] {
            assert!(config.validate().unwrap_err().contains(key), "{key}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let config = Config::default();
        let pauses: Vec<_> = (1..=8).map(|n| config.pause(n).as_millis()).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
        assert_eq!(config.pause(u32::MAX).as_millis(), 2_000);
    }
}
