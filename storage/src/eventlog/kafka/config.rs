//! How Kafka brokers are used. Nested into `cluster.toml` as `[storage.kafka]`.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The limits of the brokers' use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Partitions of a topic that this program makes: as many consumers of a group can read it side
    /// by side. A topic that is there already keeps its own.
    pub partitions: u32,
    /// Brokers that keep a copy of such a topic. Three where there are three: then one may go.
    pub replicas: u32,
    /// Requests under way to one broker; at most 5, up to which brokers hold records in their order
    /// through repeats.
    pub in_flight_max: u32,
    /// Records that wait to be sent; above `actors.events.bridge_batch_max`, whose records wait
    /// together.
    pub records_waiting_max: u32,
    /// Records that travel in one batch, for one partition: one acknowledgement for all of them.
    pub batch_records_max: u32,
    /// Members of a group begin so much before what the group has committed as one batch can hold.
    /// For servers that answer a request from the middle of a batch with the batch behind it (tansu
    /// 0.6 does), where else records would be passed by; and a member that was given nothing to
    /// read for two sessions joins anew, since they may forget it. Kafka's own needs neither.
    pub reread: bool,
    /// A record waits so long for others to travel with, milliseconds: nobody waits for events.
    pub linger_ms: u64,
    /// Every record of an append is confirmed within so long, milliseconds, or the append has
    /// failed: some elections of a leader take as long.
    pub append_deadline_ms: u64,
    /// A broker answers a request within so long, milliseconds, or it is asked again.
    pub request_timeout_ms: u64,
    /// After an append that failed the others fail at once for so long, milliseconds: brokers that
    /// are away must not keep the bridge waiting for each deadline.
    pub rest_ms: u64,
    /// A consumer that says nothing for so long, milliseconds, loses its share to the others.
    pub session_timeout_ms: u64,
    /// A consumer that fetches nothing for so long, milliseconds, does so too: above the time that
    /// the effect of one batch takes.
    pub poll_interval_max_ms: u64,
    /// Records that a consumer has fetched ahead, kilobytes.
    pub fetched_kbytes_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            partitions: 6,
            replicas: 1,
            in_flight_max: 5,
            records_waiting_max: 10_000,
            batch_records_max: 500,
            reread: false,
            linger_ms: 5,
            append_deadline_ms: 5_000,
            request_timeout_ms: 3_000,
            rest_ms: 1_000,
            session_timeout_ms: 10_000,
            poll_interval_max_ms: 60_000,
            fetched_kbytes_max: 8_192,
        }
    }
}

impl Config {
    /// Every value is one that can be served.
    ///
    /// # Errors
    /// Names the key and its bound.
    pub fn validate(&self) -> Result<(), String> {
        for (key, value) in [
            ("partitions", u64::from(self.partitions)),
            ("replicas", u64::from(self.replicas)),
            ("in_flight_max", u64::from(self.in_flight_max)),
            ("records_waiting_max", u64::from(self.records_waiting_max)),
            ("batch_records_max", u64::from(self.batch_records_max)),
            ("append_deadline_ms", self.append_deadline_ms),
            ("request_timeout_ms", self.request_timeout_ms),
            ("rest_ms", self.rest_ms),
            ("session_timeout_ms", self.session_timeout_ms),
            ("fetched_kbytes_max", u64::from(self.fetched_kbytes_max)),
        ] {
            if value == 0 {
                return Err(format!("storage.kafka.{key} must be at least 1"));
            }
        }
        if self.in_flight_max > 5 {
            return Err("storage.kafka.in_flight_max must be at most 5".to_owned());
        }
        if self.linger_ms >= self.append_deadline_ms {
            return Err("storage.kafka.linger_ms must be below append_deadline_ms".to_owned());
        }
        if self.poll_interval_max_ms < self.session_timeout_ms {
            return Err(
                "storage.kafka.poll_interval_max_ms must be at least session_timeout_ms".to_owned()
            );
        }
        Ok(())
    }

    pub(super) fn append_deadline(&self) -> Duration {
        Duration::from_millis(self.append_deadline_ms)
    }

    pub(super) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub(super) fn rest(&self) -> Duration {
        Duration::from_millis(self.rest_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_requests_than_brokers_hold_in_order_are_refused() {
        let config = Config { in_flight_max: 6, ..Config::default() };
        let told = config.validate().unwrap_err();
        assert_eq!(told, "storage.kafka.in_flight_max must be at most 5");
    }
}
