//! Which `seq` of a session have been seen, as runs without a gap.
//!
//! A run keeps what its first event said about the time before it and its last one about the time
//! after it: all that is needed when the neighbour of either comes. Gaps are bounded: the oldest
//! one is given up, and what comes of it later is not taken any more.

use super::credit::{Head, Tail};
use serde::{Deserialize, Serialize};

/// The runs of one session, the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Runs {
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    runs: Vec<Run>,
    /// Gaps that were given up, as first and last `seq`; they lie inside of runs.
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    lost: Vec<(u64, u64)>,
}

/// Events in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
struct Run {
    first: u64,
    last: u64,
    head: Option<Head>,
    tail: Tail,
}

#[derive(Serialize, Deserialize)]
struct Row(u64, u64, Tail, #[serde(default, skip_serializing_if = "Option::is_none")] Option<Head>);

/// What a `seq` is that is not new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was seen.
    Seen,
    /// It lies in a gap that was given up.
    GivenUp,
}

/// What lies beside a new event: how the one before it left the player, and what the one after it
/// said about the time before.
pub(super) type Neighbours = (Option<Tail>, Option<Head>);

impl Runs {
    /// Where a `seq` lies; none when it is new.
    pub(super) fn find(&self, seq: u64) -> Option<Place> {
        let at = self.runs.partition_point(|run| run.last < seq);
        self.runs.get(at).filter(|run| run.first <= seq)?;
        let lost = self.lost.iter().any(|(first, last)| (*first..=*last).contains(&seq));
        Some(if lost { Place::GivenUp } else { Place::Seen })
    }

    /// Takes a new event in, and answers which neighbours it has.
    pub(super) fn insert(&mut self, seq: u64, marks: (Head, Tail), gaps_max: usize) -> Neighbours {
        let at = self.runs.partition_point(|run| run.last < seq);
        let left = at.checked_sub(1).filter(|left| self.runs[*left].last + 1 == seq);
        let right = self.runs.get(at).filter(|run| run.first - 1 == seq).map(|_| at);
        let neighbours =
            (left.map(|left| self.runs[left].tail), right.and_then(|right| self.runs[right].head));
        self.join(at, (left, right), seq, marks);
        self.bound(gaps_max);
        neighbours
    }

    fn join(
        &mut self,
        at: usize,
        neighbours: (Option<usize>, Option<usize>),
        seq: u64,
        (head, tail): (Head, Tail),
    ) {
        let new = Run { first: seq, last: seq, head: Some(head), tail };
        match neighbours {
            (Some(left), Some(right)) => {
                let right = self.runs.remove(right);
                self.runs[left] = self.runs[left].then(new).then(right);
            }
            (Some(left), None) => self.runs[left] = self.runs[left].then(new),
            (None, Some(right)) => self.runs[right] = new.then(self.runs[right]),
            (None, None) => {
                self.runs.reserve_exact(1);
                self.runs.insert(at, new.kept());
            }
        }
    }

    /// Gives the oldest gaps up when there are too many.
    fn bound(&mut self, gaps_max: usize) {
        while self.gaps() > gaps_max {
            let next = self.runs.remove(1);
            let first = &mut self.runs[0];
            self.lost.push((first.last + 1, next.first - 1));
            (first.last, first.tail) = (next.last, next.tail);
            first.head = first.head.map(Head::given_up);
        }
        // Of those that are not remembered any more, late events count as seen.
        let over = self.lost.len().saturating_sub(gaps_max);
        self.lost.drain(..over);
    }

    /// Gaps that may still be filled.
    pub(super) fn gaps(&self) -> usize {
        self.runs.len().saturating_sub(1)
    }

    /// The highest `seq`, and how it left the player.
    pub(super) fn top(&self) -> Option<(u64, Tail)> {
        self.runs.last().map(|run| (run.last, run.tail))
    }

    /// Ranges that were seen.
    pub(super) fn seen(&self) -> Vec<(u64, u64)> {
        let mut seen = Vec::with_capacity(self.runs.len() + self.lost.len());
        for run in &self.runs {
            let mut first = run.first;
            for (lost, end) in self.lost.iter().filter(|lost| lost.1 < run.last) {
                if *lost > first {
                    seen.push((first, lost - 1));
                    first = end + 1;
                }
            }
            seen.push((first, run.last));
        }
        seen
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.runs.shrink_to_fit();
        self.lost.shrink_to_fit();
    }

    /// Bytes behind the record.
    pub(super) fn weight(&self) -> usize {
        self.runs.capacity() * size_of::<Run>() + self.lost.capacity() * size_of::<(u64, u64)>()
    }
}

impl Run {
    /// The run with another one right behind it.
    fn then(self, next: Self) -> Self {
        let tail = next.head.map_or(next.tail, |head| next.tail.behind(self.tail, head));
        let head = self.head.map(|it| next.head.map_or(it, |head| it.followed(head)));
        Self { first: self.first, last: next.last, head, tail }.kept()
    }

    /// Nothing comes before the first one, so that its head need not be kept.
    fn kept(self) -> Self {
        Self { head: self.head.filter(|_| self.first > 0), ..self }
    }
}

impl From<Run> for Row {
    fn from(run: Run) -> Self {
        Self(run.first, run.last, run.tail, run.head)
    }
}

impl From<Row> for Run {
    fn from(Row(first, last, tail, head): Row) -> Self {
        Self { first, last, head, tail }
    }
}
