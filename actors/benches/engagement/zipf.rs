//! Contents as popular as Zipf says, with exponent 1: the n-th is watched 1/n times as often as the
//! first.

use rand::Rng;
use rand::distr::Uniform;

/// Draws contents by number, the most popular being 0.
pub(crate) struct Zipf {
    /// Sums of the weights up to each.
    sums: Vec<f64>,
    under: Uniform<f64>,
}

impl Zipf {
    pub(crate) fn of(contents: usize) -> Self {
        let mut sum = 0.0;
        let weights = (1..=contents).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        let sums: Vec<f64> = weights.collect();
        let under = Uniform::new(0.0, sum).expect("there are contents");
        Self { sums, under }
    }

    pub(crate) fn draw(&self, random: &mut impl Rng) -> usize {
        let die = random.sample(self.under);
        self.sums.partition_point(|sum| *sum <= die)
    }
}
