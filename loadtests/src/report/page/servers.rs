//! Panels of what the servers did meanwhile: one line a server, gaps where it did not answer.

use super::load::axis;
use super::path::Path;
use super::scale::time_step;
use super::stack::{Key, Panel, Time};
use crate::report::figures::by_server;
use crate::report::model::{Run, Sample};
use maud::{Markup, html};

const HEIGHT: f64 = 80.0;
/// Height of a server's lane.
const LANE: f64 = 9.0;
/// Lines that can be told apart.
const SERVERS_MAX: usize = 14;
/// A server under load may answer so late; longer without a look is a gap.
const GAP_S: f64 = 6.0;
/// Colours; further servers have the same with dashes.
const COLOURS: usize = 7;

/// What is drawn of a server.
struct Subject {
    title: &'static str,
    value: fn(&Sample) -> Option<f64>,
    /// Several looks in one column: their mean, else their greatest (a queue that was long for a
    /// second must not vanish).
    mean: bool,
    whole: bool,
}

const MIB: f64 = 1024.0 * 1024.0;

const SUBJECTS: [Subject; 7] = [
    Subject { title: "Server CPU, cores", value: |it| it.cpu_cores, mean: true, whole: false },
    Subject {
        title: "Server memory, MiB",
        value: |it| it.resident_bytes.map(|bytes| bytes / MIB),
        mean: false,
        whole: false,
    },
    Subject {
        title: "Messages in mailboxes",
        value: |it| it.mailbox_messages,
        mean: false,
        whole: true,
    },
    Subject {
        title: "Oldest message, s",
        value: |it| it.mailbox_oldest_s,
        mean: false,
        whole: false,
    },
    Subject { title: "Shards owned", value: |it| it.shards_owned, mean: false, whole: true },
    Subject { title: "Actors", value: |it| it.actors, mean: false, whole: true },
    Subject { title: "Open files", value: |it| it.open_fds, mean: false, whole: true },
];

/// A panel for each thing that was measured, and the titles of those that were not.
pub(super) fn panels(run: &Run, time: &Time, most: usize) -> (Vec<Panel>, Vec<&'static str>) {
    let servers: Vec<_> = by_server(&run.samples).into_iter().take(SERVERS_MAX).collect();
    let mut panels: Vec<Panel> = lanes(&servers, time).into_iter().collect();
    let mut missing = Vec::new();
    for subject in &SUBJECTS {
        let step_s = time_step(time.length_s, most as f64);
        let lines =
            servers.iter().map(|(_, samples)| line(samples, subject, step_s, time.length_s));
        let lines: Vec<_> = lines.collect();
        match lines.iter().all(Vec::is_empty) {
            true => missing.push(subject.title),
            false => panels.push(panel(subject, &servers, &lines, time)),
        }
    }
    (panels, missing)
}

/// Points of time and value, in pieces between gaps.
type Line = Vec<Vec<(f64, f64)>>;

fn line(samples: &[&Sample], subject: &Subject, step_s: f64, length_s: f64) -> Line {
    let mut pieces: Line = Vec::new();
    let mut before: Option<(usize, f64)> = None;
    let mut count = 0.0;
    for sample in samples.iter().filter(|it| (0.0..=length_s).contains(&it.t_s)) {
        let Some(value) = (subject.value)(sample).filter(|_| sample.up) else {
            before = None;
            continue;
        };
        let column = (sample.t_s / step_s) as usize;
        match (before, pieces.last_mut().and_then(|piece| piece.last_mut())) {
            (Some((at, _)), Some(last)) if at == column && subject.mean => {
                count += 1.0;
                last.1 += (value - last.1) / count;
            }
            (Some((at, _)), Some(last)) if at == column => last.1 = last.1.max(value),
            // After a while without a look nothing is known of it.
            (Some((_, t_s)), Some(_)) if sample.t_s - t_s <= (3.0 * step_s).max(GAP_S) => {
                pieces.last_mut().into_iter().for_each(|piece| piece.push((sample.t_s, value)));
                count = 1.0;
            }
            _ => {
                pieces.push(vec![(sample.t_s, value)]);
                count = 1.0;
            }
        }
        before = Some((column, sample.t_s));
    }
    pieces
}

fn class(at: usize) -> String {
    format!("line line{}{}", at % COLOURS, if at < COLOURS { "" } else { " dashed" })
}

fn keys(servers: &[(&str, Vec<&Sample>)]) -> Vec<Key> {
    let key = |(at, (name, _)): (usize, &(&str, Vec<&Sample>))| Key {
        class: class(at),
        line: true,
        text: (*name).to_owned(),
    };
    servers.iter().enumerate().map(key).collect()
}

fn panel(
    subject: &Subject,
    servers: &[(&str, Vec<&Sample>)],
    lines: &[Line],
    time: &Time,
) -> Panel {
    let values = lines.iter().flatten().flatten().map(|point| point.1);
    let (scale, ticks) = axis(values.fold(0.0, f64::max), HEIGHT, subject.whole);
    let path = |line: &Line| {
        let mut path = Path::default();
        for piece in line {
            let points = piece.iter().map(|(t_s, value)| (time.scale.at(*t_s), scale.down(*value)));
            // A single look is seen as a dot.
            let dot = (piece.len() == 1)
                .then(|| (time.scale.at(piece[0].0) + 2.0, scale.down(piece[0].1)));
            path.line(points.chain(dot));
        }
        path.data().to_owned()
    };
    let body = html! {
        @for (at, line) in lines.iter().enumerate() {
            path class=(class(at)) d=(path(line)) { title { (servers[at].0) } }
        }
    };
    Panel { title: subject.title.to_owned(), height: HEIGHT, ticks, keys: keys(servers), body }
}

/// Which server answered when; only where one did not.
fn lanes(servers: &[(&str, Vec<&Sample>)], time: &Time) -> Option<Panel> {
    servers.iter().any(|(_, samples)| samples.iter().any(|it| !it.up)).then(|| Panel {
        title: "Servers that answer".to_owned(),
        height: LANE * servers.len() as f64 + 3.0,
        ticks: Vec::new(),
        keys: keys(servers),
        body: html! {
            @for (at, (name, samples)) in servers.iter().enumerate() {
                (lane(at, name, samples, time))
            }
        },
    })
}

fn lane(at: usize, name: &str, samples: &[&Sample], time: &Time) -> Markup {
    let y = LANE * (at as f64 + 0.5) + 1.5;
    let mut path = Path::default();
    let next = samples.iter().skip(1).map(|it| it.t_s).chain([time.length_s]);
    let inside = samples.iter().zip(next).filter(|(it, _)| it.up && it.t_s <= time.length_s);
    let spans = inside.map(|(it, to)| ((it.t_s, to), Some(y)));
    let mut open: Option<(f64, f64)> = None;
    for ((from, to), _) in spans {
        match &mut open {
            // Two looks in a row.
            Some(span) if (span.1 - from).abs() < 1e-9 => span.1 = to,
            _ => {
                open.into_iter().for_each(|it| piece(&mut path, it, y, time));
                open = Some((from, to));
            }
        }
    }
    open.into_iter().for_each(|it| piece(&mut path, it, y, time));
    html! { path class=(format!("{} lane", class(at))) d=(path.data()) { title { (name) } } }
}

fn piece(path: &mut Path, (from, to): (f64, f64), y: f64, time: &Time) {
    path.line([(time.scale.at(from), y), (time.scale.at(to), y)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use crate::report::page::stack::WIDE;

    #[test]
    fn a_server_that_is_gone_leaves_a_gap() {
        let run = example::run(1);
        let servers = by_server(&run.samples);
        let pieces = |name: &str| line(&servers[name], &SUBJECTS[1], 1.0, run.length_s).len();
        assert_eq!((pieces("127.0.0.1:8101"), pieces("127.0.0.1:8103")), (1, 2));
    }

    #[test]
    fn several_looks_become_one_point() {
        let run = example::run(1);
        let servers = by_server(&run.samples);
        let line = line(&servers["127.0.0.1:8102"], &SUBJECTS[2], 20.0, run.length_s);
        assert_eq!(line[0].len(), 6, "{line:?}");
        assert_eq!(line[0][3].1, 160.0, "the queue of the stall is seen: {line:?}");
    }

    #[test]
    fn what_was_not_measured_is_named() {
        let mut run = example::run(1);
        for sample in &mut run.samples {
            (sample.shards_owned, sample.up) = (None, true);
        }
        let (panels, missing) = panels(&run, &Time::new(&WIDE, &run), 600);
        assert_eq!((panels.len(), missing), (6, vec!["Shards owned"]));
    }
}
