//! The page of a comparison: ratios as dots on a line, beside their figures.

use super::document;
use super::path::rounded;
use super::scale::Scale;
use super::tables::spread;
use crate::report::compare::{Comparison, Row, Word};
use crate::report::model::Report;
use maud::{Markup, html};

const WIDTH: f64 = 160.0;
/// A ratio beyond is at the edge.
const RATIO_MAX: f64 = 4.0;

/// The page.
pub(crate) fn comparison(base: &Report, new: &Report, found: &Comparison) -> String {
    let title = format!("Load tests compared: {}", new.name);
    let side = |name: &str, report: &Report| {
        format!("{name}: {}, {} runs", report.began, report.runs.len())
    };
    let body = html! {
        header {
            h1 { (title) }
            p class="facts" { (side("base", base)) " · " (side("new", new)) }
            @if !found.warnings.is_empty() {
                div class="verdict over" {
                    p class="word" { "▲ Read with care" }
                    ul { @for warning in &found.warnings { li { (warning) } } }
                }
            }
        }
        section {
            div class="wide-table" {
                table {
                    thead {
                        tr {
                            th { "kind" } th class="text" { "figure" } th { "new ÷ base" }
                            th class="text" { "word" } th { (axis()) } th { "base" } th { "new" }
                        }
                    }
                    tbody { @for row in &found.rows { (line(row)) } }
                }
            }
            p class="note" { (found.note()) }
        }
    };
    document(&title, &body).into_string()
}

fn scale() -> Scale {
    Scale::log(1.0 / RATIO_MAX, RATIO_MAX, WIDTH)
}

fn axis() -> Markup {
    html! {
        svg class="ratio" viewBox=(format!("0 0 {WIDTH} 14")) role="img" aria-label="ratio" {
            @for (text, ratio) in [("½", 0.5), ("1", 1.0), ("2", 2.0)] {
                text class="clock" x=(rounded(scale().at(ratio))) y="11" { (text) }
            }
        }
    }
}

fn line(row: &Row) -> Markup {
    let pale = row.word != Word::Different;
    html! {
        tr class=[pale.then_some("pale")] {
            th { (row.kind) } td class="text" { (row.figure) }
            td { (row.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"))) }
            td class="text" { (row.word.text()) }
            td { (dot(row)) }
            td { (spread(row.base)) } td { (spread(row.new)) }
        }
    }
}

/// The ratio of the medians, and how far it could be within the runs of both.
fn dot(row: &Row) -> Markup {
    let places = [0.5, 1.0, 2.0].map(|ratio| rounded(scale().at(ratio)));
    let reach = row.base.zip(row.new).filter(|(base, _)| base.min > 0.0);
    let reach = reach.map(|(base, new)| (new.min / base.max, new.max / base.min));
    html! {
        svg class="ratio" viewBox=(format!("0 0 {WIDTH} 14")) role="img"
            aria-label="ratio on a line" {
            @for x in places { path class="grid" d=(format!("M{x} 0v14")) {} }
            @if let Some((low, high)) = reach {
                path class="line line0" d=(format!(
                    "M{} 7H{}", rounded(scale().at(low)), rounded(scale().at(high))
                )) {}
            }
            @if let Some(ratio) = row.ratio {
                circle class="fill0" cx=(rounded(scale().at(ratio))) cy="7" r="4" {}
            }
        }
    }
}
