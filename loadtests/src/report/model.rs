//! What is known after a load test: the one shape behind `report.json`, the HTML page, comparisons
//! and exit codes. Times are seconds from the first intended request of a run, warm-up included
//! (so warm-up is what lies below `warm_up_s`); latencies are milliseconds from the intended start.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this shape; a reader refuses others.
pub(crate) const VERSION: u32 = 1;

/// All runs of a scenario, and the word about them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) version: u32,
    /// RFC 3339, UTC.
    pub(crate) began: String,
    /// The scenario as it was run, all its numbers spelled out.
    pub(crate) scenario: serde_json::Value,
    /// Name of the scenario: `viral-spike`.
    pub(crate) name: String,
    pub(crate) seed: u64,
    /// Where it was run, and against what.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) runs: Vec<Run>,
    /// Why not all runs were run; then the word is that the report is invalid.
    #[serde(default)]
    pub(crate) broken_off: Option<String>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) verdict: Verdict,
}

/// The word about a report: what the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Valid, every limit held, every count exact.
    Good,
    /// Valid, but a limit was broken.
    OverLimit,
    /// Valid, but counts are not what they must be.
    Wrong,
    /// What the scenario says was not done: its figures mean nothing.
    Invalid,
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) warm_up_s: f64,
    /// Warm-up included.
    pub(crate) length_s: f64,
    /// After warm-up, as everything below but the series.
    pub(crate) counts: Counts,
    /// By what was asked for: `view`, `segment`, `manifest`, …, and `all`.
    pub(crate) latencies: BTreeMap<String, Latencies>,
    /// Rates and errors over time, a row each second.
    pub(crate) seconds: Vec<Second>,
    /// Latencies over time, all kinds of requests.
    pub(crate) heat: Heat,
    /// The servers over time.
    pub(crate) samples: Vec<Sample>,
    /// What happened on purpose: a node killed, a step of the rate.
    pub(crate) marks: Vec<Mark>,
    /// Why the run is invalid; empty when it is not.
    pub(crate) invalid: Vec<String>,
    pub(crate) oracle: Oracle,
    /// Name of the file of histograms beside the report (HdrHistogram log format).
    pub(crate) hlog: Option<String>,
}

/// Requests of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Intended by the scenario.
    pub(crate) intended: u64,
    pub(crate) sent: u64,
    /// Never sent.
    pub(crate) unsent: u64,
    /// Sent more than the bound of lateness after they were intended, by the generator's fault.
    pub(crate) late: u64,
    /// Answered as a user wants it: 2xx, 304.
    pub(crate) good: u64,
    /// What went wrong: `timeout`, `503`, `broken`, …
    pub(crate) errors: BTreeMap<String, u64>,
    /// CPU seconds of the generator.
    pub(crate) generator_cpu_s: f64,
}

/// Latencies of one kind of request, from the merged histogram of its run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Latencies {
    pub(crate) count: u64,
    /// What went well between the end of the warm-up and the end of the run, by when the answer
    /// came: what the system kept up with. Older reports do not tell.
    #[serde(default)]
    pub(crate) reached: Option<u64>,
    pub(crate) mean_ms: f64,
    pub(crate) max_ms: f64,
    /// `[quantile, ms]`, quantiles rising from 0 to 1 finely enough to draw (0.5, 0.9, 0.99, 0.999
    /// are always among them).
    pub(crate) curve: Vec<(f64, f64)>,
}

/// One second of a run, by the intended moment of its requests.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Second {
    /// Intended requests.
    pub(crate) asked: u64,
    /// Of which answered well, at whatever time.
    pub(crate) good: u64,
    /// Good answers that came in this second, whenever they were intended. Older reports do not
    /// tell.
    #[serde(default)]
    pub(crate) answered: Option<u64>,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Counts by second and latency: `cells[second][bucket]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Heat {
    /// Upper edges of the buckets, ms, rising; one more bucket lies above the last.
    pub(crate) edges_ms: Vec<f64>,
    pub(crate) cells: Vec<Vec<u64>>,
}

/// A look at one server, about once a second.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) t_s: f64,
    /// `HOST:PORT`.
    pub(crate) server: String,
    /// False when it did not answer; then the rest is empty.
    pub(crate) up: bool,
    /// Cores in use since the sample before.
    pub(crate) cpu_cores: Option<f64>,
    pub(crate) resident_bytes: Option<f64>,
    pub(crate) open_fds: Option<f64>,
    pub(crate) actors: Option<f64>,
    /// Sum over all mailboxes.
    pub(crate) mailbox_messages: Option<f64>,
    /// Oldest message of any mailbox, seconds.
    pub(crate) mailbox_oldest_s: Option<f64>,
    pub(crate) shards_owned: Option<f64>,
}

/// Something that happened on purpose.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) t_s: f64,
    pub(crate) what: String,
}

/// What must hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Limit {
    /// As it was given: `view.p99_ms<=50`.
    pub(crate) text: String,
    /// The worst of all runs.
    pub(crate) found: f64,
    pub(crate) held: bool,
}

/// What the counts must be in the end, and what they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Oracle {
    /// Contents that were compared.
    pub(crate) contents: u64,
    /// Views that were acknowledged and count by the rules.
    pub(crate) views_true: u64,
    /// Each may count or not: an answer was lost, or it was watched just about long enough.
    pub(crate) views_unknown: u64,
    pub(crate) views_settled: u64,
    /// Contents outside of what is possible, at most the first twenty: `id: 5 views, must be 4`.
    pub(crate) differences: Vec<String>,
    /// From the last request to the moment when all agreed.
    pub(crate) settled_after_s: f64,
}
