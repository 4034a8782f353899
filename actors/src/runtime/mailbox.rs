//! Admission to a mailbox. The mailboxes of ractor are unbounded and cannot be measured, so every
//! message is counted in at the door and out when it has been handled.
//!
//! The count of a life that has ended is closed: nobody is let in any more, and what was inside is
//! what was lost with it.

use super::clock;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Set in `entered` when the life has ended.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// Counts the messages of one life that wait or are handled, up to a bound.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Gauge {
    door: Door,
    bound: u32,
    /// A cache line between what senders write and what the actor writes, so that they do not slow
    /// each other down.
    _apart: [u64; 7],
    work: Work,
}

/// Written by senders.
#[derive(Debug, Default)]
struct Door {
    entered: AtomicUsize,
    /// What a sender last saw of `left`: it looks again only when the mailbox seems full.
    left_seen: AtomicUsize,
    /// When the last message was sent, by `clock::ticks`.
    last: AtomicU64,
    high_water: AtomicU32,
    refused: AtomicU32,
}

/// Written by the actor alone.
#[derive(Debug, Default)]
struct Work {
    left: AtomicUsize,
    /// When the message that it handles was sent, by `clock::ticks`; 0 between two.
    taken: AtomicU64,
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
        let bound = u32::try_from(bound).unwrap_or(u32::MAX);
        Self { door: Door::default(), bound, _apart: [0; 7], work: Work::default() }
    }

    /// Lets a message in unless the mailbox is full or closed.
    pub(super) fn admit(&self) -> Result<Stamp, Closed> {
        self.enter(self.bound as usize)
    }

    /// Lets a message in that the actor sends itself, full or not.
    pub(super) fn admit_own(&self) -> Result<Stamp, Closed> {
        self.enter(usize::MAX)
    }

    fn enter(&self, bound: usize) -> Result<Stamp, Closed> {
        let entered = self.door.entered.fetch_add(1, Ordering::AcqRel);
        if entered >= CLOSED {
            self.door.entered.fetch_sub(1, Ordering::AcqRel);
            return Err(Closed::Ended);
        }
        let mut depth = entered.saturating_sub(self.door.left_seen.load(Ordering::Relaxed)) + 1;
        if depth > bound || depth > self.high_water() as usize {
            depth = self.look_again(entered);
        }
        if depth > bound {
            self.door.entered.fetch_sub(1, Ordering::AcqRel);
            self.door.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Closed::Full);
        }
        let now = clock::ticks();
        self.door.last.store(now, Ordering::Relaxed);
        Ok(Stamp(now))
    }

    /// The depth that this message makes, and whether it is the highest so far.
    fn look_again(&self, entered: usize) -> usize {
        let left = self.work.left.load(Ordering::Acquire);
        self.door.left_seen.store(left, Ordering::Relaxed);
        let depth = entered.saturating_sub(left) + 1;
        let shown = u32::try_from(depth).unwrap_or(u32::MAX).min(self.bound);
        self.door.high_water.fetch_max(shown, Ordering::Relaxed);
        depth
    }

    /// A message that was let in could not be delivered after all.
    pub(super) fn withdrawn(&self) {
        self.door.entered.fetch_sub(1, Ordering::AcqRel);
    }

    /// The actor has come to this message: it is the oldest one.
    pub(super) fn taken(&self, stamp: Stamp) {
        self.work.taken.store(stamp.0, Ordering::Relaxed);
    }

    /// The actor has done with a message. Only the actor calls this.
    pub(super) fn left(&self) {
        self.work.taken.store(0, Ordering::Relaxed);
        self.work.left.store(self.work.left.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Lets nobody in any more; answers how many messages are lost inside. Only the first call
    /// counts them.
    pub(super) fn close(&self) -> usize {
        let entered = self.door.entered.fetch_or(CLOSED, Ordering::AcqRel);
        if entered >= CLOSED { 0 } else { self.depth(entered) }
    }

    /// Messages that wait or are handled.
    pub(super) fn inside(&self) -> usize {
        self.depth(self.door.entered.load(Ordering::Acquire))
    }

    fn depth(&self, entered: usize) -> usize {
        (entered & !CLOSED).saturating_sub(self.work.left.load(Ordering::Acquire))
    }

    pub(super) fn bound(&self) -> u32 {
        self.bound
    }

    pub(super) fn high_water(&self) -> u32 {
        self.door.high_water.load(Ordering::Relaxed)
    }

    pub(super) fn refused(&self) -> u32 {
        self.door.refused.load(Ordering::Relaxed)
    }

    /// Age of the oldest message inside, seconds: of the one that is handled, else of the last one
    /// that was sent, since one that is not handled yet came just now.
    pub(super) fn oldest_s(&self) -> Option<f64> {
        if self.inside() == 0 {
            return None;
        }
        let taken = self.work.taken.load(Ordering::Relaxed);
        let last = self.door.last.load(Ordering::Relaxed);
        Some(clock::seconds_since(if taken == 0 { last } else { taken }))
    }

    /// Waits until nothing is inside. It looks every millisecond: only the end of a node waits for
    /// this, and no message shall pay for it.
    pub(super) async fn emptied(&self) {
        while self.inside() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
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
