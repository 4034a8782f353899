//! What the death of a service means, as plain functions of plain data.
//!
//! A permanent child is always restarted, a transient one when it did not stop by itself, a
//! temporary one never. More restarts than `intensity` within `window` mean that restarting does
//! not help: the trouble is passed on upwards.

use super::Exit;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;
use tokio::time::Instant;

/// Who is restarted when one child dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Only the child that died.
    OneForOne,
    /// Every child: they cannot do without each other.
    OneForAll,
    /// The child that died and those after it in the table: they build on it.
    RestForOne,
}

/// When a child is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// When it did not stop by itself.
    Transient,
    /// Never.
    Temporary,
}

/// Waiting time before a restart: doubles from `first` up to `most`, with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first restart.
    pub first: Duration,
    /// At most.
    pub most: Duration,
}

/// When and how often a child is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// When.
    pub restart: Restart,
    /// At most so many restarts within `window`; one more escalates.
    pub intensity: u32,
    /// The window of `intensity`.
    pub window: Duration,
    /// Waiting time.
    pub backoff: Backoff,
}

/// The restarts of one child that its policy still counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    restarts: VecDeque<Instant>,
}

/// What is done about a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is started again after this time, jitter not yet applied.
    Restart {
        /// How long to wait.
        after: Duration,
    },
    /// It stays as it is.
    Leave,
    /// The supervisor ends.
    Escalate,
}

/// Decides what a death means, given the restarts before it.
#[must_use]
pub fn decide(policy: &RestartPolicy, history: &History, exit: &Exit, now: Instant) -> Decision {
    if !wants_restart(policy.restart, exit) {
        return Decision::Leave;
    }
    let recent = history.within(policy.window, now);
    if recent >= policy.intensity {
        return Decision::Escalate;
    }
    Decision::Restart { after: policy.backoff.after(recent) }
}

/// How long an entity that crashed now is not loaded, given the crashes before: not at all up to
/// the intensity of its kind, then for the backoff, which doubles with each crash.
#[must_use]
pub fn rest(policy: &RestartPolicy, history: &History, now: Instant) -> Option<Duration> {
    let over = history.within(policy.window, now).checked_sub(policy.intensity)?;
    Some(policy.backoff.after(over))
}

fn wants_restart(restart: Restart, exit: &Exit) -> bool {
    match restart {
        Restart::Permanent => true,
        Restart::Temporary => false,
        Restart::Transient => !exit.in_order(),
    }
}

impl Strategy {
    /// The children, by place in the table, that share the fate of the one at `died`.
    #[must_use]
    pub fn affected(self, died: usize, count: usize) -> Range<usize> {
        match self {
            Self::OneForOne => died..died + 1,
            Self::OneForAll => 0..count,
            Self::RestForOne => died..count,
        }
    }
}

impl Backoff {
    /// The waiting time after so many recent restarts.
    #[must_use]
    pub fn after(self, recent: u32) -> Duration {
        let factor = 2_u32.saturating_pow(recent);
        self.first.saturating_mul(factor).min(self.most)
    }

    /// Between half of a waiting time and all of it, by a die between 0 and 1, so that children
    /// that died together do not come back together.
    #[must_use]
    pub fn jittered(after: Duration, die: f64) -> Duration {
        after.mul_f64(0.5 + die.clamp(0.0, 1.0) / 2.0)
    }
}

impl History {
    /// Notes a restart and forgets those that have left the window.
    pub fn record(&mut self, policy: &RestartPolicy, now: Instant) {
        while self.restarts.front().is_some_and(|at| now.duration_since(*at) >= policy.window) {
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
    }

    /// True while one of them still counts.
    #[must_use]
    pub fn counts(&self, policy: &RestartPolicy, now: Instant) -> bool {
        self.within(policy.window, now) > 0
    }

    fn within(&self, window: Duration, now: Instant) -> u32 {
        let recent = self.restarts.iter().filter(|at| now.duration_since(**at) < window).count();
        u32::try_from(recent).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RestartPolicy = RestartPolicy {
        restart: Restart::Transient,
        intensity: 3,
        window: Duration::from_secs(60),
        backoff: Backoff { first: Duration::from_millis(100), most: Duration::from_millis(350) },
    };

    /// Dies at each of these seconds and reads off what was decided each time.
    fn check(restart: Restart, exit: &Exit, deaths_s: &[u64]) -> Vec<Decision> {
        let policy = RestartPolicy { restart, ..POLICY };
        let (start, mut history) = (Instant::now(), History::default());
        let decide_at = |at_s: &u64| {
            let now = start + Duration::from_secs(*at_s);
            let decision = decide(&policy, &history, exit, now);
            if matches!(decision, Decision::Restart { .. }) {
                history.record(&policy, now);
            }
            decision
        };
        deaths_s.iter().map(decide_at).collect()
    }

    fn restart(after_ms: u64) -> Decision {
        Decision::Restart { after: Duration::from_millis(after_ms) }
    }

    #[test]
    fn waits_double_up_to_the_most_then_the_trouble_goes_up() {
        let decisions = check(Restart::Permanent, &Exit::Killed, &[0, 1, 2, 3]);
        assert_eq!(decisions, [restart(100), restart(200), restart(350), Decision::Escalate]);
    }

    #[test]
    fn a_death_outside_the_window_is_forgotten() {
        let decisions = check(Restart::Permanent, &Exit::Killed, &[0, 30, 59, 60, 200]);
        let expected = [restart(100), restart(200), restart(350), restart(350), restart(100)];
        assert_eq!(decisions, expected);
    }

    #[test]
    fn only_a_transient_child_asks_how_it_ended() {
        let failed = Exit::Failed { error: "no route".to_owned() };
        let panicked = Exit::Panicked { message: String::new(), location: String::new() };
        for exit in [Exit::Fenced, Exit::Busy, Exit::Overtaken, Exit::Killed, failed, panicked] {
            assert_eq!(check(Restart::Transient, &exit, &[0]), [restart(100)], "{exit}");
            assert_eq!(check(Restart::Temporary, &exit, &[0]), [Decision::Leave], "{exit}");
        }
        assert_eq!(check(Restart::Transient, &Exit::Stopped, &[0]), [Decision::Leave]);
        assert_eq!(check(Restart::Permanent, &Exit::Stopped, &[0]), [restart(100)]);
    }

    #[test]
    fn the_strategy_says_who_shares_the_fate() {
        assert_eq!(Strategy::OneForOne.affected(1, 4), 1..2);
        assert_eq!(Strategy::OneForAll.affected(1, 4), 0..4);
        assert_eq!(Strategy::RestForOne.affected(1, 4), 1..4);
    }

    #[test]
    fn jitter_stays_between_half_and_all() {
        let after = Duration::from_millis(100);
        assert_eq!(Backoff::jittered(after, 0.0), Duration::from_millis(50));
        assert_eq!(Backoff::jittered(after, 1.0), after);
    }
}
