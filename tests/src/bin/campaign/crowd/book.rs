//! What users saw: every answer with its second, and the figures that are made of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Manifest,
    Segment,
    List,
    Open,
    Event,
    View,
    Upload,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Manifest,
        Self::Segment,
        Self::List,
        Self::Open,
        Self::Event,
        Self::View,
        Self::Upload,
    ];
}

/// How it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// As wanted.
    Done,
    /// 503 with `Retry-After`.
    Later,
    /// Another status.
    Wrong(u16),
    /// Not at all, or too late.
    Silent,
}

struct Sample {
    at: Duration,
    kind: Kind,
    fate: Fate,
    took: Duration,
}

/// A trial's samples.
pub(crate) struct Book {
    began: Instant,
    samples: Mutex<Vec<Sample>>,
}

/// Counts of one kind of request within some time.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) done: usize,
    pub(crate) later: usize,
    pub(crate) wrong: BTreeMap<u16, usize>,
    pub(crate) silent: usize,
    took_ms: Vec<u128>,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), samples: Mutex::new(Vec::new()) }
    }

    /// Time since it was opened.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// An answer to what was asked at `asked`.
    pub(crate) fn note(&self, kind: Kind, asked: Instant, fate: Fate) {
        let (at, took) = (asked.duration_since(self.began), asked.elapsed());
        self.samples().push(Sample { at, kind, fate, took });
    }

    /// What was asked of a kind from a moment until another one.
    pub(crate) fn figures(&self, kind: Kind, from: Duration, until: Duration) -> Figures {
        let mut figures = Figures::default();
        let samples = self.samples();
        let within = |it: &&Sample| it.kind == kind && it.at >= from && it.at < until;
        for sample in samples.iter().filter(within) {
            figures.took_ms.push(sample.took.as_millis());
            match sample.fate {
                Fate::Done => figures.done += 1,
                Fate::Later => figures.later += 1,
                Fate::Wrong(status) => *figures.wrong.entry(status).or_default() += 1,
                Fate::Silent => figures.silent += 1,
            }
        }
        figures.took_ms.sort_unstable();
        figures
    }

    /// The last moment before `until` at which something was asked that was not done.
    pub(crate) fn last_fault(&self, until: Duration) -> Option<Duration> {
        let samples = self.samples();
        let faults = samples.iter().filter(|it| it.fate != Fate::Done && it.at < until);
        faults.map(|it| it.at).max()
    }

    /// A line a second and kind: `trial,second,kind,done,later,wrong,silent,max_ms`.
    pub(crate) fn seconds(&self, trial: &str) -> String {
        let mut text = String::new();
        for second in 0..self.now().as_secs() {
            for kind in Kind::ALL {
                let from = Duration::from_secs(second);
                let of = self.figures(kind, from, from + Duration::from_secs(1));
                let (wrong, most) = (of.wrong.values().sum::<usize>(), of.percentile_ms(100));
                let (done, later, silent) = (of.done, of.later, of.silent);
                // Writing to a text does not fail.
                let _ = writeln!(
                    text,
                    "{trial},{second},{kind:?},{done},{later},{wrong},{silent},{most}"
                );
            }
        }
        text
    }

    fn samples(&self) -> std::sync::MutexGuard<'_, Vec<Sample>> {
        self.samples.lock().expect("nobody panics while noting an answer")
    }
}

impl Figures {
    /// Time to an answer, milliseconds; 0 when nothing was asked.
    pub(crate) fn percentile_ms(&self, percent: usize) -> u128 {
        let last = self.took_ms.len().saturating_sub(1);
        self.took_ms.get(last * percent / 100).copied().unwrap_or_default()
    }

    /// `41 done, 3 later, 2 × 500, 1 silent`.
    pub(crate) fn words(&self) -> String {
        let mut words = vec![format!("{} done", self.done)];
        if self.later > 0 {
            words.push(format!("{} later", self.later));
        }
        words.extend(self.wrong.iter().map(|(status, count)| format!("{count} × {status}")));
        if self.silent > 0 {
            words.push(format!("{} silent", self.silent));
        }
        words.join(", ")
    }
}
