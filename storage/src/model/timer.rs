//! The record of one durable timer.

use super::ShardId;
use jiff::Timestamp;

/// A timer that an entity has set for itself; it survives restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Names this setting: the same timer set anew has another position.
    pub position: u64,
    /// Shard that it was set under; none for timers that a migration made.
    pub shard: Option<ShardId>,
    /// Kind of the entity.
    pub kind: String,
    /// Address of the entity within its kind, as text.
    pub id: String,
    /// Which of the entity's timers.
    pub name: String,
    /// When it rings, or rings again.
    pub due_at: Timestamp,
    /// Times that it rang and was not answered.
    pub failures: u32,
}
