//! One row: the same work on plain ractor and on our runtime, in turns (A B A B …), so that what
//! else the machine does falls on both. A ratio is that of each turn, not that of the medians.

use crate::process::Took;

/// What was measured of both sides, turn by turn.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: Turns,
    /// Nanoseconds of processor time for one, where that means something.
    pub(crate) cpu_ns: Option<Turns>,
}

/// The same quantity of both sides, turn by turn.
pub(crate) struct Turns {
    pub(crate) plain: Vec<f64>,
    pub(crate) ours: Vec<f64>,
}

/// Measures how many a second, and what each costs.
pub(crate) fn rate(
    name: &'static str,
    rounds: usize,
    plain: impl Fn() -> Took,
    ours: impl Fn() -> Took,
) -> Pair {
    // The warm-up: the allocator has its arenas, both sides have their pages.
    plain();
    ours();
    let (plain, ours): (Vec<_>, Vec<_>) = (0..rounds).map(|_| (plain(), ours())).unzip();
    let both = |of: fn(&Took) -> f64| Turns {
        plain: plain.iter().map(of).collect(),
        ours: ours.iter().map(of).collect(),
    };
    Pair { name, unit: "/s", value: both(Took::rate), cpu_ns: Some(both(Took::cpu_ns)) }
}

/// Measures bytes. Each measurement is a process of its own, so nothing is warm.
pub(crate) fn bytes(
    name: &'static str,
    rounds: usize,
    plain: impl Fn() -> f64,
    ours: impl Fn() -> f64,
) -> Pair {
    let (plain, ours) = (0..rounds).map(|_| (plain(), ours())).unzip();
    Pair { name, unit: "B", value: Turns { plain, ours }, cpu_ns: None }
}

impl Turns {
    /// Ours to plain, of each turn, the smallest first.
    pub(crate) fn ratios(&self) -> Vec<f64> {
        sorted(self.plain.iter().zip(&self.ours).map(|(plain, ours)| ours / plain).collect())
    }
}

/// The middle one of some values.
pub(crate) fn median(values: &[f64]) -> f64 {
    sorted(values.to_vec())[values.len() / 2]
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}
