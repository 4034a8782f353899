//! What a replay prints: each run, their spread, and the word about it.

use super::course::Spent;
use crate::report::model::{Report, Run, Verdict};
use std::path::Path;

/// A percentile of a run, milliseconds.
pub(crate) fn quantile(run: &Run, kind: &str, wanted: f64) -> Option<f64> {
    let curve = &run.latencies.get(kind)?.curve;
    curve.iter().find(|(at, _)| at.total_cmp(&wanted).is_eq()).map(|(_, ms)| *ms)
}

/// Prints all of it.
pub(super) fn print(report: &Report, folder: &Path) {
    println!("\n## {}, seed {}\n", report.name, report.seed);
    println!("| run | asked | good | errors | late | unsent | views must be | settled | after s |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (place, run) in report.runs.iter().enumerate() {
        println!("{}", row(place + 1, run));
    }
    println!("\n| of {} runs | min | median | max |\n|---|---|---|---|", report.runs.len());
    let rate = |run: &Run| Some(run.counts.good as f64 / (run.length_s - run.warm_up_s));
    spread("all: answered well, 1/s", &report.runs, rate);
    for kind in kinds(report) {
        for (name, wanted) in [("p50", 0.5), ("p99", 0.99)] {
            let found = |run: &Run| quantile(run, &kind, wanted);
            spread(&format!("{kind}: {name}, ms"), &report.runs, found);
        }
    }
    println!();
    for (place, run) in report.runs.iter().enumerate() {
        let run_told = run.invalid.iter().map(|why| format!("INVALID: {why}"));
        let counts = run.oracle.differences.iter().map(|what| format!("WRONG: {what}"));
        run_told.chain(counts).for_each(|line| println!("run {}: {line}", place + 1));
    }
    for limit in &report.limits {
        let word = if limit.held { "held" } else { "BROKEN" };
        println!("limit {}: {word}, the worst run has {:.3}", limit.text, limit.found);
    }
    println!("{}; report and histograms: {}", word(report.verdict), folder.display());
}

/// What a run has used of the machine.
pub(super) fn tell_cpu(spent: &Spent) {
    let servers = match spent.servers_s {
        Some(seconds) => format!("{seconds:.2} s of the servers"),
        None => "none known of the servers".to_owned(),
    };
    eprintln!("CPU after the warm-up: {:.2} s of the generator, {servers}", spent.own_s);
}

fn row(place: usize, run: &Run) -> String {
    let (counts, oracle) = (&run.counts, &run.oracle);
    let errors: Vec<_> =
        counts.errors.iter().map(|(name, count)| format!("{name}: {count}")).collect();
    let errors = if errors.is_empty() { "none".to_owned() } else { errors.join(", ") };
    let unknown = match oracle.views_unknown {
        0 => String::new(),
        unknown => format!(" to {}", oracle.views_true + unknown),
    };
    format!(
        "| {place} | {} | {} | {errors} | {} | {} | {}{unknown} | {} | {:.1} |",
        counts.intended,
        counts.good,
        counts.late,
        counts.unsent,
        oracle.views_true,
        oracle.views_settled,
        oracle.settled_after_s,
    )
}

/// Kinds of any run, `all` first.
fn kinds(report: &Report) -> Vec<String> {
    let mut kinds: Vec<_> =
        report.runs.iter().flat_map(|run| run.latencies.keys().cloned()).collect();
    kinds.sort_by_key(|kind| (kind != "all", kind.clone()));
    kinds.dedup();
    kinds
}

fn spread(what: &str, runs: &[Run], value: impl Fn(&Run) -> Option<f64>) {
    let mut values: Vec<f64> = runs.iter().filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else { return };
    let half = values.len() / 2;
    let middle = match values.len() % 2 {
        0 => f64::midpoint(values[half - 1], values[half]),
        _ => values[half],
    };
    println!("| {what} | {least:.2} | {middle:.2} | {most:.2} |");
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good: valid, within its limits, every count exact",
        Verdict::OverLimit => "over a limit",
        Verdict::Wrong => "WRONG: counts are not what they must be",
        Verdict::Invalid => "INVALID: the generator did not do what the scenario says",
    }
}
