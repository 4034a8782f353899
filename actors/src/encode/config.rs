//! The limits of encode work, each with its reason. `[actors.encode]` and `[actors.scaling]`

use crate::config::above_zero;
use crate::runtime::{Backoff, Watch};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Encode work and its processes. `[actors.encode]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Encode {
    /// Ordinary workers at once; 0 means half of the cores, since an encoder uses several threads.
    /// One more, for probes, openings and pictures, is always kept free of long jobs.
    pub workers_max: u32,
    /// Whether this node takes jobs itself; else `playhouse worker` processes take them all. It
    /// still hashes sources.
    pub at_node: bool,
    /// The `codec-worker` executable; empty means beside the server's own.
    pub worker_path: PathBuf,
    /// A worker that says nothing for so long hangs, which counts as a failed attempt. It speaks
    /// about once a second.
    pub worker_silence_s: u64,
    /// A worker must end within so long after its last word.
    pub worker_exit_s: u64,
    /// An attempt that heard nothing of its worker for so long is shown as slow, milliseconds: two
    /// of its signs of life are missing.
    pub silence_report_ms: u64,
    /// An attempt that hangs itself is killed after so long, milliseconds, and counts for nothing:
    /// above what it gives its worker to speak and to end.
    pub attempt_kill_ms: u64,
    /// Memory of a probe, bytes: a decoder's first pictures at 8K.
    pub probe_memory_bytes: u64,
    /// Memory of a job besides its pictures, bytes: libraries, buffers of 34 threads.
    pub worker_memory_base_bytes: u64,
    /// Memory per pixel of the source and of each rung, bytes: some 40 pictures in flight of 4
    /// bytes. Five rungs up to 2160p were measured at 1.9 GB in all; this allows 4.4 GB.
    pub worker_memory_per_pixel_bytes: u64,
    /// Largest file of a worker, bytes: six seconds at 16 Mbit/s with a full buffer are 36 MB.
    pub worker_file_bytes_max: u64,
    /// A claimed job may be claimed again after so long without a renewal.
    pub lease_s: u64,
    /// Time between two renewals of a lease: three tries within its life.
    pub lease_renew_s: u64,
    /// The queue is looked at so often even if nobody woke the pool.
    pub poll_s: u64,
    /// Time between two notes of a worker on another machine that tell watchers how far it is,
    /// milliseconds: what looks like movement, at a few small requests a second.
    pub hints_every_ms: u64,
    /// Pause before the first new try when the engine of wake-ups is away, milliseconds; doubles
    /// with each.
    pub wakes_retry_first_ms: u64,
    /// Longest pause between two such tries, milliseconds: so long wake-ups come late at most after
    /// the engine is back.
    pub wakes_retry_most_ms: u64,
    /// A job that could have been claimed for so long is announced again, seconds, by the janitor:
    /// its wake-up got lost, or everybody is busy.
    pub announce_again_s: u64,
    /// Failures in a row without a new segment that end in a dead letter.
    pub attempts_max: u32,
    /// Waiting time before the second attempt; doubles with each.
    pub retry_first_ms: u64,
    /// Longest waiting time between two attempts.
    pub retry_most_ms: u64,
    /// Of a source that is no local file so much is kept for its worker, bytes: the places at which
    /// its readers of pictures and sound are.
    pub source_cache_bytes: u64,
    /// So much of it is read at once for a reader that goes on, bytes: a few seconds of film, so
    /// that the way to the bucket does not show.
    pub source_ahead_bytes: u64,
    /// Sources that wait to be hashed. One is hashed at a time; the janitor asks again.
    pub hashes_waiting_max: usize,
    /// Candidates for the poster.
    pub thumbnails: u32,
    /// Width of a candidate, pixels: sharp as a card on a dense screen.
    pub thumbnail_width_px: u32,
}

/// How many workers this node starts beside itself. `[actors.scaling]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scaling {
    /// Whether this node starts `playhouse worker` processes on its machine. Needs a catalog and
    /// blobs that they can share.
    pub enabled: bool,
    /// So many workers are always there: one may die without anybody waiting for the next.
    pub workers_least: u32,
    /// Never more than so many: what the machine bears.
    pub workers_most: u32,
    /// With more jobs waiting than this there are too few workers: hours of work.
    pub waiting_max: u64,
    /// So many more or fewer at a time.
    pub step: u32,
    /// The queue is looked at so often, seconds.
    pub every_s: u64,
    /// After a change the number stays for so long, seconds: about what a worker needs for its
    /// first jobs.
    pub cool_down_s: u64,
    /// Workers go when nothing was there to do for so long, seconds.
    pub idle_s: u64,
}

impl Default for Encode {
    fn default() -> Self {
        Self {
            workers_max: 0,
            at_node: true,
            worker_path: PathBuf::new(),
            worker_silence_s: 30,
            worker_exit_s: 5,
            silence_report_ms: 2_000,
            attempt_kill_ms: 60_000,
            probe_memory_bytes: 2 << 30,
            worker_memory_base_bytes: 1 << 30,
            worker_memory_per_pixel_bytes: 160,
            worker_file_bytes_max: 128 << 20,
            lease_s: 60,
            lease_renew_s: 15,
            poll_s: 5,
            hints_every_ms: 500,
            wakes_retry_first_ms: 250,
            wakes_retry_most_ms: 5_000,
            announce_again_s: 30,
            attempts_max: 5,
            retry_first_ms: 500,
            retry_most_ms: 60_000,
            source_cache_bytes: 32 << 20,
            source_ahead_bytes: 8 << 20,
            hashes_waiting_max: 1_024,
            thumbnails: 4,
            thumbnail_width_px: 640,
        }
    }
}

impl Default for Scaling {
    fn default() -> Self {
        Self {
            enabled: false,
            workers_least: 2,
            workers_most: 32,
            waiting_max: 100,
            step: 10,
            every_s: 15,
            cool_down_s: 120,
            idle_s: 300,
        }
    }
}

impl Encode {
    pub(crate) fn validate(&self) -> Result<(), String> {
        above_zero("worker_silence_s", self.worker_silence_s)?;
        above_zero("worker_exit_s", self.worker_exit_s)?;
        above_zero("silence_report_ms", self.silence_report_ms)?;
        above_zero("lease_renew_s", self.lease_renew_s)?;
        above_zero("poll_s", self.poll_s)?;
        above_zero("hints_every_ms", self.hints_every_ms)?;
        above_zero("wakes_retry_first_ms", self.wakes_retry_first_ms)?;
        above_zero("announce_again_s", self.announce_again_s)?;
        if self.wakes_retry_most_ms < self.wakes_retry_first_ms {
            return Err("wakes_retry_most_ms must not be below wakes_retry_first_ms".into());
        }
        above_zero("attempts_max", u64::from(self.attempts_max))?;
        above_zero("retry_first_ms", self.retry_first_ms)?;
        above_zero("hashes_waiting_max", self.hashes_waiting_max as u64)?;
        above_zero("source_ahead_bytes", self.source_ahead_bytes)?;
        if self.source_cache_bytes / 2 < self.source_ahead_bytes {
            return Err("source_cache_bytes must be at least twice source_ahead_bytes".into());
        }
        above_zero("worker_file_bytes_max", self.worker_file_bytes_max)?;
        // Else the watchdog comes first, and a worker that hangs is never counted.
        let silent_s = self.worker_silence_s.saturating_add(self.worker_exit_s);
        if self.attempt_kill_ms <= silent_s.saturating_mul(1_000) {
            return Err("attempt_kill_ms must be above worker_silence_s plus worker_exit_s".into());
        }
        if self.lease_s <= 2 * self.lease_renew_s {
            return Err("lease_s must be above twice lease_renew_s".into());
        }
        if self.retry_most_ms < self.retry_first_ms {
            return Err("retry_most_ms must not be below retry_first_ms".into());
        }
        if !(1..=16).contains(&self.thumbnails) || self.thumbnail_width_px < 16 {
            return Err("thumbnails must be 1 to 16, thumbnail_width_px at least 16".into());
        }
        Ok(())
    }

    /// `silence_report_ms` and `attempt_kill_ms`.
    #[must_use]
    pub fn attempt_watch(&self) -> Watch {
        Watch {
            report_after: Duration::from_millis(self.silence_report_ms),
            kill_after: Some(Duration::from_millis(self.attempt_kill_ms)),
        }
    }

    /// [`Encode::hints_every_ms`] as a duration.
    #[must_use]
    pub fn hints_every(&self) -> Duration {
        Duration::from_millis(self.hints_every_ms)
    }

    /// `wakes_retry_first_ms` and `wakes_retry_most_ms`.
    #[must_use]
    pub fn wakes_retry(&self) -> Backoff {
        Backoff {
            first: Duration::from_millis(self.wakes_retry_first_ms),
            most: Duration::from_millis(self.wakes_retry_most_ms),
        }
    }

    /// Ordinary workers at once on this machine.
    #[must_use]
    pub fn ordinary_workers(&self) -> usize {
        if self.workers_max > 0 {
            return self.workers_max as usize;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (cores / 2).max(1)
    }
}

impl Scaling {
    pub(crate) fn validate(&self) -> Result<(), String> {
        above_zero("step", u64::from(self.step))?;
        above_zero("every_s", self.every_s)?;
        if self.workers_most < self.workers_least {
            return Err("workers_most must not be below workers_least".into());
        }
        Ok(())
    }
}
