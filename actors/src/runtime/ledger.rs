//! What is known about all lives of a service, or of a kind of entity: sums, handler times, the
//! last minutes. A life brings its own counters in when it ends.

use super::clock;
use super::inspect::view::{History, Latency};
use super::vitals::Vitals;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Sub-buckets of each power of two: percentiles are right to 1/16.
const STEPS: usize = 16;
/// Powers of two of nanoseconds: up to half an hour, what takes longer counts as that.
const POWERS: usize = 37;
/// Samples that are kept: two minutes at one a second.
const SAMPLES_MAX: usize = 120;

/// Counters of a service or kind over all its lives.
#[derive(Debug)]
pub(super) struct Ledger {
    buckets: Box<[AtomicU64]>,
    longest_ns: AtomicU64,
    past: Past,
    lives: AtomicU64,
    crashes: AtomicU64,
    passivations: AtomicU64,
    samples: Mutex<Samples>,
}

/// Sums over the lives that have ended.
#[derive(Debug, Default)]
struct Past {
    handled: AtomicU64,
    refused: AtomicU64,
    expired: AtomicU64,
    undelivered: AtomicU64,
    busy_ns: AtomicU64,
}

/// Sums, of one life or many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) depth: u64,
    pub(super) handled: u64,
    pub(super) refused: u64,
    pub(super) expired: u64,
    pub(super) undelivered: u64,
    pub(super) busy: Duration,
}

#[derive(Debug, Default)]
struct Samples {
    last: Option<Sums>,
    kept: VecDeque<(u64, u64, f64)>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            buckets: (0..STEPS * POWERS).map(|_| AtomicU64::new(0)).collect(),
            longest_ns: AtomicU64::new(0),
            past: Past::default(),
            lives: AtomicU64::new(0),
            crashes: AtomicU64::new(0),
            passivations: AtomicU64::new(0),
            samples: Mutex::default(),
        }
    }

    pub(super) fn lives(&self) -> u64 {
        self.lives.load(Ordering::Relaxed)
    }

    pub(super) fn begins(&self) {
        self.lives.fetch_add(1, Ordering::Relaxed);
    }

    /// Lives that did not end in order.
    pub(super) fn crashes(&self) -> u64 {
        self.crashes.load(Ordering::Relaxed)
    }

    pub(super) fn crashed(&self) {
        self.crashes.fetch_add(1, Ordering::Relaxed);
    }

    /// Lives that were sent to sleep.
    pub(super) fn passivations(&self) -> u64 {
        self.passivations.load(Ordering::Relaxed)
    }

    pub(super) fn passivated(&self) {
        self.passivations.fetch_add(1, Ordering::Relaxed);
    }

    /// A handler took so long.
    pub(super) fn took(&self, time: Duration) {
        let ns = clock::nanos(time);
        self.buckets[bucket(ns)].fetch_add(1, Ordering::Relaxed);
        if ns > self.longest_ns.load(Ordering::Relaxed) {
            self.longest_ns.fetch_max(ns, Ordering::Relaxed);
        }
    }

    /// A life has ended: its mailbox is closed, its counters are added. Answers how many messages
    /// were lost with it.
    pub(super) fn retire(&self, life: &Vitals) -> usize {
        let lost = life.gauge.close();
        let sums = Sums::of(life);
        let add = |to: &AtomicU64, n: u64| to.fetch_add(n, Ordering::Relaxed);
        add(&self.past.handled, sums.handled);
        add(&self.past.refused, sums.refused);
        add(&self.past.expired, sums.expired);
        add(&self.past.undelivered, lost as u64);
        add(&self.past.busy_ns, clock::nanos(sums.busy));
        lost
    }

    /// The sums of the lives that have ended.
    pub(super) fn past(&self) -> Sums {
        let read = |from: &AtomicU64| from.load(Ordering::Relaxed);
        Sums {
            depth: 0,
            handled: read(&self.past.handled),
            refused: read(&self.past.refused),
            expired: read(&self.past.expired),
            undelivered: read(&self.past.undelivered),
            busy: Duration::from_nanos(read(&self.past.busy_ns)),
        }
    }

    pub(super) fn latency(&self) -> Option<Latency> {
        let counts: Vec<u64> = self.buckets.iter().map(|it| it.load(Ordering::Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        let max_s = seconds(self.longest_ns.load(Ordering::Relaxed));
        let at = |share: f64| percentile(&counts, count, share).min(max_s);
        (count > 0).then(|| Latency {
            count,
            p50_s: at(0.5),
            p90_s: at(0.9),
            p99_s: at(0.99),
            max_s,
        })
    }

    /// Handler times up to and with each of these rising bounds in seconds, and above the last. A
    /// time counts below a bound when all of its bucket does, so a bound is low by 1/16 at most.
    pub(super) fn times(&self, bounds_s: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; bounds_s.len() + 1];
        let mut at = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            while bounds_s.get(at).is_some_and(|bound| seconds(highest(bucket)) > *bound) {
                at += 1;
            }
            counts[at] += count.load(Ordering::Relaxed);
        }
        counts
    }

    /// Keeps a sample; called at even intervals with the sums of all lives.
    pub(super) fn sample(&self, sums: Sums, every: Duration) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = samples.last.replace(sums) {
            let busy = sums.busy.saturating_sub(last.busy).as_secs_f64() / every.as_secs_f64();
            let handled = sums.handled.saturating_sub(last.handled);
            samples.kept.push_back((handled, sums.depth, busy));
        }
        if samples.kept.len() > SAMPLES_MAX {
            samples.kept.pop_front();
        }
    }

    pub(super) fn history(&self, every: Duration) -> History {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        History {
            every_s: every.as_secs_f64(),
            handled: samples.kept.iter().map(|(handled, ..)| *handled).collect(),
            depth: samples.kept.iter().map(|(_, depth, _)| *depth).collect(),
            busy: samples.kept.iter().map(|(.., busy)| *busy).collect(),
        }
    }
}

impl Sums {
    pub(super) fn of(life: &Vitals) -> Self {
        Self {
            depth: life.gauge.inside() as u64,
            handled: life.handled(),
            refused: u64::from(life.gauge.refused()),
            expired: life.expired(),
            undelivered: 0,
            busy: life.busy(),
        }
    }

    /// These, and of what only rises no less than `told`.
    pub(super) fn at_least(self, told: &Self) -> Self {
        Self {
            depth: self.depth,
            handled: self.handled.max(told.handled),
            refused: self.refused.max(told.refused),
            expired: self.expired.max(told.expired),
            undelivered: self.undelivered.max(told.undelivered),
            busy: self.busy.max(told.busy),
        }
    }

    /// Messages let in.
    pub(super) fn received(&self) -> u64 {
        self.handled + self.expired + self.undelivered + self.depth
    }
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.depth += other.depth;
        self.handled += other.handled;
        self.refused += other.refused;
        self.expired += other.expired;
        self.undelivered += other.undelivered;
        self.busy += other.busy;
    }
}

/// Bucket of a time: exact below `STEPS` ns, then `STEPS` to each power of two.
fn bucket(ns: u64) -> usize {
    let steps = STEPS as u64;
    if ns < steps {
        return ns as usize;
    }
    let shift = ns.ilog2() - STEPS.ilog2();
    let index = (shift as usize + 1) * STEPS + ((ns >> shift) - steps) as usize;
    index.min(STEPS * POWERS - 1)
}

/// The highest time of a bucket, ns.
fn highest(bucket: usize) -> u64 {
    let (power, step) = (bucket / STEPS, bucket % STEPS);
    if power == 0 {
        return step as u64;
    }
    (((STEPS + step + 1) as u64) << (power - 1)) - 1
}

fn percentile(counts: &[u64], count: u64, share: f64) -> f64 {
    let wanted = (count as f64 * share).ceil() as u64;
    let mut seen = 0;
    let found = counts.iter().position(|n| {
        seen += n;
        seen >= wanted
    });
    seconds(highest(found.unwrap_or(counts.len() - 1)))
}

fn seconds(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_it_says() {
        for ns in (0..10_000).chain([1 << 20, (1 << 30) + 12_345, 3_600_000_000_000]) {
            let highest = highest(bucket(ns));
            if bucket(ns) < STEPS * POWERS - 1 {
                assert!(highest >= ns && highest - ns <= ns / STEPS as u64, "{ns} is in {highest}");
            }
        }
    }

    #[test]
    fn percentiles_are_those_of_the_times() {
        let ledger = Ledger::new();
        assert_eq!(ledger.latency(), None);
        for ms in 1..=100 {
            ledger.took(Duration::from_millis(ms));
        }
        let latency = ledger.latency().expect("there are times");
        let close = |left: f64, right: f64| (left - right).abs() <= right / 16.0;
        assert_eq!((latency.count, latency.max_s), (100, 0.1));
        assert!(close(latency.p50_s, 0.05) && close(latency.p99_s, 0.099), "{latency:?}");
    }

    #[test]
    fn times_are_counted_by_bounds() {
        let ledger = Ledger::new();
        for ms in [0, 1, 9, 90, 900, 9_000_000] {
            ledger.took(Duration::from_millis(ms));
        }
        assert_eq!(ledger.times(&[0.005, 0.01, 0.1, 10.0]), [2, 1, 1, 1, 1]);
    }

    #[test]
    fn what_a_life_counted_outlives_it() {
        let ledger = Ledger::new();
        let life = Vitals::new(4);
        for _ in 0..3 {
            let stamp = life.gauge.admit().expect("there is room");
            if life.handled() == 0 {
                let began = tokio::time::Instant::now();
                life.begin(began, "Add", stamp, 0);
                life.finish(began, super::super::Report::default());
            }
        }
        assert_eq!(ledger.retire(&life), 2);
        let past = ledger.past();
        assert_eq!((past.handled, past.undelivered, past.depth), (1, 2, 0));
    }

    #[test]
    fn samples_tell_what_changed_in_between() {
        let (ledger, second) = (Ledger::new(), Duration::from_secs(1));
        for handled in [5, 12, 12] {
            let busy = Duration::from_millis(100 * handled);
            ledger.sample(Sums { handled, depth: 3, busy, ..Sums::default() }, second);
        }
        let history = ledger.history(second);
        assert_eq!((history.handled, history.depth), (vec![7, 0], vec![3, 3]));
        assert!((history.busy[0] - 0.7).abs() < 1e-9);
    }
}
