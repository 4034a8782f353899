//! The clock of counters: milliseconds, read in a few nanoseconds.
//!
//! Ages and "for how long" need no more than the kernel's coarse clock (1 to 4 ms), which costs a
//! fraction of `Instant::now`. Deadlines never use it. In unit tests it is tokio's clock, so that
//! paused time holds for it too.

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
    use std::sync::OnceLock;
    use tokio::time::Instant;
    static BEGAN: OnceLock<std::time::Instant> = OnceLock::new();
    let began = Instant::from_std(*BEGAN.get_or_init(std::time::Instant::now));
    u64::try_from(Instant::now().saturating_duration_since(began).as_millis()).unwrap_or(1) + 1
}

/// Seconds since a moment of [`ticks`].
pub(super) fn seconds_since(then: u64) -> f64 {
    std::time::Duration::from_millis(ticks().saturating_sub(then)).as_secs_f64()
}

/// The wall clock at a moment of [`ticks`].
pub(super) fn wall(then: u64) -> jiff::Timestamp {
    let ago = std::time::Duration::from_millis(ticks().saturating_sub(then));
    let now = jiff::Timestamp::now();
    now.checked_sub(ago).unwrap_or(now)
}
