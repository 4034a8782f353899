//! Which content is watched: the first takes half of all, the others follow Zipf's law.

use crate::random::Random;

/// Exponent of Zipf's law: popularity of films and pages is often found near it.
const EXPONENT: f64 = 1.1;
/// Numbers below this are drawn for a share of one.
const GRAIN: u64 = 1 << 32;

/// Chooses among contents.
pub(super) struct Choice {
    /// Up to which share of draws each content comes.
    upto: Vec<f64>,
}

impl Choice {
    /// Among so many, at least one.
    pub(super) fn among(count: usize) -> Self {
        let weights = (1..count).map(|rank| (rank as f64).powf(-EXPONENT));
        let sum: f64 = weights.clone().sum();
        let mut upto = vec![if count > 1 { 0.5 } else { 1.0 }];
        for weight in weights {
            upto.push(upto[upto.len() - 1] + 0.5 * weight / sum);
        }
        Self { upto }
    }

    /// The place of one of them.
    pub(super) fn draw(&self, random: &mut Random) -> usize {
        let share = share(random);
        self.upto.partition_point(|upto| *upto <= share).min(self.upto.len() - 1)
    }
}

/// True with that probability.
pub(super) fn happens(random: &mut Random, probability: f64) -> bool {
    share(random) < probability
}

/// A place in a list of that length, which is not 0.
pub(super) fn place(random: &mut Random, length: usize) -> usize {
    ((share(random) * length as f64) as usize).min(length - 1)
}

/// From 0 to 1, of the generator's upper bits, which are its better ones.
fn share(random: &mut Random) -> f64 {
    ((random.next() >> 32) % GRAIN) as f64 / GRAIN as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_takes_half_and_the_others_fall_by_their_rank() {
        let (choice, mut random) = (Choice::among(1000), Random::new(7));
        let mut drawn = vec![0_u32; 1000];
        (0..100_000).for_each(|_| drawn[choice.draw(&mut random)] += 1);
        let share = |place: usize| f64::from(drawn[place]) / 100_000.0;
        assert!((share(0) - 0.5).abs() < 0.01, "{}", share(0));
        // 2^1.1 times as often as the next rank.
        assert!((share(1) / share(2) - 2.14).abs() < 0.2, "{} {}", share(1), share(2));
        assert_eq!(Choice::among(1).draw(&mut random), 0);
    }
}
