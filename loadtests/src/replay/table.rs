//! What a replay prints: each run, their spread, and the word about it.

use super::course::Spent;
use crate::report::figures::{ALL, Figure, Spread, kinds};
use crate::report::model::{Report, Run, Verdict};
use std::path::Path;

/// Prints all of it.
pub(super) fn print(report: &Report, folder: &Path) {
    println!("\n## {}, seed {}\n", report.name, report.seed);
    println!("| run | asked | good | errors | late | unsent | views must be | settled | after s |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (place, run) in report.runs.iter().enumerate() {
        println!("{}", row(place + 1, run));
    }
    println!("\n| of {} runs | min | median | max |\n|---|---|---|---|", report.runs.len());
    spread("all: answered well, 1/s", Spread::figure(&report.runs, ALL, Figure::Rate));
    for kind in kinds(&report.runs) {
        for (name, figure) in [("p50", Figure::P50), ("p99", Figure::P99)] {
            let found = Spread::figure(&report.runs, kind, figure);
            spread(&format!("{kind}: {name}, ms"), found);
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
    if let Some(why) = &report.broken_off {
        println!("INVALID: {why}");
    }
    println!("{}; report and histograms: {}", word(report), folder.display());
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

fn spread(what: &str, found: Option<Spread>) {
    if let Some(Spread { min, median, max, .. }) = found {
        println!("| {what} | {min:.2} | {median:.2} | {max:.2} |");
    }
}

fn word(report: &Report) -> &'static str {
    let exact = report.runs.iter().all(|run| run.oracle.views_unknown == 0);
    match report.verdict {
        Verdict::Good if exact => "good: valid, within its limits, every count exact",
        Verdict::Good => "good: valid, within its limits, every count within what is possible",
        Verdict::OverLimit => "over a limit",
        Verdict::Wrong => "WRONG: counts are not what they must be",
        Verdict::Invalid => "INVALID: what the scenario says was not done",
    }
}
