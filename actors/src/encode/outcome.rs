//! How a job ended, every way by name: what to do next is decided on it and told to people.

use playhouse_codecs::media::MediaInfo;
use playhouse_codecs::worker::FailureKind;
use playhouse_storage::model::Picture;
use serde::{Deserialize, Serialize};

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// All of it is there.
    #[error("done")]
    Done {
        /// What it brought.
        product: Product,
    },
    /// The worker knows why it failed.
    #[error("{detail}")]
    Failed {
        /// Whose fault it is.
        kind: FailureKind,
        /// One sentence.
        detail: String,
    },
    /// The worker's process died.
    #[error("the encoder process crashed ({})", how(*signal, *code))]
    Crashed {
        /// The signal that killed it.
        signal: Option<i32>,
        /// Its exit code.
        code: Option<i32>,
    },
    /// No sign of life; it was killed.
    #[error("the encoder process gave no sign of life for {silent_s} s")]
    Hung {
        /// How long it was silent.
        silent_s: u64,
    },
    /// The process could not be started.
    #[error("the encoder process could not be started: {error}")]
    SpawnFailed {
        /// Why.
        error: String,
    },
    /// It spoke what is not the protocol.
    #[error("the encoder process broke the protocol: {detail}")]
    Misspoke {
        /// How.
        detail: String,
    },
    /// Its init segment is unlike the one that earlier segments decode with: all starts anew.
    #[error("the init segment of {rendition} has changed")]
    InitChanged {
        /// Of which rendition.
        rendition: String,
    },
    /// The job is no longer this attempt's: a newer one has it, or its content is gone.
    #[error("the job was taken away: {reason}")]
    Lost {
        /// Who says so.
        reason: String,
    },
    /// The node's own side failed: a store, a full disk, an entity that does not answer.
    #[error("the node could not take the result: {error}")]
    HostFailed {
        /// Why.
        error: String,
    },
    /// It was told to stop.
    #[error("cancelled")]
    Cancelled,
}

/// What a finished job brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "product", rename_all = "snake_case")]
pub enum Product {
    /// A probe.
    Probed {
        /// What was found.
        media: Box<MediaInfo>,
    },
    /// An encode; its segments are committed already.
    Encoded {
        /// Seconds of content made per second, when enough was made to tell.
        speed: Option<f64>,
    },
    /// Pictures, already adopted by the blob store.
    Pictures {
        /// They.
        pictures: Vec<Picture>,
    },
}

fn how(signal: Option<i32>, code: Option<i32>) -> String {
    match (signal, code) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "no exit code".into(),
    }
}
