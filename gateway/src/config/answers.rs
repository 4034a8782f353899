//! Answers that are kept to be given again. `[gateway.answers]`

use serde::{Deserialize, Serialize};

/// How long answers that are the same for everybody are kept in the cache (`storage.cache`): for
/// all nodes together where they share a server. 0 keeps none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerLimits {
    /// What viewers are told of a content that is whole, seconds. A change shows at once at the
    /// node that makes it, and within `actors.card_ttl_s` at others.
    pub content_s: u64,
    /// A page of `sort=trending`, seconds: so long the order and its numbers stand still. What is
    /// taken back goes as above.
    pub trending_s: u64,
    /// Longest answer that is kept, bytes. A content with all renditions has 5 kB, a page of a
    /// hundred contents some 80 kB.
    pub bytes_max: usize,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self { content_s: 3_600, trending_s: 300, bytes_max: 256 * 1024 }
    }
}
