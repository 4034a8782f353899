//! The clock of counters: milliseconds, read in a few nanoseconds.
//!
//! Ages and "for how long" need no more than the kernel's coarse clock (1 to 4 ms), which costs a
//! fraction of `Instant::now`. Deadlines never use it. In unit tests it is tokio's clock, so that
//! paused time holds for it too.

use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::Instant;

/// Milliseconds of a monotonic clock; never 0.
#[cfg(not(test))]
pub(super) fn ticks() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::MonotonicCoarse);
    now.tv_sec.unsigned_abs() * 1_000 + now.tv_nsec.unsigned_abs() / 1_000_000 + 1
}

/// Milliseconds of a monotonic clock; never 0.
#[cfg(test)]
pub(super) fn ticks() -> u64 {
    at(Instant::now())
}

/// The moment of an instant that was read anyway.
pub(super) fn at(instant: Instant) -> u64 {
    let (began, ticks) = *base();
    let since = instant.saturating_duration_since(began);
    ticks + u64::try_from(since.as_millis()).unwrap_or(u64::MAX / 2)
}

/// One moment by both clocks.
fn base() -> &'static (Instant, u64) {
    static BASE: OnceLock<(Instant, u64)> = OnceLock::new();
    #[cfg(not(test))]
    let ticks = ticks;
    #[cfg(test)]
    let ticks = || 1;
    BASE.get_or_init(|| (Instant::from_std(std::time::Instant::now()), ticks()))
}

/// Seconds since a moment.
pub(super) fn seconds_since(then: u64) -> f64 {
    Duration::from_millis(ticks().saturating_sub(then)).as_secs_f64()
}

/// The wall clock at a moment.
pub(super) fn wall(then: u64) -> jiff::Timestamp {
    let ago = Duration::from_millis(ticks().saturating_sub(then));
    let now = jiff::Timestamp::now();
    now.checked_sub(ago).unwrap_or(now)
}
