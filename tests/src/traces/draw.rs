//! A trace as a tree for people: what is part of what, when it began, how long it took, who did it.

use super::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Columns of the line that shows when each span was under way.
const WIDTH: u64 = 32;
/// What a tree says of a span beside its name, where it is there.
const TOLD: [&str; 8] = [
    "playhouse.entity.state",
    "playhouse.rendition",
    "playhouse.segment.index",
    "playhouse.segment.frames",
    "playhouse.segment.bytes",
    "playhouse.queue.waited_s",
    "playhouse.worker.exit",
    "http.response.status_code",
];

/// Draws the spans, trace by trace, the longest first.
#[must_use]
pub fn draw(spans: &[Span]) -> String {
    let mut traces: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        traces.entry(&span.trace).or_default().push(span);
    }
    let mut traces: Vec<Vec<&Span>> = traces.into_values().collect();
    traces.sort_by_key(|spans| std::cmp::Reverse(extent(spans)));
    let trees: Vec<String> = traces.iter().map(|spans| tree(spans)).collect();
    trees.join("\n")
}

/// When the first began and how long all took, nanoseconds.
fn extent(spans: &[&Span]) -> (u64, u64) {
    let began = spans.iter().map(|span| span.began).min().unwrap_or_default();
    let ended = spans.iter().map(|span| span.ended).max().unwrap_or_default();
    (ended.saturating_sub(began), began)
}

fn tree(spans: &[&Span]) -> String {
    let (took, began) = extent(spans);
    let processes: BTreeSet<_> = spans.iter().map(|span| (&span.service, span.pid)).collect();
    let trace = spans.first().map_or("", |span| span.trace.as_str());
    let (count, many) = (spans.len(), processes.len());
    let mut text = format!("trace {trace}: {count} spans, {many} processes, {}\n", time(took));
    let known: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let mut below: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        // Whose parent is not told hangs at the root.
        let parent = if known.contains(span.parent.as_str()) { span.parent.as_str() } else { "" };
        below.entry(parent).or_default().push(span);
    }
    below.values_mut().for_each(|children| children.sort_by_key(|span| (span.began, &span.id)));
    let mut open: Vec<(&Span, usize)> = children(&below, "", 0);
    while let Some((span, depth)) = open.pop() {
        line(&mut text, span, depth, (began, took));
        open.extend(children(&below, &span.id, depth + 1));
    }
    text
}

/// The children of a span, the first of them last: they are taken from the end.
fn children<'a>(
    below: &BTreeMap<&str, Vec<&'a Span>>,
    of: &str,
    depth: usize,
) -> Vec<(&'a Span, usize)> {
    let children = below.get(of).map_or(&[][..], Vec::as_slice);
    children.iter().rev().map(|span| (*span, depth)).collect()
}

fn line(text: &mut String, span: &Span, depth: usize, (began, took): (u64, u64)) {
    let (at, lasts) = (span.began.saturating_sub(began), span.ended.saturating_sub(span.began));
    let bar = bar(at, lasts, took.max(1));
    let said = TOLD.iter().filter_map(|key| {
        let short = key.rsplit('.').next().unwrap_or(key);
        span.said.get(*key).map(|value| format!(" {short}={value}"))
    });
    let said: String = said.collect();
    let error = span.error.as_ref().map_or(String::new(), |why| format!("  FAILED: {why}"));
    let link = if span.links.is_empty() { "" } else { "  (brought by another trace)" };
    let (service, pid, indent) = (&span.service, span.pid, "  ".repeat(depth));
    let name = format!("{indent}{}", span.name);
    let (at, lasts) = (time(at), time(lasts));
    // Nothing can go wrong with a text in memory.
    let _ = writeln!(
        text,
        "{at:>9} {lasts:>9} |{bar}| {name:<48} [{service} {pid}]{said}{link}{error}"
    );
}

fn bar(at: u64, lasts: u64, took: u64) -> String {
    let column = |ns: u64| u128::from(ns) * u128::from(WIDTH) / u128::from(took);
    let (from, to) = (column(at), column(at.saturating_add(lasts)));
    let from = from.min(u128::from(WIDTH) - 1);
    (0..u128::from(WIDTH)).map(|it| if it >= from && it <= to { '=' } else { ' ' }).collect()
}

/// Nanoseconds as people read them.
fn time(ns: u64) -> String {
    match ns {
        0..1_000_000 => format!("{} us", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} ms", ns as f64 / 1e6),
        _ => format!("{:.2} s", ns as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: &str, (began, ended): (u64, u64)) -> Span {
        Span {
            trace: "t".to_owned(),
            id: id.to_owned(),
            parent: parent.to_owned(),
            name: format!("does {id}"),
            service: "playhouse".to_owned(),
            pid: 7,
            began,
            ended,
            error: None,
            links: vec![],
            said: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_part_of_another_stands_below_it_in_the_order_of_time() {
        let ms = 1_000_000;
        let mut late = span("c", "a", (6 * ms, 8 * ms));
        late.error = Some("busy".to_owned());
        late.said.insert("playhouse.rendition".to_owned(), "360p".to_owned());
        let spans = [late, span("d", "b", (3 * ms, 4 * ms)), span("b", "a", (2 * ms, 5 * ms))];
        let drawn = draw(&[&spans[..], &[span("a", "", (0, 16 * ms))]].concat());
        let names: Vec<&str> = drawn
            .lines()
            .skip(1)
            .filter_map(|line| line.rsplit("| ").next()?.split(" [").next())
            .map(str::trim_end)
            .collect();
        assert_eq!(names, ["does a", "  does b", "    does d", "  does c"], "{drawn}");
        assert!(drawn.starts_with("trace t: 4 spans, 1 processes, 16.0 ms"), "{drawn}");
        assert!(drawn.contains("rendition=360p  FAILED: busy"), "{drawn}");
        assert_eq!(bar(0, 16, 16).trim_end(), "=".repeat(32));
        assert_eq!(bar(15, 0, 16).len(), 32);
    }

    #[test]
    fn one_whose_parent_is_not_told_is_not_lost() {
        assert!(draw(&[span("b", "gone", (0, 1))]).contains("does b"));
        assert_eq!(draw(&[]), "");
    }
}
