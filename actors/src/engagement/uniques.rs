//! Unique viewers: an exact set while they are few, a sketch when they are many. Pure.
//!
//! Up to [`EXACT_MAX`] the 62 bits of each viewer are kept, sorted. Above that it is
//! HyperLogLog++ (S. Heule, M. Nunkesser, A. Hall: HyperLogLog in Practice, EDBT 2013): 64-bit
//! hashes, 2^14 registers, standard error 1.04 / sqrt(2^14) = 0.81 %. Instead of that paper's table
//! of biases the estimate is O. Ertl's improved raw estimator (arXiv:1702.01284, section 2,
//! algorithm 6), which needs none over the whole range.

use playhouse_storage::model::ViewerId;

/// So many viewers are counted exactly: 32 kB.
pub(super) const EXACT_MAX: usize = 4_096;
/// Relative standard error above that, of 1.
pub const ERROR: f64 = 0.0081;

/// Bits of a hash that choose a register.
const P: u32 = 14;
const REGISTERS: usize = 1 << P;
/// Bits of a hash of which the leading zeros count.
const Q: u32 = 64 - P;
/// Values of a register: 0 to Q + 1.
const VALUES: usize = Q as usize + 2;
/// Bytes of the registers at six bits each.
const PACKED: usize = REGISTERS * 6 / 8;

const VERSION: u8 = 1;
const FEW: u8 = 0;
const MANY: u8 = 1;

/// A set of viewers of which the size is asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Uniques {
    /// Exact: sorted, each once.
    Few(Vec<u64>),
    /// Estimated.
    Many(Box<Sketch>),
}

/// Stored bytes that are no set of viewers.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored unique viewers cannot be read: {0}")]
pub(super) struct Unreadable(&'static str);

impl Default for Uniques {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Uniques {
    /// How many, rounded when estimated.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Few(set) => set.len() as u64,
            Self::Many(sketch) => sketch.estimate().round() as u64,
        }
    }

    /// True when the count is no estimate.
    pub(super) fn is_exact(&self) -> bool {
        matches!(self, Self::Few(_))
    }

    /// Adds viewers; those that are known change nothing. Sorting once is cheaper than finding the
    /// place of each.
    pub(super) fn extend(&mut self, viewers: impl IntoIterator<Item = ViewerId>) {
        match self {
            Self::Few(set) => {
                let known = set.len();
                for bits in viewers.into_iter().map(ViewerId::bits) {
                    if set[..known].binary_search(&bits).is_err() {
                        set.push(bits);
                    }
                }
                if set.len() > known {
                    // Stable: it finds the two runs, and merges them.
                    set[known..].sort_unstable();
                    set.sort();
                    set.dedup();
                    self.grow();
                }
            }
            Self::Many(sketch) => {
                viewers.into_iter().for_each(|viewer| sketch.add(mix(viewer.bits())));
            }
        }
    }

    /// Adds all of another set.
    #[cfg(test)]
    fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Few(set)) => self.extend(set.iter().map(|bits| ViewerId::new(*bits))),
            (Self::Many(sketch), Self::Many(other)) => sketch.merge(other),
            (Self::Few(set), Self::Many(other)) => {
                let mut sketch = other.clone();
                set.iter().for_each(|bits| sketch.add(mix(*bits)));
                *self = Self::Many(sketch);
            }
        }
    }

    fn grow(&mut self) {
        if let Self::Few(set) = self
            && set.len() > EXACT_MAX
        {
            let mut sketch = Box::new(Sketch::default());
            set.iter().for_each(|bits| sketch.add(mix(*bits)));
            *self = Self::Many(sketch);
        }
    }

    /// Bytes behind it, about.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Few(set) => size_of_val(set.as_slice()),
            Self::Many(_) => size_of::<Sketch>() + REGISTERS,
        }
    }

    /// As it is stored: version, kind, then the viewers or the registers at six bits each.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Few(set) => {
                let mut bytes = Vec::with_capacity(2 + 8 * set.len());
                bytes.extend([VERSION, FEW]);
                set.iter().for_each(|bits| bytes.extend(bits.to_le_bytes()));
                bytes
            }
            Self::Many(sketch) => {
                let mut bytes = Vec::with_capacity(2 + PACKED);
                bytes.extend([VERSION, MANY]);
                sketch.pack(&mut bytes);
                bytes
            }
        }
    }

    /// What was stored.
    ///
    /// # Errors
    /// When the bytes are none that [`Uniques::encode`] makes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let [version, kind, rest @ ..] = bytes else { return Err(Unreadable("too short")) };
        if *version != VERSION {
            return Err(Unreadable("unknown version"));
        }
        match *kind {
            FEW => decode_few(rest).map(Self::Few),
            MANY => Sketch::unpack(rest).map(|sketch| Self::Many(Box::new(sketch))),
            _ => Err(Unreadable("unknown kind")),
        }
    }
}

fn decode_few(bytes: &[u8]) -> Result<Vec<u64>, Unreadable> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let set: Vec<u64> = chunks.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect();
    if !rest.is_empty() || set.len() > EXACT_MAX {
        return Err(Unreadable("wrong length"));
    }
    let viewers = set.iter().all(|bits| ViewerId::new(*bits).bits() == *bits);
    if !viewers || !set.is_sorted_by(|a, b| a < b) {
        return Err(Unreadable("no sorted viewers"));
    }
    Ok(set)
}

/// Spreads 62 bits that someone else chose evenly over 64 (the finaliser of SplitMix64: G. Steele,
/// D. Lea, C. Flood, OOPSLA 2014). It is a bijection, so two viewers never become one here.
fn mix(bits: u64) -> u64 {
    let mut z = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// HyperLogLog registers, and how many of them have each value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sketch {
    registers: Box<[u8]>,
    values: [u32; VALUES],
}

impl Default for Sketch {
    fn default() -> Self {
        let mut values = [0; VALUES];
        values[0] = REGISTERS as u32;
        Self { registers: vec![0; REGISTERS].into(), values }
    }
}

impl Sketch {
    fn add(&mut self, hash: u64) {
        let index = (hash >> Q) as usize;
        // The bit behind the Q that count bounds the zeros, so the value is at most Q + 1.
        let zeros = ((hash << P) | (1 << (P - 1))).leading_zeros();
        self.raise(index, (zeros + 1) as u8);
    }

    fn raise(&mut self, index: usize, value: u8) {
        let register = &mut self.registers[index];
        if value > *register {
            self.values[usize::from(*register)] -= 1;
            self.values[usize::from(value)] += 1;
            *register = value;
        }
    }

    #[cfg(test)]
    fn merge(&mut self, other: &Self) {
        for (index, value) in other.registers.iter().enumerate() {
            self.raise(index, *value);
        }
    }

    /// Ertl's algorithm 6.
    fn estimate(&self) -> f64 {
        let m = REGISTERS as f64;
        let share = |value: usize| f64::from(self.values[value]);
        let mut z = m * tau(1.0 - share(VALUES - 1) / m);
        for value in (1..VALUES - 1).rev() {
            z = 0.5 * (z + share(value));
        }
        z += m * sigma(share(0) / m);
        m * m / (2.0 * std::f64::consts::LN_2 * z)
    }

    /// Four registers fill three bytes.
    fn pack(&self, bytes: &mut Vec<u8>) {
        for four in self.registers.chunks_exact(4) {
            let bits = four.iter().rev().fold(0_u32, |bits, value| (bits << 6) | u32::from(*value));
            bytes.extend(&bits.to_le_bytes()[..3]);
        }
    }

    fn unpack(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() != PACKED {
            return Err(Unreadable("wrong length"));
        }
        let mut sketch = Self::default();
        for (at, three) in bytes.chunks_exact(3).enumerate() {
            let bits = u32::from_le_bytes([three[0], three[1], three[2], 0]);
            for place in 0..4 {
                let value = (bits >> (6 * place)) & 0x3f;
                if value as usize >= VALUES {
                    return Err(Unreadable("a register out of range"));
                }
                sketch.raise(4 * at + place as usize, value as u8);
            }
        }
        Ok(sketch)
    }
}

/// Ertl's sigma: what empty registers say.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

/// Ertl's tau: what full registers say.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Viewers by number, of the kind that a keyed hash makes.
    fn viewers(numbers: std::ops::Range<u64>) -> impl Iterator<Item = ViewerId> {
        numbers.map(|number| ViewerId::new(mix(number ^ 0x5eed)))
    }

    fn of(numbers: std::ops::Range<u64>) -> Uniques {
        let mut uniques = Uniques::default();
        uniques.extend(viewers(numbers));
        uniques
    }

    fn check_near(uniques: &Uniques, expected: u64) {
        let error = uniques.count() as f64 / expected as f64 - 1.0;
        assert!(error.abs() <= 3.0 * ERROR, "{} of {expected}: {error:+.4}", uniques.count());
    }

    #[test]
    fn few_are_counted_exactly() {
        for count in [0, 1, 2, 100, EXACT_MAX as u64] {
            let uniques = of(0..count);
            assert_eq!((uniques.count(), uniques.is_exact()), (count, true));
        }
        assert!(!of(0..EXACT_MAX as u64 + 1).is_exact());
    }

    #[test]
    fn many_are_estimated_within_three_standard_errors() {
        let mut uniques = Uniques::default();
        let mut before = 0;
        for count in [4_097, 10_000, 40_000, 100_000, 1_000_000, 10_000_000] {
            uniques.extend(viewers(before..count));
            check_near(&uniques, count);
            before = count;
        }
    }

    #[test]
    fn the_estimate_is_not_biased_where_the_exact_set_ends() {
        let errors = (0..50).map(|seed| {
            let from = seed << 32;
            of(from..from + 5_000).count() as f64 / 5_000.0 - 1.0
        });
        let mean = errors.sum::<f64>() / 50.0;
        assert!(mean.abs() < 3.0 * ERROR / 50_f64.sqrt(), "{mean:+.5}");
    }

    #[test]
    fn names_that_are_numbered_through_count_as_well() {
        let mut uniques = Uniques::default();
        uniques.extend((0..100_000).map(ViewerId::new));
        check_near(&uniques, 100_000);
    }

    #[test]
    fn order_and_repetition_do_not_matter() {
        for count in [1_000, 20_000] {
            let mut backwards: Vec<_> = viewers(0..count).collect();
            backwards.reverse();
            let mut again = Uniques::default();
            for viewer in backwards.iter().chain(&backwards) {
                again.extend([*viewer]);
                // One by one is slow while the set is exact: its second half at once.
                if again.count() > 500 {
                    break;
                }
            }
            again.extend(backwards.iter().chain(&backwards).copied());
            assert_eq!(again, of(0..count));
        }
    }

    #[test]
    fn merged_sets_are_the_set_of_both() {
        for (left, right) in [
            (0..100, 50..150),
            (0..4_000, 3_000..7_000),
            (0..50_000, 0..100),
            (0..100, 0..50_000),
            (0..50_000, 40_000..90_000),
        ] {
            let whole = left.start.min(right.start)..left.end.max(right.end);
            let mut merged = of(left);
            merged.merge(&of(right));
            assert_eq!(merged, of(whole));
        }
    }

    #[test]
    fn what_is_stored_comes_back() {
        for (count, bytes) in [(0, 2), (1_000, 8_002), (4_096, 32_770), (50_000, 12_290)] {
            let uniques = of(0..count);
            let stored = uniques.encode();
            assert_eq!(stored.len(), bytes);
            assert_eq!(Uniques::decode(&stored), Ok(uniques));
        }
    }

    #[test]
    fn bytes_that_are_broken_are_an_error() {
        let (few, many) = (of(0..100).encode(), of(0..10_000).encode());
        let mut unsorted = few.clone();
        unsorted[2..18].rotate_left(8);
        let mut high = few.clone();
        *high.last_mut().expect("it is not empty") |= 0x80;
        let mut register = many.clone();
        register[2] |= 0x3f;
        let check = |bytes: &[u8], why| assert_eq!(Uniques::decode(bytes), Err(Unreadable(why)));
        check(&[], "too short");
        check(&[2, FEW], "unknown version");
        check(&[VERSION, 2], "unknown kind");
        check(&few[..few.len() - 1], "wrong length");
        check(&many[..many.len() - 1], "wrong length");
        check(&unsorted, "no sorted viewers");
        check(&high, "no sorted viewers");
        check(&register, "a register out of range");
        check(&[&[VERSION, FEW], vec![0; 8 * (EXACT_MAX + 1)].as_slice()].concat(), "wrong length");
    }
}
