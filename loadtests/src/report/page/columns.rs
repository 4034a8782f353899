//! The rows of seconds of a run in as many columns as a page can show: an hour and a minute make
//! pages of the same size.
//!
//! Percentiles of a column of several seconds come from the merged counts of its heat, to the
//! width of a bucket; those of single seconds are never averaged.

use super::scale::time_step;
use crate::report::model::{Run, Second};
use std::collections::BTreeMap;

/// Buckets of latency that an eye can tell apart on a page.
const BUCKETS_MAX: usize = 80;

/// A run in columns of equal length (the last may be shorter).
pub(super) struct Columns {
    pub(super) step_s: f64,
    pub(super) edges_ms: Vec<f64>,
    pub(super) list: Vec<Column>,
}

/// Some seconds of a run.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    /// Requests a second.
    pub(super) asked: f64,
    /// Good answers a second, by when they came.
    pub(super) answered: f64,
    /// By what went wrong, a second.
    pub(super) errors: BTreeMap<String, f64>,
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    /// Counts by bucket.
    pub(super) heat: Vec<u64>,
}

/// At most `most` columns.
pub(super) fn columns(run: &Run, most: usize) -> Columns {
    let step_s = time_step(run.length_s, most as f64);
    // A fraction of a second at the end is no column of its own.
    let count = ((run.length_s / step_s).round() as usize).clamp(1, most.max(1));
    let join = run.heat.edges_ms.len().div_ceil(BUCKETS_MAX).max(1);
    let edges_ms: Vec<f64> =
        run.heat.edges_ms.chunks(join).filter_map(|chunk| chunk.last().copied()).collect();
    let column = |at: usize| {
        let to = if at + 1 == count { f64::INFINITY } else { (at + 1) as f64 * step_s };
        column(run, at as f64 * step_s, to, (join, &edges_ms))
    };
    Columns { step_s, list: (0..count).map(column).collect(), edges_ms }
}

fn column(run: &Run, from_s: f64, to_s: f64, (join, edges): (usize, &[f64])) -> Column {
    let rows = |len: usize| (from_s as usize).min(len)..(to_s as usize).min(len);
    let seconds = &run.seconds[rows(run.seconds.len())];
    let mut heat = vec![0_u64; edges.len() + 1];
    for row in &run.heat.cells[rows(run.heat.cells.len())] {
        for (bucket, count) in row.iter().enumerate() {
            // What lies above the last edge stays there.
            let above = bucket >= run.heat.edges_ms.len();
            let bucket = if above { edges.len() } else { bucket / join };
            heat[bucket] = heat[bucket].saturating_add(*count);
        }
    }
    let to_s = to_s.min(run.length_s);
    let length = (to_s - from_s).max(0.001);
    let sum = |of: fn(&Second) -> u64| seconds.iter().map(of).sum::<u64>() as f64 / length;
    let mut errors: BTreeMap<String, f64> = BTreeMap::new();
    for (what, count) in seconds.iter().flat_map(|second| &second.errors) {
        *errors.entry(what.clone()).or_default() += *count as f64 / length;
    }
    let (p50_ms, p99_ms) = match seconds {
        [one] => (said(one, one.p50_ms), said(one, one.p99_ms)),
        _ => (quantile(&heat, edges, 0.5), quantile(&heat, edges, 0.99)),
    };
    let (asked, answered) = (sum(|second| second.asked), sum(answered));
    Column { from_s, to_s, asked, answered, errors, p50_ms, p99_ms, heat }
}

fn answered(second: &Second) -> u64 {
    second.answered.unwrap_or(second.good)
}

/// A second without requests has no latency.
fn said(second: &Second, ms: f64) -> Option<f64> {
    (second.asked > 0 && ms > 0.0).then_some(ms)
}

/// Between the edges of its bucket by magnitude.
fn quantile(heat: &[u64], edges: &[f64], quantile: f64) -> Option<f64> {
    let all: u64 = heat.iter().sum();
    let wanted = (all as f64 * quantile).max(1.0);
    let mut below = 0.0;
    for (bucket, count) in heat.iter().enumerate() {
        let count = *count as f64;
        if count > 0.0 && below + count >= wanted {
            let (low, high) = bounds(edges, bucket)?;
            return Some(low * (high / low).powf((wanted - below) / count));
        }
        below += count;
    }
    None
}

/// The edges of a bucket; the first and the last are as wide as their neighbours.
pub(super) fn bounds(edges: &[f64], bucket: usize) -> Option<(f64, f64)> {
    let ratio = match edges {
        [] => return None,
        [_] => 2.0,
        [.., a, b] => b / a,
    };
    let low = match bucket.checked_sub(1) {
        Some(before) => *edges.get(before)?,
        None => edges[0] / ratio,
    };
    Some((low, edges.get(bucket).copied().unwrap_or(low * ratio)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn columns_keep_what_seconds_say() {
        let run = example::run(1);
        for most in [600, 100, 7] {
            let columns = columns(&run, most);
            assert!(columns.list.len() <= most, "{}", columns.list.len());
            let sum = |of: fn(&Column) -> f64| -> f64 {
                columns.list.iter().map(|it| of(it) * (it.to_s - it.from_s)).sum()
            };
            let asked: u64 = run.seconds.iter().map(|second| second.asked).sum();
            assert!((sum(|it| it.asked) - asked as f64).abs() < 1e-3, "{most}");
            let cells = |rows: &[Vec<u64>]| rows.iter().flatten().sum::<u64>();
            let heat: Vec<_> = columns.list.iter().map(|it| it.heat.clone()).collect();
            assert_eq!(cells(&heat), cells(&run.heat.cells));
        }
    }

    #[test]
    fn a_percentile_of_several_seconds_is_that_of_all_their_requests() {
        let mut run = example::run(1);
        let one = columns(&run, 600).list;
        assert_eq!(one[3].p99_ms, Some(run.seconds[3].p99_ms));
        // A hundred fast requests in one second and a hundred slow in the next: half are fast.
        run.heat.edges_ms = vec![1.0, 2.0, 4.0, 8.0];
        run.heat.cells = vec![vec![0, 100, 0, 0, 0], vec![0, 0, 0, 0, 100]];
        let two = &columns(&run, 60).list[0];
        let near = |value: Option<f64>, wanted: f64| (value.expect("a value") - wanted).abs() < 0.2;
        assert!(near(two.p50_ms, 2.0) && near(two.p99_ms, 15.8), "{two:?}");
    }

    #[test]
    fn a_fraction_of_a_second_is_no_column() {
        let mut run = example::run(1);
        run.length_s = 119.2;
        let list = columns(&run, 600).list;
        let last = list.last().expect("columns");
        assert_eq!((list.len(), last.from_s, last.to_s), (119, 118.0, 119.2));
    }

    #[test]
    fn many_buckets_are_joined() {
        let mut run = example::run(1);
        run.heat.edges_ms = (1..=200).map(f64::from).collect();
        let mut row = vec![0; 201];
        (row[0], row[199], row[200]) = (1, 2, 4);
        run.heat.cells = vec![row];
        let columns = columns(&run, 600);
        assert_eq!((columns.edges_ms.len(), columns.edges_ms[66]), (67, 200.0));
        let heat = &columns.list[0].heat;
        assert_eq!((heat[0], heat[66], heat[67]), (1, 2, 4));
    }
}
