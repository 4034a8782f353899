//! The generator's own chance: xoshiro256++ (Blackman and Vigna, 2018), seeded by SplitMix64.
//!
//! Equal seeds must give equal plans on every machine and with every version of the program, which
//! the generators of libraries do not promise. Each use has a stream of its own, so that a change
//! of one kind of request leaves the others as they were.

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random([u64; 4]);

impl Random {
    /// The stream of a seed that has this number.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut state = seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95);
        Self([(); 4].map(|()| split_mix(&mut state)))
    }

    /// 64 even bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let told = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        told
    }

    /// Evenly from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this chance.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Evenly below `count`, which is not 0; its bias is below `count` / 2^64.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let wide = u128::from(self.bits()) * count.max(1) as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }

    /// The time to the next event of a Poisson process of rate 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Of mean 0 and deviation 1 (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers that the authors' C code gives for the state 1, 2, 3, 4.
    #[test]
    fn numbers_are_those_of_the_reference() {
        let mut random = Random([1, 2, 3, 4]);
        let told = [(); 4].map(|()| random.bits());
        assert_eq!(told, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn streams_of_a_seed_repeat_and_differ() {
        let first = |seed, stream| Random::new(seed, stream).bits();
        assert_eq!(first(7, 1), first(7, 1));
        assert_ne!(first(7, 1), first(7, 2));
        assert_ne!(first(7, 1), first(8, 1));
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut random = Random::new(5, 0);
        let count = 200_000;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let normals: Vec<f64> = (0..count).map(|_| random.normal()).collect();
        let squares: Vec<f64> = normals.iter().map(|value| value * value).collect();
        let waits: Vec<f64> = (0..count).map(|_| random.exponential()).collect();
        // Four standard errors.
        assert!(mean(&normals).abs() < 0.009, "{}", mean(&normals));
        assert!((mean(&squares) - 1.0).abs() < 0.013, "{}", mean(&squares));
        assert!((mean(&waits) - 1.0).abs() < 0.009, "{}", mean(&waits));
        let low = (0..count).filter(|_| random.below(10) == 3).count();
        assert!((low as f64 / f64::from(count) - 0.1).abs() < 0.003, "{low}");
    }
}
