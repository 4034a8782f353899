//! The top of the page: the word in plain words, and why.

use super::number::{count, percent};
use super::path::rounded;
use crate::report::model::{Oracle, Report, Run, Verdict};
use crate::report::verdict::reasons;
use maud::{Markup, html};

/// Reasons beyond these are in the tables.
const REASONS_MAX: usize = 8;

/// Scenario, word, reasons.
pub(super) fn top(report: &Report) -> Markup {
    let (class, sign, word, meaning) = match report.verdict {
        Verdict::Good => {
            ("good", "✓", "Good", "The runs are valid, and all that was checked held.")
        }
        Verdict::OverLimit => ("over", "▲", "Over a limit", "The runs are valid, but too slow."),
        Verdict::Wrong => ("wrong", "≠", "Counts wrong", "The system lost or invented counts."),
        Verdict::Invalid => (
            "invalid",
            "✗",
            "Invalid",
            "What the scenario says was not done: the figures below mean nothing.",
        ),
    };
    let why = reasons(report);
    html! {
        header {
            h1 { (report.name) }
            p class="facts" { (facts(report)) }
            div class=(format!("verdict {class}")) {
                p class="word" { span aria-hidden="true" { (sign) } " " (word) }
                p { (meaning) }
                ul {
                    @for reason in why.iter().take(REASONS_MAX) { li { (reason) } }
                    @if why.len() > REASONS_MAX { li { "and " (why.len() - REASONS_MAX) " more" } }
                    @for fact in held(report) { li { (fact) } }
                }
            }
        }
    }
}

fn facts(report: &Report) -> String {
    let runs = report.runs.len();
    let lengths = report.runs.first().map(|run| {
        let [length, warm_up] = [run.length_s, run.warm_up_s].map(rounded);
        format!(" of {length} s, the first {warm_up} s of each to warm up")
    });
    let noun = if runs == 1 { "run" } else { "runs" };
    // Fractions of a second are for machines.
    let began = report.began.split('.').next().unwrap_or_default().trim_end_matches('Z');
    let began = began.replace('T', " ");
    let seed = report.seed;
    format!("{began} UTC · seed {seed} · {runs} {noun}{}", lengths.unwrap_or_default())
}

/// What speaks for it.
fn held(report: &Report) -> Vec<String> {
    let runs = &report.runs;
    let mut facts = Vec::new();
    if runs.iter().all(|run| run.invalid.is_empty()) && report.verdict != Verdict::Invalid {
        let worst = runs.iter().map(missed).fold(0.0, f64::max);
        facts.push(format!(
            "Late or never sent by the generator's fault: {} of the worst run's requests.",
            percent(worst)
        ));
        let worst = runs.iter().map(Run::errors_share).fold(0.0, f64::max);
        facts.push(format!("Errors: {} of the worst run's requests.", percent(worst)));
    }
    let compared = runs.iter().map(|run| run.oracle.contents).min().unwrap_or_default();
    let sum = |of: fn(&Oracle) -> u64| count(runs.iter().map(|run| of(&run.oracle)).sum());
    let settled = sum(|oracle| oracle.views_settled);
    if compared == 0 {
        facts.push("Not in every run were counts compared.".to_owned());
    } else if runs.iter().any(|run| !run.oracle.differences.is_empty()) {
        // Told above.
    } else if runs.iter().any(|run| run.oracle.views_unknown > 0) {
        let unknown = sum(|oracle| oracle.views_unknown);
        facts.push(format!(
            "Counts are within what is possible: {settled} views settled; {unknown} may count or \
             not, since an answer was lost or they were watched just about long enough."
        ));
    } else {
        facts.push(format!("Counts are exact: {settled} views settled, none lost, none double."));
    }
    let held = report.limits.iter().filter(|limit| limit.held).count();
    match (held, report.limits.len()) {
        (_, 0) => facts.push("No limit was set.".to_owned()),
        (held, all) => facts.push(format!("Limits held: {held} of {all}.")),
    }
    facts
}

/// Share of requests that the generator missed.
fn missed(run: &Run) -> f64 {
    let missed = run.counts.late.saturating_add(run.counts.unsent);
    missed as f64 / run.counts.intended.max(1) as f64
}
