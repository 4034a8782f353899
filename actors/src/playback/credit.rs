//! What one event says alone, and what two neighbouring events say about the time between them.
//!
//! Both depend on nothing else. So it does not matter in which order events arrive: whichever of
//! two neighbours comes last brings their credit. All is counted in whole milliseconds and bits,
//! because sums of those do not depend on the order either.

use super::{Action, Event};
use serde::{Deserialize, Serialize};

/// Nobody waits longer for a picture, milliseconds; what is told above was a machine that slept.
const WAIT_MAX_MS: u32 = 600_000;
/// No stream has a higher bitrate, kbit/s; what is told above is an error.
const KBPS_MAX: f64 = 1_000_000.0;
/// Content may run at most so many times as fast as time.
const SPEED_MAX: i64 = 4;
/// By so much clocks and positions of players are off, milliseconds.
const TOLERANCE_MS: i64 = 1_000;

/// What an event says about the time before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, Option<u32>, u32, bool)", into = "(i64, Option<u32>, u32, bool)")]
pub(super) struct Head {
    /// When, milliseconds since the session was opened.
    pub(super) at: i64,
    /// Where it had come to, milliseconds; a jump may not say so.
    pub(super) position: Option<u32>,
    /// Bitrate that it told, 0 when it did not.
    pub(super) kbps: u32,
    /// Time without a picture before it is told by an event, it need not be measured.
    pub(super) wait_told: bool,
}

/// What an event says about the time after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, u32, u32, Leaves)", into = "(i64, u32, u32, Leaves)")]
pub(super) struct Tail {
    /// When, milliseconds since the session was opened.
    pub(super) at: i64,
    /// Where it goes on, milliseconds.
    pub(super) position: u32,
    /// Bitrate that it told, 0 when it did not.
    pub(super) kbps: u32,
    /// How the player is after it.
    pub(super) leaves: Leaves,
}

/// How an event leaves the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Leaves {
    /// It plays.
    #[serde(rename = "p")]
    Playing,
    /// As it was (a jump, an error): it plays if it comes forward.
    #[serde(rename = "a")]
    AsItWas,
    /// It has run dry.
    #[serde(rename = "d")]
    Dry,
    /// It does not play.
    #[serde(rename = "s")]
    Still,
}

/// Sums over what was credited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 6]", into = "[u64; 6]")]
pub(super) struct Totals {
    /// Time spent watching, milliseconds.
    pub(super) watched_ms: u64,
    /// Times that it ran dry.
    pub(super) stalls: u64,
    /// Time without picture after the start, milliseconds.
    pub(super) stalled_ms: u64,
    /// Errors.
    pub(super) errors: u64,
    /// Sum of bitrate times time, bits.
    pub(super) bits: u64,
    /// Time for which a bitrate was told, milliseconds.
    pub(super) rated_ms: u64,
}

/// What two neighbours are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Credit {
    /// To be added.
    pub(super) totals: Totals,
    /// What was watched, milliseconds of the content.
    pub(super) range: Option<(u32, u32)>,
}

/// What an event of a session opened at `opened_ms` says about the time before and after it.
pub(super) fn marks(event: &Event, opened_ms: i64) -> (Head, Tail) {
    let at = event.at.as_millisecond() - opened_ms;
    let position = millis(event.position_s);
    // A cast of what is no number gives 0.
    let kbps = event.bitrate_bps.map_or(0, |bps| (bps / 1e3).round().clamp(0.0, KBPS_MAX) as u32);
    let (before, wait_told, leaves) = match &event.action {
        Action::Start { .. } | Action::Play { stall_s: None } => {
            (Some(position), false, Leaves::Playing)
        }
        Action::Play { stall_s: Some(_) } => (Some(position), true, Leaves::Playing),
        Action::Heartbeat { playing: true } => (Some(position), false, Leaves::Playing),
        // While it is dry: the `play` that comes says how long that was.
        Action::Heartbeat { playing: false } => (Some(position), true, Leaves::Still),
        Action::Pause | Action::End => (Some(position), false, Leaves::Still),
        Action::Seek { from_position_s } => (from_position_s.map(millis), false, Leaves::AsItWas),
        Action::Buffering => (Some(position), false, Leaves::Dry),
        Action::Error { .. } => (Some(position), false, Leaves::AsItWas),
    };
    let head = Head { at, position: before, kbps, wait_told };
    (head, Tail { at, position, kbps, leaves })
}

/// What an event is worth without its neighbours.
pub(super) fn alone(event: &Event) -> Totals {
    let mut totals = Totals::default();
    match &event.action {
        Action::Buffering => totals.stalls = 1,
        Action::Play { stall_s: Some(stall_s) } => totals.stalled_ms = wait(*stall_s).into(),
        Action::Error { .. } => totals.errors = 1,
        Action::Heartbeat { .. } => totals.stalls = event.starved.into(),
        Action::Start { .. }
        | Action::Play { stall_s: None }
        | Action::Pause
        | Action::Seek { .. }
        | Action::End => {}
    }
    totals
}

/// What the time between two neighbours is worth.
pub(super) fn between(before: Tail, after: Head) -> Credit {
    let passed = after.at.saturating_sub(before.at);
    match before.leaves {
        Leaves::Playing | Leaves::AsItWas => watched(before, after, passed),
        Leaves::Dry if !after.wait_told => {
            let stalled_ms = passed.clamp(0, WAIT_MAX_MS.into()).unsigned_abs();
            Credit { totals: Totals { stalled_ms, ..Totals::default() }, range: None }
        }
        Leaves::Dry | Leaves::Still => Credit::default(),
    }
}

fn watched(before: Tail, after: Head, passed: i64) -> Credit {
    let Some(to) = after.position else { return Credit::default() };
    let moved = i64::from(to) - i64::from(before.position);
    if moved <= 0 || moved > passed.saturating_mul(SPEED_MAX).saturating_add(TOLERANCE_MS) {
        return Credit::default();
    }
    let watched_ms = passed.clamp(0, moved).unsigned_abs();
    let kbps = if after.kbps > 0 { after.kbps } else { before.kbps };
    let (bits, rated_ms) =
        if kbps > 0 { (u64::from(kbps) * watched_ms, watched_ms) } else { (0, 0) };
    let totals = Totals { watched_ms, bits, rated_ms, ..Totals::default() };
    Credit { totals, range: Some((before.position, to)) }
}

/// Whole milliseconds; 0 for what is negative or no number.
pub(super) fn millis(seconds: f64) -> u32 {
    (seconds * 1e3).round() as u32
}

/// A waiting time in whole milliseconds, bounded.
pub(super) fn wait(seconds: f64) -> u32 {
    millis(seconds).min(WAIT_MAX_MS)
}

impl Totals {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        let (a, b): ([u64; 6], [u64; 6]) = (self.into(), other.into());
        std::array::from_fn(|index| a[index].saturating_add(b[index])).into()
    }

    /// What has come since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        let (a, b): ([u64; 6], [u64; 6]) = (self.into(), earlier.into());
        std::array::from_fn(|index| a[index].saturating_sub(b[index])).into()
    }
}

impl From<Totals> for [u64; 6] {
    fn from(it: Totals) -> Self {
        [it.watched_ms, it.stalls, it.stalled_ms, it.errors, it.bits, it.rated_ms]
    }
}

impl From<[u64; 6]> for Totals {
    fn from([watched_ms, stalls, stalled_ms, errors, bits, rated_ms]: [u64; 6]) -> Self {
        Self { watched_ms, stalls, stalled_ms, errors, bits, rated_ms }
    }
}

impl From<Head> for (i64, Option<u32>, u32, bool) {
    fn from(it: Head) -> Self {
        (it.at, it.position, it.kbps, it.wait_told)
    }
}

impl From<(i64, Option<u32>, u32, bool)> for Head {
    fn from((at, position, kbps, wait_told): (i64, Option<u32>, u32, bool)) -> Self {
        Self { at, position, kbps, wait_told }
    }
}

impl From<Tail> for (i64, u32, u32, Leaves) {
    fn from(it: Tail) -> Self {
        (it.at, it.position, it.kbps, it.leaves)
    }
}

impl From<(i64, u32, u32, Leaves)> for Tail {
    fn from((at, position, kbps, leaves): (i64, u32, u32, Leaves)) -> Self {
        Self { at, position, kbps, leaves }
    }
}
