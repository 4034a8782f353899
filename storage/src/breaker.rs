//! Who has failed is left alone, but for one who asks now and then, until it answers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lets calls pass; after a failure one in each `rest`, until one succeeds.
#[derive(Debug)]
pub struct Breaker {
    rest: Duration,
    closed_until: Mutex<Option<Instant>>,
}

impl Breaker {
    /// Whole at first.
    #[must_use]
    pub fn new(rest: Duration) -> Self {
        Self { rest, closed_until: Mutex::new(None) }
    }

    /// True for all while it is whole, else for one in each rest.
    #[must_use]
    pub fn lets_pass(&self) -> bool {
        let now = Instant::now();
        match &mut *self.lock() {
            None => true,
            Some(until) if now < *until => false,
            Some(until) => {
                *until = now + self.rest;
                true
            }
        }
    }

    /// A call was not answered. True when it was whole before.
    pub fn failed(&self) -> bool {
        self.lock().replace(Instant::now() + self.rest).is_none()
    }

    /// A call was answered. True when it had failed before.
    pub fn succeeded(&self) -> bool {
        self.lock().take().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.closed_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_only_one_asks_now_and_then() {
        let breaker = Breaker::new(Duration::from_secs(1));
        assert!(breaker.lets_pass() && !breaker.succeeded());
        assert!(breaker.failed());
        assert!(!breaker.lets_pass());
        tokio::time::advance(Duration::from_millis(1_001)).await;
        assert!(breaker.lets_pass(), "one may ask");
        assert!(!breaker.lets_pass(), "no other beside it");
        assert!(!breaker.failed(), "told once");
        assert!(!breaker.lets_pass());
        assert!(breaker.succeeded() && breaker.lets_pass());
    }
}
