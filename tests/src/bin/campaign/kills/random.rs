//! Moments by a seed, the same everywhere.

use std::time::Duration;

/// xorshift64.
pub(super) struct Random(u64);

impl Random {
    /// A row of numbers; 0 would give only zeros.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A pause between two lengths, milliseconds.
    pub(super) fn pause(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(least_ms + self.next() % (most_ms - least_ms))
    }
}
