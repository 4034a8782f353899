//! Path data of SVG, short: two digits after the point are finer than any screen.

use std::fmt::Write;

/// The `d` of a path, written piece by piece.
#[derive(Default)]
pub(super) struct Path(String);

impl Path {
    /// What was written.
    pub(super) fn data(&self) -> &str {
        &self.0
    }

    /// A rectangle by its edges.
    pub(super) fn rect(&mut self, (left, right): (f64, f64), (top, bottom): (f64, f64)) {
        // Edges are rounded before they are subtracted, so that neighbours meet.
        let [left, right, top, bottom] = [left, right, top, bottom].map(rounded);
        let (width, height) = (rounded(right - left), rounded(bottom - top));
        self.write(format_args!("M{left} {top}h{width}v{height}h{}z", -width));
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        for (at, (x, y)) in points.into_iter().enumerate() {
            let sign = if at == 0 { 'M' } else { 'L' };
            self.write(format_args!("{sign}{} {}", rounded(x), rounded(y)));
        }
    }

    /// A line of steps, each from left to right at its height; where there is none, a gap.
    pub(super) fn steps(&mut self, steps: impl IntoIterator<Item = ((f64, f64), Option<f64>)>) {
        let mut open = false;
        for ((left, right), y) in steps {
            if let Some(y) = y.map(rounded) {
                let sign = if open { 'V' } else { 'M' };
                match open {
                    true => self.write(format_args!("{sign}{y}H{}", rounded(right))),
                    false => {
                        let left = rounded(left);
                        self.write(format_args!("{sign}{left} {y}H{}", rounded(right)));
                    }
                }
            }
            open = y.is_some();
        }
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(arguments);
    }
}

/// To a hundredth; what is no number is at zero.
pub(super) fn rounded(value: f64) -> f64 {
    let value = (value * 100.0).round() / 100.0;
    // Adding zero turns a negative zero into zero.
    if value.is_finite() { value + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_short_and_neighbours_meet() {
        let mut path = Path::default();
        path.rect((0.0, 3.333_3), (1.0, 2.5));
        path.rect((3.333_3, 6.666_7), (1.0, 2.5));
        assert_eq!(path.data(), "M0 1h3.33v1.5h-3.33zM3.33 1h3.34v1.5h-3.34z");
        let mut path = Path::default();
        path.steps([((0.0, 1.0), Some(5.0)), ((1.0, 2.0), Some(4.0)), ((2.0, 3.0), None)]);
        path.steps([((3.0, 4.0), Some(f64::NAN))]);
        assert_eq!(path.data(), "M0 5H1V4H2M3 0H4");
    }
}
