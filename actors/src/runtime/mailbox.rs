//! Admission to a mailbox. The mailboxes of ractor are unbounded and cannot be measured, so every
//! message is counted in at the door and out when it has been handled.
//!
//! The count of a life that has ended is closed: nobody is let in any more, and what was inside is
//! what was lost with it.

use super::clock;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Set in `inside` when the life has ended.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// Counts the messages of one life that wait or are handled, up to a bound.
#[derive(Debug)]
pub(super) struct Gauge {
    inside: AtomicUsize,
    bound: u32,
    high_water: AtomicU32,
    refused: AtomicU32,
    /// When the oldest message inside was sent, by `clock::ticks`.
    oldest: AtomicU64,
    emptied: Notify,
}

/// When a message was sent, by `clock::ticks`; the proof that it was let in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp(pub(super) u64);

/// Why a message was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The mailbox is at its bound.
    Full,
    /// The life has ended.
    Ended,
}

impl Gauge {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            inside: AtomicUsize::new(0),
            bound: u32::try_from(bound).unwrap_or(u32::MAX),
            high_water: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            oldest: AtomicU64::new(0),
            emptied: Notify::new(),
        }
    }

    /// Lets a message in unless the mailbox is full or closed.
    pub(super) fn admit(&self) -> Result<Stamp, Closed> {
        let before = self.inside.fetch_add(1, Ordering::AcqRel);
        if before >= self.bound as usize {
            return Err(self.turn_away(before));
        }
        Ok(self.entered(before))
    }

    /// Lets a message in that the actor sends itself, full or not.
    pub(super) fn admit_own(&self) -> Result<Stamp, Closed> {
        let before = self.inside.fetch_add(1, Ordering::AcqRel);
        if before >= CLOSED {
            return Err(self.turn_away(before));
        }
        Ok(self.entered(before))
    }

    fn entered(&self, before: usize) -> Stamp {
        let now = clock::ticks();
        if before == 0 {
            self.oldest.store(now, Ordering::Relaxed);
        }
        let depth = u32::try_from(before + 1).unwrap_or(u32::MAX);
        if depth > self.high_water.load(Ordering::Relaxed) {
            self.high_water.fetch_max(depth, Ordering::Relaxed);
        }
        Stamp(now)
    }

    #[cold]
    fn turn_away(&self, before: usize) -> Closed {
        self.left();
        if before >= CLOSED {
            return Closed::Ended;
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Closed::Full
    }

    /// The actor has come to this message: it is the oldest one.
    pub(super) fn taken(&self, stamp: Stamp) {
        self.oldest.store(stamp.0, Ordering::Relaxed);
    }

    /// A message has been handled, or could not be delivered after all.
    pub(super) fn left(&self) {
        if self.inside.fetch_sub(1, Ordering::AcqRel) & !CLOSED == 1 {
            self.emptied.notify_waiters();
        }
    }

    /// Lets nobody in any more; answers how many messages are lost inside. Only the first call
    /// counts them.
    pub(super) fn close(&self) -> usize {
        let before = self.inside.fetch_or(CLOSED, Ordering::AcqRel);
        if before >= CLOSED { 0 } else { before }
    }

    /// Messages that wait or are handled.
    pub(super) fn inside(&self) -> usize {
        self.inside.load(Ordering::Acquire) & !CLOSED
    }

    pub(super) fn bound(&self) -> u32 {
        self.bound
    }

    pub(super) fn high_water(&self) -> u32 {
        self.high_water.load(Ordering::Relaxed)
    }

    pub(super) fn refused(&self) -> u32 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Age of the oldest message inside, seconds.
    pub(super) fn oldest_s(&self) -> Option<f64> {
        (self.inside() > 0).then(|| clock::seconds_since(self.oldest.load(Ordering::Relaxed)))
    }

    /// Waits until nothing is inside.
    pub(super) async fn emptied(&self) {
        loop {
            // Listens before it looks, so that the last message cannot slip through between.
            let emptied = self.emptied.notified();
            if self.inside() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Closed, Gauge};

    #[test]
    fn a_handled_message_makes_room() {
        let gauge = Gauge::new(1);
        assert!(gauge.admit().is_ok());
        assert_eq!(gauge.admit().err(), Some(Closed::Full));
        gauge.left();
        assert_eq!((gauge.inside(), gauge.refused(), gauge.high_water()), (0, 1, 1));
        assert!(gauge.admit().is_ok());
    }

    #[test]
    fn what_is_inside_when_a_life_ends_is_counted_once() {
        let gauge = Gauge::new(8);
        for _ in 0..3 {
            assert!(gauge.admit().is_ok());
        }
        assert_eq!((gauge.close(), gauge.close()), (3, 0));
        assert_eq!(gauge.admit().err(), Some(Closed::Ended));
        assert_eq!(gauge.admit_own().err(), Some(Closed::Ended));
        assert_eq!(gauge.refused(), 0);
    }
}
