//! One page of HTML that says what was found: no script, nothing from elsewhere, in light and
//! dark, for a desk and for a hand.
//!
//! Pictures are drawn here as SVG; numbers in them come from the same figures as the tables.

mod columns;
mod comparison;
mod curve;
mod heat;
mod load;
mod marks;
mod number;
mod path;
mod scale;
mod servers;
mod stack;
mod tables;
#[cfg(test)]
mod tests;
mod time;
mod top;

pub(super) use comparison::comparison;

use super::figures::{ALL, Figure};
use super::model::{Report, Run};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use number::{figure, latency, percent};

/// The page of a report.
pub(super) fn render(report: &Report) -> String {
    document(&format!("Load test: {}", report.name), &body(report)).into_string()
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body { main { (body) } }
        }
    }
}

fn body(report: &Report) -> Markup {
    html! {
        (top::top(report))
        section { h2 { "Limits" } (tables::limits(report)) }
        @if !report.runs.is_empty() { (found(&report.runs)) }
        section { h2 { "Where it was run" } (tables::pairs(report.environment.iter())) }
        section { h2 { "The scenario" } (scenario(report)) }
        section { h2 { "Files" } (files(&report.runs)) }
    }
}

fn found(runs: &[Run]) -> Markup {
    html! {
        section { h2 { "Latency by kind of request" } (tables::percentiles(runs)) }
        section {
            h2 { "Percentiles" }
            (curve::curves(runs))
            p class="note legend" {
                @for at in 0..runs.len() {
                    span { span class=(format!("swatch back{}", at % 7)) {} " run " (at + 1) }
                }
            }
        }
        section { h2 { "Over time" } (over_time(runs)) }
        section { h2 { "Requests and errors" } (tables::counts(runs)) }
        section { h2 { "Counts in the end" } (tables::oracle(runs)) }
    }
}

/// The worst run is open.
fn over_time(runs: &[Run]) -> Markup {
    let range = heat::range(runs);
    let worst = worst(runs);
    html! {
        @for (at, run) in runs.iter().enumerate() {
            details open[at == worst] {
                summary {
                    "Run " (at + 1)
                    @if runs.len() > 1 && at == worst { " (the worst)" }
                    small { (short(run)) }
                }
                (time::pictures(run, range))
            }
        }
    }
}

/// A run in a few figures.
fn short(run: &Run) -> String {
    let rate = figure(Figure::Rate.of(run, ALL).unwrap_or_default());
    let p99 = Figure::P99.of(run, ALL).map(|ms| format!("p99 {}", latency(ms)));
    let errors = format!("{} errors", percent(run.errors_share()));
    [Some(format!("{rate} good/s")), p99, Some(errors)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

/// The run that most speaks against: invalid, then with wrong counts, then the slowest.
fn worst(runs: &[Run]) -> usize {
    let grave = |run: &Run| {
        let p99 = Figure::P99.of(run, ALL).unwrap_or_default();
        // Latencies are never negative, so their bits are in the same order.
        (!run.invalid.is_empty(), !run.oracle.differences.is_empty(), p99.max(0.0).to_bits())
    };
    let worst = runs.iter().enumerate().max_by_key(|(at, run)| (grave(run), usize::MAX - at));
    worst.map_or(0, |(at, _)| at)
}

fn scenario(report: &Report) -> Markup {
    let text = serde_json::to_string_pretty(&report.scenario).unwrap_or_default();
    html! { details { summary { "All its numbers" } pre { (text) } } }
}

fn files(runs: &[Run]) -> Markup {
    let named = runs.iter().filter_map(|run| run.hlog.as_ref());
    html! {
        ul {
            li { code { "report.json" } ": all of this for machines" }
            @for name in named { li { code { (name) } ": histograms, HdrHistogram log format" } }
        }
    }
}
