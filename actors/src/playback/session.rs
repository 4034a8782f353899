//! One playback session as a pure state machine: events in, credit out.
//!
//! Events may come in any order and any number of times: what each one and each pair of neighbours
//! is worth is added once. The state is written with every heartbeat, so its JSON is short: names
//! of one letter, whole milliseconds, nothing that follows from something else.

use super::credit::{self, Totals};
use super::liveness::State;
use super::ranges::{Parts, Ranges};
use super::runs::{Place, Runs};
use super::view::Decision;
use super::{Action, Config, Device, Event, Open, Reason, stored};
use playhouse_storage::model::{ContentId, Country, SessionId};
use serde::{Deserialize, Serialize};

/// More than twice the time that has passed cannot be watched, and two seconds for clocks.
const SPEED_MAX: u64 = 2;
const TOLERANCE_MS: u64 = 2_000;

/// One session. Times without another word are milliseconds since it was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Stored beside it; says when it was opened.
    #[serde(skip)]
    pub(super) id: SessionId,
    #[serde(rename = "c")]
    pub(super) content: ContentId,
    #[serde(rename = "d", with = "stored::device")]
    pub(super) device: Device,
    /// Of the content, milliseconds; 0 when it is not known.
    #[serde(rename = "l", default)]
    pub(super) duration_ms: u32,
    /// Some bits of the hash of the address from which it was opened: enough for a rough limit.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<u32>,
    #[serde(rename = "k", default, skip_serializing_if = "Country::is_unknown")]
    pub(super) country: Country,
    /// When the last new event came, by this node's clock.
    #[serde(rename = "h")]
    pub(super) heard: i64,
    #[serde(rename = "s")]
    pub(super) state: State,
    /// Which `seq` were seen.
    #[serde(rename = "q")]
    pub(super) runs: Runs,
    /// What was watched.
    #[serde(rename = "w", default, skip_serializing_if = "Ranges::is_empty")]
    pub(super) watched: Ranges,
    /// What all events are worth.
    #[serde(rename = "t")]
    totals: Totals,
    /// From the wish to play to the first frame, milliseconds.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub(super) startup_ms: Option<u32>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(super) view: Option<Decision>,
    /// Events that were new, and known.
    #[serde(rename = "n")]
    pub(super) counts: (u64, u64),
    /// Events that were refused, by reason.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) refused: Vec<(Reason, u64)>,
    /// What has been reported.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(super) reported: Option<Reported>,
    /// When the ingress noted it as playing, milliseconds since 1970: a hint, not stored.
    #[serde(skip)]
    pub(super) noted: Option<i64>,
    /// Watch time that the ingress has noted, milliseconds.
    #[serde(skip)]
    pub(super) noted_ms: u64,
}

/// What of a session is among the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reported {
    #[serde(rename = "t")]
    pub(super) totals: Totals,
    #[serde(rename = "p", default, skip_serializing_if = "Parts::is_empty")]
    pub(super) parts: Parts,
    /// The start-up time is.
    #[serde(rename = "u", default, skip_serializing_if = "stored::is_false")]
    pub(super) startup: bool,
    /// Where it stopped is.
    #[serde(rename = "z", default, skip_serializing_if = "stored::is_false")]
    pub(super) stop: bool,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was new.
    New,
    /// It was known.
    Known,
    /// It is not taken.
    Refused(Reason),
}

impl Session {
    /// A session without any event.
    pub(super) fn new(id: SessionId, open: Open) -> Self {
        Self {
            id,
            content: open.content,
            device: open.device,
            duration_ms: open.duration_s.map_or(0, credit::millis),
            address: open.address.map(|hash| hash as u32),
            country: open.country,
            heard: 0,
            state: State::Opened,
            runs: Runs::default(),
            watched: Ranges::default(),
            totals: Totals::default(),
            startup_ms: None,
            view: None,
            counts: (0, 0),
            refused: Vec::new(),
            reported: None,
            noted: None,
            noted_ms: 0,
        }
    }

    /// Takes an event that came at `now` (milliseconds since 1970).
    pub(super) fn take(&mut self, event: &Event, now: i64, config: &Config) -> Taken {
        let taken = match self.runs.find(event.seq) {
            Some(Place::GivenUp) => Taken::Refused(Reason::TooManyGaps),
            Some(Place::Seen) => Taken::Known,
            None => match in_time(event.at.as_millisecond(), now, config) {
                Ok(()) => Taken::New,
                Err(reason) => Taken::Refused(reason),
            },
        };
        match taken {
            Taken::New => {
                self.counts.0 += 1;
                self.add(event, config);
                self.heard = self.heard.max(now - self.opened());
            }
            Taken::Known => self.counts.1 += 1,
            Taken::Refused(reason) => self.refuse(reason),
        }
        taken
    }

    fn add(&mut self, event: &Event, config: &Config) {
        let (head, tail) = credit::marks(event, self.opened());
        if self.runs.top().is_none_or(|(top, _)| event.seq > top) {
            self.state = self.state.after(&event.action);
        }
        if let (None, Action::Start { startup_s: Some(startup_s) }) =
            (self.startup_ms, &event.action)
        {
            self.startup_ms = Some(credit::wait(*startup_s));
        }
        self.totals = self.totals.plus(credit::alone(event));
        let (before, after) = self.runs.insert(event.seq, (head, tail), config.gaps_max);
        let tail = before.map_or(tail, |before| tail.behind(before, head));
        let pairs = [before.map(|before| (before, head)), after.map(|after| (tail, after))];
        for (before, after) in pairs.into_iter().flatten() {
            let credit = credit::between(before, after);
            self.totals = self.totals.plus(credit.totals);
            if let Some(range) = credit.range {
                self.watched.add(range, config.ranges_max);
            }
        }
    }

    fn refuse(&mut self, reason: Reason) {
        match self.refused.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.refused.push((reason, 1)),
        }
    }

    /// When it was opened, milliseconds since 1970.
    pub(super) fn opened(&self) -> i64 {
        self.id.opened_at().as_millisecond()
    }

    /// What it is worth: no more than can be in the time that has passed. What is above it counts
    /// when time has caught up. A wait under way counts as far as the last heartbeat.
    pub(super) fn worth(&self) -> Totals {
        let most = self.heard.unsigned_abs() * SPEED_MAX + TOLERANCE_MS;
        let waited_ms = self.runs.top().map_or(0, |(_, tail)| tail.waited_ms());
        let mut worth = self.totals;
        worth.watched_ms = worth.watched_ms.min(most);
        worth.stalled_ms = worth.stalled_ms.saturating_add(waited_ms).min(most);
        worth
    }

    /// True once it has shown something: its first picture was told, or it was watched.
    pub(super) fn has_shown(&self) -> bool {
        self.startup_ms.is_some() || !self.watched.is_empty()
    }

    /// True when more was told than time has passed.
    pub(super) fn outran(&self) -> bool {
        self.totals.watched_ms > self.worth().watched_ms
    }

    /// Watch time that makes a view, milliseconds.
    pub(super) fn needed_ms(&self, config: &Config) -> u64 {
        let most = u64::from(credit::millis(config.view_after_s));
        match self.duration_ms {
            0 => most,
            duration => most.min(u64::from(duration) / 2),
        }
    }

    /// True when it is to be decided whether it is a view.
    pub(super) fn is_ripe(&self, config: &Config) -> bool {
        self.view.is_none() && self.worth().watched_ms >= self.needed_ms(config)
    }

    /// Where it is, milliseconds of the content; none before the first event.
    pub(super) fn position(&self) -> Option<u32> {
        self.runs.top().map(|(_, tail)| tail.position)
    }

    /// Bytes behind the record.
    pub(super) fn weight(&self) -> usize {
        let texts = self.device.id.len() + self.device.name.as_ref().map_or(0, String::len);
        let refused = self.refused.capacity() * size_of::<(Reason, u64)>();
        texts + refused + self.runs.weight() + self.watched.weight()
    }
}

/// Whether an event that came at `now` is taken by its age.
fn in_time(at: i64, now: i64, config: &Config) -> Result<(), Reason> {
    if now.saturating_sub(at) > config.event_age_max_ms() {
        return Err(Reason::TooOld);
    }
    if at.saturating_sub(now) > config.event_ahead_max_ms() {
        return Err(Reason::InFuture);
    }
    Ok(())
}
