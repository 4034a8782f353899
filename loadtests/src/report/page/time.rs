//! One run over time: all panels, in a picture for a desk and one for a hand.

use super::columns::{Column, Columns, columns};
use super::number::{figure, latency, moment};
use super::servers;
use super::stack::{Look, Moments, NARROW, Time, WIDE, stack};
use super::{heat, load};
use crate::report::figures::by_server;
use crate::report::model::{Mark, Run, Sample};
use maud::{Markup, html};

/// The pictures, and the names of marks. `range` is that of latencies of all runs, in ms.
pub(super) fn pictures(run: &Run, range: (f64, f64)) -> Markup {
    if run.seconds.is_empty() {
        return html! { p { "A baseline keeps figures, not what was over time." } };
    }
    let missing = servers::panels(run, &Time::new(&WIDE, run), WIDE.columns).1;
    html! {
        (picture(&WIDE, run, range))
        (picture(&NARROW, run, range))
        @if !run.marks.is_empty() {
            ol class="marks" {
                @for mark in in_order(&run.marks) {
                    li { b { (moment(mark.t_s, run.length_s)) } " " (mark.what) }
                }
            }
        }
        @if !missing.is_empty() {
            p class="note" { "Not measured: " (missing.join("; ")) "." }
        }
    }
}

/// As their labels are numbered.
fn in_order(marks: &[Mark]) -> Vec<&Mark> {
    let mut marks: Vec<_> = marks.iter().collect();
    marks.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    marks
}

fn picture(look: &Look, run: &Run, range: (f64, f64)) -> Markup {
    let time = Time::new(look, run);
    let columns = columns(run, look.columns);
    let mut panels = vec![
        load::rates(&columns, &time),
        load::errors(&columns, &time),
        heat::panel(&columns, &time, range),
    ];
    panels.extend(servers::panels(run, &time, look.columns).0);
    let moments = if look.hover { moments(run, &columns) } else { Vec::new() };
    stack(look, run, &panels, &moments)
}

/// What each column tells.
fn moments(run: &Run, columns: &Columns) -> Moments {
    let servers = by_server(&run.samples);
    let tell = |column: &Column| {
        let mut lines = vec![told(column, run.length_s)];
        for (name, samples) in &servers {
            let from = samples.partition_point(|it| it.t_s < column.from_s);
            let sample = samples.get(from).filter(|it| it.t_s < column.to_s);
            lines.extend(sample.map(|sample| format!("{name}: {}", server(sample))));
        }
        ((column.from_s, column.to_s), lines.join("\n"))
    };
    columns.list.iter().map(tell).collect()
}

fn told(column: &Column, length_s: f64) -> String {
    let mut text = format!(
        "{}: asked {}/s, answered well {}/s",
        moment(column.from_s, length_s),
        figure(column.asked),
        figure(column.answered)
    );
    if let (Some(p50), Some(p99)) = (column.p50_ms, column.p99_ms) {
        text += &format!("\np50 {}, p99 {}", latency(p50), latency(p99));
    }
    for (what, rate) in &column.errors {
        text += &format!("\n{what}: {}/s", figure(*rate));
    }
    text
}

fn server(sample: &Sample) -> String {
    if !sample.up {
        return "no answer".to_owned();
    }
    let mib = sample.resident_bytes.map(|bytes| bytes / 1024.0 / 1024.0);
    let parts = [
        (sample.cpu_cores, "cores"),
        (mib, "MiB"),
        (sample.mailbox_messages, "messages"),
        (sample.shards_owned, "shards"),
    ];
    let told =
        parts.iter().filter_map(|(value, unit)| Some(format!("{} {unit}", figure((*value)?))));
    told.collect::<Vec<_>>().join(", ")
}
