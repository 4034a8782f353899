//! The limits of looking at actors and of ordering them about. `[gateway.inspector]`

use serde::{Deserialize, Serialize};

/// Limits of the inspector's addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InspectorLimits {
    /// Actors on a page of the tree when the client does not say.
    pub limit_default: u32,
    /// Most actors on a page of the tree: about 600 kB of JSON.
    pub limit_max: u32,
    /// Most levels of the tree on a page. It is about half as deep.
    pub depth_max: u32,
    /// Longest text that paths are searched for, bytes.
    pub search_bytes_max: usize,
    /// Longest path of an actor, bytes. Honest ones have some 100.
    pub path_bytes_max: usize,
    /// Longest reason of an order, characters: a sentence or two, for whoever reads the audit log.
    pub reason_chars_max: usize,
    /// Most looks at the actors at once; one more request is refused, a stream waits. Each keeps a
    /// thread busy for some 20 ms when 100,000 entities are resident.
    pub looks_max: usize,
    /// Most streams of the tree. Each takes a look every `stream_every_ms`: these keep two thirds
    /// of one core busy when 100,000 entities are resident.
    pub streams_max: usize,
    /// A stream sends a page every so many milliseconds: what a person can follow.
    pub stream_every_ms: u64,
    /// Most looks at the cluster at once; one more is refused. Each asks the database and every
    /// member, and lasts up to 4 s when they do not answer.
    pub surveys_max: usize,
    /// Most orders that are carried out at once. A person gives one at a time.
    pub orders_max: usize,
}

impl Default for InspectorLimits {
    fn default() -> Self {
        Self {
            limit_default: 100,
            limit_max: 1_000,
            depth_max: 8,
            search_bytes_max: 100,
            path_bytes_max: 512,
            reason_chars_max: 200,
            looks_max: 4,
            streams_max: 32,
            stream_every_ms: 1_000,
            surveys_max: 8,
            orders_max: 8,
        }
    }
}

impl InspectorLimits {
    /// Holds the values against each other.
    ///
    /// # Errors
    /// One sentence that begins with the key.
    pub(super) fn validate(&self) -> Result<(), String> {
        for (key, value) in [
            ("limit_default", u64::from(self.limit_default)),
            ("looks_max", self.looks_max as u64),
            ("streams_max", self.streams_max as u64),
            ("stream_every_ms", self.stream_every_ms),
            ("surveys_max", self.surveys_max as u64),
            ("orders_max", self.orders_max as u64),
        ] {
            if value == 0 {
                return Err(format!("{key} must be at least 1"));
            }
        }
        if self.limit_default > self.limit_max {
            return Err("limit_default must not be above limit_max".to_owned());
        }
        Ok(())
    }
}
