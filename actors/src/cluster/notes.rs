//! What nodes tell each other without asking: all of it may get lost, and makes things sooner.

use crate::events::Hint;
use playhouse_storage::model::Fence;
use serde::{Deserialize, Serialize};

/// A note to another node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The sender owns these from now on.
    Claimed(Vec<Fence>),
    /// The sender has given these up: whoever should have them may look.
    Released(Vec<Fence>),
    /// What has changed of contents, for watchers and caches.
    Hints(Vec<Hint>),
}
