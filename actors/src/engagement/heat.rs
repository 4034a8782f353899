//! Which contents are hot, for whoever serves bytes: read without a lock, replaced as a whole.

use arc_swap::ArcSwap;
use playhouse_storage::model::ContentId;
use std::collections::HashMap;
use std::sync::Arc;

/// How hot a content is among all that are watched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hotness {
    /// Share of the watched contents that it is above, 0 to 1; 0 for the tail.
    pub score: f64,
    /// Its tier.
    pub tier: Tier,
}

/// A class of contents by the rank of their trend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Tier {
    /// The first hundredth.
    Hot,
    /// The first tenth.
    Warm,
    /// The rest.
    #[default]
    Tail,
}

/// The heat of all contents, as it was last ranked. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Heat {
    map: Arc<ArcSwap<HashMap<ContentId, Hotness>>>,
}

impl Heat {
    /// How hot a content is; what was not ranked among the first is tail.
    #[must_use]
    pub fn of(&self, content: ContentId) -> Hotness {
        let tail = Hotness { score: 0.0, tier: Tier::Tail };
        self.map.load().get(&content).copied().unwrap_or(tail)
    }

    /// Replaces all of it.
    pub(super) fn set(&self, map: HashMap<ContentId, Hotness>) {
        self.map.store(Arc::new(map));
    }
}
