//! How a letter finds its entity on this node: by the name of its kind, as data.

use super::directory::{AskError, Directory};
use super::{Entity, Letter};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// What came of a letter: the answer of its entity, or why it has none.
type Delivered = Result<Result<Value, AskError>, NotHere>;
type Deliver<P> = fn(Directory<P>, Letter) -> Pin<Box<dyn Future<Output = Delivered> + Send>>;

/// Why a letter was not delivered. Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHere {
    /// Another node owns its entity, or nobody does just now.
    #[error("its shard is not this node's")]
    Elsewhere,
    /// It is of another version of this program, or of none.
    #[error("{reason}")]
    Unknown {
        /// What was not understood.
        reason: String,
    },
}

/// The kinds that letters may be for.
pub(super) struct Deliveries<P>(RwLock<BTreeMap<&'static str, Deliver<P>>>);

impl<P> Default for Deliveries<P> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<P: Clone + Send + 'static> Deliveries<P> {
    pub(super) fn add<K: Entity<P>>(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(K::KIND, |directory, letter| Box::pin(deliver::<K, P>(directory, letter)));
    }

    pub(super) fn get(&self, kind: &str) -> Result<Deliver<P>, NotHere> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let reason = || format!("this program has no {kind:?}");
        known.get(kind).copied().ok_or_else(|| NotHere::Unknown { reason: reason() })
    }
}

async fn deliver<K: Entity<P>, P: Clone + Send + 'static>(
    directory: Directory<P>,
    letter: Letter,
) -> Delivered {
    let unknown = |error: serde_json::Error| {
        let reason = format!("{} is not asked in these words: {error}", K::KIND);
        NotHere::Unknown { reason }
    };
    let id = K::Id::deserialize(&letter.id).map_err(unknown)?;
    let request = K::Request::deserialize(&letter.request).map_err(unknown)?;
    let deadline = Instant::now() + Duration::from_millis(letter.within_ms);
    let answer = directory.entity::<K>(id).ask_here(request, deadline).await;
    match answer.map_err(|_| NotHere::Elsewhere)? {
        Ok(reply) => serde_json::to_value(reply).map(Ok).map_err(unknown),
        Err(error) => Ok(Err(error)),
    }
}
