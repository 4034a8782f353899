//! What came of every request: a book for each second of a run, by the intended moment.
//!
//! A book is open until nothing of its second can come in any more, then it is closed: its
//! histograms go to the log, and into those of the whole run. Percentiles are read from merged
//! histograms only, never from percentiles.

use super::kind::Kind;
use crate::report::figures::ALL;
use crate::report::model::{Counts, Heat, Latencies, Second};
use hdrhistogram::Histogram;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Digits of a latency that are kept.
const DIGITS: u8 = 3;
/// Buckets of the heat map: from a tenth of a millisecond, each half an octave, to a minute.
const EDGES: i32 = 39;
/// Seconds that the progress line looks back.
const RECENT: usize = 5;

/// Latencies in microseconds.
pub(crate) type Micros = Histogram<u64>;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Good,
    /// An answer that no user wants.
    Status(u16),
    /// No answer: `refused`, `broken`, `garbled`.
    Broken(&'static str),
    Timeout,
    /// No connection was free before its time was up.
    Unsent,
    /// Whoever waited has left before: it would have taken that long at least. Spans only.
    Left,
}

/// One request, or span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) kind: Kind,
    /// Since the beginning of the run.
    pub(crate) intended: Duration,
    /// Since its intended moment.
    pub(crate) took: Duration,
    /// It was sent too late by the generator's own fault.
    pub(crate) late: bool,
    pub(crate) outcome: Outcome,
}

/// A second of a run.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) latencies: BTreeMap<Kind, Micros>,
    second: Second,
}

/// What the progress line tells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) noted: u64,
    pub(crate) good: u64,
    pub(crate) errors: u64,
    pub(crate) late: u64,
}

/// All of a run.
pub(crate) struct Ledger {
    /// Whole seconds.
    warm_up: Duration,
    end: Duration,
    open: BTreeMap<u64, Book>,
    /// Books before this second are closed.
    closed: u64,
    /// Seconds of the run; what players still tell after it stands in the last one.
    length: u64,
    counts: Counts,
    total: BTreeMap<Kind, Micros>,
    all: Micros,
    /// What went well within the measured time, by when it was answered.
    reached: BTreeMap<Kind, u64>,
    /// Good answers of each second, by when they came.
    answered: Vec<u64>,
    seconds: Vec<Second>,
    heat: Vec<Vec<u64>>,
    progress: Progress,
    recent: VecDeque<Micros>,
}

impl Ledger {
    pub(crate) fn new(warm_up: Duration, length: Duration) -> Self {
        let seconds = (length.as_secs_f64().ceil() as usize).max(1);
        Self {
            warm_up,
            end: length,
            open: BTreeMap::new(),
            closed: 0,
            length: seconds as u64,
            counts: Counts::default(),
            total: BTreeMap::new(),
            all: micros(),
            reached: BTreeMap::new(),
            answered: vec![0; seconds],
            seconds: Vec::new(),
            heat: Vec::new(),
            progress: Progress::default(),
            recent: VecDeque::from([micros()]),
        }
    }

    /// Writes one down. Timeouts and what was never sent stand with the time that a user has
    /// waited, so that no percentile leaves them out; other errors are told apart.
    pub(crate) fn note(&mut self, note: Note) {
        let counted = note.kind.is_request();
        let second = note.intended.as_secs().max(self.closed).min(self.length - 1);
        if note.outcome == Outcome::Good {
            self.answered(note.kind, note.intended + note.took);
        }
        let measured = Duration::from_secs(second) >= self.warm_up;
        if measured && note.intended < self.warm_up {
            // A long span of the warm-up, whose second is closed.
            return;
        }
        let book = self.open.entry(second).or_default();
        if !matches!(note.outcome, Outcome::Status(_) | Outcome::Broken(_)) {
            let latencies = book.latencies.entry(note.kind).or_insert_with(micros);
            record(latencies, note.took);
            if counted && let Some(recent) = self.recent.back_mut() {
                record(recent, note.took);
            }
        }
        if !counted {
            return;
        }
        book.second.asked += 1;
        self.progress.noted += 1;
        self.progress.late += u64::from(note.late);
        match note.outcome.error() {
            None => {
                book.second.good += 1;
                self.progress.good += 1;
            }
            Some(name) => {
                *book.second.errors.entry(name).or_default() += 1;
                self.progress.errors += 1;
            }
        }
        if note.intended >= self.warm_up {
            self.count(note);
        }
    }

    /// Something went well at a moment.
    fn answered(&mut self, kind: Kind, at: Duration) {
        if (self.warm_up..self.end).contains(&at) {
            *self.reached.entry(kind).or_default() += 1;
        }
        let second = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        if kind.is_request()
            && let Some(answered) = self.answered.get_mut(second)
        {
            *answered += 1;
        }
    }

    fn count(&mut self, note: Note) {
        let counts = &mut self.counts;
        counts.intended += 1;
        match note.outcome {
            Outcome::Unsent => counts.unsent += 1,
            Outcome::Left => {}
            Outcome::Good | Outcome::Status(_) | Outcome::Broken(_) | Outcome::Timeout => {
                counts.sent += 1;
                counts.late += u64::from(note.late);
            }
        }
        match note.outcome.error() {
            None => counts.good += 1,
            Some(name) => *counts.errors.entry(name).or_default() += 1,
        }
    }

    /// Takes the next book whose second lies before `before`, if there is one. The last second is
    /// not closed by that, but by [`Ledger::close_last`].
    pub(crate) fn close(&mut self, before: u64) -> Option<(u64, Book)> {
        self.close_one(before.min(self.length - 1))
    }

    /// Takes the next book, whichever it is: the run is over.
    pub(crate) fn close_last(&mut self) -> Option<(u64, Book)> {
        self.close_one(self.length)
    }

    fn close_one(&mut self, before: u64) -> Option<(u64, Book)> {
        if self.closed >= before {
            return None;
        }
        let place = self.closed;
        self.closed += 1;
        let mut book = self.open.remove(&place).unwrap_or_default();
        let mut all = micros();
        let requests = book.latencies.iter().filter(|(kind, _)| kind.is_request());
        requests.for_each(|(_, latencies)| add(&mut all, latencies));
        book.second.p50_ms = ms(&all, 0.5);
        book.second.p99_ms = ms(&all, 0.99);
        self.heat.push(heat_row(&all));
        self.seconds.push(std::mem::take(&mut book.second));
        // A second that the warm-up ends in belongs to it.
        if Duration::from_secs(place) >= self.warm_up {
            add(&mut self.all, &all);
            for (kind, latencies) in &book.latencies {
                add(self.total.entry(*kind).or_insert_with(micros), latencies);
            }
        }
        Some((place, book))
    }

    /// What the progress line tells, and the 99th percentile of the last seconds, milliseconds.
    /// Called once a second.
    pub(crate) fn look(&mut self) -> (Progress, f64) {
        let mut all = micros();
        self.recent.iter().for_each(|recent| add(&mut all, recent));
        self.recent.push_back(micros());
        while self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        (self.progress, ms(&all, 0.99))
    }

    /// Counts after the warm-up.
    pub(crate) fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// Latencies after the warm-up, by kind, and of all requests.
    pub(crate) fn latencies(&self) -> BTreeMap<String, Latencies> {
        let requests = self.reached.iter().filter(|(kind, _)| kind.is_request());
        let all = latencies(&self.all, requests.map(|(_, count)| count).sum());
        let each = |(kind, of): (&Kind, &Micros)| {
            let reached = self.reached.get(kind).copied().unwrap_or_default();
            (kind.name().to_owned(), latencies(of, reached))
        };
        self.total.iter().map(each).chain([(ALL.to_owned(), all)]).collect()
    }

    /// Rates and errors over time, and latencies over time.
    pub(crate) fn series(&self) -> (Vec<Second>, Heat) {
        let mut seconds = self.seconds.clone();
        for (second, answered) in seconds.iter_mut().zip(&self.answered) {
            second.answered = Some(*answered);
        }
        (seconds, Heat { edges_ms: edges(), cells: self.heat.clone() })
    }
}

impl Outcome {
    /// Its name among the errors.
    fn error(self) -> Option<String> {
        match self {
            Self::Good => None,
            Self::Status(status) => Some(status.to_string()),
            Self::Broken(name) => Some(name.to_owned()),
            Self::Timeout => Some("timeout".to_owned()),
            Self::Unsent => Some("unsent".to_owned()),
            Self::Left => Some("left".to_owned()),
        }
    }
}

/// An empty histogram, which grows as it needs to.
pub(crate) fn micros() -> Micros {
    Histogram::new(DIGITS).expect("three digits are within its bounds")
}

/// Nothing waits for longer than an hour; a histogram grows to what it is told.
pub(crate) fn record(to: &mut Micros, took: Duration) {
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1, 3_600_000_000);
    to.record(us).expect("a histogram that grows takes every value");
}

fn add(to: &mut Micros, from: &Micros) {
    to.add(from).expect("a histogram that grows takes every value");
}

fn ms(of: &Micros, quantile: f64) -> f64 {
    of.value_at_quantile(quantile) as f64 / 1000.0
}

fn edges() -> Vec<f64> {
    (0..EDGES).map(|half| 0.1 * (f64::from(half) / 2.0).exp2()).collect()
}

fn heat_row(of: &Micros) -> Vec<u64> {
    let edges = edges();
    let mut row = vec![0; edges.len() + 1];
    for value in of.iter_recorded() {
        let ms = value.value_iterated_to() as f64 / 1000.0;
        row[edges.partition_point(|edge| *edge < ms)] += value.count_at_value();
    }
    row
}

/// From the merged histogram, with the quantiles that are asked for by name exactly.
fn latencies(of: &Micros, reached: u64) -> Latencies {
    let named = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0];
    // Evenly over the logarithm of what lies above, as percentile plots are drawn.
    let fine = (1..=60).map(|tenth| 1.0 - 10_f64.powf(-f64::from(tenth) / 10.0));
    let mut quantiles: Vec<f64> = named.into_iter().chain(fine).collect();
    quantiles.sort_by(f64::total_cmp);
    quantiles.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    // The named ones as they are written, not as a power came out.
    for quantile in &mut quantiles {
        if let Some(name) = named.iter().find(|name| (**name - *quantile).abs() < 1e-9) {
            *quantile = *name;
        }
    }
    Latencies {
        count: of.len(),
        reached: Some(reached),
        mean_ms: of.mean() / 1000.0,
        max_ms: of.max() as f64 / 1000.0,
        curve: quantiles.into_iter().map(|quantile| (quantile, ms(of, quantile))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(at_ms: u64, took_ms: u64, outcome: Outcome) -> Note {
        let ms = Duration::from_millis;
        Note { kind: Kind::View, intended: ms(at_ms), took: ms(took_ms), late: false, outcome }
    }

    fn closed(notes: &[Note]) -> Ledger {
        let mut ledger = Ledger::new(Duration::from_secs(1), Duration::from_secs(4));
        notes.iter().for_each(|it| ledger.note(*it));
        while ledger.close_last().is_some() {}
        ledger
    }

    #[test]
    fn a_timeout_stands_in_the_percentiles_and_the_errors_and_a_refusal_in_the_errors() {
        let mut notes = vec![note(500, 9999, Outcome::Timeout)];
        notes.extend((0..98).map(|place| note(1000 + place, 2, Outcome::Good)));
        notes.push(note(2000, 1000, Outcome::Timeout));
        notes.push(note(2000, 1, Outcome::Status(503)));
        notes.push(note(2000, 1000, Outcome::Unsent));
        let ledger = closed(&notes);
        let counts = ledger.counts();
        assert_eq!((counts.intended, counts.sent, counts.unsent, counts.good), (101, 100, 1, 98));
        let errors: Vec<_> = counts.errors.into_iter().collect();
        let expected = [("503", 1), ("timeout", 1), ("unsent", 1)];
        assert_eq!(errors, expected.map(|(name, count)| (name.to_owned(), count)));
        let view = &ledger.latencies()["view"];
        let at = |wanted: f64| view.curve.iter().find(|(at, _)| at.total_cmp(&wanted).is_eq());
        let value = |wanted| at(wanted).expect("it is named").1;
        assert_eq!(view.count, 100);
        assert!((value(0.5) - 2.0).abs() < 0.01 && (value(0.99) - 1000.0).abs() < 1.0);
        assert!((view.max_ms - 1000.0).abs() < 1.0, "what warm-up had is left out");
    }

    #[test]
    fn a_rate_is_of_what_was_answered_in_time() {
        let ledger = closed(&[
            note(900, 300, Outcome::Good),
            note(1500, 1600, Outcome::Good),
            note(1500, 10, Outcome::Status(503)),
            note(1500, 1000, Outcome::Timeout),
            note(3900, 200, Outcome::Good),
        ]);
        let latencies = ledger.latencies();
        assert_eq!((latencies["view"].count, latencies["view"].reached), (3, Some(2)));
        assert_eq!(
            latencies["all"].reached,
            Some(2),
            "what came after the end was not kept up with"
        );
        let answered: Vec<_> = ledger.series().0.iter().filter_map(|it| it.answered).collect();
        assert_eq!(answered, [0, 1, 0, 1]);
    }

    #[test]
    fn a_long_span_of_the_warm_up_stays_out_of_what_is_measured() {
        let mut ledger = Ledger::new(Duration::from_secs(1), Duration::from_secs(4));
        while ledger.close(3).is_some() {}
        ledger.note(Note { kind: Kind::Startup, ..note(500, 2900, Outcome::Good) });
        ledger.note(Note { kind: Kind::Startup, ..note(1500, 1900, Outcome::Left) });
        while ledger.close_last().is_some() {}
        assert_eq!(ledger.latencies()["startup"].count, 1);
    }

    #[test]
    fn series_hold_every_second_by_its_intended_moment() {
        let ledger = closed(&[note(100, 1, Outcome::Good), note(3900, 2500, Outcome::Good)]);
        let (seconds, heat) = ledger.series();
        let asked: Vec<_> = seconds.iter().map(|second| second.asked).collect();
        assert_eq!(asked, [1, 0, 0, 1]);
        assert!((seconds[3].p99_ms - 2500.0).abs() < 2.0);
        assert_eq!(heat.cells.len(), 4);
        assert!(heat.cells.iter().all(|row| row.len() == heat.edges_ms.len() + 1));
        let place = heat.edges_ms.partition_point(|edge| *edge < 2500.0);
        assert_eq!(heat.cells[3][place], 1);
    }
}
