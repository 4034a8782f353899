//! What is logged, as an operator sees and changes it: the gateway knows that there are levels, and
//! not who keeps them.

use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// What is logged by this process.
pub trait Levels: Send + Sync {
    /// As it is now.
    fn look(&self) -> LogFilter;

    /// Whether a filter can be understood.
    ///
    /// # Errors
    /// One sentence that names the directive that cannot.
    fn check(&self, filter: &str) -> Result<(), String>;

    /// Logs by this filter from now on, or for a while; then by the usual one again.
    ///
    /// # Errors
    /// One sentence that names the directive that is none; nothing was changed.
    fn change(&self, filter: &str, within: Option<Duration>) -> Result<LogFilter, String>;
}

/// What is logged, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogFilter {
    /// The filter in force: `info,playhouse_actors=debug`.
    pub filter: String,
    /// The filter that the process was started with.
    pub usual: String,
    /// When the usual one comes back.
    pub until: Option<Timestamp>,
}
