//! Latency over time: how many requests took how long, as shades of one colour, with the median
//! and the 99th percentile over it.
//!
//! One path a shade, neighbours in time joined: a page of an hour stays as small as one of a
//! minute.

use super::columns::{Columns, bounds};
use super::number::count;
use super::path::Path;
use super::scale::{Scale, log_ticks};
use super::stack::{Key, Panel, Time};
use crate::report::model::Run;
use maud::{Markup, html};

const HEIGHT: f64 = 230.0;
/// Shades that an eye can tell apart.
const SHADES: usize = 7;

/// The panel; `range` in milliseconds is that of all runs, so that their pictures compare.
pub(super) fn panel(columns: &Columns, time: &Time, range: (f64, f64)) -> Panel {
    let scale = Scale::log(range.0, range.1, HEIGHT);
    let most = columns.list.iter().flat_map(|column| &column.heat).max();
    let shades = shades(most.copied().unwrap_or_default());
    let line = |class: &str, text: &str| Key { class: class.into(), line: true, text: text.into() };
    let mut keys = vec![line("line p99", "p99"), line("line p50", "p50")];
    let mut low = 1;
    for (at, high) in shades.iter().enumerate() {
        let text =
            if low == *high { count(low) } else { format!("{}–{}", count(low), count(*high)) };
        keys.push(Key {
            class: format!("shade{}", shade_class(at, shades.len())),
            line: false,
            text,
        });
        low = high + 1;
    }
    if let Some(last) = keys.last_mut().filter(|_| !shades.is_empty()) {
        last.text += &format!(" requests a cell of {} s", columns.step_s);
    }
    let ticks = log_ticks(range.0, range.1, 12).into_iter();
    Panel {
        title: "Latency, ms".to_owned(),
        height: HEIGHT,
        ticks: ticks.map(|ms| (scale.down(ms), decade(ms))).collect(),
        keys,
        body: body(columns, time, &scale, &shades),
    }
}

/// `0.1`, `20`, `1 000`.
pub(super) fn decade(ms: f64) -> String {
    if ms >= 0.99 { count(ms.round() as u64) } else { format!("{}", (ms * 1e6).round() / 1e6) }
}

fn body(columns: &Columns, time: &Time, scale: &Scale, shades: &[u64]) -> Markup {
    let paths = cells(columns, time, scale, shades);
    let lines = |of: fn(&super::columns::Column) -> Option<f64>| {
        let mut path = Path::default();
        path.steps(columns.list.iter().map(|column| {
            let x = (time.scale.at(column.from_s), time.scale.at(column.to_s));
            (x, of(column).map(|ms| scale.down(ms)))
        }));
        path.data().to_owned()
    };
    let (p50, p99) = (lines(|column| column.p50_ms), lines(|column| column.p99_ms));
    html! {
        @for (at, path) in paths.iter().enumerate() {
            path class=(format!("cells shade{}", shade_class(at, shades.len()))) d=(path.data()) {}
        }
        @for (class, data) in [("p99", &p99), ("p50", &p50)] {
            path class="halo" d=(data) {}
            path class=(format!("line {class}")) d=(data) {}
        }
    }
}

/// Few shades are spread over all that there are.
fn shade_class(at: usize, all: usize) -> usize {
    if all < 2 { SHADES } else { 1 + at * (SHADES - 1) / (all - 1) }
}

/// A path a shade.
fn cells(columns: &Columns, time: &Time, scale: &Scale, shades: &[u64]) -> Vec<Path> {
    let mut paths: Vec<Path> = shades.iter().map(|_| Path::default()).collect();
    for bucket in 0..=columns.edges_ms.len() {
        let Some((low, high)) = bounds(&columns.edges_ms, bucket) else { continue };
        let y = (scale.down(high), scale.down(low));
        let of = |at: &usize| {
            let count = columns.list.get(*at)?.heat[bucket];
            shades.iter().position(|most| count > 0 && count <= *most)
        };
        let mut from = 0;
        while from < columns.list.len() {
            let shade = of(&from);
            let same = (from + 1..=columns.list.len()).find(|at| of(at) != shade);
            let to = same.unwrap_or(columns.list.len()).min(columns.list.len());
            if let Some(shade) = shade {
                let (first, last) = (&columns.list[from], &columns.list[to - 1]);
                let x = (time.scale.at(first.from_s), time.scale.at(last.to_s));
                paths[shade].rect(x, y);
            }
            from = to;
        }
    }
    paths
}

/// The highest count of each shade, in equal ratios; the last is the highest of all.
fn shades(most: u64) -> Vec<u64> {
    let top = (most as f64).ln_1p();
    let bound = |at: usize| (top * at as f64 / SHADES as f64).exp_m1().round() as u64;
    let mut shades: Vec<u64> = (1..SHADES).map(bound).filter(|bound| *bound > 0).collect();
    shades.extend((most > 0).then_some(most));
    shades.dedup();
    shades
}

/// The least and the greatest latency of all runs, a little more for the eye.
pub(super) fn range(runs: &[Run]) -> (f64, f64) {
    let mut range = (f64::INFINITY, 0.0_f64);
    let mut add = |ms: f64| {
        if ms > 0.0 && ms.is_finite() {
            range = (range.0.min(ms), range.1.max(ms));
        }
    };
    for run in runs {
        for row in &run.heat.cells {
            for (bucket, _) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
                if let Some((low, high)) = bounds(&run.heat.edges_ms, bucket) {
                    add(low);
                    add(high);
                }
            }
        }
        run.seconds.iter().flat_map(|second| [second.p50_ms, second.p99_ms]).for_each(&mut add);
    }
    let (low, high) = if range.0 <= range.1 { range } else { (1.0, 1.0) };
    (low.min(high / 10.0), high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn shades_rise_to_the_highest_count() {
        assert_eq!(shades(0), Vec::<u64>::new());
        assert_eq!(shades(1), [1]);
        assert_eq!(shades(3), [1, 2, 3]);
        let many = shades(1000);
        assert!(many.len() == SHADES && many.is_sorted() && many.last() == Some(&1000), "{many:?}");
        assert_eq!((shade_class(0, 7), shade_class(6, 7), shade_class(0, 1)), (1, 7, 7));
    }

    #[test]
    fn the_range_holds_what_was_found() {
        let run = example::run(1);
        let (low, high) = range(&[run]);
        assert!(low > 0.05 && low < 1.5 && high > 1500.0 && high < 5000.0, "{low} {high}");
        assert_eq!(range(&[]), (0.1, 1.0));
    }

    #[test]
    fn ticks_are_written_without_noise() {
        assert_eq!(
            [0.1, 0.2, 0.05, 1.0, 20.0, 1000.0].map(decade),
            ["0.1", "0.2", "0.05", "1", "20", "1000"]
        );
    }
}
