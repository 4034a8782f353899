//! How many workers there should be: a pure rule over what waits, and the port of who starts them.
//!
//! Over so many waiting jobs: some more; at least a few always; never too many. After each change
//! it holds still for a while, since a worker needs time to show what it does for the queue.

use super::Scaling;
use async_trait::async_trait;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// Starts and stops `playhouse worker` processes, wherever they run.
#[async_trait]
pub trait Workforce: Send + Sync {
    /// Those that it has started and that run.
    ///
    /// # Errors
    /// When it cannot tell.
    async fn count(&self) -> io::Result<u32>;

    /// Starts so many more.
    ///
    /// # Errors
    /// When one does not start; those before it run.
    async fn start(&self, more: u32) -> io::Result<()>;

    /// Tells so many to go. They give their jobs back by themselves.
    ///
    /// # Errors
    /// When one cannot be told.
    async fn stop(&self, fewer: u32) -> io::Result<()>;
}

/// What the rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Workers that run.
    pub workers: u32,
    /// Jobs that could be claimed now.
    pub waiting: u64,
    /// Jobs that somebody works on.
    pub leased: u64,
    /// Now.
    pub now: Instant,
    /// When the number of workers was changed last.
    pub changed: Option<Instant>,
    /// Since when nothing waits and nobody works.
    pub idle_since: Option<Instant>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    Keep,
    /// So many more.
    Start(u32),
    /// So many fewer.
    Stop(u32),
}

/// The rule.
#[must_use]
pub fn decide(rule: &Scaling, seen: &Seen) -> Order {
    // Those that have died are replaced at once.
    if seen.workers < rule.workers_least {
        return Order::Start(rule.workers_least - seen.workers);
    }
    if seen.workers > rule.workers_most {
        return Order::Stop(seen.workers - rule.workers_most);
    }
    let passed = |since: Option<Instant>, seconds: u64| {
        since.map(|since| seen.now.duration_since(since) >= Duration::from_secs(seconds))
    };
    if passed(seen.changed, rule.cool_down_s) == Some(false) {
        return Order::Keep;
    }
    if seen.waiting > rule.waiting_max {
        let more = rule.step.min(rule.workers_most - seen.workers);
        return if more > 0 { Order::Start(more) } else { Order::Keep };
    }
    if passed(seen.idle_since, rule.idle_s) == Some(true) {
        let fewer = rule.step.min(seen.workers - rule.workers_least);
        return if fewer > 0 { Order::Stop(fewer) } else { Order::Keep };
    }
    Order::Keep
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A house as it goes on: what the rule says at each look, carried out at once.
    struct House {
        rule: Scaling,
        workers: u32,
        now: Instant,
        changed: Option<Instant>,
        idle_since: Option<Instant>,
    }

    impl House {
        fn new(workers: u32) -> Self {
            let (rule, now) = (Scaling::default(), Instant::now());
            Self { rule, workers, now, changed: None, idle_since: None }
        }

        fn look(&mut self, after_s: u64, waiting: u64, leased: u64) -> u32 {
            self.now += Duration::from_secs(after_s);
            let idle = waiting + leased == 0;
            self.idle_since = idle.then(|| self.idle_since.unwrap_or(self.now));
            let Self { workers, now, changed, idle_since, .. } = *self;
            let seen = Seen { workers, waiting, leased, now, changed, idle_since };
            match decide(&self.rule, &seen) {
                Order::Keep => return self.workers,
                Order::Start(more) => self.workers += more,
                Order::Stop(fewer) => self.workers -= fewer,
            }
            self.changed = Some(self.now);
            self.workers
        }
    }

    #[test]
    fn two_workers_are_always_there() {
        let mut house = House::new(0);
        assert_eq!(house.look(0, 0, 0), 2);
        house.workers = 1;
        assert_eq!(house.look(1, 0, 0), 2, "one that has died is replaced, whenever that is");
        assert_eq!(house.look(100_000, 0, 0), 2, "also when there is nothing to do for a day");
    }

    #[test]
    fn more_than_a_hundred_waiting_jobs_bring_ten_workers_more() {
        let mut house = House::new(2);
        assert_eq!(house.look(0, 100, 2), 2, "a hundred are not more than a hundred");
        assert_eq!(house.look(1, 101, 2), 12);
        assert_eq!(house.look(1, 500, 12), 12, "those that have just come are waited for");
        assert_eq!(house.look(120, 500, 12), 22);
        assert_eq!(house.look(120, 500, 22), 32);
        assert_eq!(house.look(120, 500, 32), 32, "there is an end to it");
    }

    #[test]
    fn workers_go_when_nothing_was_there_to_do_for_long() {
        let mut house = House::new(22);
        assert_eq!(house.look(0, 0, 1), 22, "somebody works still");
        assert_eq!(house.look(1_000, 0, 0), 22, "it has just become quiet");
        assert_eq!(house.look(299, 0, 0), 22);
        assert_eq!(house.look(1, 0, 0), 12);
        assert_eq!(house.look(60, 0, 0), 12, "one step at a time");
        assert_eq!(house.look(60, 0, 0), 2);
        assert_eq!(house.look(600, 0, 0), 2);
    }

    #[test]
    fn a_lower_bound_that_was_set_holds_at_once() {
        let mut house = House::new(12);
        house.rule.workers_most = 5;
        assert_eq!(house.look(0, 500, 12), 5);
    }
}
