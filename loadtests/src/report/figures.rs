//! Single figures of a run, by name: what limits, tables and comparisons are made of.
//!
//! A percentile is read from the curve of its run, which comes from one merged histogram;
//! percentiles are never averaged.

use super::model::{Latencies, Run, Sample};
use std::collections::BTreeMap;

/// All kinds of requests together.
pub(crate) const ALL: &str = "all";
/// Spans of players that have begun, and of those that have run dry.
pub(crate) const STARTUP: &str = "startup";
pub(crate) const STALL: &str = "stall";

/// A figure of one kind of request in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    P50,
    P90,
    P99,
    P999,
    Max,
    Mean,
    /// Good answers a second that came between the end of the warm-up and the end of the run.
    Rate,
    /// Requests that went wrong, of those that were sent. Known of all requests together only.
    ErrorsShare,
}

/// Each figure and its name in limits.
pub(crate) const NAMES: [(&str, Figure); 8] = [
    ("p50_ms", Figure::P50),
    ("p90_ms", Figure::P90),
    ("p99_ms", Figure::P99),
    ("p99.9_ms", Figure::P999),
    ("max_ms", Figure::Max),
    ("mean_ms", Figure::Mean),
    ("rate", Figure::Rate),
    ("errors_share", Figure::ErrorsShare),
];

impl Figure {
    /// Its value; none when the run has no such request.
    pub(crate) fn of(self, run: &Run, kind: &str) -> Option<f64> {
        let latencies = run.latencies.get(kind);
        match self {
            Self::P50 => latencies?.at(0.5),
            Self::P90 => latencies?.at(0.9),
            Self::P99 => latencies?.at(0.99),
            Self::P999 => latencies?.at(0.999),
            Self::Max => latencies.filter(|it| it.count > 0).map(|it| it.max_ms),
            Self::Mean => latencies.filter(|it| it.count > 0).map(|it| it.mean_ms),
            Self::Rate => Some(latencies?.reached? as f64 / run.measured_s()),
            Self::ErrorsShare => (kind == ALL).then(|| run.errors_share()),
        }
    }
}

impl Latencies {
    /// The latency at a quantile; none without requests.
    pub(crate) fn at(&self, quantile: f64) -> Option<f64> {
        let reached = |point: &&(f64, f64)| point.0 >= quantile - 1e-9;
        let point = self.curve.iter().find(reached).or(self.curve.last());
        point.filter(|_| self.count > 0).map(|point| point.1)
    }

    /// Requests that lie above a quantile: with few of them the figure is chance.
    pub(crate) fn above(&self, quantile: f64) -> f64 {
        self.count as f64 * (1.0 - quantile)
    }
}

impl Run {
    /// Seconds after warm-up; never zero, so that it can divide.
    pub(crate) fn measured_s(&self) -> f64 {
        (self.length_s - self.warm_up_s).max(0.001)
    }

    /// Requests that went wrong.
    pub(crate) fn errors(&self) -> u64 {
        self.counts.errors.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Share of what was sent that went wrong.
    pub(crate) fn errors_share(&self) -> f64 {
        self.errors() as f64 / self.counts.sent.max(1) as f64
    }

    /// CPU seconds of all servers after warm-up for a thousand good requests; none when nobody
    /// looked at the servers.
    pub(crate) fn cpu_s_per_thousand(&self) -> Option<f64> {
        let seconds = self.server_cpu_s()?;
        (self.counts.good > 0).then(|| 1000.0 * seconds / self.counts.good as f64)
    }

    /// CPU seconds of all servers after warm-up.
    fn server_cpu_s(&self) -> Option<f64> {
        let mut servers = by_server(&self.samples).into_values().peekable();
        servers.peek()?;
        let sums: Vec<f64> = servers.filter_map(|samples| self.cpu_s(&samples)).collect();
        (!sums.is_empty()).then(|| sums.iter().sum())
    }

    /// Mean of the cores that a server used after warm-up, over all of that time.
    pub(crate) fn mean_cores(&self, samples: &[&Sample]) -> Option<f64> {
        Some(self.cpu_s(samples)? / self.measured_s())
    }

    /// CPU seconds of a server after warm-up. A look that failed is passed over: the next one
    /// tells the cores since the one before it.
    fn cpu_s(&self, samples: &[&Sample]) -> Option<f64> {
        let seen: Vec<_> = samples.iter().filter(|it| it.up).collect();
        let spans = seen.windows(2).filter_map(|two| {
            let from = two[0].t_s.max(self.warm_up_s);
            let seconds = two[1].t_s.min(self.length_s) - from;
            two[1].cpu_cores.filter(|_| seconds > 0.0).map(|cores| cores * seconds)
        });
        let spans: Vec<f64> = spans.collect();
        (!spans.is_empty()).then(|| spans.iter().sum())
    }
}

/// Samples of each server, in the order of time.
pub(crate) fn by_server(samples: &[Sample]) -> BTreeMap<&str, Vec<&Sample>> {
    let mut servers: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        servers.entry(&sample.server).or_default().push(sample);
    }
    for samples in servers.values_mut() {
        samples.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    }
    servers
}

/// The kinds of requests of all runs, `all` first.
pub(crate) fn kinds(runs: &[Run]) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        runs.iter().flat_map(|run| run.latencies.keys()).map(String::as_str).collect();
    kinds.sort_unstable_by_key(|kind| (*kind != ALL, *kind));
    kinds.dedup();
    kinds
}

/// What several runs say about one figure.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
    pub(crate) runs: usize,
}

impl Spread {
    /// None without values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (runs, half) = (values.len(), values.len() / 2);
        let median = match runs % 2 {
            1 => values[half],
            _ => f64::midpoint(*values.get(half.checked_sub(1)?)?, values[half]),
        };
        Some(Self { min: values[0], median, max: values[runs - 1], runs })
    }

    /// Of a figure over the runs that have it.
    pub(crate) fn figure(runs: &[Run], kind: &str, figure: Figure) -> Option<Self> {
        Self::of(runs.iter().filter_map(|run| figure.of(run, kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn a_spread_is_least_middle_and_greatest() {
        let three = Spread::of([3.0, 1.0, 2.0]).expect("values");
        assert_eq!((three.min, three.median, three.max, three.runs), (1.0, 2.0, 3.0, 3));
        assert_eq!(Spread::of([4.0, 2.0]).expect("values").median, 3.0);
        assert_eq!(Spread::of([5.0]).expect("a value").median, 5.0);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_percentile_is_that_of_the_next_point_of_the_curve() {
        let curve = vec![(0.0, 1.0), (0.5, 2.0), (0.99, 9.0), (1.0, 30.0)];
        let latencies = Latencies { count: 10, reached: None, mean_ms: 3.0, max_ms: 30.0, curve };
        assert_eq!(latencies.at(0.5), Some(2.0));
        assert_eq!(latencies.at(0.9), Some(9.0), "never less than what was seen");
        assert_eq!(latencies.at(0.999), Some(30.0));
        assert_eq!(Latencies::default().at(0.5), None);
    }

    #[test]
    fn processor_time_counts_after_warm_up_only() {
        let mut run = example::run(1);
        let sample = |t_s, cores| Sample {
            t_s,
            server: "a:1".into(),
            up: true,
            cpu_cores: Some(cores),
            ..Sample::default()
        };
        run.warm_up_s = 10.0;
        run.length_s = 20.0;
        run.counts.good = 2000;
        run.samples =
            vec![sample(0.0, 9.0), sample(8.0, 9.0), sample(12.0, 0.5), sample(22.0, 1.0)];
        // Two seconds at 0.5 cores and eight at one.
        assert_eq!(run.cpu_s_per_thousand(), Some(4.5));
        let missed = Sample { up: false, cpu_cores: None, ..sample(17.0, 0.0) };
        run.samples.insert(3, missed);
        assert_eq!(run.cpu_s_per_thousand(), Some(4.5), "a look that failed takes nothing away");
        run.samples.clear();
        assert_eq!(run.cpu_s_per_thousand(), None);
    }
}
