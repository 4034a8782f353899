//! Processor time of this process: unlike the wall's it hardly depends on what else runs.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Runs from where it is made.
pub(crate) struct Stopwatch {
    began: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_time() }
    }

    /// How many a second, and nanoseconds of processor time for one, if there were so many since.
    pub(crate) fn took(&self, count: u64) -> (f64, f64) {
        let (wall, cpu) = (self.began.elapsed(), cpu_time() - self.cpu);
        (count as f64 / wall.as_secs_f64(), cpu.as_secs_f64() * 1e9 / count as f64)
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("processor time is positive")
}
