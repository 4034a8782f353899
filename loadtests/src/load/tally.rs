//! What came of the requests of one measurement.

use crate::report::LATE_SHARE_MAX;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Latencies are told up to a minute, with three digits.
const LONGEST_US: u64 = 60_000_000;
/// A request that is sent so much after its intended moment is late: the generator, not the
/// system, may then be what is measured.
const LATE: Duration = Duration::from_millis(50);

/// Counts and latencies.
pub(crate) struct Tally {
    /// Microseconds from the (intended) sending to the whole answer, of acknowledged requests.
    latency_us: Histogram<u64>,
    /// Answers by status; 0 stands for a connection that broke.
    answers: BTreeMap<u16, u64>,
    /// Acknowledged requests.
    pub(crate) requests: u64,
    /// Acknowledged events.
    pub(crate) events: u64,
    /// Requests that were sent long after their intended moment.
    late: u64,
    /// Requests that were due and never sent, or never answered.
    pub(super) unsent: u64,
    /// Length of the measurement.
    pub(super) seconds: f64,
    /// CPU seconds of the measured processes meanwhile.
    pub(super) server_cpu_s: f64,
    /// CPU seconds of this process meanwhile.
    pub(super) own_cpu_s: f64,
}

impl Tally {
    pub(super) fn new() -> Self {
        let latency_us = Histogram::new_with_bounds(1, LONGEST_US, 3);
        Self {
            latency_us: latency_us.expect("the bounds are in order"),
            answers: BTreeMap::new(),
            requests: 0,
            events: 0,
            late: 0,
            unsent: 0,
            seconds: 0.0,
            server_cpu_s: 0.0,
            own_cpu_s: 0.0,
        }
    }

    /// One request: how long since it was sent or should have been, by how much it was sent too
    /// late, what it was answered (none when the connection broke), how many events it held.
    pub(super) fn add(
        &mut self,
        took: Duration,
        delay: Duration,
        status: Option<u16>,
        events: u64,
    ) {
        *self.answers.entry(status.unwrap_or(0)).or_default() += 1;
        self.late += u64::from(delay > LATE);
        if status.is_some_and(|status| status / 100 == 2) {
            self.requests += 1;
            self.events += events;
            let us = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
            self.latency_us.saturating_record(us.max(1));
        }
    }

    /// Acknowledged requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Acknowledged events a second.
    pub(crate) fn event_rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }

    /// Milliseconds that a share of the acknowledged requests took at most.
    pub(crate) fn latency_ms(&self, share: f64) -> f64 {
        self.latency_us.value_at_quantile(share) as f64 / 1000.0
    }

    /// CPU seconds of the measured processes for a million events.
    pub(crate) fn server_cpu_per_million(&self) -> f64 {
        self.server_cpu_s / self.events.max(1) as f64 * 1e6
    }

    /// CPU seconds of the generator for a million events.
    pub(crate) fn own_cpu_per_million(&self) -> f64 {
        self.own_cpu_s / self.events.max(1) as f64 * 1e6
    }

    /// Requests that were not acknowledged.
    pub(crate) fn failed(&self) -> u64 {
        self.answers.values().sum::<u64>() - self.requests
    }

    /// Share of requests that were late or never sent.
    pub(crate) fn late_share(&self) -> f64 {
        let all = self.answers.values().sum::<u64>() + self.unsent;
        (self.late + self.unsent) as f64 / all.max(1) as f64
    }

    /// Everything was acknowledged, and sent when it should be.
    pub(crate) fn is_good(&self) -> bool {
        self.requests > 0 && self.failed() == 0 && self.late_share() <= LATE_SHARE_MAX
    }

    /// `202: 5, broken: 1`, without those that were acknowledged when they are all.
    pub(crate) fn refusals(&self) -> String {
        let told = self.answers.iter().filter(|(status, _)| **status / 100 != 2);
        let told = told.map(|(status, count)| match status {
            0 => format!("broken: {count}"),
            status => format!("{status}: {count}"),
        });
        let told: Vec<_> = told.collect();
        if told.is_empty() { "none".to_owned() } else { told.join(", ") }
    }

    /// All of it.
    pub(crate) fn json(&self) -> Value {
        let quantile = |share| self.latency_ms(share);
        json!({
            "seconds": self.seconds,
            "requests_per_s": self.rate(),
            "events_per_s": self.event_rate(),
            "latency_ms": {
                "p50": quantile(0.5), "p99": quantile(0.99), "p999": quantile(0.999),
                "max": quantile(1.0),
            },
            "answers": self.answers,
            "late": self.late,
            "unsent": self.unsent,
            "server_cpu_s_per_million_events": self.server_cpu_per_million(),
            "generator_cpu_s_per_million_events": self.own_cpu_per_million(),
        })
    }

    /// The head of a table of tallies.
    pub(crate) const HEAD: &str = "| what | requests/s | events/s | p50 ms | p99 ms | p99.9 ms \
        | failed | late % | server CPU s/M | generator CPU s/M |\n\
        |---|---|---|---|---|---|---|---|---|---|";

    /// A row of it.
    pub(crate) fn row(&self, what: &str) -> String {
        let [middle, late, last] = [0.5, 0.99, 0.999].map(|share| self.latency_ms(share));
        format!(
            "| {what} | {:.0} | {:.0} | {middle:.2} | {late:.2} | {last:.2} | {} | {:.3} | {:.1} \
             | {:.1} |",
            self.rate(),
            self.event_rate(),
            self.refusals(),
            100.0 * self.late_share(),
            self.server_cpu_per_million(),
            self.own_cpu_per_million(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_a_break_and_lateness_spoil_a_measurement() {
        let ms = Duration::from_millis;
        let mut tally = Tally::new();
        tally.add(ms(2), ms(0), Some(202), 10);
        tally.seconds = 2.0;
        assert!(tally.is_good());
        assert!((tally.event_rate() - 5.0).abs() < 1e-9);
        assert!((tally.latency_ms(0.99) - 2.0).abs() < 0.01);
        tally.add(ms(2), ms(51), Some(202), 10);
        assert!(!tally.is_good());
        let mut tally = Tally::new();
        tally.add(ms(1), ms(0), Some(202), 1);
        tally.add(ms(1), ms(0), Some(503), 1);
        tally.add(ms(1), ms(0), None, 1);
        assert_eq!((tally.failed(), tally.is_good()), (2, false));
        assert_eq!(tally.refusals(), "broken: 1, 503: 1");
    }
}
