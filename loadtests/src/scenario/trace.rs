//! A recorded rate: a CSV file of `t_ms,rate`, a row for each 100 ms, requests a second.

use anyhow::{Context, ensure};
use std::fmt::Write as _;
use std::path::Path;

/// Length of a slot, seconds.
pub(crate) const SLOT_S: f64 = 0.1;
/// Length of a slot, milliseconds.
const SLOT_MS: u64 = 100;
/// A day of slots.
pub(crate) const SLOTS_MAX: usize = 864_000;
/// Highest rate that is believed.
const RATE_MAX: f64 = 1_000_000.0;
const HEAD: &str = "t_ms,rate";

/// A rate for each slot, from the beginning on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trace {
    pub(crate) rates: Vec<f64>,
}

impl Trace {
    /// From a file.
    ///
    /// # Errors
    /// When it cannot be read or is no trace; the message names the line.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// From the text of a file.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut lines = text.lines();
        ensure!(lines.next().map(str::trim) == Some(HEAD), "line 1 must be `{HEAD}`");
        let mut rates = Vec::new();
        for (place, line) in lines.enumerate() {
            let rate = row(line, place).with_context(|| {
                format!(
                    "line {}: `{}` is no row `{},RATE` with a rate of 0 to {RATE_MAX}",
                    place + 2,
                    line.chars().take(40).collect::<String>(),
                    place as u64 * SLOT_MS
                )
            })?;
            ensure!(rates.len() < SLOTS_MAX, "more than a day of slots");
            rates.push(rate);
        }
        ensure!(!rates.is_empty(), "there is no row");
        Ok(Self { rates })
    }

    /// The text of a file.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for (place, rate) in self.rates.iter().enumerate() {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{},{rate}", place as u64 * SLOT_MS);
        }
        text
    }

    /// How long it lasts.
    pub(crate) fn length_s(&self) -> f64 {
        self.rates.len() as f64 * SLOT_S
    }
}

fn row(line: &str, place: usize) -> Option<f64> {
    let (time, rate) = line.trim().split_once(',')?;
    let time: u64 = time.parse().ok()?;
    let rate: f64 = rate.parse().ok()?;
    let fits = time == place as u64 * SLOT_MS && (0.0..=RATE_MAX).contains(&rate);
    fits.then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_written_and_read_alike() {
        let trace = Trace { rates: vec![0.0, 12.5, 30.0] };
        assert_eq!(trace.text(), "t_ms,rate\n0,0\n100,12.5\n200,30\n");
        assert_eq!(Trace::parse(&trace.text()).expect("a trace"), trace);
        assert!((trace.length_s() - 0.3).abs() < 1e-9);
    }

    #[test]
    fn garbage_is_refused_with_the_number_of_its_line() {
        for (text, expected) in [
            ("", "line 1 must be"),
            ("t,rate\n0,1\n", "line 1 must be"),
            ("t_ms,rate\n", "there is no row"),
            ("t_ms,rate\n0,1\n100,many\n", "line 3: `100,many` is no row `100,RATE`"),
            ("t_ms,rate\n0,1\n200,1\n", "line 3: `200,1` is no row `100,RATE`"),
            ("t_ms,rate\n0,-1\n", "line 2"),
            ("t_ms,rate\n0,NaN\n", "line 2"),
            ("t_ms,rate\n0,1\n\n", "line 3"),
        ] {
            let told = format!("{:#}", Trace::parse(text).expect_err("garbage"));
            assert!(told.contains(expected), "{text:?}: {told}");
        }
    }
}
