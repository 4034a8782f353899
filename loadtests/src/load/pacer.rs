//! Intended moments of an open loop, finer than the millisecond of the runtime's timer.
//!
//! A thread wakes every quarter of a millisecond and lets go what has become due since, whether or
//! not anyone is free to send it. So a slow answer delays no other request's intended moment,
//! which is what latency is measured from.

use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const TICK: Duration = Duration::from_micros(250);

/// Requests at a fixed rate.
pub(super) struct Pacer {
    /// When the first is due.
    start: Instant,
    /// Requests a second.
    rate: f64,
    /// Those that are due and not taken.
    pub(super) due: Semaphore,
}

impl Pacer {
    pub(super) fn new(start: Instant, rate: f64) -> Self {
        Self { start, rate, due: Semaphore::new(0) }
    }

    /// When a request should be sent.
    pub(super) fn intended(&self, index: u64) -> Instant {
        self.start + Duration::from_secs_f64(index as f64 / self.rate)
    }

    /// Lets requests go until that moment; for a thread that may be blocked.
    #[expect(
        clippy::disallowed_methods,
        reason = "its own thread: the runtime's timer has steps of a millisecond"
    )]
    pub(super) fn release(&self, until: Instant) {
        let mut released = 0;
        loop {
            let now = Instant::now().min(until);
            let due = ((now - self.start).as_secs_f64() * self.rate) as usize;
            self.due.add_permits(due - released);
            released = due;
            if now >= until {
                return;
            }
            std::thread::sleep(TICK);
        }
    }
}
