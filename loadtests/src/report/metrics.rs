//! Reads what a server says at `/metrics`: OpenMetrics 1.0 text, and the older Prometheus text,
//! whose lines look alike.
//!
//! Only values are wanted; types and help are passed over. A line that is none of the format means
//! that the whole is something else (a page of a proxy, say), so it is an error, not a gap.

use anyhow::{Context, ensure};
use std::borrow::Cow;

/// One line: a name, its labels, its value.
#[derive(Debug, PartialEq)]
pub(crate) struct Point<'a> {
    pub(crate) name: &'a str,
    pub(crate) labels: Vec<(&'a str, Cow<'a, str>)>,
    pub(crate) value: f64,
}

/// Reads all lines.
///
/// # Errors
/// When a line is not of the format; the error names it.
pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Point<'_>>> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = |(at, line)| point(line).with_context(|| format!("line {at} is no metric"));
    lines.map(read).collect()
}

/// `name{label="value"} 1.5 1700000000 # {trace_id="x"} 1`: what follows the value is passed over.
fn point(line: &str) -> anyhow::Result<Point<'_>> {
    let (name, rest) = name(line, ":")?;
    let (labels, rest) = match rest.trim_start().strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => {
            ensure!(rest.starts_with([' ', '\t']), "no value");
            (Vec::new(), rest)
        }
    };
    let value = rest.split_whitespace().next().context("no value")?;
    let value = value.parse().with_context(|| format!("{value:?} is no number"))?;
    Ok(Point { name, labels, value })
}

/// A name, and what follows it.
fn name<'a>(text: &'a str, also: &str) -> anyhow::Result<(&'a str, &'a str)> {
    let fits = |at: usize, sign: char| {
        sign.is_ascii_alphabetic()
            || sign == '_'
            || also.contains(sign)
            || (at > 0 && sign.is_ascii_digit())
    };
    let end = text.char_indices().find(|(at, sign)| !fits(*at, *sign));
    let (name, rest) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    ensure!(!name.is_empty(), "no name");
    Ok((name, rest))
}

type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// Up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> anyhow::Result<(Labels<'_>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let (key, after) = name(rest, "")?;
        let after = after.trim_start().strip_prefix('=').context("a label without =")?;
        let quoted = after.trim_start().strip_prefix('"').context("a label without quotes")?;
        let end = closing(quoted).context("a label that does not end")?;
        labels.push((key, unescaped(&quoted[..end])));
        rest = quoted[end + 1..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

/// Where the quote is that no backslash stands before.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        plain.push(match sign {
            '\\' => match signs.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    Cow::Owned(plain)
}

/// The sum over all labels; none when there is no such name.
pub(crate) fn sum(points: &[Point<'_>], name: &str) -> Option<f64> {
    values(points, name).reduce(|a, b| a + b)
}

/// The greatest over all labels; none when there is no such name.
pub(crate) fn greatest(points: &[Point<'_>], name: &str) -> Option<f64> {
    values(points, name).reduce(f64::max)
}

/// What is no number (NaN, infinite) is no measurement.
fn values<'a>(points: &'a [Point<'_>], name: &'a str) -> impl Iterator<Item = f64> + 'a {
    let fits = move |point: &&Point<'_>| point.name == name && point.value.is_finite();
    points.iter().filter(fits).map(|point| point.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP playhouse_actors Alive now.\n\
        # TYPE playhouse_actors gauge\n\
        playhouse_actors{role=\"entity\",kind=\"viewer\"} 40\n\
        playhouse_actors{role=\"service\", kind=\"pool\",} 2 1700000000.5\n\
        playhouse_actor_mailbox_oldest_seconds{kind=\"viewer\"} 0.25\n\
        playhouse_actor_mailbox_oldest_seconds{kind=\"a \\\"b\\\\ }\"} 1.5e0\n\
        playhouse_actor_mailbox_oldest_seconds{kind=\"c\"} NaN\n\
        process_cpu_seconds_total 12.5 # {trace_id=\"ab\"} 1 2\n\
        \n\
        http_bucket{le=\"+Inf\"} +Inf\n\
        # EOF\n";

    #[test]
    fn sums_and_greatest_are_taken_over_labels() {
        let points = parse(TEXT).expect("metrics");
        assert_eq!(sum(&points, "playhouse_actors"), Some(42.0));
        assert_eq!(greatest(&points, "playhouse_actor_mailbox_oldest_seconds"), Some(1.5));
        assert_eq!(sum(&points, "process_cpu_seconds_total"), Some(12.5));
        assert_eq!(sum(&points, "process_open_fds"), None);
        assert_eq!(points[3].labels, [("kind", Cow::Borrowed("a \"b\\ }"))]);
        assert_eq!(points[6].value, f64::INFINITY);
    }

    #[test]
    fn what_is_no_metrics_is_refused_by_its_line() {
        for line in [
            "<html>",
            "1abc 5",
            "a{b=\"c\" 5",
            "a{b=\"c} 5",
            "a{b} 5",
            "a{b=c} 5",
            "a",
            "a five",
            "a{}",
            "{\"error\": \"no\"}",
            "ä 5",
        ] {
            let text = format!("good 1\n{line}\n");
            let error = parse(&text).expect_err(line);
            assert!(error.to_string().contains("line 2"), "{line}: {error:#}");
        }
    }
}
