//! A scenario: what is asked for, how often at each moment, and what happens meanwhile.
//!
//! Scenarios are TOML files that say their units; every number has bounds, and a number outside of
//! them is refused by its key. All times are seconds from the beginning of a run, its warm-up
//! included, as in the report.

mod check;
mod library;
mod rate;
mod trace;

pub(crate) use library::{find, sheets};
pub(crate) use rate::{Curve, Rate};
pub(crate) use trace::{SLOT_S, SLOTS_MAX, Trace};

use anyhow::anyhow;
use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it is like, in a sentence.
    pub(crate) about: String,
    /// Not counted; whole seconds below `length_s`.
    #[serde(default = "default::warm_up_s")]
    pub(crate) warm_up_s: f64,
    /// The whole run, warm-up included.
    pub(crate) length_s: f64,
    /// A request that is not answered so long after its intended moment is an error.
    #[serde(default = "default::timeout_s")]
    pub(crate) timeout_s: f64,
    /// A request that is sent so long after its intended moment is late.
    #[serde(default = "default::late_after_s")]
    pub(crate) late_after_s: f64,
    /// Most open connections of the generator; what finds none free waits, and is late.
    #[serde(default = "default::connections_max")]
    pub(crate) connections_max: usize,
    /// The counts must be right so long after the last answer.
    #[serde(default = "default::settle_within_s")]
    pub(crate) settle_within_s: f64,
    #[serde(default)]
    pub(crate) contents: Contents,
    #[serde(default)]
    pub(crate) views: Views,
    #[serde(default)]
    pub(crate) players: Players,
    #[serde(default)]
    pub(crate) uploads: Uploads,
    /// What is asked for, each with a rate of its own.
    #[serde(rename = "flow")]
    pub(crate) flows: Vec<Flow>,
    /// Moments when other contents become the popular ones.
    #[serde(rename = "flip", default)]
    pub(crate) flips: Vec<Flip>,
    /// Moments when all sockets of players are cut.
    #[serde(rename = "cut", default)]
    pub(crate) cuts: Vec<Cut>,
    /// Commands that are run at a moment.
    #[serde(rename = "fault", default)]
    pub(crate) faults: Vec<Fault>,
}

/// Which contents, and how popular.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Contents {
    /// Most contents that are used: the newest.
    pub(crate) count_max: usize,
    /// The content of rank r is wanted in proportion to r^-exponent; 0: all alike.
    pub(crate) zipf_exponent: f64,
}

/// Views that a trusted server tells.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Views {
    /// Share that is sent a second time with the same Idempotency-Key, and must not count again.
    pub(crate) repeat_share: f64,
    /// A repeated view follows within so long, evenly.
    pub(crate) repeat_within_s: f64,
}

/// Those who watch.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Players {
    /// Mean of the time for which they want to watch (exponential); the content's end ends it too.
    pub(crate) watch_mean_s: f64,
    /// Media that a player keeps ahead of what is shown.
    pub(crate) buffer_s: f64,
    /// Between two signs of life.
    pub(crate) heartbeat_s: f64,
    /// Share that watches the same content again at once, as the same viewer: no second view.
    pub(crate) rewatch_share: f64,
    /// Watching for so long makes a view, or half of a shorter content: `view_after_s` of the node.
    pub(crate) view_after_s: f64,
    /// Bytes a second that a player on a bad line reads of media; 0: as fast as they come.
    pub(crate) trickle_bytes_per_s: u64,
    /// Share of players that are on such a line.
    pub(crate) trickle_share: f64,
}

/// Those who upload.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Uploads {
    /// Size of a made-up file, which no decoder accepts; a real one is named by `--upload-file`.
    pub(crate) bytes: usize,
    /// An upload is sent in pieces of so many bytes.
    pub(crate) piece_bytes: usize,
    /// Contents made by uploads are deleted after a run.
    pub(crate) delete_after: bool,
}

/// One kind of request and its rate.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flow {
    pub(crate) of: Ask,
    pub(crate) rate: Rate,
    #[serde(default)]
    pub(crate) arrivals: Arrivals,
}

/// How the moments of a flow lie around its rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Arrivals {
    /// As many people come who know nothing of each other: they bunch.
    #[default]
    Poisson,
    /// One after the other at even distances, as tools with a fixed rate send.
    Even,
}

/// What begins at the moments of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// POST a view with a key of its own.
    View,
    /// GET the numbers of a content.
    Engagement,
    /// GET the list of contents.
    List,
    /// PUT a like of somebody new.
    Like,
    /// Somebody begins to watch.
    Player,
    /// Somebody begins to upload.
    Upload,
}

/// Popularity moves on to the contents that many ranks further.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flip {
    pub(crate) at_s: f64,
    pub(crate) by: usize,
}

/// All sockets of players break; they come back within some seconds, evenly.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cut {
    pub(crate) at_s: f64,
    pub(crate) back_within_s: f64,
}

/// A command by its name; which command that is says `--fault NAME=COMMAND`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) at_s: f64,
    pub(crate) run: String,
}

impl Scenario {
    /// From the text of a file.
    ///
    /// # Errors
    /// When it is no scenario, or a number is out of bounds; the message names the key.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let scenario: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            anyhow!("line {line}: {}", error.message().replace('\n', ", "))
        })?;
        check::check(&scenario)?;
        Ok(scenario)
    }

    /// The same in another length: every moment and span of the run's course is stretched alike,
    /// the warm-up to whole seconds, while timeouts and what players do stay as they are.
    pub(crate) fn stretched(mut self, length_s: f64) -> anyhow::Result<Self> {
        let by = length_s / self.length_s;
        self.length_s = length_s;
        self.warm_up_s = whole(self.warm_up_s * by, length_s);
        self.flows.iter_mut().for_each(|flow| flow.rate.stretch(by));
        self.flips.iter_mut().for_each(|flip| flip.at_s *= by);
        self.faults.iter_mut().for_each(|fault| fault.at_s *= by);
        self.cuts.iter_mut().for_each(|cut| cut.at_s *= by);
        check::check(&self)?;
        Ok(self)
    }
}

/// A warm-up in whole seconds, as latencies are kept, that leaves something to be measured.
fn whole(warm_up_s: f64, length_s: f64) -> f64 {
    warm_up_s.ceil().min(length_s.ceil() - 1.0).max(0.0)
}

impl Default for Contents {
    fn default() -> Self {
        Self { count_max: 20, zipf_exponent: 1.0 }
    }
}

impl Default for Views {
    fn default() -> Self {
        Self { repeat_share: 0.02, repeat_within_s: 2.0 }
    }
}

impl Default for Players {
    fn default() -> Self {
        Self {
            watch_mean_s: 30.0,
            buffer_s: 12.0,
            heartbeat_s: 10.0,
            rewatch_share: 0.05,
            view_after_s: 10.0,
            trickle_bytes_per_s: 0,
            trickle_share: 1.0,
        }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        Self { bytes: 262_144, piece_bytes: 65_536, delete_after: true }
    }
}

/// Values of keys that are left out.
mod default {
    pub(super) fn warm_up_s() -> f64 {
        5.0
    }

    pub(super) fn timeout_s() -> f64 {
        10.0
    }

    pub(super) fn late_after_s() -> f64 {
        0.05
    }

    pub(super) fn connections_max() -> usize {
        4000
    }

    pub(super) fn settle_within_s() -> f64 {
        60.0
    }
}
