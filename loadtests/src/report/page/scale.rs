//! From values to places on the page, and where ticks belong.

/// A value's place between two edges, by its size or by its magnitude.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    pixels: f64,
    log: bool,
}

impl Scale {
    /// From `from` at 0 to `to` at `pixels`.
    pub(super) fn linear(from: f64, to: f64, pixels: f64) -> Self {
        Self { from, to, pixels, log: false }
    }

    /// The same with equal ways for equal ratios; both edges are above zero.
    pub(super) fn log(from: f64, to: f64, pixels: f64) -> Self {
        Self { from: from.ln(), to: to.ln(), pixels, log: true }
    }

    /// Where a value is; one outside is at the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = match self.log {
            true => value.max(f64::MIN_POSITIVE).ln(),
            false => value,
        };
        let share = (value - self.from) / (self.to - self.from);
        self.pixels * if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// As seen from the top: `pixels` is the height.
    pub(super) fn down(&self, value: f64) -> f64 {
        self.pixels - self.at(value)
    }
}

/// Ticks from zero up to the first that is not below `max`, about `wanted` of them.
pub(super) fn linear_ticks(max: f64, wanted: f64, whole: bool) -> Vec<f64> {
    let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
    let rough = max / wanted;
    let decade = 10_f64.powf(rough.log10().floor());
    let fits = |factor: &f64| factor * decade >= rough * 0.999;
    let step = decade * [1.0, 2.0, 5.0, 10.0].into_iter().find(fits).unwrap_or(10.0);
    let step = if whole { step.max(1.0) } else { step };
    let count = (max / step * 0.999).ceil().max(1.0) as usize;
    (0..=count).map(|at| at as f64 * step).collect()
}

/// Decades between two edges, and their halves and fifths when there is room for them.
pub(super) fn log_ticks(from: f64, to: f64, most: usize) -> Vec<f64> {
    let ticks = |factors: &[f64]| -> Vec<f64> {
        let decades = from.log10().floor() as i32..=to.log10().ceil() as i32;
        let all = decades.flat_map(|at| factors.iter().map(move |it| it * 10_f64.powi(at)));
        all.filter(|tick| (from * 0.999..=to * 1.001).contains(tick)).collect()
    };
    let fine = ticks(&[1.0, 2.0, 5.0]);
    let coarse = ticks(&[1.0]);
    if fine.len() <= most || coarse.len() < 2 { fine } else { coarse }
}

/// Steps of clocks: whole seconds, minutes, hours.
const STEPS_S: [f64; 18] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
    7200.0, 21_600.0, 43_200.0, 86_400.0,
];

/// The least step of a clock that cuts a length into at most so many parts.
pub(super) fn time_step(length_s: f64, most: f64) -> f64 {
    let fits = |step: &f64| length_s / step <= most;
    STEPS_S.into_iter().find(fits).unwrap_or_else(|| (length_s / most).ceil())
}

/// Moments for labels.
pub(super) fn time_ticks(length_s: f64, most: f64) -> Vec<f64> {
    let step = time_step(length_s, most);
    (0..=(length_s / step) as usize).map(|at| at as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shares_or_magnitudes() {
        let linear = Scale::linear(0.0, 200.0, 100.0);
        assert_eq!((linear.at(50.0), linear.down(50.0), linear.at(900.0)), (25.0, 75.0, 100.0));
        let log = Scale::log(0.1, 1000.0, 100.0);
        assert!((log.at(10.0) - 50.0).abs() < 1e-9 && log.at(0.0) == 0.0);
        assert_eq!(Scale::linear(1.0, 1.0, 100.0).at(1.0), 0.0, "no way between equal edges");
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(linear_ticks(172.0, 4.0, false), [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert_eq!(linear_ticks(200.0, 4.0, false), [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert_eq!(linear_ticks(0.0, 4.0, true), [0.0, 1.0]);
        assert_eq!(linear_ticks(2.0, 4.0, true), [0.0, 1.0, 2.0]);
        assert_eq!(linear_ticks(f64::NAN, 4.0, true), [0.0, 1.0]);
        assert_eq!(log_ticks(0.3, 40.0, 12), [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(log_ticks(0.1, 10_000.0, 8), [0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(time_ticks(75.0, 8.0), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]);
        assert_eq!((time_step(3600.0, 600.0), time_step(90_000.0, 600.0)), (10.0, 300.0));
    }
}
