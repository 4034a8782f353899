//! The clock that bounds how long a request head takes, cheap enough to be set for every request.
//!
//! hyper sets a timer before each head and drops it after: with the runtime's own timers each
//! request would enter and leave the timer wheel, which all threads share. Here a connection has
//! one entry in the wheel; it rings at the first time that was waited for, and is set on to the
//! present one only then.

use hyper::rt::{Sleep, Timer};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

type Entry = Pin<Box<tokio::time::Sleep>>;

/// The timer of one connection, which waits for one head at a time.
#[derive(Clone, Default)]
pub(super) struct HeadTimer(Arc<Mutex<Option<Entry>>>);

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { timer: self.clone(), deadline })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// A wait for one deadline.
struct Wait {
    timer: HeadTimer,
    deadline: Instant,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline.into();
        let mut entry = self.timer.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if entry.deadline() > deadline {
            entry.as_mut().reset(deadline);
        }
        while entry.deadline() < deadline {
            ready!(entry.as_mut().poll(cx));
            entry.as_mut().reset(deadline);
        }
        entry.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn wait(timer: &HeadTimer, ms: u64) -> Duration {
        let start = timer.now();
        // What hyper polls is a boxed trait object.
        let sleep: Pin<Box<dyn Sleep>> = timer.sleep(Duration::from_millis(ms));
        sleep.await;
        timer.now() - start
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_deadline() {
        let timer = HeadTimer::default();
        let given_up = timer.sleep(Duration::from_millis(1_000));
        drop(given_up);
        for ms in [1_000, 1_500, 1_500] {
            let early = tokio::time::timeout(Duration::from_millis(400), wait(&timer, ms)).await;
            assert!(early.is_err(), "{ms}");
        }
        let took = wait(&timer, 1_000).await.as_millis();
        assert!((1_000..=1_001).contains(&took), "{took}");
    }
}
