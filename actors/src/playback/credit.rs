//! What one event says alone, and what two neighbouring events say about the time between them.
//!
//! Both depend on nothing else. So it does not matter in which order events arrive: whichever of
//! two neighbours comes last brings their credit. Heartbeats of a player that does not play say
//! nothing about a wait: it is measured across them, from where it began to where it is over. All
//! is counted in whole milliseconds and bits, because sums of those do not depend on the order
//! either.

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

/// What an event, or the first of a run of them, says about the time before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "HeadRow", into = "HeadRow")]
pub(super) struct Head {
    /// When, milliseconds since the session was opened.
    pub(super) at: i64,
    /// Where it had come to, milliseconds; a jump may not say so.
    pub(super) position: Option<u32>,
    /// Bitrate that it told, 0 when it did not.
    pub(super) kbps: u32,
    /// What it says if it had run dry before.
    pub(super) wait: Wait,
}

/// What is said about time without a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// It is over, so many milliseconds after the time of the head.
    Over(i32),
    /// An event tells how long it was, it need not be measured.
    Told,
    /// Nothing yet: a player that does not play is paused or dry.
    Open,
}

/// What an event, or the last of a run of them, says about the time after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "TailRow", into = "TailRow")]
pub(super) struct Tail {
    /// When, milliseconds since the session was opened.
    pub(super) at: i64,
    /// Where it goes on, milliseconds.
    pub(super) position: u32,
    /// Bitrate that it told, 0 when it did not.
    pub(super) kbps: u32,
    /// How the player is after it.
    pub(super) leaves: Leaves,
    /// How long before that it had run dry, milliseconds: heartbeats have come since.
    dry_ms: i32,
}

/// A head as it is written: when a wait is over only where that is later.
#[derive(Serialize, Deserialize)]
struct HeadRow(
    i64,
    Option<u32>,
    u32,
    bool,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<i32>,
);

/// A tail as it is written: since when it is dry only where that is earlier.
#[derive(Serialize, Deserialize)]
struct TailRow(
    i64,
    u32,
    u32,
    Leaves,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<i32>,
);

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
    let over = Wait::Over(0);
    let (before, wait, leaves) = match &event.action {
        Action::Start { .. } | Action::Play { stall_s: None } => {
            (Some(position), over, Leaves::Playing)
        }
        Action::Play { stall_s: Some(_) } => (Some(position), Wait::Told, Leaves::Playing),
        Action::Heartbeat { playing: true } => (Some(position), over, Leaves::Playing),
        // If it is dry it stays so: what comes behind says for how long.
        Action::Heartbeat { playing: false } => (Some(position), Wait::Open, Leaves::Still),
        Action::Pause | Action::End => (Some(position), over, Leaves::Still),
        Action::Seek { from_position_s } => (from_position_s.map(millis), over, Leaves::AsItWas),
        Action::Buffering => (Some(position), over, Leaves::Dry),
        Action::Error { .. } => (Some(position), over, Leaves::AsItWas),
    };
    let head = Head { at, position: before, kbps, wait };
    (head, Tail { at, position, kbps, leaves, dry_ms: 0 })
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
    match (before.leaves, after.wait) {
        (Leaves::Playing | Leaves::AsItWas, _) => watched(before, after, passed),
        (Leaves::Dry, Wait::Over(later_ms)) => {
            let stalled_ms = waited(before.dry_since(), after.at.saturating_add(later_ms.into()));
            Credit { totals: Totals { stalled_ms, ..Totals::default() }, range: None }
        }
        (Leaves::Dry, Wait::Told | Wait::Open) | (Leaves::Still, _) => Credit::default(),
    }
}

/// A wait that was measured, bounded.
fn waited(since: i64, until: i64) -> u64 {
    until.saturating_sub(since).clamp(0, WAIT_MAX_MS.into()).unsigned_abs()
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

impl Head {
    /// The head of its run with another one right behind: what the run leaves open, that one says.
    pub(super) fn followed(self, by: Self) -> Self {
        let wait = match (self.wait, by.wait) {
            (Wait::Open, Wait::Over(later_ms)) => {
                Wait::Over(between_ms(self.at, by.at.saturating_add(later_ms.into())))
            }
            (Wait::Open, Wait::Told | Wait::Open) => by.wait,
            (Wait::Over(_) | Wait::Told, _) => self.wait,
        };
        Self { wait, ..self }
    }

    /// The head of its run when what comes behind is given up: nobody says any more how long a wait
    /// was.
    pub(super) fn given_up(self) -> Self {
        self.followed(Self { wait: Wait::Told, ..self })
    }
}

impl Tail {
    /// The tail of a run that begins with `head`, right behind another one.
    pub(super) fn behind(self, before: Self, head: Head) -> Self {
        match (before.leaves, head.wait) {
            (Leaves::Dry, Wait::Open) => {
                let dry_ms = between_ms(before.dry_since(), self.at);
                Self { leaves: Leaves::Dry, dry_ms, ..self }
            }
            _ => self,
        }
    }

    /// For how long it has been dry when it was last heard of, milliseconds.
    pub(super) fn waited_ms(&self) -> u64 {
        waited(self.dry_since(), self.at)
    }

    fn dry_since(&self) -> i64 {
        self.at.saturating_sub(self.dry_ms.into())
    }
}

/// Clocks of players may go back. A run is kept small: it holds weeks, which is far above any wait.
fn between_ms(from: i64, to: i64) -> i32 {
    to.saturating_sub(from).clamp(i32::MIN.into(), i32::MAX.into()) as i32
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

impl From<Head> for HeadRow {
    fn from(it: Head) -> Self {
        let (told, later_ms) = match it.wait {
            Wait::Over(later_ms) => (false, (later_ms != 0).then_some(later_ms)),
            Wait::Told => (true, None),
            Wait::Open => (true, Some(0)),
        };
        Self(it.at, it.position, it.kbps, told, later_ms)
    }
}

impl From<HeadRow> for Head {
    fn from(HeadRow(at, position, kbps, told, later_ms): HeadRow) -> Self {
        let wait = match (told, later_ms) {
            (false, later_ms) => Wait::Over(later_ms.unwrap_or(0)),
            (true, None) => Wait::Told,
            (true, Some(_)) => Wait::Open,
        };
        Self { at, position, kbps, wait }
    }
}

impl From<Tail> for TailRow {
    fn from(it: Tail) -> Self {
        let dry_ms = (it.dry_ms != 0).then_some(it.dry_ms);
        Self(it.at, it.position, it.kbps, it.leaves, dry_ms)
    }
}

impl From<TailRow> for Tail {
    fn from(TailRow(at, position, kbps, leaves, dry_ms): TailRow) -> Self {
        Self { at, position, kbps, leaves, dry_ms: dry_ms.unwrap_or(0) }
    }
}
