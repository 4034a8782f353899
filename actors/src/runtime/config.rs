//! Limits of the runtime, each with its unit in its name and its reason beside it.

use super::{Backoff, EntityRules, Restart, RestartPolicy, Watch};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of the runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Messages that wait for one entity or are handled by it; one more is answered `Busy`. An
    /// entity commits in about 2 ms, so 64 are worked off well within one ask's deadline.
    pub mailbox_messages_max: usize,
    /// Messages that wait for one service or are handled by it; one more is refused. Services are
    /// told of every job and every change of the node, in bursts, and their messages are small.
    pub service_mailbox_messages_max: usize,
    /// Milliseconds that an ask waits unless its caller knows better: a group commit on a slow disk
    /// takes about one second, and a person still waits after five.
    pub ask_deadline_ms: u64,
    /// Milliseconds after which a refused caller should try again: a full mailbox is worked off in
    /// a fraction of a second, and `Retry-After` counts in whole seconds.
    pub retry_after_ms: u64,
    /// Seconds without a message after which an entity is stopped. Loading it anew costs a few
    /// queries, keeping it about 16 kB; an upload or encode sends something every few seconds.
    pub idle_s: u64,
    /// Entities that are resident on a node at once; one more sends the least recently used to
    /// sleep. At about 16 kB each, a viewer with a session, these are 1.6 GB.
    pub entities_resident_max: usize,
    /// Entities of which the last events are remembered after they ended, for an operator who
    /// asks why. About 1 kB each.
    pub ended_remembered_max: usize,
    /// Crashes of one entity within `crash_window_s` after which it rests before it is loaded
    /// again: what crashes at once again must not keep the store busy.
    pub crashes_max: u32,
    /// Seconds in which `crashes_max` counts.
    pub crash_window_s: u64,
    /// Milliseconds of the first rest; each further crash doubles it.
    pub crash_rest_first_ms: u64,
    /// Milliseconds of a rest at most: a mended cause is found out within this time.
    pub crash_rest_max_ms: u64,
    /// Milliseconds that a handler may take before it is reported as slow, or as stuck when it
    /// blocks its thread. A handler commits in about 2 ms and on a slow disk in one second.
    pub handler_report_ms: u64,
    /// Milliseconds after which a handler that waits is killed, so that its actor starts anew: far
    /// beyond any ask's deadline, so nobody waits for its answer any more.
    pub handler_kill_ms: u64,
    /// Restarts of one service within `service_window_s`; one more means that restarting does not
    /// help, and its branch gives up. Ten bridge a disk that is full or a port that is taken.
    pub service_restarts_max: u32,
    /// Seconds in which `service_restarts_max` counts: ten waits of growing length take half of it.
    pub service_window_s: u64,
    /// Milliseconds before the first restart of a service or a branch; each further one within the
    /// window doubles it. Nobody notices a tenth of a second.
    pub service_backoff_first_ms: u64,
    /// Milliseconds before a restart at most: a mended cause is found out within this time.
    pub service_backoff_max_ms: u64,
    /// Restarts of a branch that gave up, within as many windows of its services and one more;
    /// then the node ends and says why. A branch starts its services from nothing, which mends what
    /// one of them alone cannot; twice without success is no accident.
    pub branch_restarts_max: u32,
    /// Milliseconds that an actor which was killed may take to end; one that blocks its thread does
    /// not end, and is given up as stuck. Others end within microseconds, so this is for a machine
    /// that is busy.
    pub kill_grace_ms: u64,
    /// Seconds that a service's start may take: it opens sockets and reads its rows, a slow disk
    /// and a recovery included.
    pub start_deadline_s: u64,
    /// Seconds that a service may take to stop before it is killed; the HTTP listener finishes
    /// its requests in this time.
    pub stop_deadline_s: u64,
    /// Seconds that entities may take to finish what they have been asked before they are killed
    /// at shutdown. Longer than one ask's deadline: what lasts longer has no listener any more.
    pub close_deadline_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mailbox_messages_max: 64,
            service_mailbox_messages_max: 1024,
            ask_deadline_ms: 5_000,
            retry_after_ms: 1_000,
            idle_s: 300,
            entities_resident_max: 100_000,
            ended_remembered_max: 10_000,
            crashes_max: 5,
            crash_window_s: 10,
            crash_rest_first_ms: 200,
            crash_rest_max_ms: 10_000,
            handler_report_ms: 2_000,
            handler_kill_ms: 60_000,
            service_restarts_max: 10,
            service_window_s: 60,
            service_backoff_first_ms: 100,
            service_backoff_max_ms: 5_000,
            branch_restarts_max: 2,
            kill_grace_ms: 1_000,
            start_deadline_s: 30,
            stop_deadline_s: 10,
            close_deadline_s: 10,
        }
    }
}

impl Config {
    /// Checks that every number can be lived with.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        let positive = [
            ("mailbox_messages_max", self.mailbox_messages_max as u64),
            ("service_mailbox_messages_max", self.service_mailbox_messages_max as u64),
            ("ask_deadline_ms", self.ask_deadline_ms),
            ("retry_after_ms", self.retry_after_ms),
            ("idle_s", self.idle_s),
            ("entities_resident_max", self.entities_resident_max as u64),
            ("ended_remembered_max", self.ended_remembered_max as u64),
            ("crashes_max", u64::from(self.crashes_max)),
            ("crash_window_s", self.crash_window_s),
            ("crash_rest_first_ms", self.crash_rest_first_ms),
            ("crash_rest_max_ms", self.crash_rest_max_ms),
            ("handler_report_ms", self.handler_report_ms),
            ("handler_kill_ms", self.handler_kill_ms),
            ("service_restarts_max", u64::from(self.service_restarts_max)),
            ("service_window_s", self.service_window_s),
            ("service_backoff_first_ms", self.service_backoff_first_ms),
            ("service_backoff_max_ms", self.service_backoff_max_ms),
            ("branch_restarts_max", u64::from(self.branch_restarts_max)),
            ("kill_grace_ms", self.kill_grace_ms),
            ("start_deadline_s", self.start_deadline_s),
            ("stop_deadline_s", self.stop_deadline_s),
            ("close_deadline_s", self.close_deadline_s),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(format!("{key} must be at least 1")),
            None => Ok(()),
        }
    }

    /// `ask_deadline_ms`.
    #[must_use]
    pub fn ask_deadline(&self) -> Duration {
        Duration::from_millis(self.ask_deadline_ms)
    }

    /// `retry_after_ms`.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        Duration::from_millis(self.retry_after_ms)
    }

    /// `handler_report_ms` and `handler_kill_ms`.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch {
            report_after: Duration::from_millis(self.handler_report_ms),
            kill_after: Some(Duration::from_millis(self.handler_kill_ms)),
        }
    }

    /// What holds for a kind of entity unless its row says otherwise.
    #[must_use]
    pub fn entity_rules(&self) -> EntityRules {
        let restart = RestartPolicy {
            restart: Restart::Transient,
            intensity: self.crashes_max,
            window: Duration::from_secs(self.crash_window_s),
            backoff: Backoff {
                first: Duration::from_millis(self.crash_rest_first_ms),
                most: Duration::from_millis(self.crash_rest_max_ms),
            },
        };
        EntityRules { restart, watch: self.watch() }
    }

    /// When and how often a service is restarted.
    #[must_use]
    pub fn service_policy(&self) -> RestartPolicy {
        RestartPolicy {
            restart: Restart::Permanent,
            intensity: self.service_restarts_max,
            window: Duration::from_secs(self.service_window_s),
            backoff: Backoff {
                first: Duration::from_millis(self.service_backoff_first_ms),
                most: Duration::from_millis(self.service_backoff_max_ms),
            },
        }
    }

    /// When and how often a branch is restarted. One that gives up as rarely as its services allow
    /// does so once in each of their windows, so its own window must be longer than all of them.
    #[must_use]
    pub fn branch_policy(&self) -> RestartPolicy {
        let services = self.service_policy();
        let windows = self.branch_restarts_max.saturating_add(1);
        let window = services.window.saturating_mul(windows);
        RestartPolicy { intensity: self.branch_restarts_max, window, ..services }
    }

    /// `idle_s`.
    #[must_use]
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_s)
    }

    /// `kill_grace_ms`.
    #[must_use]
    pub fn kill_grace(&self) -> Duration {
        Duration::from_millis(self.kill_grace_ms)
    }

    /// `start_deadline_s`.
    #[must_use]
    pub fn start_deadline(&self) -> Duration {
        Duration::from_secs(self.start_deadline_s)
    }

    /// `stop_deadline_s`.
    #[must_use]
    pub fn stop_deadline(&self) -> Duration {
        Duration::from_secs(self.stop_deadline_s)
    }

    /// `close_deadline_s`.
    #[must_use]
    pub fn close_deadline(&self) -> Duration {
        Duration::from_secs(self.close_deadline_s)
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn a_zero_is_refused_by_name() {
        assert_eq!(Config::default().validate(), Ok(()));
        let config = Config { idle_s: 0, ..Config::default() };
        assert_eq!(config.validate(), Err("idle_s must be at least 1".to_owned()));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let refused = serde_json::from_str::<Config>(r#"{"mailbox": 3}"#).expect_err("no such key");
        assert!(refused.to_string().starts_with("unknown field `mailbox`"), "{refused}");
    }
}
