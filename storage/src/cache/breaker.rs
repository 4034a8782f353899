//! Who has failed is left alone for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lets calls pass, none for `rest` after a failure.
pub(super) struct Breaker {
    rest: Duration,
    closed_until: Mutex<Option<Instant>>,
}

impl Breaker {
    pub(super) fn new(rest: Duration) -> Self {
        Self { rest, closed_until: Mutex::new(None) }
    }

    pub(super) fn lets_pass(&self) -> bool {
        self.until().is_none_or(|until| Instant::now() >= until)
    }

    /// True when it was whole before.
    pub(super) fn failed(&self) -> bool {
        let mut until = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.replace(Instant::now() + self.rest).is_none()
    }

    /// True when it had failed before.
    pub(super) fn succeeded(&self) -> bool {
        self.closed_until.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    fn until(&self) -> Option<Instant> {
        *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_nobody_asks_for_a_while() {
        let breaker = Breaker::new(Duration::from_secs(1));
        assert!(breaker.lets_pass() && !breaker.succeeded());
        assert!(breaker.failed());
        assert!(!breaker.lets_pass());
        tokio::time::advance(Duration::from_millis(1_001)).await;
        assert!(breaker.lets_pass());
        assert!(!breaker.failed(), "told once");
        assert!(!breaker.lets_pass());
        assert!(breaker.succeeded() && breaker.lets_pass());
    }
}
