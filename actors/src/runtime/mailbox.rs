//! Admission to a mailbox. The mailboxes of ractor are unbounded and cannot be measured, so every
//! message carries a ticket of its actor's gauge: no ticket, no way in. A ticket goes back when its
//! message has been handled or dropped, wherever that happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Counts the messages of one actor that wait or are handled, up to a bound.
#[derive(Debug)]
pub(super) struct Gauge {
    inside: AtomicUsize,
    bound: usize,
    emptied: Notify,
}

/// The right of one message to be in the mailbox.
#[derive(Debug)]
pub(super) struct Ticket(Arc<Gauge>);

impl Gauge {
    pub(super) fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self { inside: AtomicUsize::new(0), bound, emptied: Notify::new() })
    }

    /// None when the mailbox is full.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Ticket> {
        let admit = |inside: usize| (inside < self.bound).then_some(inside + 1);
        self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, admit).ok()?;
        Some(Ticket(Arc::clone(self)))
    }

    /// Messages that wait or are handled.
    pub(super) fn inside(&self) -> usize {
        self.inside.load(Ordering::Acquire)
    }

    /// Waits until nothing is inside.
    pub(super) async fn emptied(&self) {
        loop {
            // Listens before it looks, so that the last ticket cannot slip through between.
            let emptied = self.emptied.notified();
            if self.inside() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.0.inside.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gauge;

    #[test]
    fn a_returned_ticket_makes_room() {
        let gauge = Gauge::new(1);
        let first = gauge.admit().expect("there is room");
        assert!(gauge.admit().is_none());
        drop(first);
        assert_eq!(gauge.inside(), 0);
        assert!(gauge.admit().is_some());
    }
}
