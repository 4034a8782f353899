//! Viewers who play now, as counts in slots of time: no list of sessions, and nothing drifts.
//!
//! A sign of life moves its session from the slot of the one before to the present slot; a session
//! without one stays in its slot, which ages out. A slot names the time that it stands for, so an
//! old one is cleared by whoever needs its place. The counts of several stripes are added up, so
//! one of them may be below zero.

use std::sync::atomic::{AtomicU64, Ordering};

/// A ring of slots of one stripe.
#[derive(Debug)]
pub(super) struct Slots {
    /// Which slot in the upper half, how many in the lower one.
    ring: Box<[AtomicU64]>,
}

/// Which slot of all time: rises by one with each slot.
pub(super) type Number = u32;

impl Slots {
    /// Slots of which `alive` count.
    pub(super) fn new(alive: u32) -> Self {
        // One more for clocks that differ a little, so that a slot that counts is never cleared.
        Self { ring: (0..=alive).map(|_| AtomicU64::default()).collect() }
    }

    /// Adds to a slot, unless its place is needed for a newer one.
    pub(super) fn add(&self, number: Number, by: i32) {
        let place = &self.ring[number as usize % self.ring.len()];
        // Relaxed: a count that nothing else hangs on.
        let _ = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |slot| {
            let (held, count) = unpack(slot);
            match held.cmp(&number) {
                std::cmp::Ordering::Less => Some(pack(number, by)),
                std::cmp::Ordering::Equal => Some(pack(number, count.saturating_add(by))),
                std::cmp::Ordering::Greater => None,
            }
        });
    }

    /// What is in the slots that count at `now`.
    pub(super) fn sum(&self, now: Number) -> i64 {
        let alive = self.ring.len() as u32 - 1;
        let slots = self.ring.iter().map(|slot| unpack(slot.load(Ordering::Relaxed)));
        let counted = slots.filter(|(held, _)| now.saturating_sub(*held) < alive);
        counted.map(|(_, count)| i64::from(count)).sum()
    }
}

fn pack(number: Number, count: i32) -> u64 {
    (u64::from(number) << 32) | u64::from(count.cast_unsigned())
}

fn unpack(slot: u64) -> (Number, i32) {
    ((slot >> 32) as Number, (slot as u32).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_counts_once_while_it_shows_itself() {
        let slots = Slots::new(9);
        slots.add(100, 1);
        for number in 101..150 {
            slots.add(number - 1, -1);
            slots.add(number, 1);
            assert_eq!(slots.sum(number), 1);
        }
        assert_eq!(slots.sum(149 + 8), 1);
        assert_eq!(slots.sum(149 + 9), 0, "it has timed out");
    }

    #[test]
    fn one_that_comes_back_after_its_slot_has_gone_takes_nothing_away() {
        let slots = Slots::new(9);
        slots.add(100, 1);
        slots.add(120, 1);
        slots.add(100, -1);
        assert_eq!(slots.sum(120), 1);
    }

    #[test]
    fn stripes_add_up() {
        let (one, other) = (Slots::new(9), Slots::new(9));
        one.add(100, 1);
        other.add(100, -1);
        other.add(101, 1);
        assert_eq!(one.sum(101) + other.sum(101), 1);
        assert_eq!(one.sum(109) + other.sum(109), 1, "it was seen in 101");
    }
}
