//! Panels of what was asked: rates, and errors by kind.

use super::columns::Columns;
use super::number::tick;
use super::path::Path;
use super::scale::{Scale, linear_ticks};
use super::stack::{Key, Panel, Time};
use maud::{Markup, html};
use std::collections::BTreeMap;

const HEIGHT: f64 = 100.0;
/// Colours that are told apart; what is rarer is drawn as one.
const KINDS_MAX: usize = 6;
/// All that is rarer.
const OTHERS: &str = "others";

/// A scale from zero to the first round number above, and its ticks.
pub(super) fn axis(max: f64, height: f64, whole: bool) -> (Scale, Vec<(f64, String)>) {
    let ticks = linear_ticks(max, height / 28.0, whole);
    let top = ticks.last().copied().unwrap_or(1.0);
    let step = ticks.get(1).copied().unwrap_or(1.0);
    let scale = Scale::linear(0.0, top, height);
    (scale, ticks.iter().map(|at| (scale.down(*at), tick(*at, step))).collect())
}

/// Asked and reached.
pub(super) fn rates(columns: &Columns, time: &Time) -> Panel {
    let max = columns.list.iter().map(|it| it.asked.max(it.answered)).fold(0.0, f64::max);
    let (scale, ticks) = axis(max, HEIGHT, false);
    let mut area = Path::default();
    let mut line = Path::default();
    for column in columns.list.iter().filter(|column| column.answered > 0.0) {
        area.rect(span(column, time), (scale.down(column.answered), HEIGHT));
    }
    line.steps(columns.list.iter().map(|it| (span(it, time), Some(scale.down(it.asked)))));
    Panel {
        title: "Requests, 1/s".to_owned(),
        height: HEIGHT,
        ticks,
        keys: vec![
            Key { class: "line asked".into(), line: true, text: "asked".into() },
            Key { class: "good".into(), line: false, text: "answered well".into() },
        ],
        body: html! {
            path class="good" d=(area.data()) {}
            path class="line asked" d=(line.data()) {}
        },
    }
}

fn span(column: &super::columns::Column, time: &Time) -> (f64, f64) {
    (time.scale.at(column.from_s), time.scale.at(column.to_s))
}

/// The kinds of errors of a run, the most frequent first, rare ones as one.
pub(super) fn error_kinds(columns: &Columns) -> Vec<String> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (what, rate) in columns.list.iter().flat_map(|column| &column.errors) {
        *sums.entry(what).or_default() += rate;
    }
    let mut kinds: Vec<_> = sums.into_iter().collect();
    kinds.sort_by(|a, b| b.1.total_cmp(&a.1));
    let more = kinds.len() > KINDS_MAX;
    let named = kinds.into_iter().take(if more { KINDS_MAX - 1 } else { KINDS_MAX });
    let named = named.map(|(what, _)| what.to_owned());
    named.chain(more.then(|| OTHERS.to_owned())).collect()
}

/// Errors by kind, one on the other.
pub(super) fn errors(columns: &Columns, time: &Time) -> Panel {
    let kinds = error_kinds(columns);
    let height = if kinds.is_empty() { 24.0 } else { HEIGHT };
    let all = |column: &super::columns::Column| column.errors.values().sum::<f64>();
    let (scale, ticks) = axis(columns.list.iter().map(all).fold(0.0, f64::max), height, false);
    let key = |(at, what): (usize, &String)| Key {
        class: format!("fill{at}"),
        line: false,
        text: what.clone(),
    };
    Panel {
        title: "Errors, 1/s".to_owned(),
        height,
        ticks: if kinds.is_empty() { Vec::new() } else { ticks },
        keys: kinds.iter().enumerate().map(key).collect(),
        body: if kinds.is_empty() {
            none(time, height)
        } else {
            stacked(columns, time, &kinds, &scale)
        },
    }
}

fn none(time: &Time, height: f64) -> Markup {
    html! { text class="none" x=(time.width / 2.0) y=(height / 2.0 + 4.0) { "no error" } }
}

fn stacked(columns: &Columns, time: &Time, kinds: &[String], scale: &Scale) -> Markup {
    let mut paths: Vec<Path> = kinds.iter().map(|_| Path::default()).collect();
    for column in &columns.list {
        let mut below = 0.0;
        for (path, kind) in paths.iter_mut().zip(kinds) {
            let rate = match kind.as_str() {
                OTHERS => {
                    column.errors.iter().filter(|(it, _)| !kinds.contains(it)).map(|it| it.1).sum()
                }
                kind => column.errors.get(kind).copied().unwrap_or_default(),
            };
            if rate > 0.0 {
                path.rect(span(column, time), (scale.down(below + rate), scale.down(below)));
                below += rate;
            }
        }
    }
    html! {
        @for (at, path) in paths.iter().enumerate() {
            path class=(format!("fill{at}")) d=(path.data()) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use crate::report::page::columns::columns;

    #[test]
    fn rare_kinds_of_errors_become_one() {
        let mut run = example::run(1);
        assert_eq!(error_kinds(&columns(&run, 600)), ["503", "broken", "timeout"]);
        for (at, second) in run.seconds.iter_mut().enumerate() {
            second.errors.insert(format!("kind {}", at % 9), at as u64);
        }
        let kinds = error_kinds(&columns(&run, 600));
        assert_eq!((kinds.len(), kinds.last().map(String::as_str)), (KINDS_MAX, Some(OTHERS)));
    }
}
