//! Trending by forward decay, as pure functions.
//!
//! A view at time `t` weighs `2^(t / h)`, h being the half-life, and a content's sum of weights
//! only ever grows: it need not be touched as time goes by, and ranks by it never change without a
//! view (G. Cormode, V. Shkapenyuk, D. Srivastava, B. Xu: Forward Decay, ICDE 2009, section III,
//! exponential decay with landmark 1970). The sum would overflow within weeks, so its `log2` is
//! kept: `trend = log2(sum over views of 2^(t / h))`. What is shown is the score
//! `2^(trend - now / h)`: the number of views, each halved for every half-life of its age.

/// The trend after `views` more at one time. `at_s` are seconds since 1970, fractions included; a
/// view that comes late is added with its own time.
#[must_use]
pub(super) fn add(trend: Option<f64>, at_s: f64, views: u64, half_life_s: f64) -> Option<f64> {
    if views == 0 {
        return trend;
    }
    let more = at_s / half_life_s + (views as f64).log2();
    // log2(2^a + 2^b) = max + log2(1 + 2^(min - max)), which overflows for nothing.
    Some(trend.map_or(more, |trend| {
        let (high, low) = (trend.max(more), trend.min(more));
        high + (low - high).exp2().ln_1p() / std::f64::consts::LN_2
    }))
}

/// The number of views, each halved for every half-life of its age at `now_s`.
#[must_use]
pub(super) fn score(trend: Option<f64>, now_s: f64, half_life_s: f64) -> f64 {
    trend.map_or(0.0, |trend| (trend - now_s / half_life_s).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: f64 = 86_400.0;
    /// In 2026.
    const NOW: f64 = 1_790_000_000.0;

    fn of(views: &[(f64, u64)]) -> Option<f64> {
        views.iter().fold(None, |trend, (at_s, views)| add(trend, *at_s, *views, DAY))
    }

    fn check(views: &[(f64, u64)], at_s: f64, expected: f64) {
        let found = score(of(views), at_s, DAY);
        assert!((found - expected).abs() <= 1e-6 * expected.max(1.0), "{found}, not {expected}");
    }

    #[test]
    fn a_view_is_worth_half_after_each_half_life() {
        check(&[], NOW, 0.0);
        check(&[(NOW, 1)], NOW, 1.0);
        check(&[(NOW, 1)], NOW + DAY, 0.5);
        check(&[(NOW, 1000)], NOW + 3.0 * DAY, 125.0);
        check(&[(NOW - DAY, 8), (NOW, 1)], NOW, 5.0);
    }

    #[test]
    fn the_order_in_which_views_come_does_not_matter() {
        let forth = [(NOW - 2.0 * DAY, 5), (NOW - 60.0, 7), (NOW, 11)];
        let mut back = forth;
        back.reverse();
        check(&forth, NOW, score(of(&back), NOW, DAY));
    }

    #[test]
    fn one_by_one_or_at_once_a_million_views_are_a_million() {
        let one_by_one = (0..1_000_000).fold(None, |trend, _| add(trend, NOW, 1, DAY));
        let found = score(one_by_one, NOW, DAY);
        assert!((found - 1e6).abs() < 10.0, "{found}");
        check(&[(NOW, 1_000_000)], NOW, 1e6);
    }

    #[test]
    fn years_neither_overflow_nor_lose_the_rank() {
        let (old, new) = (of(&[(0.0, u64::MAX)]), of(&[(NOW, 1)]));
        assert!(new > old, "{new:?}, {old:?}");
        assert!(score(old, NOW, DAY) < 1e-300);
        assert!(score(new, 2.0 * NOW, DAY) >= 0.0);
    }
}
