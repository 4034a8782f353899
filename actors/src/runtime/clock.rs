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
    let Base { began, ticks, .. } = *base();
    let since = instant.saturating_duration_since(began);
    ticks + since.as_secs() * 1_000 + u64::from(since.subsec_millis())
}

/// One moment by every clock.
struct Base {
    began: Instant,
    ticks: u64,
    wall: jiff::Timestamp,
}

fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    #[cfg(not(test))]
    let ticks = ticks;
    #[cfg(test)]
    let ticks = || 1;
    BASE.get_or_init(|| Base {
        began: Instant::from_std(std::time::Instant::now()),
        ticks: ticks(),
        wall: jiff::Timestamp::now(),
    })
}

/// Nanoseconds, for 584 years. What `Duration` offers divides numbers of 128 bits.
pub(super) fn nanos(time: Duration) -> u64 {
    time.as_secs() * 1_000_000_000 + u64::from(time.subsec_nanos())
}

/// Seconds since a moment.
pub(super) fn seconds_since(then: u64) -> f64 {
    Duration::from_millis(ticks().saturating_sub(then)).as_secs_f64()
}

/// The wall clock at a moment, the same however often one asks.
pub(super) fn wall(then: u64) -> jiff::Timestamp {
    let Base { ticks, wall, .. } = base();
    let moved = if then >= *ticks {
        wall.checked_add(Duration::from_millis(then - ticks))
    } else {
        wall.checked_sub(Duration::from_millis(ticks - then))
    };
    moved.unwrap_or(*wall)
}
