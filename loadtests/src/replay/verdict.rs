//! The word about runs: which limits hold, and the exit code that says so.

use super::table::quantile;
use crate::report::model::{Limit, Run, Verdict};
use anyhow::{Context, ensure};

/// The word, worst first: an invalid run says nothing, a wrong count weighs more than a slow one.
pub(crate) fn verdict(runs: &[Run], limits: &[Limit]) -> Verdict {
    if runs.iter().any(|run| !run.invalid.is_empty()) {
        Verdict::Invalid
    } else if runs.iter().any(|run| !run.oracle.differences.is_empty()) {
        Verdict::Wrong
    } else if limits.iter().any(|limit| !limit.held) {
        Verdict::OverLimit
    } else {
        Verdict::Good
    }
}

/// What the program ends with.
pub(crate) fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Good => 0,
        Verdict::OverLimit => 3,
        Verdict::Wrong => 4,
        Verdict::Invalid => 5,
    }
}

/// A limit as it is given: `KIND.FIGURE<=NUMBER`.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    text: String,
    kind: String,
    figure: Figure,
    most: bool,
    number: f64,
}

#[derive(Clone, Copy, Debug)]
enum Figure {
    Quantile(f64),
    Mean,
    Max,
    /// Answered well, in a second, of all kinds.
    Rate,
    /// Share of requests that failed, of all kinds.
    ErrorShare,
}

impl std::str::FromStr for Wanted {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let shape = || format!("`{text}` is no limit such as `view.p99_ms<=50` or `all.rate>=100`");
        let (name, number, most) = match (text.split_once("<="), text.split_once(">=")) {
            (Some((name, number)), _) => (name, number, true),
            (None, Some((name, number))) => (name, number, false),
            (None, None) => anyhow::bail!(shape()),
        };
        let (kind, figure) = name.trim().rsplit_once('.').with_context(shape)?;
        let figure = Figure::of(figure).with_context(shape)?;
        let whole = matches!(figure, Figure::Rate | Figure::ErrorShare);
        ensure!(!whole || kind == "all", "rate and error_share are told of `all` only: `{text}`");
        let number: f64 = number.trim().parse().ok().with_context(shape)?;
        ensure!(number.is_finite(), shape());
        Ok(Self { text: text.to_owned(), kind: kind.to_owned(), figure, most, number })
    }
}

impl Figure {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "p50_ms" => Self::Quantile(0.5),
            "p90_ms" => Self::Quantile(0.9),
            "p99_ms" => Self::Quantile(0.99),
            "p999_ms" => Self::Quantile(0.999),
            "mean_ms" => Self::Mean,
            "max_ms" => Self::Max,
            "rate" => Self::Rate,
            "error_share" => Self::ErrorShare,
            _ => return None,
        })
    }

    fn find(self, run: &Run, kind: &str) -> Option<f64> {
        let latencies = run.latencies.get(kind)?;
        match self {
            Self::Quantile(wanted) => quantile(run, kind, wanted),
            Self::Mean => Some(latencies.mean_ms),
            Self::Max => Some(latencies.max_ms),
            Self::Rate => Some(run.counts.good as f64 / (run.length_s - run.warm_up_s)),
            Self::ErrorShare => {
                let failed = run.counts.errors.values().sum::<u64>();
                Some(failed as f64 / run.counts.intended.max(1) as f64)
            }
        }
    }
}

/// Whether limits hold, by the worst of all runs. What was never measured does not hold.
pub(crate) fn limits(wanted: &[Wanted], runs: &[Run]) -> Vec<Limit> {
    let one = |limit: &Wanted| {
        let found = runs.iter().map(|run| limit.figure.find(run, &limit.kind));
        let missing = if limit.most { f64::MAX } else { 0.0 };
        let found = found.map(|found| found.unwrap_or(missing));
        let worst = if limit.most { found.reduce(f64::max) } else { found.reduce(f64::min) };
        let found = worst.unwrap_or(missing);
        let held = if limit.most { found <= limit.number } else { found >= limit.number };
        Limit { text: limit.text.clone(), found, held }
    };
    wanted.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{Counts, Heat, Latencies, Oracle};

    fn run(p99_ms: f64) -> Run {
        let counts = Counts { intended: 10_000, sent: 10_000, good: 9990, ..Counts::default() };
        let curve = vec![(0.5, 1.0), (0.99, p99_ms), (0.999, 70.0)];
        let latencies = Latencies { count: 9990, mean_ms: 2.0, max_ms: 90.0, curve };
        Run {
            warm_up_s: 5.0,
            length_s: 15.0,
            invalid: Vec::new(),
            counts,
            latencies: [("all", &latencies), ("view", &latencies)]
                .map(|(kind, of)| (kind.to_owned(), of.clone()))
                .into(),
            seconds: Vec::new(),
            heat: Heat::default(),
            samples: Vec::new(),
            marks: Vec::new(),
            oracle: Oracle::default(),
            hlog: None,
        }
    }

    #[test]
    fn a_limit_is_held_by_the_worst_run() {
        let runs = [run(10.0), run(40.0)];
        for (text, found, held) in [
            ("view.p99_ms<=50", 40.0, true),
            ("view.p99_ms<=39.5", 40.0, false),
            ("all.rate>=999", 999.0, true),
            ("all.rate>=1000", 999.0, false),
            ("segment.p50_ms<=50", f64::MAX, false),
        ] {
            let limit = limits(&[text.parse().expect("a limit")], &runs).remove(0);
            assert!((limit.found - found).abs() < 1e-9 && limit.held == held, "{limit:?}");
        }
        for text in ["view.p99_ms", "view<=5", "view.p98_ms<=5", "view.rate>=5", "all.rate>=x"] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_invalid_run_weighs_more_than_a_wrong_count_and_that_more_than_a_limit() {
        let limits = [Limit { text: String::new(), found: 1.0, held: false }];
        let mut runs = [run(1.0)];
        assert_eq!(exit_code(verdict(&runs, &[])), 0);
        assert_eq!(exit_code(verdict(&runs, &limits)), 3);
        runs[0].oracle.differences.push("a: 2 views, must be 3".to_owned());
        assert_eq!(exit_code(verdict(&runs, &limits)), 4);
        runs[0].invalid.push("late".to_owned());
        assert_eq!(exit_code(verdict(&runs, &limits)), 5);
    }
}
