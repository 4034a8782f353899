//! What viewers did, as facts that wait to be counted, and the counted record of a content.

use super::{ContentId, Country, ViewerId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that is to be counted once for a content.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFact {
    /// What it is about.
    pub content: ContentId,
    /// When it happened; counted in its minute.
    pub at: Timestamp,
    /// What happened.
    pub kind: FactKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// A view. Of several with one key (and content) the first is kept.
    View {
        /// Names the view for as long as late events are taken.
        key: String,
        /// Who watched, for unique viewers.
        viewer: Option<ViewerId>,
        /// Where and on what.
        #[serde(default, skip_serializing_if = "Origin::is_unknown")]
        origin: Origin,
    },
    /// A view that is not counted.
    Refused {
        /// Code of the reason.
        reason: String,
    },
    /// What has been watched since the last report of the session.
    Report(Box<Report>),
}

/// Where and on what someone watches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// Country of the viewer.
    pub country: Country,
    /// Kind of the device, as in [`Report::device`]; empty when nobody told it.
    pub device: String,
}

impl Origin {
    /// True when nobody told anything.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// What a session adds to the statistics of its content. Every number is what came since the
/// session's last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// 1 in the first report of a session, then 0.
    pub sessions: u64,
    /// Kind of the device: `desktop`, `mobile`, `tablet`, `tv`, `other`.
    pub device: String,
    /// Country of the viewer.
    #[serde(skip_serializing_if = "Country::is_unknown")]
    pub country: Country,
    /// Time spent watching, seconds.
    pub watch_time_s: f64,
    /// Parts of the content (hundredths of its duration) that the session has reached newly.
    pub parts: Vec<u8>,
    /// Part at which it stopped, in the last report of a session.
    pub stopped_at: Option<u8>,
    /// Quality of experience.
    pub quality: Quality,
}

/// Quality of experience of playing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// From the wish to play to the first frame, seconds; once per session.
    pub startup_s: Option<f64>,
    /// Times that it ran dry.
    pub stalls: u64,
    /// Time without picture after the start, seconds.
    pub stalled_s: f64,
    /// Errors that the player told.
    pub errors: u64,
    /// Sum of bitrate times time, bits.
    pub bits: f64,
    /// Time for which a bitrate was told, seconds.
    pub bits_s: f64,
}

/// A fact that waits to be counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Its place in the queue; names it when it is settled.
    pub position: u64,
    /// What it is about.
    pub content: ContentId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: FactKind,
}

/// What has been counted of a content: exact, and changed by its owner alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// Of which content.
    pub content_id: ContentId,
    /// Views.
    pub views: u64,
    /// Users who like it.
    pub likes: u64,
    /// Time spent watching, seconds.
    pub watch_time_s: f64,
    /// `log2` of the sum over all views of `2^(time / half-life)`; none before the first view.
    pub trend: Option<f64>,
    /// Hot when it was last looked at.
    pub hot: bool,
    /// The last day on which it was watched, in days since 1970 (UTC); 0 for never.
    pub watched_day: i64,
    /// The set or sketch of unique viewers, in the encoding of its counter.
    pub uniques: Vec<u8>,
    /// Retention, stops, devices, quality, refusals, in the shape of its counter.
    pub stats: Value,
    /// Rises by one with each change.
    pub row_version: u64,
}
