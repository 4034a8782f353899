//! How long a client puts up with a server that is away.
//!
//! Waits double up to a bound, with jitter; progress starts them over. What bounds the whole is
//! the time without progress, not the number of tries: a node that restarts every minute and
//! takes some bytes each time is served to the end.

use super::Break;
use anyhow::{Result, bail};
use std::future::Future;
use std::time::{Duration, Instant};

/// Wait before the first retry: about what a node needs to restart.
const FIRST: Duration = Duration::from_millis(250);
/// Longest wait between two tries: a person watches this.
const MOST: Duration = Duration::from_secs(5);

/// The state of one command's patience.
pub(crate) struct Patience {
    limit: Duration,
    since: Instant,
    next: Duration,
}

impl Patience {
    /// Patience that ends after `limit` without progress.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, since: Instant::now(), next: FIRST }
    }

    /// Something went on: the patience is fresh again.
    pub(crate) fn progress(&mut self) {
        self.since = Instant::now();
        self.next = FIRST;
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// When the limit is over; says the reason of the last break.
    pub(crate) async fn wait(&mut self, reason: &str) -> Result<()> {
        if self.since.elapsed() + self.next > self.limit {
            bail!("gave up after {} s without progress: {reason}", self.limit.as_secs());
        }
        tracing::debug!(reason, "waits before it tries again");
        tokio::time::sleep(jitter(self.next)).await;
        self.next = (self.next * 2).min(MOST);
        Ok(())
    }

    /// Asks until there is an answer; [`Break::Away`] is only returned when the limit is over.
    pub(crate) async fn insist<T, F: Future<Output = Result<T, Break>>>(
        &mut self,
        ask: impl Fn() -> F,
    ) -> Result<T, Break> {
        loop {
            match ask().await {
                Err(Break::Away(reason)) => {
                    self.wait(&reason).await.map_err(|error| Break::Away(error.to_string()))?;
                }
                answer => return answer,
            }
        }
    }
}

/// Between three quarters and the whole of `wait`, so that many clients do not come back at once.
fn jitter(wait: Duration) -> Duration {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    wait.mul_f64(0.75 + 0.25 * f64::from(nanos % 1000) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_when_nothing_goes_on_for_the_limit() {
        let mut patience = Patience::new(Duration::from_millis(200));
        let error = patience.wait("connection refused").await.expect_err("over the limit");
        assert!(error.to_string().contains("connection refused"), "{error}");
    }

    #[test]
    fn jitter_only_shortens() {
        let wait = Duration::from_secs(4);
        assert!((Duration::from_secs(3)..=wait).contains(&jitter(wait)));
    }
}
