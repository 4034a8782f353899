//! What viewers did, added up by the minute, per content, country and device.
//!
//! Events come from the event log, at least once and in any order between partitions. An event is
//! named by its producer, `(shard, sequence)`; the row with that name is the judge: whatever
//! transaction puts it there first adds its numbers, all others add nothing. A highest sequence per
//! shard would be no judge: the events of a shard are spread over partitions by their keys, which
//! are read side by side; and even within one partition an event whose first append was given up
//! comes behind later ones. So it is kept too ([`Position`]), to see how far a consumer has come,
//! and nothing depends on it. A consumer that was replaced and still commits (a zombie) meets the
//! rows of its successor, or the successor meets its.

mod calendar;
pub mod postgres;
mod rows;
pub mod sqlite;

pub use calendar::{day_of, minute_of};

use crate::Result;
use crate::model::{ContentId, Country};
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

/// Start-up times are counted up to these, and beyond the last, milliseconds.
pub const STARTUP_BOUNDS_MS: [u64; 5] = [500, 1_000, 2_000, 4_000, 8_000];

/// One event of the log with what it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayEvent {
    /// Topic, partition and offset at which it was read.
    pub place: (String, u32, u64),
    /// Shard of the producer.
    pub shard: u16,
    /// The producer's sequence within its shard.
    pub sequence: u64,
    /// When it was committed; the same each time it is read.
    pub at: Timestamp,
    /// What it is about.
    pub content: ContentId,
    /// The event as it was told.
    pub payload: Value,
    /// What it adds.
    pub parts: Vec<Part>,
}

/// What an event adds to one minute of one country and device.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Minutes since 1970 (UTC).
    pub minute: i64,
    /// Where the viewers are.
    pub country: Country,
    /// Kind of the device.
    pub device: String,
    /// How much.
    pub amounts: Amounts,
}

/// Numbers that add up. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Views.
    pub views: u64,
    /// Sessions that have reported first.
    pub sessions: u64,
    /// Time spent watching.
    pub watch_ms: u64,
    /// Times that playing ran dry.
    pub stalls: u64,
    /// Time without picture after the start.
    pub stalled_ms: u64,
    /// Errors that players told.
    pub errors: u64,
    /// Sum of bitrate times time, bits.
    pub bits: u64,
    /// Time for which a bitrate was told.
    pub bits_ms: u64,
    /// Start-ups.
    pub startups: u64,
    /// Sum of start-up times.
    pub startup_ms: u64,
    /// Start-ups up to each of [`STARTUP_BOUNDS_MS`] and above the one before.
    pub startups_within: [u64; STARTUP_BOUNDS_MS.len()],
}

/// How far a consumer has come with the events of one shard in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which topic.
    pub topic: String,
    /// Which partition.
    pub partition: u32,
    /// Which shard.
    pub shard: u16,
    /// The highest sequence.
    pub sequence: u64,
    /// The highest offset.
    pub offset: u64,
}

/// By what sums are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// By country.
    Country,
    /// By kind of device.
    Device,
}

/// Which sums are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesQuery {
    /// Of which content.
    pub content: ContentId,
    /// From this minute.
    pub from: i64,
    /// Up to, not including, this minute.
    pub to: i64,
    /// Minutes of each point, which begin at its multiples.
    pub step: i64,
    /// Told apart, or all together.
    pub split: Option<Split>,
    /// At most so many rows.
    pub limit: u32,
}

/// The sums of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Minute at which it begins.
    pub minute: i64,
    /// Country or device; empty for all together.
    pub of: String,
    /// How much.
    pub amounts: Amounts,
}

/// The port of what is added up.
#[async_trait]
pub trait Analytics: Send + Sync {
    /// Adds those events that were not added before, in one transaction, and answers how many.
    /// Whoever gets an error asks again with the same events.
    ///
    /// # Errors
    /// `Full`, `Busy`, `Unavailable`, or the engine's own.
    async fn add(&self, consumer: &str, events: Vec<PlayEvent>) -> Result<u64>;

    /// How far a consumer has come.
    async fn positions(&self, consumer: &str) -> Result<Vec<Position>>;

    /// Sums by point, the earliest first.
    async fn series(&self, query: &SeriesQuery) -> Result<Vec<Point>>;

    /// Makes room for what will come in the days and the month after a time, where the engine
    /// needs that.
    async fn make_ahead(&self, now: Timestamp) -> Result<()>;

    /// Removes events that were committed before the day of one time, and sums of the months (or
    /// minutes) before another, at most `limit` rows where the engine removes rows; answers how
    /// many rows or partitions.
    async fn forget(&self, events: Timestamp, sums: Timestamp, limit: u32) -> Result<u64>;
}

impl Amounts {
    /// Counts a start-up.
    pub fn start_up(&mut self, ms: u64) {
        self.startups += 1;
        self.startup_ms += ms;
        let within = STARTUP_BOUNDS_MS.iter().position(|bound| ms <= *bound);
        if let Some(count) = within.and_then(|at| self.startups_within.get_mut(at)) {
            *count += 1;
        }
    }

    /// Adds others.
    pub fn add(&mut self, others: &Self) {
        let sums = self.numbers().into_iter().zip(others.numbers());
        let mut numbers = [0; rows::AMOUNTS.len()];
        for (number, (one, other)) in numbers.iter_mut().zip(sums) {
            *number = one.saturating_add(other);
        }
        *self = Self::of(numbers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_add_up_each_for_itself() {
        let mut one = Amounts { views: 1, bits_ms: 4, ..Amounts::default() };
        one.start_up(500);
        one.start_up(501);
        one.start_up(9_000);
        let mut sum = one;
        sum.add(&one);
        assert_eq!((sum.views, sum.bits_ms, sum.startups, sum.startup_ms), (2, 8, 6, 20_002));
        assert_eq!(sum.startups_within, [2, 2, 0, 0, 0]);
        assert_eq!(Amounts::of(sum.numbers()), sum);
    }
}
