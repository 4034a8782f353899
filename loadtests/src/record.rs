//! `loadtests record`: from access logs to a rate for each 100 ms, which a scenario replays.
//!
//! It reads the combined format of nginx and Apache, whose times have whole seconds: the requests
//! of a second are then spread evenly over it. And JSON lines with a field for the time, as text
//! (RFC 3339) or as a number of seconds or milliseconds since 1970.

use crate::scenario::{SLOT_S, SLOTS_MAX, Trace};
use anyhow::{Context, ensure};
use jiff::Timestamp;
use jiff::fmt::strtime;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

/// At most this share of lines may be something else: logs have a torn line here and there.
const STRANGE_SHARE_MAX: f64 = 0.01;
const SLOT_MS: i64 = 100;
/// What fields with the time are called, the most exact first.
const TIMES: [&str; 7] =
    ["msec", "time_iso8601", "@timestamp", "timestamp", "time_local", "time", "ts"];
/// Numbers above this are milliseconds: as seconds they lie in the year 5138.
const SECONDS_MAX: f64 = 1e11;

/// What is read and written.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Access log; one line for each request.
    log: PathBuf,
    /// The file of rates.
    #[arg(long)]
    out: PathBuf,
}

/// Runs the command; always good when it comes to its end.
///
/// # Errors
/// When the log cannot be read or is none, or the rates cannot be written.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let name = options.log.display().to_string();
    let file = File::open(&options.log).with_context(|| name.clone())?;
    let mut counts = Counts::default();
    for line in BufReader::new(file).split(b'\n') {
        let line = line.with_context(|| name.clone())?;
        counts.take(String::from_utf8_lossy(&line).trim());
    }
    let trace = counts.trace().with_context(|| name)?;
    std::fs::write(&options.out, trace.text())
        .with_context(|| options.out.display().to_string())?;
    let peak = trace.rates.iter().fold(0.0, |most: f64, rate| most.max(*rate));
    println!(
        "{} requests in {:.1} s, at most {peak:.0}/s; {} lines were no requests; {}",
        counts.moments.len(),
        trace.length_s(),
        counts.strange.len(),
        options.out.display()
    );
    Ok(true)
}

/// A time of a request, milliseconds since 1970, and whether it has whole seconds only.
type Moment = (i64, bool);

/// Requests of a log.
#[derive(Default)]
struct Counts {
    lines: usize,
    moments: Vec<Moment>,
    /// Numbers of lines that are no requests.
    strange: Vec<usize>,
}

impl Counts {
    fn take(&mut self, line: &str) {
        self.lines += 1;
        if line.is_empty() {
            return;
        }
        let moment = if line.starts_with('{') { of_json(line) } else { of_combined(line) };
        match moment {
            Some(moment) => self.moments.push(moment),
            None => self.strange.push(self.lines),
        }
    }

    fn trace(&self) -> anyhow::Result<Trace> {
        let (strange, all) = (self.strange.len(), self.moments.len() + self.strange.len());
        let first = self.strange.first().copied().unwrap_or_default();
        ensure!(
            strange as f64 <= STRANGE_SHARE_MAX * all as f64,
            "line {first} is no request in the combined format and no JSON with a time ({}), nor \
             are {} others of {all}",
            TIMES.join(", "),
            strange.saturating_sub(1)
        );
        let first = self.moments.iter().map(|(ms, _)| *ms).min().context("there is no request")?;
        let last = self.moments.iter().map(|(ms, whole)| ms + i64::from(*whole) * 999).max();
        let slots = usize::try_from((last.unwrap_or(first) - first) / SLOT_MS)? + 1;
        ensure!(slots <= SLOTS_MAX, "the log covers more than a day: cut it");
        let mut counts = vec![0.0; slots];
        for (ms, whole) in &self.moments {
            let place = usize::try_from((ms - first) / SLOT_MS)?;
            let spread = if *whole { 10 } else { 1 };
            for slot in counts.iter_mut().skip(place).take(spread) {
                *slot += 1.0 / spread as f64;
            }
        }
        // Rates of tenths are told to a thousandth, not to the last bit of a sum.
        let rate = |count: f64| (count / SLOT_S * 1000.0).round() / 1000.0;
        Ok(Trace { rates: counts.into_iter().map(rate).collect() })
    }
}

/// `… [21/Nov/2026:17:32:16 +0000] "GET …`
fn of_combined(line: &str) -> Option<Moment> {
    let (_, after) = line.split_once('[')?;
    let (time, rest) = after.split_once(']')?;
    rest.contains('"').then_some(())?;
    Some((common(time)?, true))
}

/// Day, month and time as Apache writes them.
fn common(text: &str) -> Option<i64> {
    let time = strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    Some(time.to_timestamp().ok()?.as_millisecond())
}

fn of_json(line: &str) -> Option<Moment> {
    let line: Value = serde_json::from_str(line).ok()?;
    TIMES.iter().find_map(|name| moment(line.get(name)?))
}

fn moment(value: &Value) -> Option<Moment> {
    if let Some(number) = value.as_f64() {
        return of_number(number);
    }
    let text = value.as_str()?;
    if let Ok(number) = text.parse() {
        return of_number(number);
    }
    if let Some(ms) = common(text) {
        return Some((ms, true));
    }
    let time: Timestamp = text.parse().ok()?;
    Some((time.as_millisecond(), !text.contains('.')))
}

fn of_number(number: f64) -> Option<Moment> {
    let ms = if number.abs() > SECONDS_MAX { number } else { number * 1000.0 };
    let whole = number.abs() <= SECONDS_MAX && number.fract() == 0.0;
    (number.is_finite() && ms > 0.0).then_some((ms.round() as i64, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(lines: &[&str]) -> anyhow::Result<Trace> {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.take(line));
        counts.trace()
    }

    #[test]
    fn requests_of_a_whole_second_are_spread_over_it() {
        let line = |second| {
            let time = format!("[21/Nov/2026:17:32:{second} +0100]");
            format!("10.0.0.1 - - {time} \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"")
        };
        let (one, two) = (line("16"), line("17"));
        let told = trace(&[&one, &one, &two]).expect("a trace");
        assert_eq!(told.rates, [[2.0; 10], [1.0; 10]].concat());
    }

    #[test]
    fn times_of_json_are_found_by_their_names() {
        let told = trace(&[
            r#"{"time":"2026-11-21T17:32:16.250Z","status":200}"#,
            r#"{"ts":1795282336.31,"path":"/"}"#,
            r#"{"msec":"1795282336.399","time":"garbage"}"#,
            r#"{"timestamp":1795282336550}"#,
        ]);
        assert_eq!(told.expect("a trace").rates, [20.0, 10.0, 0.0, 10.0]);
    }

    #[test]
    fn what_is_no_log_is_refused_with_the_number_of_its_line() {
        let good = r#"{"ts":1795282336.31}"#;
        let told = trace(&[good, "", "not a request", "neither"]).expect_err("no log");
        assert!(told.to_string().starts_with("line 3 is no request"), "{told}");
        assert!(trace(&[]).is_err());
        let mut lines = vec![good; 300];
        lines.push("a torn line");
        assert_eq!(trace(&lines).expect("a trace").rates, [3000.0]);
        let far = trace(&[good, r#"{"ts":1895282336}"#]).expect_err("too long");
        assert!(far.to_string().contains("more than a day"), "{far}");
    }
}
