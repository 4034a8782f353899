//! Whether a session plays, and what the ingress notes of that.

use super::session::Session;
use super::view::timestamp;
use super::{Action, Beat, Config};
use serde::{Deserialize, Serialize};

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

impl Session {
    /// When it was last alive, milliseconds since 1970: late events do not make it so.
    pub(super) fn alive(&self) -> i64 {
        let at = self.runs.top().map_or(0, |(_, tail)| tail.at.min(self.heard));
        self.opened() + at.max(0)
    }

    /// When the last new event came, milliseconds since 1970.
    pub(super) fn heard(&self) -> i64 {
        self.opened() + self.heard
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
}

impl State {
    /// The state after an event.
    pub(super) fn after(self, action: &Action) -> Self {
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
