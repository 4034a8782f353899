//! Calls on their way to the engine: a bounded queue that is put into without waiting.

use super::Call;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// The queue.
pub(super) struct Calls {
    waiting: Mutex<VecDeque<Call>>,
    most: usize,
    filled: Notify,
}

impl Calls {
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: Mutex::default(), most, filled: Notify::new() }
    }

    /// One more, unless the queue is full.
    pub(super) fn put(&self, call: Call) {
        let mut waiting = self.lock();
        if waiting.len() >= self.most {
            tracing::debug!(job = %call.job, "a wake-up was dropped: too many wait to be told");
            return;
        }
        waiting.push_back(call);
        drop(waiting);
        self.filled.notify_one();
    }

    /// Whether one that fits waits.
    pub(super) fn has(&self, fits: impl Fn(&Call) -> bool) -> bool {
        self.lock().iter().any(fits)
    }

    /// The next one that fits, if there is one.
    pub(super) fn take(&self, fits: impl Fn(&Call) -> bool) -> Option<Call> {
        let mut waiting = self.lock();
        let at = waiting.iter().position(fits)?;
        waiting.remove(at)
    }

    /// Waits for the next one that fits.
    pub(super) async fn next(&self, fits: impl Fn(&Call) -> bool) -> Call {
        loop {
            // Asked for before the look, so that none comes between.
            let filled = self.filled.notified();
            tokio::pin!(filled);
            filled.as_mut().enable();
            if let Some(call) = self.take(&fits) {
                // Somebody else may wait for what lies behind it.
                self.filled.notify_one();
                return call;
            }
            filled.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Call>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
