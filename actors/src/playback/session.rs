//! One playback session as a pure state machine: events in, credit out.
//!
//! Events may come in any order and any number of times: what each one and each pair of neighbours
//! is worth is added once. The state is written with every heartbeat, so its JSON is short: names
//! of one letter, whole milliseconds, nothing that follows from something else.

use super::credit::{self, Totals};
use super::ranges::{Parts, Ranges};
use super::runs::{Place, Runs};
use super::view::{Decision, timestamp};
use super::{Action, Beat, Config, Device, DeviceKind, Event, Open, Reason};
use playhouse_storage::model::{ContentId, SessionId};
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
    #[serde(rename = "d", with = "short")]
    pub(super) device: Device,
    /// Of the content, milliseconds; 0 when it is not known.
    #[serde(rename = "l", default)]
    pub(super) duration_ms: u32,
    /// Some bits of the hash of the address from which it was opened: enough for a rough limit.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<u32>,
    /// When the last new event came, by this node's clock.
    #[serde(rename = "h")]
    heard: i64,
    #[serde(rename = "s")]
    state: State,
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
    noted: Option<i64>,
    /// Watch time that the ingress has noted, milliseconds.
    #[serde(skip)]
    noted_ms: u64,
}

/// What of a session is among the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reported {
    #[serde(rename = "t")]
    pub(super) totals: Totals,
    #[serde(rename = "p", default, skip_serializing_if = "Parts::is_empty")]
    pub(super) parts: Parts,
    /// The start-up time is.
    #[serde(rename = "u", default, skip_serializing_if = "is_false")]
    pub(super) startup: bool,
    /// Where it stopped is.
    #[serde(rename = "z", default, skip_serializing_if = "is_false")]
    pub(super) stop: bool,
}

/// How the player is, as far as the highest `seq` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// Nothing was heard yet.
    #[serde(rename = "o")]
    Opened,
    #[serde(rename = "p")]
    Playing,
    #[serde(rename = "s")]
    Paused,
    #[serde(rename = "d")]
    Stalled,
    #[serde(rename = "e")]
    Ended,
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
    /// when time has caught up.
    pub(super) fn worth(&self) -> Totals {
        let most = self.heard.unsigned_abs() * SPEED_MAX + TOLERANCE_MS;
        let mut worth = self.totals;
        worth.watched_ms = worth.watched_ms.min(most);
        worth.stalled_ms = worth.stalled_ms.min(most);
        worth
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

    /// When it was last alive, milliseconds since 1970: late events do not make it so.
    pub(super) fn alive(&self) -> i64 {
        let at = self.runs.top().map_or(0, |(_, tail)| tail.at.min(self.heard));
        self.opened() + at.max(0)
    }

    /// When the last new event came, milliseconds since 1970.
    pub(super) fn heard(&self) -> i64 {
        self.opened() + self.heard
    }

    /// Where it is, milliseconds of the content; none before the first event.
    pub(super) fn position(&self) -> Option<u32> {
        self.runs.top().map(|(_, tail)| tail.position)
    }

    /// True when its player said so, or another one took its place.
    pub(super) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// True when it has ended, or nothing was heard of it for too long.
    pub(super) fn is_over(&self, now: i64, config: &Config) -> bool {
        self.state == State::Ended || now - self.alive() >= config.timeout_ms()
    }

    /// True while it plays or is about to.
    pub(super) fn plays(&self, now: i64, config: &Config) -> bool {
        let plays = match self.state {
            State::Opened | State::Playing | State::Stalled => true,
            State::Paused | State::Ended => false,
        };
        plays && !self.is_over(now, config)
    }

    /// Another one takes its place.
    pub(super) fn end(&mut self) {
        self.state = State::Ended;
    }

    /// Its state as API.md calls it.
    pub(super) fn state(&self, now: i64, config: &Config) -> &'static str {
        match self.state {
            State::Ended => "ended",
            _ if self.is_over(now, config) => "timed_out",
            State::Playing => "playing",
            State::Stalled => "stalled",
            State::Opened | State::Paused => "paused",
        }
    }

    /// What the ingress is to note, which is then taken as noted.
    pub(super) fn beat(&mut self, now: i64, counted: bool, config: &Config) -> Beat {
        let heard_of = self.state != State::Opened;
        let playing = heard_of && self.plays(now, config);
        let watched_ms = self.worth().watched_ms;
        let beat = Beat {
            content: self.content,
            was_playing_at: self.noted.map(timestamp),
            playing,
            counted,
            watched_s: watched_ms.saturating_sub(self.noted_ms) as f64 / 1e3,
        };
        self.noted = playing.then_some(now);
        self.noted_ms = watched_ms;
        beat
    }

    /// Its state to be stored.
    pub(super) fn encode(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// A session as it was stored.
    pub(super) fn decode(id: SessionId, text: &str) -> serde_json::Result<Self> {
        Ok(serde_json::from_str::<Self>(text)?.named(id))
    }

    /// The same under its id.
    pub(super) fn named(mut self, id: SessionId) -> Self {
        // No ingress is waiting for what was watched before it was loaded.
        (self.id, self.noted_ms) = (id, self.worth().watched_ms);
        self.runs.shrink();
        self.watched.shrink();
        self
    }

    /// Bytes behind the record.
    pub(super) fn weight(&self) -> usize {
        let texts = self.device.id.len() + self.device.name.as_ref().map_or(0, String::len);
        let refused = self.refused.capacity() * size_of::<(Reason, u64)>();
        texts + refused + self.runs.weight() + self.watched.weight()
    }
}

impl State {
    fn after(self, action: &Action) -> Self {
        match action {
            Action::Start { .. } | Action::Play { .. } | Action::Heartbeat { playing: true } => {
                Self::Playing
            }
            Action::Heartbeat { playing: false } if self == Self::Stalled => Self::Stalled,
            Action::Pause | Action::Heartbeat { playing: false } => Self::Paused,
            Action::Buffering => Self::Stalled,
            Action::End => Self::Ended,
            Action::Seek { .. } | Action::Error { .. } => self,
        }
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

/// A device as a list: id, kind, and its name if it has one.
mod short {
    use super::{Device, DeviceKind};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::borrow::Cow;

    #[derive(Serialize, Deserialize)]
    struct Row<'a>(
        Cow<'a, str>,
        DeviceKind,
        #[serde(default, skip_serializing_if = "Option::is_none")] Option<Cow<'a, str>>,
    );

    pub(super) fn serialize<S: Serializer>(device: &Device, to: S) -> Result<S::Ok, S::Error> {
        let name = device.name.as_deref().map(Cow::Borrowed);
        Row(Cow::Borrowed(&device.id), device.kind, name).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Device, D::Error> {
        let Row(id, kind, name) = Row::deserialize(from)?;
        Ok(Device { id: id.into_owned(), name: name.map(Cow::into_owned), kind })
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}
