//! What was watched of a content: stretches that neither overlap nor touch, the earliest first.

use serde::{Deserialize, Serialize};

/// A union of stretches, milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// Adds a stretch. With more than `most` the two that are closest are joined.
    pub(super) fn add(&mut self, (from, to): (u32, u32), most: usize) {
        let first = self.0.partition_point(|range| range.1 < from);
        let end = self.0.partition_point(|range| range.0 <= to);
        if first == end {
            self.0.reserve_exact(1);
            self.0.insert(first, (from, to));
            self.bound(most);
        } else {
            let joined = (from.min(self.0[first].0), to.max(self.0[end - 1].1));
            self.0[first] = joined;
            self.0.drain(first + 1..end);
        }
    }

    fn bound(&mut self, most: usize) {
        while self.0.len() > most.max(1) {
            let gap = |at: &usize| self.0[at + 1].0 - self.0[*at].1;
            let Some(at) = (0..self.0.len() - 1).min_by_key(gap) else { return };
            self.0[at].1 = self.0[at + 1].1;
            self.0.remove(at + 1);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stretches, seconds.
    pub(super) fn seconds(&self) -> Vec<(f64, f64)> {
        let seconds = |ms: u32| f64::from(ms) / 1e3;
        self.0.iter().map(|(from, to)| (seconds(*from), seconds(*to))).collect()
    }

    /// The hundredths of `duration_ms` that were reached, as bits; none when it is not known.
    pub(super) fn parts(&self, duration_ms: u32) -> Parts {
        let mut parts = Parts::default();
        if duration_ms == 0 {
            return parts;
        }
        let (duration, last) = (u64::from(duration_ms), u64::from(Parts::COUNT) - 1);
        for (from, to) in &self.0 {
            let first = u64::from(*from) * 100 / duration;
            let end = (u64::from(*to) * 100).div_ceil(duration).min(last + 1);
            (first..end).for_each(|part| parts.0 |= 1 << part);
        }
        parts
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Bytes behind the record.
    pub(super) fn weight(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u32)>()
    }
}

/// A set of hundredths of a content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u128);

impl Parts {
    /// Parts of a content.
    pub(super) const COUNT: u8 = 100;

    /// The part in which a position lies; none when the duration is not known.
    pub(super) fn at(position_ms: u32, duration_ms: u32) -> Option<u8> {
        let part = (u64::from(position_ms) * 100).checked_div(duration_ms.into())?;
        Some(part.min(u64::from(Self::COUNT) - 1) as u8)
    }

    /// Those that are not among the `others`.
    pub(super) fn without(self, others: Self) -> Vec<u8> {
        let new = self.0 & !others.0;
        (0..Self::COUNT).filter(|part| new >> part & 1 == 1).collect()
    }

    /// Those of either.
    pub(super) fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == 0
    }
}

/// As hexadecimal digits: 25 characters at most.
impl Serialize for Parts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn union(stretches: &[(u32, u32)], most: usize) -> Vec<(u32, u32)> {
        let mut ranges = Ranges::default();
        stretches.iter().for_each(|stretch| ranges.add(*stretch, most));
        ranges.0
    }

    #[test]
    fn what_overlaps_or_touches_is_one_stretch() {
        let check = |stretches: &[(u32, u32)], expected: &[(u32, u32)]| {
            assert_eq!(union(stretches, 64), expected, "{stretches:?}");
            let backwards: Vec<_> = stretches.iter().rev().copied().collect();
            assert_eq!(union(&backwards, 64), expected, "{backwards:?}");
        };
        check(&[(0, 10), (10, 20)], &[(0, 20)]);
        check(&[(0, 10), (11, 20)], &[(0, 10), (11, 20)]);
        check(&[(0, 10), (20, 30), (40, 50), (5, 45)], &[(0, 50)]);
        check(&[(5, 6), (0, 20)], &[(0, 20)]);
        check(&[(0, 20), (5, 6)], &[(0, 20)]);
    }

    #[test]
    fn of_too_many_the_closest_are_joined() {
        let apart = [(0, 1), (10, 11), (14, 15), (30, 31)];
        assert_eq!(union(&apart, 3), [(0, 1), (10, 15), (30, 31)]);
        assert_eq!(union(&apart, 1), [(0, 31)]);
    }

    #[test]
    fn a_part_is_reached_by_any_of_it() {
        let check = |stretch, duration_ms, expected: &[u8]| {
            let mut ranges = Ranges::default();
            ranges.add(stretch, 64);
            let parts = ranges.parts(duration_ms).without(Parts::default());
            assert_eq!(parts, expected, "{stretch:?} of {duration_ms}");
        };
        check((0, 1_000), 100_000, &[0]);
        check((999, 1_001), 100_000, &[0, 1]);
        check((99_500, 120_000), 100_000, &[99]);
        check((120_000, 130_000), 100_000, &[]);
        check((0, 1_000), 0, &[]);
        // Shorter than a hundred milliseconds, each of which is more than a part.
        check((0, 1), 50, &[0, 1]);
        assert_eq!(Parts::at(100_000, 100_000), Some(99));
        assert_eq!(Parts::at(1, 0), None);
    }
}
