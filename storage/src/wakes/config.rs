//! The configuration of wake-ups, `[storage.amqp]`: every bound with its reason.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How wake-ups use a broker; it counts when `storage.jobs` begins with `amqp:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the names of queues and of the exchange for dead letters begin with, so that several
    /// installations share a virtual host.
    pub prefix: String,
    /// Wake-ups that wait to be told to the broker; one more is dropped, and its job is found in
    /// the table. About 60 bytes each.
    pub calls_max: usize,
    /// Whatever is asked of the broker takes at most so long, milliseconds.
    pub deadline_ms: u64,
    /// Time between signs of life of both sides, seconds; without two the connection is given up.
    pub heartbeat_s: u16,
    /// A wake-up that was told so often and not settled goes to the dead letters: its job waits for
    /// something else than being told, and is found in the table.
    pub delivery_limit: u32,
    /// Wake-ups in one queue of the broker; one more is refused by it. Jobs beyond are found in
    /// the table.
    pub queue_messages_max: u32,
    /// Dead letters that are kept, the oldest going first: enough to see what they are.
    pub dead_messages_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            prefix: "playhouse".to_owned(),
            calls_max: 10_000,
            deadline_ms: 5_000,
            heartbeat_s: 10,
            delivery_limit: 20,
            queue_messages_max: 100_000,
            dead_messages_max: 10_000,
        }
    }
}

impl Config {
    /// Holds every value against what the engine can do.
    ///
    /// # Errors
    /// One sentence that names the key and what would do.
    pub fn validate(&self) -> Result<(), String> {
        let numbers = [
            ("calls_max", self.calls_max as u64),
            ("deadline_ms", self.deadline_ms),
            ("heartbeat_s", self.heartbeat_s.into()),
            ("delivery_limit", self.delivery_limit.into()),
            ("queue_messages_max", self.queue_messages_max.into()),
            ("dead_messages_max", self.dead_messages_max.into()),
        ];
        if let Some((key, _)) = numbers.iter().find(|(_, value)| *value == 0) {
            return Err(format!("storage.amqp.{key} must be at least 1"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !(1..=64).contains(&self.prefix.len()) || !self.prefix.chars().all(plain) {
            return Err("storage.amqp.prefix must be 1 to 64 of [A-Za-z0-9._-]".to_owned());
        }
        Ok(())
    }

    pub(super) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_served_are_named() {
        let check = |change: fn(&mut Config), named: &str| {
            let mut config = Config::default();
            assert_eq!(config.validate(), Ok(()));
            change(&mut config);
            let told = config.validate().unwrap_err();
            assert!(told.contains(named), "{told}");
        };
        check(|it| it.calls_max = 0, "storage.amqp.calls_max must be at least 1");
        check(|it| it.prefix = "a b".into(), "storage.amqp.prefix");
    }
}
