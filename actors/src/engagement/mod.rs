//! `engagement::Counter`: what viewers do with one content, counted exactly and shown at once.
//!
//! Facts (views, refusals, reports of sessions) wait on disk; the counter settles them: one fenced
//! transaction adds them to its row and takes them off the queue. Cells at each ingress tell it
//! what has just come in; these are hints, shown as `live` and replaced by what is settled.

mod config;

mod counter;
mod live;
mod stats;
mod tally;
mod told;
mod trend;
mod uniques;

mod patience;
mod settler;

mod boards;
mod cells;
mod looks;
mod teller;

mod heat;
mod ranker;
mod ranks;

pub use boards::{Boards, BoardsFull, Watching};
pub use cells::{Cells, Taken};
pub use config::Config;
pub use counter::Counter;
pub use heat::{Heat, Hotness, Tier};
pub use looks::Looks;
pub use ranker::{Message as RankerMessage, Ranker};
pub use settler::{Message as SettlerMessage, Settler};
pub use teller::{Message as TellerMessage, Teller};
pub use uniques::ERROR as UNIQUE_ERROR;

use jiff::Timestamp;
use playhouse_storage::model::Fact;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a counter can be asked.
#[derive(Clone, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Request {
    /// Where it stands.
    Look,
    /// What an ingress has noted since it last told: hints.
    Note(Note),
    /// Counts facts, all of this content.
    Settle(Vec<Fact>),
    /// Keeps or forgets that a user likes it.
    Like {
        /// Who.
        who: String,
        /// Keeps, else forgets.
        likes: bool,
    },
    /// The statistics for its creator.
    Insights,
    /// It has become hot, or has cooled.
    Mark {
        /// Hot.
        hot: bool,
    },
}

/// What an ingress has noted of one content.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Which ingress.
    pub ingress: u64,
    /// Views that came in since it last told.
    pub views: u64,
    /// Viewers who play there now.
    pub viewers_now: u64,
    /// Watched since it last told, seconds.
    pub watched_s: f64,
}

/// What a counter answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// To `Look`, `Note`, `Settle`, `Like`, `Mark`.
    Engagement(Engagement),
    /// To `Insights`.
    Insights(Box<Insights>),
    /// There is no such content.
    Unknown,
}

/// The numbers of a content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Engagement {
    /// Views.
    pub views: Views,
    /// Viewers who play now.
    pub viewers_now: u64,
    /// Viewers with at least one view; above `exact` of them estimated.
    pub unique_viewers: u64,
    /// Users who like it.
    pub likes: u64,
    /// Time spent watching, seconds.
    pub watch_time_s: f64,
}

/// Views, twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Views {
    /// With those that have just come in.
    pub live: u64,
    /// Exact.
    pub settled: u64,
}

/// What a creator wants to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Insights {
    /// The numbers that everybody sees.
    pub engagement: Engagement,
    /// The number of unique viewers is no estimate.
    pub unique_exact: bool,
    /// Sessions that have reported.
    pub sessions: u64,
    /// In how many sessions each hundredth of the content was watched.
    pub retention: Vec<u64>,
    /// In how many sessions each hundredth was the last.
    pub stops: Vec<u64>,
    /// By kind of device.
    pub devices: BTreeMap<String, DeviceShare>,
    /// Quality of experience.
    pub quality: QualitySummary,
    /// Views that were refused, by reason.
    pub refused: BTreeMap<String, u64>,
    /// The number of views, each halved every half-life.
    pub score: f64,
    /// Hot when it was last looked at.
    pub hot: bool,
    /// When these numbers were true.
    pub at: Timestamp,
}

/// What one kind of device has watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceShare {
    /// Sessions.
    pub sessions: u64,
    /// Time spent watching, seconds.
    pub watch_time_s: f64,
}

/// Quality of experience over all sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QualitySummary {
    /// Median of the time from the wish to play to the first frame, seconds.
    pub startup_p50_s: Option<f64>,
    /// Its 95th percentile.
    pub startup_p95_s: Option<f64>,
    /// Time without picture by time watched and without picture.
    pub stall_ratio: f64,
    /// Times that it ran dry by hours watched.
    pub stalls_per_hour: f64,
    /// Errors that players told.
    pub errors: u64,
    /// Mean bitrate by time, bit/s.
    pub bitrate_bps: Option<f64>,
}
