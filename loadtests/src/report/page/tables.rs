//! Tables: percentiles with their spread, counts, errors, limits, the oracle's word.

use super::number::{count, figure, percent};
use crate::report::figures::{Figure, Spread, kinds};
use crate::report::model::{Oracle, Report, Run};
use maud::{Markup, html};
use std::collections::BTreeSet;

const FIGURES: [(&str, Figure, Option<f64>); 7] = [
    ("answers, 1/s", Figure::Rate, None),
    ("mean", Figure::Mean, None),
    ("p50", Figure::P50, Some(0.5)),
    ("p90", Figure::P90, Some(0.9)),
    ("p99", Figure::P99, Some(0.99)),
    ("p99.9", Figure::P999, Some(0.999)),
    ("slowest", Figure::Max, None),
];
/// With fewer requests above it, a percentile is told by chance.
const ABOVE_MIN: f64 = 10.0;

/// Percentiles of each kind of request over the runs.
pub(super) fn percentiles(runs: &[Run]) -> Markup {
    html! {
        div class="wide-table" {
            table {
                thead {
                    tr {
                        th { "kind" } th { "requests" }
                        @for (name, ..) in FIGURES { th { (name) } }
                    }
                }
                tbody {
                    @for kind in kinds(runs) { (row(runs, kind)) }
                }
            }
        }
        p class="note" {
            "Milliseconds from the intended moment of a request to its whole answer, warm-up not "
            "counted."
            " " (spread_note(runs.len()))
            " Pale: fewer than " (ABOVE_MIN) " requests of a run lie above it, so it is chance."
        }
    }
}

fn row(runs: &[Run], kind: &str) -> Markup {
    let of = || runs.iter().filter_map(|run| run.latencies.get(kind));
    let requests = of().fold(0_u64, |sum, it| sum.saturating_add(it.count));
    let pale = |quantile: Option<f64>| {
        quantile.is_some_and(|quantile| of().any(|it| it.above(quantile) < ABOVE_MIN))
    };
    html! {
        tr {
            th { (kind) }
            td { (count(requests)) }
            @for (_, figure, quantile) in FIGURES {
                td class=[pale(quantile).then_some("pale")] {
                    (spread(Spread::figure(runs, kind, figure)))
                }
            }
        }
    }
}

fn spread_note(runs: usize) -> String {
    match runs {
        0 | 1 => "One run tells no spread.".to_owned(),
        2 => "The least and the greatest of two runs: too few for one in the middle.".to_owned(),
        runs => format!("The median of {runs} runs, and beneath it the least and the greatest."),
    }
}

/// The median, and beneath it the least and the greatest; two runs have no middle.
pub(super) fn spread(spread: Option<Spread>) -> Markup {
    let Some(Spread { min, median, max, runs }) = spread else { return html! { "-" } };
    let range = format!("{}–{}", figure(min), figure(max));
    html! {
        @match runs {
            1 => (figure(median)),
            2 => (range),
            _ => { (figure(median)) small { (range) } }
        }
    }
}

/// A row's name, and its value of a run, or of its oracle.
type Line<'a, Of> = (&'a str, fn(&Of) -> String);

/// What became of the requests, a column each run.
pub(super) fn counts(runs: &[Run]) -> Markup {
    let lines: [Line<'_, Run>; 9] = [
        ("intended", |run| count(run.counts.intended)),
        ("sent", |run| count(run.counts.sent)),
        ("never sent", |run| count(run.counts.unsent)),
        ("sent late by the generator", |run| count(run.counts.late)),
        ("answered well", |run| count(run.counts.good)),
        ("errors", |run| count(run.errors())),
        ("errors of all", |run| percent(run.errors_share())),
        ("server CPU, s for 1000 good", |run| run.cpu_s_per_thousand().map_or("-".into(), figure)),
        ("generator CPU, cores", |run| figure(run.counts.generator_cpu_s / run.measured_s())),
    ];
    let errors: BTreeSet<&String> = runs.iter().flat_map(|run| run.counts.errors.keys()).collect();
    let of =
        |run: &Run, what: &str| count(run.counts.errors.get(what).copied().unwrap_or_default());
    html! {
        div class="wide-table" {
            table {
                (head("after warm-up", runs))
                tbody {
                    @for (name, value) in lines {
                        tr { th { (name) } @for run in runs { td { (value(run)) } } }
                        @if name == "errors" {
                            @for what in &errors {
                                tr class="sub" {
                                    th { (what) } @for run in runs { td { (of(run, what)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn head(first: &str, runs: &[Run]) -> Markup {
    html! {
        thead { tr { th { (first) } @for at in 1..=runs.len() { th { "run " (at) } } } }
    }
}

/// The oracle's word of each run.
pub(super) fn oracle(runs: &[Run]) -> Markup {
    let lines: [Line<'_, Oracle>; 5] = [
        ("contents compared", |it| count(it.contents)),
        ("views that must count", |it| count(it.views_true)),
        ("views that may count or not", |it| count(it.views_unknown)),
        ("views settled", |it| count(it.views_settled)),
        ("all agreed after, s", |it| figure(it.settled_after_s)),
    ];
    html! {
        @if runs.iter().all(|run| run.oracle.contents == 0) {
            p { "No counts were compared." }
        } @else {
            div class="wide-table" {
                table {
                    (head("the oracle", runs))
                    tbody {
                        @for (name, value) in lines {
                            tr { th { (name) } @for run in runs { td { (value(&run.oracle)) } } }
                        }
                    }
                }
            }
        }
        @for (at, run) in runs.iter().enumerate() {
            @if !run.oracle.differences.is_empty() {
                p { "Run " (at + 1) ", counts that cannot be:" }
                ul { @for difference in &run.oracle.differences { li { (difference) } } }
            }
        }
    }
}

/// Limits, and the worst of all runs.
pub(super) fn limits(report: &Report) -> Markup {
    html! {
        @if report.limits.is_empty() {
            p { "No limit was set." }
        } @else {
            div class="wide-table" {
                table {
                    thead { tr { th { "limit" } th { "worst run" } th { "held" } } }
                    tbody {
                        @for limit in &report.limits {
                            tr class=(if limit.held { "held" } else { "broken" }) {
                                th { code { (limit.text) } }
                                td { (figure(limit.found)) }
                                td { (if limit.held { "✓ yes" } else { "✗ no" }) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Names and values.
pub(super) fn pairs<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Markup {
    html! {
        table class="pairs" {
            tbody { @for (name, value) in pairs { tr { th { (name) } td { (value) } } } }
        }
    }
}
