//! What an actor knows of the messages behind the one that it handles, so that it reads neither the
//! clock nor what senders write more often than it must.

use super::mailbox::Gauge;
use tokio::time::Instant;

/// Messages that surely wait, and when the last one was done if some did.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: usize,
    since: Option<Instant>,
}

impl Backlog {
    /// When the next handler begins: as the last one ended if its message waited then (reading the
    /// clock again would cost more than the time in between), else now.
    pub(super) fn begin(&mut self) -> Instant {
        self.since.take().unwrap_or_else(Instant::now)
    }

    /// A message was done with at `ended`. How many wait is looked up only when those that were
    /// seen the last time have all been handled.
    pub(super) fn end(&mut self, gauge: &Gauge, ended: Instant) {
        self.waiting = match self.waiting.saturating_sub(1) {
            0 => gauge.inside(),
            waiting => waiting,
        };
        self.since = (self.waiting > 0).then_some(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_message_that_waited_begins_as_the_one_before_ended() {
        let (gauge, mut backlog) = (Gauge::new(8), Backlog::default());
        for _ in 0..3 {
            assert!(gauge.admit().is_ok());
        }
        let ended = backlog.begin();
        for waiting in [true, true, false] {
            gauge.left();
            backlog.end(&gauge, ended);
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(backlog.begin() == ended, waiting);
        }
    }
}
