//! What a failed attempt means for a rendition: pure, so that the rule can be read and tested.
//!
//! An attempt is a failure without a newly finished segment; progress resets the count. What is
//! the node's own fault, or was asked for, is no attempt: a full disk must not cost a film.

use crate::encode::Encode;
use crate::encode::Outcome;
use std::time::Duration;

/// What comes after the end of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is left to do.
    Finished,
    /// Again after a while, with this many attempts counted.
    Retry {
        /// Failed attempts in a row, this one included if it counts.
        attempts: u32,
        /// Waiting time.
        after: Duration,
    },
    /// A dead letter.
    GiveUp {
        /// Failed attempts in a row.
        attempts: u32,
    },
    /// The job is not ours any more: leave it alone.
    Leave,
}

/// What an ended job had before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// Failed attempts in a row before it.
    pub(crate) attempts: u32,
    /// True when it finished at least one segment.
    pub(crate) progress: bool,
    /// A random number in `0.0..1.0`.
    pub(crate) dice: f64,
}

/// Decides what follows `outcome`.
pub(crate) fn decide(outcome: &Outcome, attempt: Attempt, config: &Encode) -> Verdict {
    match outcome {
        Outcome::Done { .. } => Verdict::Finished,
        Outcome::Failed { .. }
        | Outcome::Crashed { .. }
        | Outcome::Hung { .. }
        | Outcome::Misspoke { .. }
        | Outcome::InitChanged { .. } => counted(attempt, config),
        Outcome::SpawnFailed { .. } | Outcome::HostFailed { .. } => {
            let after = backoff(config.attempts_max, attempt.dice, config);
            Verdict::Retry { attempts: attempt.attempts, after }
        }
        Outcome::Cancelled => Verdict::Retry { attempts: attempt.attempts, after: Duration::ZERO },
        Outcome::Lost { .. } => Verdict::Leave,
    }
}

fn counted(attempt: Attempt, config: &Encode) -> Verdict {
    let attempts = if attempt.progress { 0 } else { attempt.attempts + 1 };
    if attempts >= config.attempts_max {
        return Verdict::GiveUp { attempts };
    }
    Verdict::Retry { attempts, after: backoff(attempts, attempt.dice, config) }
}

/// Waiting time after so many failures: doubles from the first up to the most, then half of it is
/// left to the dice, so that what failed together does not come back together.
pub(crate) fn backoff(failures: u32, dice: f64, config: &Encode) -> Duration {
    let doubled = config.retry_first_ms.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let full = doubled.min(config.retry_most_ms) as f64;
    Duration::from_millis((full * (0.5 + dice / 2.0)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Product;

    const CRASH: Outcome = Outcome::Crashed { signal: Some(11), code: None };

    fn check(outcome: &Outcome, attempts: u32, progress: bool) -> Verdict {
        decide(outcome, Attempt { attempts, progress, dice: 1.0 }, &Encode::default())
    }

    fn retry(attempts: u32, ms: u64) -> Verdict {
        Verdict::Retry { attempts, after: Duration::from_millis(ms) }
    }

    #[test]
    fn a_crash_without_a_segment_is_an_attempt_and_the_wait_doubles() {
        assert_eq!(check(&CRASH, 0, false), retry(1, 500));
        assert_eq!(check(&CRASH, 1, false), retry(2, 1_000));
        assert_eq!(check(&CRASH, 3, false), retry(4, 4_000));
    }

    #[test]
    fn the_fifth_attempt_ends_in_a_dead_letter() {
        assert_eq!(check(&CRASH, 4, false), Verdict::GiveUp { attempts: 5 });
    }

    #[test]
    fn progress_resets_the_count_even_on_the_last_attempt() {
        assert_eq!(check(&CRASH, 4, true), retry(0, 500));
    }

    #[test]
    fn a_full_disk_waits_long_and_is_no_attempt() {
        let full = Outcome::HostFailed { error: "storage is full".into() };
        assert_eq!(check(&full, 4, false), retry(4, 8_000));
    }

    #[test]
    fn what_was_stopped_or_lost_costs_nothing() {
        assert_eq!(check(&Outcome::Cancelled, 2, false), retry(2, 0));
        assert_eq!(check(&Outcome::Lost { reason: String::new() }, 2, false), Verdict::Leave);
    }

    #[test]
    fn what_is_done_is_finished() {
        let done = Outcome::Done { product: Product::Encoded { speed: None } };
        assert_eq!(check(&done, 3, false), Verdict::Finished);
    }

    #[test]
    fn the_wait_has_an_end_and_at_least_half_of_it_is_kept() {
        let config = Encode::default();
        assert_eq!(backoff(40, 1.0, &config), Duration::from_secs(60));
        assert_eq!(backoff(40, 0.0, &config), Duration::from_secs(30));
    }
}
