//! Figures of repeated measurements: what they are around, and how sure that is.

use std::fmt;

/// Shares that were measured again and again.
pub(super) struct Spread {
    median: f64,
    mean: f64,
    /// Half of the interval that holds the true mean in 95 of 100 cases; infinite for one value.
    error: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Of at least one value.
    pub(super) fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        let error = student(values.len()) * deviation / count.sqrt();
        Self {
            median: median(values),
            mean,
            error: if error.is_nan() { f64::INFINITY } else { error },
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// What the true value is hardly below.
    pub(super) fn low(&self) -> f64 {
        self.mean - self.error
    }

    /// Whether it is at most `aim`, as far as these values tell.
    pub(super) fn verdict(&self, aim: f64) -> String {
        let told = if self.low() > aim {
            "missed"
        } else if self.mean + self.error <= aim {
            "met"
        } else {
            "within the noise"
        };
        format!("{} %: {told}", 100.0 * aim)
    }
}

/// Percent, as cells of a table.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, mean, error, least, most] =
            [self.median, self.mean, self.error, self.least, self.most].map(|share| 100.0 * share);
        write!(f, "{median:.2} | {mean:.2} | {error:.2} | {least:.2} | {most:.2}")
    }
}

/// Student's t of a two-sided interval of 95 %, for that many values; above the table a little too
/// wide.
fn student(count: usize) -> f64 {
    const T: [f64; 11] =
        [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201];
    T[count.saturating_sub(2).min(T.len() - 1)]
}

/// The middle of values; the mean of the two in the middle of an even number.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) }
}

/// The value that a share of values does not exceed (nearest rank).
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_no_verdict_and_a_steady_cost_is_one() {
        let verdict = |values: &[f64]| Spread::of(values).verdict(0.01);
        assert_eq!(verdict(&[0.05, -0.04, 0.03, -0.02]), "1 %: within the noise");
        assert_eq!(verdict(&[0.004, 0.005, 0.004, 0.005]), "1 %: met");
        assert_eq!(verdict(&[0.031, 0.030, 0.029, 0.030]), "1 %: missed");
        assert_eq!(verdict(&[0.5]), "1 %: within the noise");
    }

    #[test]
    fn ranks_are_those_of_the_values() {
        let values: Vec<f64> = (1..=50).rev().map(f64::from).collect();
        assert_eq!((quantile(&values, 0.5), quantile(&values, 0.99)), (25.0, 50.0));
        assert!((median(&values) - 25.5).abs() < 1e-9);
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
    }
}
