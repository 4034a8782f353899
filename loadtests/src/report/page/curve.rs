//! Percentile curves: latency by nines, one picture for each kind of request, one line a run.
//!
//! The axis is that of the share above (90 %, 99 %, 99.9 % are equally far from each other), since
//! the slow ones are what the mean hides.

use super::heat::decade;
use super::number::latency;
use super::path::{Path, rounded};
use super::scale::{Scale, log_ticks};
use crate::report::figures::kinds;
use crate::report::model::{Latencies, Run};
use maud::{Markup, html};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 34.0;
/// One in a million: no run has so many that more could be told.
const NINES_MAX: f64 = 6.0;
/// Width of a letter of a label.
const LETTER: f64 = 6.6;
const LABELS: [&str; 7] = ["0", "90", "99", "99.9", "99.99", "99.999", "99.9999"];

/// All kinds of all runs, on the same axes.
pub(super) fn curves(runs: &[Run]) -> Markup {
    let all = || runs.iter().flat_map(|run| run.latencies.values()).filter(|it| it.count > 0);
    let points = || all().flat_map(|it| it.curve.iter().map(|point| point.1));
    let low = points().filter(|ms| *ms > 0.0).fold(f64::INFINITY, f64::min);
    let high = points().fold(0.0, f64::max);
    if low > high {
        return html! { p { "No request has a latency." } };
    }
    let most = all().map(|it| it.count).max().unwrap_or(1);
    let nines = (most as f64).log10().ceil().clamp(2.0, NINES_MAX);
    let y = Scale::log(low.min(high / 10.0), high * 1.1, HEIGHT - TOP - BOTTOM);
    let x = Scale::linear(0.0, nines, WIDTH - LEFT - RIGHT);
    let ticks = log_ticks(low.min(high / 10.0), high * 1.1, 7);
    html! {
        div class="curves" {
            @for kind in kinds(runs) { (picture(kind, runs, (&x, &y), (&ticks, nines))) }
        }
    }
}

fn picture(
    kind: &str,
    runs: &[Run],
    (x, y): (&Scale, &Scale),
    (ticks, nines): (&[f64], f64),
) -> Markup {
    let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let lines =
        runs.iter().enumerate().filter_map(|(at, run)| Some((at, run.latencies.get(kind)?)));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
            aria-label=(format!("Percentiles of {kind}")) {
            text class="title" x=(LEFT) y="14" { (kind) }
            text class="unit" x=(WIDTH - RIGHT) y="14" { "ms" }
            g transform=(format!("translate({LEFT} {TOP})")) {
                rect class="plot" width=(width) height=(height) {}
                @for (at, label) in labels(x, nines) {
                    path class="grid" d=(format!("M{} 0v{height}", rounded(at))) {}
                    @if let Some(label) = label {
                        text class="clock" x=(rounded(at)) y=(height + 14.0) { (label) }
                    }
                }
                text class="clock" x=(width / 2.0) y=(height + 29.0) { "percentile" }
                @for ms in ticks {
                    @let at = rounded(y.down(*ms));
                    path class="grid" d=(format!("M0 {at}h{width}")) {}
                    text class="tick" x="-6" y=(at + 4.0) { (decade(*ms)) }
                }
                @for (at, latencies) in lines {
                    path class=(format!("line line{}", at % 7)) d=(line(latencies, x, y, nines)) {
                        title { (told(at, latencies)) }
                    }
                }
            }
        }
    }
}

/// Where each nine is, and what it is called: a name that would touch the one before is left out.
fn labels(x: &Scale, nines: f64) -> Vec<(f64, Option<&'static str>)> {
    let mut free = f64::NEG_INFINITY;
    let each = LABELS.iter().enumerate().take(nines as usize + 1).map(|(at, label)| {
        let (at, half) = (x.at(at as f64), label.len() as f64 * LETTER / 2.0);
        let fits = at - half > free;
        if fits {
            free = at + half + LETTER / 2.0;
        }
        (at, fits.then_some(*label))
    });
    each.collect()
}

/// The curve ends at the share of its slowest request.
fn line(latencies: &Latencies, x: &Scale, y: &Scale, nines: f64) -> String {
    let last = (latencies.count.max(1) as f64).log10().min(nines);
    let points = latencies.curve.iter().map(|(quantile, ms)| {
        let at = (-(1.0 - quantile).log10()).clamp(0.0, last);
        (x.at(at), y.down(*ms))
    });
    let mut path = Path::default();
    path.line(points);
    path.data().to_owned()
}

fn told(at: usize, latencies: &Latencies) -> String {
    let named = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("slowest", 1.0)];
    let each = named.iter().filter_map(|(name, quantile)| {
        Some(format!("{name} {}", latency(latencies.at(*quantile)?)))
    });
    format!("run {}: {}", at + 1, each.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_touch_each_other() {
        let told = |nines: f64| {
            let all = labels(&Scale::linear(0.0, nines, WIDTH - LEFT - RIGHT), nines);
            assert_eq!(all.len(), nines as usize + 1);
            all.into_iter().filter_map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(told(4.0), LABELS[..5]);
        assert_eq!(told(6.0), LABELS[..6]);
    }

    #[test]
    fn nines_are_equally_far_from_each_other() {
        let curve = vec![(0.0, 1.0), (0.9, 10.0), (0.99, 100.0), (1.0, 1000.0)];
        let latencies =
            Latencies { count: 1000, reached: None, mean_ms: 2.0, max_ms: 1000.0, curve };
        let (x, y) = (Scale::linear(0.0, 3.0, 300.0), Scale::log(1.0, 1000.0, 300.0));
        assert_eq!(line(&latencies, &x, &y, 3.0), "M0 300L100 200L200 100L300 0");
    }
}
