//! Lets arrivals go at their intended moments, finer than the millisecond of the runtime's timer.
//!
//! A thread of its own sleeps until the next moment and tells how many arrivals are due since;
//! it looks at nothing else, so that no answer and no shortage can hold it up.

use super::plan::Arrival;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Arrivals that follow each other faster are let go together: a wake costs some microseconds.
const REST: Duration = Duration::from_micros(100);
/// Looks at whether it should stop at least so often.
const LOOK: Duration = Duration::from_millis(100);

/// How far it has come.
#[derive(Default)]
pub(super) struct Pacer {
    due: AtomicUsize,
    changed: Notify,
    stopped: AtomicBool,
}

impl Pacer {
    /// Waits until more than `known` arrivals are due, and answers how many are.
    pub(super) async fn due(&self, known: usize) -> usize {
        loop {
            let changed = self.changed.notified();
            let due = self.due.load(Ordering::Acquire);
            if due > known {
                return due;
            }
            changed.await;
        }
    }

    /// Nobody waits for it any more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Lets all arrivals go; for a thread that may be blocked.
    #[expect(
        clippy::disallowed_methods,
        reason = "its own thread: the runtime's timer has steps of a millisecond"
    )]
    pub(super) fn run(self: &Arc<Self>, start: Instant, arrivals: &[Arrival]) {
        let mut due = 0;
        while due < arrivals.len() && !self.stopped.load(Ordering::Acquire) {
            let passed = start.elapsed();
            let more = arrivals[due..].partition_point(|arrival| arrival.at <= passed);
            if more > 0 {
                due += more;
                self.due.store(due, Ordering::Release);
                self.changed.notify_one();
                std::thread::sleep(REST);
            } else {
                std::thread::sleep((arrivals[due].at - passed).min(LOOK));
            }
        }
    }
}
