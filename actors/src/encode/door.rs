//! What a worker on another machine may ask of this node, and nothing else.
//!
//! Every request that it makes names its job and the token of its attempt, and is carried out only
//! while that attempt holds the job; so a worker can change nothing but what it was given to make.

use crate::Platform;
use crate::content::{self, Pipeline};
use crate::events::Hint;
use crate::rendition::Transcoder;
use crate::runtime::{AskError, Entity, Letter};
use serde_json::Value;
use std::time::Duration;

/// Hints of one note. A worker has a few jobs at once and tells of each about once a second.
const HINTS_MAX: usize = 64;

/// Why a worker's request was not passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// No worker needs this.
    #[error("a worker may not ask this of {kind}")]
    Forbidden {
        /// Whom it was meant for.
        kind: String,
    },
    /// It is none of the requests that this version knows.
    #[error("this is no request to {kind}: {reason}")]
    Unreadable {
        /// Whom it was meant for.
        kind: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The entity did not answer.
    #[error(transparent)]
    Ask(#[from] AskError),
}

/// Passes a worker's letter on to its entity, and brings the answer.
///
/// # Errors
/// [`DoorError`].
pub async fn pass(platform: &Platform, letter: Letter) -> Result<Value, DoorError> {
    match letter.kind.as_str() {
        // All that can be asked of it names a job and an attempt.
        Transcoder::KIND => pass_to::<Transcoder>(platform, letter, |_| true).await,
        Pipeline::KIND => pass_to::<Pipeline>(platform, letter, is_of_a_worker).await,
        _ => Err(DoorError::Forbidden { kind: letter.kind }),
    }
}

/// Tells this node's watchers what a worker has noted: how far it is with jobs. Answers how many
/// hints there were.
///
/// # Errors
/// `Unreadable` when it is anything else, `Forbidden` for hints of other kinds, or too many.
pub fn take_note(platform: &Platform, note: Value) -> Result<usize, DoorError> {
    let kind = || "hints".to_owned();
    let hints: Vec<Hint> = serde_json::from_value(note)
        .map_err(|error| DoorError::Unreadable { kind: kind(), reason: error.to_string() })?;
    // That a row has changed is only told by who changes it.
    let is_progress = |hint: &Hint| matches!(hint, Hint::Progress { .. });
    if hints.len() > HINTS_MAX || !hints.iter().all(is_progress) {
        return Err(DoorError::Forbidden { kind: kind() });
    }
    let count = hints.len();
    hints.into_iter().for_each(|hint| platform.hub.tell(hint));
    Ok(count)
}

fn is_of_a_worker(request: &content::Request) -> bool {
    use content::Request as Ask;
    match request {
        Ask::Advance | Ask::JobEnded { .. } => true,
        Ask::Open { .. }
        | Ask::Receive { .. }
        | Ask::Abandon
        | Ask::Hashed { .. }
        | Ask::Unreadable
        | Ask::Edit(_)
        | Ask::Delete
        | Ask::Replay(_)
        | Ask::Move { .. } => false,
    }
}

async fn pass_to<K: Entity>(
    platform: &Platform,
    letter: Letter,
    may: fn(&K::Request) -> bool,
) -> Result<Value, DoorError> {
    let Letter { kind, id, request, within_ms, .. } = letter;
    let unreadable = |error: serde_json::Error| DoorError::Unreadable {
        kind: kind.clone(),
        reason: error.to_string(),
    };
    let id: K::Id = serde_json::from_value(id).map_err(unreadable)?;
    let request: K::Request = serde_json::from_value(request).map_err(unreadable)?;
    if !may(&request) {
        return Err(DoorError::Forbidden { kind });
    }
    let within = Duration::from_millis(within_ms).min(platform.config.ask_deadline());
    let reply = platform.directory.entity::<K>(id).ask(request, within).await?;
    serde_json::to_value(reply).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::JobId;

    #[test]
    fn a_worker_reports_jobs_and_changes_nothing_else() {
        let token = "t".to_owned();
        let outcome = crate::encode::Outcome::Cancelled;
        let job = JobId::new();
        assert!(is_of_a_worker(&content::Request::JobEnded { job, token, outcome }));
        assert!(is_of_a_worker(&content::Request::Advance));
        for refused in [content::Request::Delete, content::Request::Unreadable] {
            assert!(!is_of_a_worker(&refused), "{refused:?}");
        }
    }
}
