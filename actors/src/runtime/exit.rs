//! Why an actor ended, as one enum that everybody matches by name.
//!
//! A supervisor decides by it, a sender is told it, the log shows it; nothing else about an end is
//! known anywhere.

use serde::{Deserialize, Serialize};

/// Why an actor ended, matched by name everywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It was asked to, or had nothing left to do.
    #[error("stopped")]
    Stopped,
    /// A newer epoch owns its shard.
    #[error("fenced")]
    Fenced,
    /// The store's queue was full and nothing was changed: the sender is told to try again later.
    #[error("busy: the store's queue is full")]
    Busy,
    /// A row was newer than what it had loaded: a commit of an earlier life landed after its end.
    /// Nothing was changed; the sender is told to try again.
    #[error("overtaken: a commit of an earlier life landed first")]
    Overtaken,
    /// A bug.
    #[error("panicked at {location}: {message}")]
    Panicked {
        /// The panic's text.
        message: String,
        /// File and line.
        location: String,
    },
    /// An error that it could not handle.
    #[error("failed: {error}")]
    Failed {
        /// One sentence.
        error: String,
    },
    /// Ended from outside, in the middle of its work.
    #[error("killed")]
    Killed,
    /// Its handler waited longer than its policy allows, and was killed.
    #[error("timed out: {message} waited for {waited_s} s")]
    TimedOut {
        /// Kind of the message that it handled.
        message: String,
        /// Whole seconds.
        waited_s: u64,
    },
    /// Its handler blocked its thread, and did not end when it was killed.
    #[error("stuck: it blocks its thread and cannot be killed")]
    Stuck,
}

impl Exit {
    /// True when it ended because it was asked to or had nothing left to do.
    #[must_use]
    pub fn in_order(&self) -> bool {
        match self {
            Self::Stopped => true,
            Self::Fenced
            | Self::Busy
            | Self::Overtaken
            | Self::Panicked { .. }
            | Self::Failed { .. }
            | Self::Killed
            | Self::TimedOut { .. }
            | Self::Stuck => false,
        }
    }

    /// Its name in views and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Fenced => "fenced",
            Self::Busy => "busy",
            Self::Overtaken => "overtaken",
            Self::Panicked { .. } => "panicked",
            Self::Failed { .. } => "failed",
            Self::Killed => "killed",
            Self::TimedOut { .. } => "timed_out",
            Self::Stuck => "stuck",
        }
    }
}

impl From<playhouse_storage::Error> for Exit {
    /// What a store's error means for the actor that meets it and cannot go on: a fenced writer
    /// ends `Fenced`, a full queue or an engine that is away `Busy`, a row that is newer
    /// `Overtaken` (the asks of both are answered `AskError::Busy`), the rest `Failed`.
    fn from(error: playhouse_storage::Error) -> Self {
        use playhouse_storage::Error as E;
        match error {
            E::Fenced { .. } => Self::Fenced,
            E::Busy | E::Unavailable { .. } => Self::Busy,
            E::Conflict { .. } => Self::Overtaken,
            E::Revoked
            | E::NotFound { .. }
            | E::Exists { .. }
            | E::Full
            | E::InUse { .. }
            | E::Alive { .. }
            | E::SchemaTooNew { .. }
            | E::Corrupt { .. }
            | E::Invalid(_)
            | E::Io(_)
            | E::Engine(_) => Self::Failed { error: error.to_string() },
        }
    }
}
