//! Figures about interleaved samples: differences and steps within given places.

use std::ops::Range;

/// Interleaved channels of all samples here.
pub(super) const CHANNELS: usize = 2;

/// The sound of two runs, and of the film.
pub(super) struct Runs<'a> {
    pub(super) calm: &'a [i16],
    pub(super) rough: &'a [i16],
    pub(super) source: &'a [i16],
}

fn errors(a: &[i16], b: &[i16], at: &Range<usize>) -> impl Iterator<Item = u32> {
    slice(a, at).iter().zip(slice(b, at)).map(|(a, b)| u32::from(a.abs_diff(*b)))
}

/// The largest absolute difference.
pub(super) fn largest(a: &[i16], b: &[i16], places: &[Range<usize>]) -> u32 {
    places.iter().flat_map(|at| errors(a, b, at)).max().unwrap_or(0)
}

/// The root of the mean square of the difference.
pub(super) fn rms(a: &[i16], b: &[i16], places: &[Range<usize>]) -> f64 {
    let squares = places.iter().flat_map(|at| errors(a, b, at)).map(|it| f64::from(it).powi(2));
    let (count, sum) = squares.fold((0_u32, 0.0), |(n, sum), square| (n + 1, sum + square));
    (sum / f64::from(count.max(1))).sqrt()
}

/// The largest step from one sample of a channel to its next.
pub(super) fn step(samples: &[i16], places: &[Range<usize>]) -> u32 {
    let steps = places.iter().flat_map(|at| {
        let here = slice(samples, at);
        here.iter().zip(here.iter().skip(CHANNELS)).map(|(a, b)| u32::from(a.abs_diff(*b)))
    });
    steps.max().unwrap_or(0)
}

/// `around` samples on each side of each of `centres`, as indices of interleaved samples.
pub(super) fn near(centres: &[usize], around: usize) -> Vec<Range<usize>> {
    let place = |at: &usize| at.saturating_sub(around) * CHANNELS..(at + around) * CHANNELS;
    centres.iter().map(place).collect()
}

/// What lies between rising places.
pub(super) fn between(places: &[Range<usize>], length: usize) -> Vec<Range<usize>> {
    let starts = std::iter::once(0).chain(places.iter().map(|at| at.end));
    let ends = places.iter().map(|at| at.start).chain([length]);
    starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end).collect()
}

fn slice<'a>(samples: &'a [i16], at: &Range<usize>) -> &'a [i16] {
    &samples[at.start.min(samples.len())..at.end.min(samples.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_is_found_where_it_is() {
        let calm = vec![0; 40];
        let mut rough = calm.clone();
        rough[20] = -300;
        let at = near(&[10], 2);
        assert_eq!(at, between(&[0..16, 24..40], 40));
        let elsewhere = between(&at, rough.len());
        assert_eq!(elsewhere, [0..16, 24..40]);
        assert_eq!((step(&rough, &at), step(&rough, &elsewhere)), (300, 0));
        assert_eq!((largest(&calm, &rough, &at), largest(&calm, &rough, &elsewhere)), (300, 0));
        assert!((rms(&calm, &rough, &at) - 300.0 / 8_f64.sqrt()).abs() < 1e-9);
    }
}
