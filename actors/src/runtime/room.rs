//! Room for entities on a node: how many may be resident at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts residents up to a limit.
#[derive(Debug)]
pub(super) struct Room {
    taken: AtomicUsize,
    limit: usize,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: AtomicUsize::new(0), limit }
    }

    /// False when there is none.
    pub(super) fn take(&self) -> bool {
        let more = |taken: usize| (taken < self.limit).then_some(taken + 1);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    pub(super) fn give_back(&self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}
