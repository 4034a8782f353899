//! Rates over time: how many requests a second are wanted at each moment, and how many up to it.
//!
//! The relaxation classes are those of Crane and Sornette, "Robust dynamic response classes
//! measured by viewing the dynamics of a social system" (PNAS 105, 2008): attention answers a shock
//! from outside, or swells from within, in a crowd that passes it on (critical) or not. Their power
//! laws begin at a core, a time below which nothing gets steeper, so that the peak is finite.

use serde::{Deserialize, Serialize};

/// What their measurements of human waiting times gave for theta.
const THETA: f64 = 0.4;

fn theta() -> f64 {
    THETA
}

/// A rate as a scenario tells it. Rates are requests a second, times seconds of the run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "shape", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Rate {
    /// Always the same.
    Constant { per_s: f64 },
    /// From one rate to another within `rise_s`, and back at `until_s` where that is given.
    Step { from_per_s: f64, to_per_s: f64, at_s: f64, rise_s: f64, until_s: Option<f64> },
    /// A steep rise, a plateau, and a fall by half in each `half_life_s`.
    FlashCrowd {
        base_per_s: f64,
        peak_per_s: f64,
        at_s: f64,
        rise_s: f64,
        hold_s: f64,
        half_life_s: f64,
    },
    /// A shock from outside that nobody passes on: falls by the power 1 + theta.
    ExogenousSubcritical(Relaxation),
    /// A shock from outside that is passed on: falls by the power 1 - theta.
    ExogenousCritical(Relaxation),
    /// Grown from within: rises and falls alike by the power 1 - 2 theta.
    EndogenousCritical(Relaxation),
    /// No event at all: noise about a mean, of this relative deviation, even within each slot.
    EndogenousSubcritical { mean_per_s: f64, spread: f64, slot_s: f64 },
    /// So much of the recorded rate.
    Trace { share: f64 },
}

/// A peak above a base.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relaxation {
    pub(crate) base_per_s: f64,
    pub(crate) peak_per_s: f64,
    pub(crate) at_s: f64,
    pub(crate) core_s: f64,
    #[serde(default = "theta")]
    pub(crate) theta: f64,
}

impl Rate {
    /// When something begins that a reader of the results must know of, and what.
    pub(crate) fn mark(&self) -> Option<(f64, &'static str)> {
        match self {
            Self::Constant { .. } | Self::EndogenousSubcritical { .. } | Self::Trace { .. } => None,
            Self::Step { at_s, .. } => Some((*at_s, "the rate steps")),
            Self::FlashCrowd { at_s, .. } => Some((*at_s, "the crowd comes")),
            Self::ExogenousSubcritical(of)
            | Self::ExogenousCritical(of)
            | Self::EndogenousCritical(of) => Some((of.at_s, "the peak")),
        }
    }

    /// All moments and spans times `by`.
    pub(super) fn stretch(&mut self, by: f64) {
        match self {
            Self::Constant { .. } | Self::Trace { .. } => {}
            Self::Step { at_s, rise_s, until_s, .. } => {
                *at_s *= by;
                *rise_s *= by;
                until_s.iter_mut().for_each(|until| *until *= by);
            }
            Self::FlashCrowd { at_s, rise_s, hold_s, half_life_s, .. } => {
                [at_s, rise_s, hold_s, half_life_s].into_iter().for_each(|time| *time *= by);
            }
            Self::ExogenousSubcritical(of)
            | Self::ExogenousCritical(of)
            | Self::EndogenousCritical(of) => {
                of.at_s *= by;
                of.core_s *= by;
            }
            Self::EndogenousSubcritical { slot_s, .. } => *slot_s *= by,
        }
    }
}

/// A part of a rate, of which both value and integral are known in closed form.
#[derive(Clone, Debug)]
enum Part {
    Constant(f64),
    /// Linear from 0 to `height` between two moments, `height` after.
    Ramp {
        from: f64,
        to: f64,
        height: f64,
    },
    /// From a moment on, falling by half in each half life.
    Decay {
        from: f64,
        height: f64,
        half_life: f64,
    },
    /// Ends everything that a ramp has begun.
    Drop {
        from: f64,
        height: f64,
    },
    /// From a moment on, and before it too when it is symmetric.
    Power {
        at: f64,
        height: f64,
        core: f64,
        exponent: f64,
        symmetric: bool,
    },
    /// The height of each slot, and the sum of all slots before each.
    Slots {
        length: f64,
        heights: Vec<f64>,
        sums: Vec<f64>,
    },
}

/// A rate that can be asked for any moment.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    parts: Vec<Part>,
    scale: f64,
}

impl Curve {
    /// The curve of a rate, `scale` times as high. Trace and noise are given as slots.
    pub(crate) fn new(rate: &Rate, scale: f64, slots: Option<(f64, Vec<f64>)>) -> Self {
        let parts = match rate {
            Rate::Constant { per_s } => vec![Part::Constant(*per_s)],
            Rate::Step { from_per_s, to_per_s, at_s, rise_s, until_s } => {
                let height = to_per_s - from_per_s;
                let rise = Part::Ramp { from: *at_s, to: at_s + rise_s, height };
                let fall = until_s.map(|from| Part::Drop { from, height });
                [Some(Part::Constant(*from_per_s)), Some(rise), fall]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            Rate::FlashCrowd { base_per_s, peak_per_s, at_s, rise_s, hold_s, half_life_s } => {
                let (height, top) = (peak_per_s - base_per_s, at_s + rise_s);
                let from = top + hold_s;
                let half_life = *half_life_s;
                vec![
                    Part::Constant(*base_per_s),
                    Part::Ramp { from: *at_s, to: top, height },
                    Part::Drop { from, height },
                    Part::Decay { from, height, half_life },
                ]
            }
            Rate::ExogenousSubcritical(of) => of.parts(1.0 + of.theta, false),
            Rate::ExogenousCritical(of) => of.parts(1.0 - of.theta, false),
            Rate::EndogenousCritical(of) => of.parts(1.0 - 2.0 * of.theta, true),
            Rate::EndogenousSubcritical { .. } | Rate::Trace { .. } => {
                let (length, heights) = slots.unwrap_or((1.0, Vec::new()));
                vec![Part::slots(length, heights)]
            }
        };
        Self { parts, scale }
    }

    /// Requests a second at a moment.
    #[cfg(test)]
    pub(crate) fn at(&self, t: f64) -> f64 {
        self.scale * self.parts.iter().map(|part| part.at(t)).sum::<f64>().max(0.0)
    }

    /// Requests from the beginning to a moment.
    pub(crate) fn until(&self, t: f64) -> f64 {
        self.scale * self.parts.iter().map(|part| part.until(t)).sum::<f64>().max(0.0)
    }
}

impl Relaxation {
    fn parts(&self, exponent: f64, symmetric: bool) -> Vec<Part> {
        let height = self.peak_per_s - self.base_per_s;
        let (at, core) = (self.at_s, self.core_s);
        vec![Part::Constant(self.base_per_s), Part::Power { at, height, core, exponent, symmetric }]
    }
}

impl Part {
    fn slots(length: f64, heights: Vec<f64>) -> Self {
        let mut sums = Vec::with_capacity(heights.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for height in &heights {
            sum += height * length;
            sums.push(sum);
        }
        Self::Slots { length, heights, sums }
    }

    #[cfg(test)]
    fn at(&self, t: f64) -> f64 {
        match *self {
            Self::Constant(height) => height,
            Self::Ramp { from, to, height } if t < to => {
                if t < from {
                    0.0
                } else {
                    height * (t - from) / (to - from)
                }
            }
            Self::Ramp { height, .. } => height,
            Self::Drop { from, height } => {
                if t < from {
                    0.0
                } else {
                    -height
                }
            }
            Self::Decay { from, .. } if t < from => 0.0,
            Self::Decay { from, height, half_life } => height * (-(t - from) / half_life).exp2(),
            Self::Power { at, symmetric: false, .. } if t < at => 0.0,
            Self::Power { at, height, core, exponent, .. } => {
                height * (1.0 + (t - at).abs() / core).powf(-exponent)
            }
            Self::Slots { length, ref heights, .. } => {
                heights.get((t / length) as usize).copied().unwrap_or(0.0)
            }
        }
    }

    fn until(&self, t: f64) -> f64 {
        match *self {
            Self::Constant(height) => height * t,
            Self::Ramp { from, to, height } => {
                let rising = (t.min(to) - from).max(0.0);
                let rose = if to > from { rising * rising / (2.0 * (to - from)) } else { 0.0 };
                height * (rose + (t - to).max(0.0))
            }
            Self::Drop { from, height } => -height * (t - from).max(0.0),
            Self::Decay { from, height, half_life } => {
                let fallen = 1.0 - (-(t - from).max(0.0) / half_life).exp2();
                height * half_life * std::f64::consts::LOG2_E * fallen
            }
            Self::Power { at, height, core, exponent, symmetric } => {
                let area = |span: f64| height * power_area(span.max(0.0), core, exponent);
                let before = if symmetric { area(at) - area(at - t) } else { 0.0 };
                before + area(t - at)
            }
            Self::Slots { length, ref heights, ref sums } => {
                let slot = ((t / length) as usize).min(heights.len());
                let rest = t - slot as f64 * length;
                sums[slot] + heights.get(slot).map_or(0.0, |height| height * rest)
            }
        }
    }
}

/// The integral of (1 + x / core)^-exponent from 0 to `span`.
fn power_area(span: f64, core: f64, exponent: f64) -> f64 {
    let rest = 1.0 - exponent;
    if rest.abs() < 1e-9 {
        return core * (span / core).ln_1p();
    }
    core / rest * ((1.0 + span / core).powf(rest) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak() -> Relaxation {
        Relaxation { base_per_s: 10.0, peak_per_s: 500.0, at_s: 20.0, core_s: 1.0, theta: 0.4 }
    }

    fn crowd() -> Rate {
        Rate::FlashCrowd {
            base_per_s: 5.0,
            peak_per_s: 200.0,
            at_s: 10.0,
            rise_s: 2.0,
            hold_s: 5.0,
            half_life_s: 4.0,
        }
    }

    /// Each integral beside the sum of thin slices of its own curve.
    #[test]
    fn integrals_are_those_of_the_curves() {
        let step = |until_s| Rate::Step {
            from_per_s: 10.0,
            to_per_s: 500.0,
            at_s: 15.0,
            rise_s: 1.0,
            until_s,
        };
        let critical = Relaxation { theta: 0.0, ..peak() };
        let noise = Rate::EndogenousSubcritical { mean_per_s: 1.0, spread: 0.3, slot_s: 0.5 };
        let slots = Some((0.5, (0..120).map(|slot| f64::from(slot % 7)).collect()));
        for (rate, slots) in [
            (Rate::Constant { per_s: 70.0 }, None),
            (step(None), None),
            (step(Some(40.0)), None),
            (crowd(), None),
            (Rate::ExogenousSubcritical(peak()), None),
            (Rate::ExogenousCritical(peak()), None),
            (Rate::ExogenousCritical(critical), None),
            (Rate::EndogenousCritical(peak()), None),
            (noise, slots),
        ] {
            let curve = Curve::new(&rate, 2.0, slots);
            let (mut sum, slice) = (0.0, 0.000_5);
            for turn in 0..120_000 {
                sum += curve.at((f64::from(turn) + 0.5) * slice) * slice;
                if turn % 20_000 == 19_999 {
                    let told = curve.until(f64::from(turn + 1) * slice);
                    assert!((told - sum).abs() < 1e-3 * sum.max(1.0), "{rate:?}: {told} {sum}");
                }
            }
        }
    }

    /// Ten times as far from the peak, the rate above the base is 10^-exponent of what it was.
    #[test]
    fn relaxations_fall_by_the_powers_of_their_classes() {
        let exponent = |rate: &Rate, near: f64, far: f64| {
            let curve = Curve::new(rate, 1.0, None);
            -((curve.at(far) - 10.0) / (curve.at(near) - 10.0)).log10()
        };
        let peak = Relaxation { core_s: 1e-3, at_s: 10_000.0, ..peak() };
        for (rate, expected) in [
            (Rate::ExogenousSubcritical(peak.clone()), 1.4),
            (Rate::ExogenousCritical(peak.clone()), 0.6),
            (Rate::EndogenousCritical(peak.clone()), 0.2),
        ] {
            let found = exponent(&rate, 10_100.0, 11_000.0);
            assert!((found - expected).abs() < 1e-3, "{rate:?}: {found}");
        }
        let before = exponent(&Rate::EndogenousCritical(peak.clone()), 9_900.0, 9_000.0);
        assert!((before - 0.2).abs() < 1e-3, "{before}");
        let quiet = Curve::new(&Rate::ExogenousCritical(peak), 1.0, None);
        assert!((quiet.at(9_999.0) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_step_and_a_crowd_reach_their_heights() {
        let curve = Curve::new(&crowd(), 1.0, None);
        for (t, expected) in [(9.9, 5.0), (12.0, 200.0), (16.9, 200.0), (21.0, 102.5)] {
            assert!((curve.at(t) - expected).abs() < 1e-6, "{t}: {}", curve.at(t));
        }
    }
}
