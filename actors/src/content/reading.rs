//! How long a reader of the catalog waits when what was read before would do.
//!
//! A catalog that is away, or slow, must not keep what plays waiting: after a moment the old answer
//! serves, and for as long again nobody but one asks.

use playhouse_storage::{Breaker, Error};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Shared by all who read the same catalog. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reading {
    patience: Duration,
    /// Whoever has something old asks by its leave.
    breaker: Arc<Breaker>,
}

/// What a reader gets.
#[derive(Debug)]
pub(super) enum Told<T, O, E> {
    /// As it is now.
    Fresh(Result<T, E>),
    /// As it was.
    Old(O),
}

impl Reading {
    /// Waits for `patience`, and asks again after as long.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, breaker: Arc::new(Breaker::new(patience)) }
    }

    /// What is read now, or what is old when the catalog is away or slow. Without anything old it
    /// is waited for.
    pub(super) async fn or_old<T, O, E>(
        &self,
        old: Option<O>,
        read: impl Future<Output = Result<T, E>>,
        away: impl Fn(&E) -> bool,
    ) -> Told<T, O, E> {
        let Some(old) = old else { return Told::Fresh(read.await) };
        if !self.breaker.lets_pass() {
            return Told::Old(old);
        }
        let told = timeout(self.patience, read).await.ok();
        match told.filter(|told| !told.as_ref().is_err_and(away)) {
            Some(told) => {
                self.breaker.succeeded();
                Told::Fresh(told)
            }
            None => {
                self.breaker.failed();
                Told::Old(old)
            }
        }
    }
}

/// The catalog says nothing of what was asked: it is away, or has too much to do.
pub(super) fn is_away(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. } | Error::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use tokio::time::Instant;

    const PATIENCE: Duration = Duration::from_secs(1);

    const OLD: u8 = 0;

    async fn ask(reading: &Reading, read: impl Future<Output = Result<u8, Error>>) -> u8 {
        match reading.or_old(Some(OLD), read, is_away).await {
            Told::Fresh(read) => read.expect("it answers"),
            Told::Old(old) => old,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_old_serves_when_the_catalog_is_slow_and_only_one_asks_on() {
        let reading = Reading::new(PATIENCE);
        assert_eq!(ask(&reading, ready(Ok(1))).await, 1);
        let began = Instant::now();
        assert_eq!(ask(&reading, pending()).await, OLD);
        assert_eq!(began.elapsed(), PATIENCE);
        assert_eq!(ask(&reading, async { unreachable!("it rests") }).await, OLD);
        tokio::time::advance(PATIENCE).await;
        let busy = async {
            assert_eq!(ask(&reading, async { unreachable!("one asks already") }).await, OLD);
            Err(Error::Busy)
        };
        assert_eq!(ask(&reading, busy).await, OLD);
        tokio::time::advance(PATIENCE).await;
        assert_eq!(ask(&reading, ready(Ok(2))).await, 2);
        assert_eq!(ask(&reading, ready(Ok(3))).await, 3, "it answers again");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_nothing_old_waits() {
        let reading = Reading::new(PATIENCE);
        let late = async {
            tokio::time::sleep(5 * PATIENCE).await;
            Ok::<_, Error>(1)
        };
        assert!(matches!(reading.or_old(None::<u8>, late, is_away).await, Told::Fresh(Ok(1))));
    }
}
