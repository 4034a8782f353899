//! What the engines say and read alike.

use super::{Amounts, PlayEvent, Point, Position, SeriesQuery, Split};
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::model::ContentId;
use std::collections::{BTreeMap, HashSet};

/// The columns of [`Amounts`].
pub(super) const AMOUNTS: [&str; 15] = [
    "views",
    "sessions",
    "watch_ms",
    "stalls",
    "stalled_ms",
    "errors",
    "bits",
    "bits_ms",
    "startups",
    "startup_ms",
    "startups_500ms",
    "startups_1s",
    "startups_2s",
    "startups_4s",
    "startups_8s",
];

/// Where numbers are added: content, minute, country, device.
pub(super) type Place = (ContentId, i64, String, String);

/// The positions of a consumer: `$1` its name.
pub(super) const POSITIONS: &str = "SELECT topic, partition, shard, sequence, log_offset \
     FROM consumer_position WHERE consumer = $1 ORDER BY topic, partition, shard";

/// Moves a position on, never back: `$1` consumer, `$2` topic, `$3` partition, `$4` shard, `$5`
/// sequence, `$6` offset.
pub(super) const MOVE: &str = "INSERT INTO consumer_position \
     (consumer, topic, partition, shard, sequence, log_offset) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (consumer, topic, partition, shard) DO UPDATE SET \
     sequence = MAX(consumer_position.sequence, excluded.sequence), \
     log_offset = MAX(consumer_position.log_offset, excluded.log_offset)";

impl Amounts {
    /// In the order of [`AMOUNTS`].
    pub(super) fn numbers(&self) -> [u64; AMOUNTS.len()] {
        let [a, b, c, d, e] = self.startups_within;
        [
            self.views,
            self.sessions,
            self.watch_ms,
            self.stalls,
            self.stalled_ms,
            self.errors,
            self.bits,
            self.bits_ms,
            self.startups,
            self.startup_ms,
            a,
            b,
            c,
            d,
            e,
        ]
    }

    pub(super) fn of(numbers: [u64; AMOUNTS.len()]) -> Self {
        let [views, sessions, watch_ms, stalls, stalled_ms, errors, bits, bits_ms, rest @ ..] =
            numbers;
        let [startups, startup_ms, startups_within @ ..] = rest;
        Self {
            views,
            sessions,
            watch_ms,
            stalls,
            stalled_ms,
            errors,
            bits,
            bits_ms,
            startups,
            startup_ms,
            startups_within,
        }
    }
}

/// `views = play_minute.views + excluded.views, …`
pub(super) fn added() -> String {
    AMOUNTS.map(|name| format!("{name} = play_minute.{name} + excluded.{name}")).join(", ")
}

/// Each event once: what a batch brings twice is one event.
pub(super) fn once(events: Vec<PlayEvent>) -> Vec<PlayEvent> {
    let mut seen = HashSet::new();
    events.into_iter().filter(|event| seen.insert((event.shard, event.sequence))).collect()
}

/// What events add, by place.
pub(super) fn sums<'a>(
    events: impl IntoIterator<Item = &'a PlayEvent>,
) -> BTreeMap<Place, Amounts> {
    let mut sums: BTreeMap<Place, Amounts> = BTreeMap::new();
    for event in events {
        for part in &event.parts {
            let (country, device) = (part.country.to_string(), part.device.clone());
            let place = (event.content, part.minute, country, device);
            sums.entry(place).or_default().add(&part.amounts);
        }
    }
    sums
}

/// The highest sequence and offset of each shard in each partition.
pub(super) fn reached(events: &[PlayEvent]) -> BTreeMap<(&str, u32, u16), (u64, u64)> {
    let mut reached = BTreeMap::new();
    for event in events {
        let (topic, partition, offset) = &event.place;
        let place = (topic.as_str(), *partition, event.shard);
        let (sequence, furthest) = reached.entry(place).or_insert((0, 0));
        *sequence = event.sequence.max(*sequence);
        *furthest = (*offset).max(*furthest);
    }
    reached
}

/// Sums by point.
pub(super) fn series(query: &SeriesQuery) -> (String, Vec<Cell>) {
    let of = match query.split {
        None => "CAST('' AS TEXT)",
        Some(Split::Country) => "country",
        Some(Split::Device) => "device",
    };
    let sums = AMOUNTS.map(|name| format!("CAST(SUM({name}) AS BIGINT)")).join(", ");
    let sql = format!(
        "SELECT minute / $4 * $4, {of}, {sums} FROM play_minute \
         WHERE content_id = $1 AND minute >= $2 AND minute < $3 \
         GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $5"
    );
    let (from, to) = (Cell::int(query.from), Cell::int(query.to));
    let params = vec![
        Cell::text(query.content),
        from,
        to,
        Cell::int(query.step.max(1)),
        Cell::int(query.limit),
    ];
    (sql, params)
}

pub(super) fn point(row: Vec<Cell>) -> Result<Point> {
    let mut cells = Cells::new("play_minute", row);
    let (minute, of) = (cells.int()?, cells.text()?);
    let mut numbers = [0; AMOUNTS.len()];
    for number in &mut numbers {
        *number = cells.int()?;
    }
    Ok(Point { minute, of, amounts: Amounts::of(numbers) })
}

pub(super) fn position(row: Vec<Cell>) -> Result<Position> {
    let mut cells = Cells::new("consumer_position", row);
    Ok(Position {
        topic: cells.text()?,
        partition: cells.int()?,
        shard: cells.int()?,
        sequence: cells.int()?,
        offset: cells.int()?,
    })
}
