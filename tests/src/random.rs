//! Moments by a seed, the same everywhere.

use std::time::Duration;

/// xorshift64.
pub struct Random(u64);

impl Random {
    /// A row of numbers; 0 would give only zeros.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// The next number.
    #[allow(clippy::should_implement_trait, reason = "a row that never ends is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A pause between two lengths, milliseconds.
    pub fn pause(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(least_ms + self.next() % (most_ms - least_ms))
    }

    /// One of a list that is not empty.
    ///
    /// # Panics
    /// When it is empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let place = self.next() % from.len() as u64;
        &from[usize::try_from(place).expect("a place in a list is a usize")]
    }
}
