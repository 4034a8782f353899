//! `playback::Viewer`: one viewer with the sessions in which they watch, one per content and
//! device.
//!
//! A player tells what it does in events that carry a rising `seq`; the viewer keeps what it has
//! seen, so that a batch sent again changes nothing, and credits time that was really watched. It
//! decides whether a session is a view, and can say why. What it answers is on disk.

mod addresses;
mod batch;
mod config;
mod credit;
mod explain;
mod liveness;
mod ranges;
mod record;
mod report;
mod rest;
mod resume;
mod runs;
mod session;
mod stored;
mod view;
mod viewer;

#[cfg(test)]
mod tests;

pub use addresses::Addresses;
pub use config::Config;
pub use rest::{Message as ResterMessage, Rester};
pub use viewer::Viewer;

use crate::runtime::EntityId;
use jiff::Timestamp;
use playhouse_storage::model::{ContentId, Country, SessionId, ShardId, ViewerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a viewer can be asked.
#[derive(Clone, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Request {
    /// Opens a session; an older one of the same content and device ends.
    Open(Open),
    /// What a player did.
    Tell {
        /// In which session.
        session: SessionId,
        /// Any order, any number of times.
        events: Vec<Event>,
    },
    /// Why a session is a view or not.
    Explain {
        /// Which.
        session: SessionId,
    },
    /// Ends the sessions that have timed out, reports them, and writes the record whole.
    Rest,
}

/// A session to be opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// What is watched.
    pub content: ContentId,
    /// Its duration, seconds, once known.
    pub duration_s: Option<f64>,
    /// On what.
    pub device: Device,
    /// A hash of the client's address, for limits; none when it is not known.
    pub address: Option<u64>,
    /// Where the client is.
    #[serde(default)]
    pub country: Country,
}

/// On what someone watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The client keeps it.
    pub id: String,
    /// For people.
    pub name: Option<String>,
    /// `desktop`, `mobile`, `tablet`, `tv` or `other`.
    pub kind: DeviceKind,
}

/// Kind of a device.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeviceKind {
    /// A computer.
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
    /// A television or what is plugged into one.
    Tv,
    /// Anything else, or not told.
    #[default]
    Other,
}

/// One thing that a player did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Rises by one per session.
    pub seq: u64,
    /// When, by the server's clock as the client knows it.
    pub at: Timestamp,
    /// Where in the content, seconds.
    pub position_s: f64,
    /// What.
    pub action: Action,
    /// Bitrate that plays, bit/s (CMCD `br` is in kbit/s).
    pub bitrate_bps: Option<f64>,
    /// Speed of playing; 1 unless told.
    pub rate: Option<f64>,
    /// A heartbeat that says it has run dry since the last event (CMCD `bs`): one stall.
    #[serde(default)]
    pub starved: bool,
}

/// What a player did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Action {
    /// Shows the first frame.
    Start {
        /// From the wish to play, seconds.
        startup_s: Option<f64>,
    },
    /// Plays (again).
    Play {
        /// How long it had run dry before, seconds.
        stall_s: Option<f64>,
    },
    /// Paused.
    Pause,
    /// Jumped.
    Seek {
        /// Where it was before, seconds.
        from_position_s: Option<f64>,
    },
    /// Has run dry.
    Buffering,
    /// Still there.
    Heartbeat {
        /// It plays.
        playing: bool,
    },
    /// Something went wrong.
    Error {
        /// For programs.
        code: Option<String>,
        /// For people.
        message: Option<String>,
    },
    /// Is over.
    End,
}

/// What a viewer answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// To `Open`.
    Opened {
        /// The new session.
        session: SessionId,
        /// Where this viewer stopped last, seconds; 0 when they did not watch it, or to its end.
        resume_position_s: f64,
        /// The session that it ended, for the ingress' cells.
        beat: Option<Beat>,
    },
    /// To `Tell`.
    Told(Told),
    /// To `Explain`.
    Explained(Box<Explanation>),
    /// To `Rest`.
    Rested,
    /// The request is not carried out.
    Refused(Refusal),
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Events that were new.
    pub accepted: u32,
    /// Events that were known.
    pub duplicates: u32,
    /// Events that were refused: seq and reason.
    pub refused: Vec<(u64, Reason)>,
    /// Whether the session is a view.
    pub view: ViewState,
    /// What the cells of the ingress note.
    pub beat: Beat,
}

/// What an ingress notes for its live numbers: hints.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Of which content.
    pub content: ContentId,
    /// When this session was last noted as playing here; none when it was not.
    pub was_playing_at: Option<Timestamp>,
    /// It plays now.
    pub playing: bool,
    /// Became a view just now.
    pub counted: bool,
    /// Watched since the last beat, seconds.
    pub watched_s: f64,
}

/// Whether a session is a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ViewState {
    /// Not watched for long enough yet.
    #[default]
    Pending,
    /// It counts.
    Counted {
        /// In the minute of this.
        at: Timestamp,
    },
    /// Watched for long enough, and does not count.
    Refused {
        /// Why.
        reason: Reason,
        /// When that was decided, by the event's clock.
        at: Timestamp,
    },
}

/// Why a view or an event does not count.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// An event older than a day.
    TooOld,
    /// An event from the future.
    InFuture,
    /// An event in a gap that was given up.
    TooManyGaps,
    /// The same viewer has been counted for this content in this hour.
    Repeated,
    /// This viewer has been counted for too many contents in this hour.
    ViewerLimit,
    /// Too many views of this content came from this address in this hour.
    AddressLimit,
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// Unknown, or forgotten.
    #[error("there is no such session")]
    NotFound,
    /// As many devices play as may.
    #[error("this viewer plays on {streams_max} devices already")]
    StreamLimit {
        /// How many may.
        streams_max: u32,
        /// Which do.
        playing: Vec<Playing>,
    },
}

/// A session that plays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playing {
    /// On what.
    pub device: Device,
    /// What.
    pub content: ContentId,
    /// Since when.
    pub since: Timestamp,
}

/// Why a session is a view or not, with what was seen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Which session.
    pub session_id: SessionId,
    /// Of which content.
    pub content_id: ContentId,
    /// On what.
    pub device: Device,
    /// Since when.
    pub opened_at: Timestamp,
    /// `playing`, `paused`, `stalled`, `ended`, `timed_out`.
    pub state: String,
    /// The decision.
    pub view: ViewState,
    /// The decision in a sentence.
    pub sentence: String,
    /// Time spent watching, seconds.
    pub watch_time_s: f64,
    /// Time that makes a view, seconds.
    pub needed_s: f64,
    /// What was watched, seconds of the content.
    pub watched: Vec<(f64, f64)>,
    /// Ranges of `seq` that were seen.
    pub seen: Vec<(u64, u64)>,
    /// Events that were new.
    pub accepted: u64,
    /// Events that were known.
    pub duplicates: u64,
    /// Events that were refused, by reason.
    pub refused: BTreeMap<Reason, u64>,
    /// Quality of experience.
    pub quality: playhouse_storage::model::Quality,
}

impl EntityId for ViewerId {
    fn shard(&self, count: u16) -> ShardId {
        Self::shard(self, count)
    }
}
