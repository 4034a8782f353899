//! What is counted of the engines: how often each is asked, how long it takes, how it fails.
//!
//! Everything goes through one [`Meter`] per engine and operation, so a rate, an error and a
//! duration come from one histogram (<https://prometheus.io/docs/practices/naming>). The shapes
//! that the layers above count with are here too.

use crate::{Error, Result};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::Instant;

/// Names and values of `N` labels. Values come from small fixed sets, never from a content, a
/// viewer or a session: each set of values is a series of its own for as long as a node runs.
pub type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Counters by labels.
pub type Counters<const N: usize> = Family<Labels<N>, Counter>;

/// A series that begins at its first event hides that event from `rate()`: it must have been 0.
pub fn begin_at_zero(counters: &Counters<1>, label: &'static str, values: &[&'static str]) {
    values.iter().for_each(|value| drop(counters.get_or_create(&[(label, *value)])));
}

/// Gauges by labels.
pub type Gauges<const N: usize> = Family<Labels<N>, Level>;

/// Histograms by labels.
pub type Histograms<const N: usize> = Family<Labels<N>, Histogram>;

/// A value that rises and falls.
pub type Level = Gauge<f64, AtomicU64>;

/// Upper bounds of durations, seconds: from what a memory answers to what a person gives up at.
pub const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Histograms of durations in seconds.
#[must_use]
pub fn durations<const N: usize>() -> Histograms<N> {
    Family::new_with_constructor(|| Histogram::new(SECONDS))
}

/// Off while what it costs to time every call and request is measured.
static TIMING: AtomicBool = AtomicBool::new(true);

/// Whether every call of an engine and every request is timed, from now on.
pub fn time_calls(on: bool) {
    TIMING.store(on, Ordering::Relaxed);
}

/// Whether they are.
#[must_use]
pub fn times_calls() -> bool {
    TIMING.load(Ordering::Relaxed)
}

/// What is asked of an engine, and what came of it.
static CALLS: LazyLock<Histograms<3>> = LazyLock::new(durations);

/// Adds what is counted of the engines to what a node tells.
pub fn register(registry: &mut Registry) {
    registry.register_with_unit(
        "playhouse_engine_call_duration",
        "Calls of an engine until it has answered, its own retries included",
        Unit::Seconds,
        CALLS.clone(),
    );
}

/// Counts one operation of one engine.
pub(crate) struct Meter {
    engine: &'static str,
    operation: &'static str,
    /// Of the calls that went well: the lookup is spared them.
    ok: OnceLock<Histogram>,
}

impl Meter {
    /// A meter; for a `static` beside the code that it counts.
    pub(crate) const fn new(engine: &'static str, operation: &'static str) -> Self {
        Self { engine, operation, ok: OnceLock::new() }
    }

    /// Runs a call and counts it, unless nobody waits for it to its end.
    pub(crate) async fn around<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        if !times_calls() {
            return call.await;
        }
        let began = Instant::now();
        let result = call.await;
        self.count(began, result.as_ref().map_or_else(outcome, |_| OK));
        result
    }

    /// Counts a call that began at a moment and came to this.
    pub(crate) fn count(&self, began: Instant, outcome: &'static str) {
        if !times_calls() {
            return;
        }
        let took_s = began.elapsed().as_secs_f64();
        if outcome == OK {
            self.ok.get_or_init(|| self.histogram(OK)).observe(took_s);
        } else {
            self.histogram(outcome).observe(took_s);
        }
    }

    fn histogram(&self, outcome: &'static str) -> Histogram {
        let labels = [("engine", self.engine), ("operation", self.operation), ("outcome", outcome)];
        CALLS.get_or_create_owned(&labels)
    }
}

/// The outcome of a call that went well.
pub(crate) const OK: &str = "ok";

/// The word for a failure.
fn outcome(error: &Error) -> &'static str {
    match error {
        // What the engine had to say: it works.
        Error::NotFound { .. } | Error::Exists { .. } => OK,
        Error::Fenced { .. } | Error::Revoked => "fenced",
        Error::Conflict { .. } => "conflict",
        Error::Full => "full",
        Error::Busy => "busy",
        Error::Unavailable { .. } => "unavailable",
        Error::InUse { .. }
        | Error::Alive { .. }
        | Error::SchemaTooNew { .. }
        | Error::Corrupt { .. }
        | Error::Invalid(_)
        | Error::Io(_)
        | Error::Engine(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[tokio::test]
    async fn a_call_is_counted_by_what_came_of_it() {
        let meter = Meter::new("test", "ask");
        let found = meter.around(async { Ok(1) }).await;
        let missing = meter.around(async { Err::<(), _>(Error::NotFound { what: "x".into() }) });
        let (missing, away) = (missing.await, meter.around(async { Err::<(), _>(Error::Busy) }));
        assert!(found.is_ok() && missing.is_err() && away.await.is_err());
        let (mut registry, mut text) = (Registry::default(), String::new());
        register(&mut registry);
        encode(&mut text, &registry).unwrap();
        let count = |outcome: &str, count: u64| {
            let labels = format!("engine=\"test\",operation=\"ask\",outcome=\"{outcome}\"");
            let line = format!("playhouse_engine_call_duration_seconds_count{{{labels}}} {count}");
            assert!(text.contains(&line), "{line} is missing in:\n{text}");
        };
        count("ok", 2);
        count("busy", 1);
    }
}
