//! Who is hot: decisions by the rank of a content among all that have views. Pure.

use super::heat::{Hotness, Tier};

/// How far down which tier goes among so many contents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranks {
    total: u64,
    /// Hot from here up.
    enter: u64,
    /// Hot no more from below here: twice as far, so that nobody at the border flickers.
    leave: u64,
    /// Warm from here up.
    pub(super) warm: u64,
    views_min: f64,
}

impl Ranks {
    /// Among `total` contents; `views_min` is the score below which nothing is hot.
    pub(super) fn among(total: u64, views_min: f64) -> Self {
        let share = |percent: u64| (total.saturating_mul(percent)).div_ceil(100);
        Self { total, enter: share(1), leave: share(2), warm: share(10), views_min }
    }

    /// Whether the content of this rank (the first is 1) is hot, given whether it was.
    pub(super) fn is_hot(&self, rank: u64, score: f64, was_hot: bool) -> bool {
        let (last, least) = match was_hot {
            true => (self.leave, self.views_min / 2.0),
            false => (self.enter, self.views_min),
        };
        rank <= last && score >= least
    }

    /// What is shown of a content of this rank; none when it is of the tail.
    pub(super) fn hotness(&self, rank: u64, is_hot: bool) -> Option<Hotness> {
        let tier = match is_hot {
            true => Tier::Hot,
            false if rank <= self.warm => Tier::Warm,
            false => return None,
        };
        let below = self.total.saturating_sub(rank) + 1;
        Some(Hotness { score: below as f64 / self.total.max(1) as f64, tier })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hot_is_the_first_hundredth_and_stays_so_in_the_second() {
        let ranks = Ranks::among(1_000, 10.0);
        let check = |rank, score, was_hot, expected| {
            assert_eq!(ranks.is_hot(rank, score, was_hot), expected, "{rank}, {score}, {was_hot}");
        };
        check(1, 50.0, false, true);
        check(10, 50.0, false, true);
        check(11, 50.0, false, false);
        check(11, 50.0, true, true);
        check(20, 50.0, true, true);
        check(21, 50.0, true, false);
        check(1, 9.9, false, false);
        check(1, 9.9, true, true);
        check(1, 4.9, true, false);
    }

    #[test]
    fn the_first_of_a_few_is_hot_and_nothing_of_nothing() {
        let ranks = Ranks::among(3, 10.0);
        assert!(ranks.is_hot(1, 10.0, false) && !ranks.is_hot(2, 10.0, true));
        assert!(!Ranks::among(0, 10.0).is_hot(1, 10.0, false));
    }

    #[test]
    fn tiers_go_by_rank() {
        let ranks = Ranks::among(1_000, 10.0);
        let hotness = |score, tier| Some(Hotness { score, tier });
        assert_eq!(ranks.hotness(1, true), hotness(1.0, Tier::Hot));
        assert_eq!(ranks.hotness(11, false), hotness(0.99, Tier::Warm));
        assert_eq!(ranks.hotness(100, false), hotness(0.901, Tier::Warm));
        assert_eq!(ranks.hotness(101, false), None);
    }
}
