//! What one life of an actor shows from outside: counters that it writes itself, for nanoseconds,
//! and that anybody may read at any time, whether it answers or not.

use super::clock;
use super::mailbox::{Gauge, Stamp};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// One life of an actor, as it shows from outside.
#[derive(Debug)]
pub(super) struct Vitals {
    pub(super) gauge: Gauge,
    began: u64,
    /// Written by the actor alone.
    handled: AtomicU64,
    expired: AtomicU32,
    busy_ns: AtomicU64,
    last_ns: AtomicU64,
    longest_ns: AtomicU64,
    /// When it last finished a message.
    touched: AtomicU64,
    /// Since when its thread runs it without a break; 0 when it does not.
    polling: AtomicU64,
    /// True once somebody has been told that its current message takes too long.
    pub(super) reported: AtomicBool,
    doing: Mutex<Doing>,
    #[cfg(debug_assertions)]
    pub(super) fault: super::fault::Slot,
}

/// What it does, in its own words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doing {
    /// Kind of the message that is handled; since when, 0 for none.
    pub(super) message: &'static str,
    pub(super) since: u64,
    /// Of the request that it came from; 0 for none.
    pub(super) trace: u128,
    pub(super) report: Report,
}

/// What an actor says of its own state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// State of its state machine: `receiving`. Empty when it has none.
    pub state: &'static str,
    /// Bytes that it holds, about; 0 when it does not know.
    pub bytes: u64,
}

impl Vitals {
    pub(super) fn new(mailbox_messages_max: usize) -> Self {
        let now = clock::ticks();
        Self {
            gauge: Gauge::new(mailbox_messages_max),
            began: now,
            handled: AtomicU64::new(0),
            expired: AtomicU32::new(0),
            busy_ns: AtomicU64::new(0),
            last_ns: AtomicU64::new(0),
            longest_ns: AtomicU64::new(0),
            touched: AtomicU64::new(now),
            polling: AtomicU64::new(0),
            reported: AtomicBool::new(false),
            doing: Mutex::default(),
            #[cfg(debug_assertions)]
            fault: super::fault::Slot::default(),
        }
    }

    /// The actor begins to handle a message, at `now`.
    pub(super) fn begin(&self, now: Instant, message: &'static str, stamp: Stamp, trace: u128) {
        self.gauge.taken(stamp);
        let ticks = clock::at(now);
        self.polling.store(ticks, Ordering::Relaxed);
        let mut doing = self.lock();
        (doing.message, doing.since, doing.trace) = (message, ticks, trace);
    }

    /// The actor has handled a message that it began at `began`, and says how it is: when it
    /// ended.
    pub(super) fn finish(&self, began: Instant, report: Report) -> Instant {
        let ended = Instant::now();
        let took = ended.saturating_duration_since(began);
        let ns = clock::nanos(took);
        // Only the actor itself writes these: a load and a store are enough.
        self.handled.store(self.handled() + 1, Ordering::Relaxed);
        self.busy_ns.store(self.busy_ns.load(Ordering::Relaxed) + ns, Ordering::Relaxed);
        self.last_ns.store(ns, Ordering::Relaxed);
        if ns > self.longest_ns.load(Ordering::Relaxed) {
            self.longest_ns.store(ns, Ordering::Relaxed);
        }
        self.touched.store(clock::at(ended), Ordering::Relaxed);
        let mut doing = self.lock();
        (doing.since, doing.report) = (0, report);
        drop(doing);
        self.gauge.left();
        ended
    }

    /// True once when the message that it has just handled was reported to take too long.
    pub(super) fn recovers(&self) -> bool {
        self.reported.load(Ordering::Relaxed) && self.reported.swap(false, Ordering::Relaxed)
    }

    /// The message that it came to is dropped: nobody waits for its answer any more.
    pub(super) fn expire(&self) {
        self.expired.fetch_add(1, Ordering::Relaxed);
        self.polling.store(0, Ordering::Relaxed);
        self.lock().since = 0;
        self.gauge.left();
    }

    /// A task says what it does now; the time since it last said something is what it waits.
    pub(super) fn beat(&self, doing_now: &'static str) {
        let now = clock::ticks();
        self.touched.store(now, Ordering::Relaxed);
        self.reported.store(false, Ordering::Relaxed);
        let mut doing = self.lock();
        (doing.message, doing.since) = (doing_now, now);
    }

    /// It does nothing any more.
    #[cfg(debug_assertions)]
    pub(super) fn rest(&self) {
        self.lock().since = 0;
    }

    /// Its thread runs it. The first time of a handler is known from its begin.
    pub(super) fn poll_begins(&self) {
        if self.polling.load(Ordering::Relaxed) == 0 {
            self.polling.store(clock::ticks(), Ordering::Relaxed);
        }
    }

    pub(super) fn poll_ends(&self) {
        self.polling.store(0, Ordering::Relaxed);
    }

    /// For how long its thread has been inside it without a break.
    pub(super) fn blocked_for(&self) -> Option<Duration> {
        let since = self.polling.load(Ordering::Relaxed);
        (since != 0).then(|| Duration::from_millis(clock::ticks().saturating_sub(since)))
    }

    /// What it handles and for how long; none when it waits for messages.
    pub(super) fn handling(&self) -> Option<(Doing, Duration)> {
        let doing = self.doing();
        let age = Duration::from_millis(clock::ticks().saturating_sub(doing.since));
        (doing.since != 0).then_some((doing, age))
    }

    pub(super) fn doing(&self) -> Doing {
        *self.lock()
    }

    pub(super) fn began(&self) -> u64 {
        self.began
    }

    pub(super) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    pub(super) fn expired(&self) -> u64 {
        u64::from(self.expired.load(Ordering::Relaxed))
    }

    pub(super) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_ns.load(Ordering::Relaxed))
    }

    pub(super) fn last(&self) -> Duration {
        Duration::from_nanos(self.last_ns.load(Ordering::Relaxed))
    }

    pub(super) fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest_ns.load(Ordering::Relaxed))
    }

    /// True when nothing is inside and nothing was handled for `idle`.
    pub(super) fn is_idle(&self, idle: Duration) -> bool {
        let idle_ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let touched = self.touched.load(Ordering::Relaxed);
        self.gauge.inside() == 0 && clock::ticks().saturating_sub(touched) >= idle_ms
    }

    fn lock(&self) -> MutexGuard<'_, Doing> {
        // A value of plain words is never half changed.
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
