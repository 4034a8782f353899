//! How long a handler may take before somebody is told, and before it is ended.

use std::time::Duration;

/// Limits on one handler of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// After this time it is reported: `Slow` when it waits, `Stuck` when it blocks its thread.
    pub report_after: Duration,
    /// After this time one that waits is killed; none for never. One that blocks its thread cannot
    /// be.
    pub kill_after: Option<Duration>,
}
