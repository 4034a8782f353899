//! What this process knows about itself: its time and its memory.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// What some work took.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    pub(crate) count: u64,
    pub(crate) wall: Duration,
    /// Of all threads of this process. Unlike `wall` it hardly depends on what else runs.
    pub(crate) cpu: Duration,
}

impl Took {
    /// How many a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count as f64 / self.wall.as_secs_f64()
    }

    /// Nanoseconds of processor time for one.
    pub(crate) fn cpu_ns(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.count as f64
    }
}

/// Runs from where it is made.
pub(crate) struct Stopwatch {
    began: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_time() }
    }

    /// What the work since took, of which there was so much.
    pub(crate) fn took(&self, count: u64) -> Took {
        Took { count, wall: self.began.elapsed(), cpu: cpu_time() - self.cpu }
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("processor time is positive")
}

/// Bytes that are resident now.
pub(crate) fn resident_bytes() -> f64 {
    status("VmRSS:")
}

/// Bytes that were resident at most.
pub(crate) fn peak_bytes() -> f64 {
    status("VmHWM:")
}

/// A line of `/proc/self/status` that counts in kB.
fn status(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it has the line");
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number");
    kilobytes * 1024.0
}
