//! The way to every entity of this node.

use super::{Entity, Exit};
use std::marker::PhantomData;
use std::time::Duration;

/// The way to every entity.
#[derive(Clone)]
pub struct Directory {}

impl Directory {
    /// The entity of a kind with this address. Nothing is started before the first message.
    #[must_use]
    pub fn entity<K: Entity>(&self, id: K::Id) -> EntityRef<K> {
        EntityRef { id, directory: self.clone(), kind: PhantomData }
    }
}

/// The address of one entity: the only way to speak to it.
#[derive(Clone)]
pub struct EntityRef<K: Entity> {
    id: K::Id,
    directory: Directory,
    kind: PhantomData<fn() -> K>,
}

impl<K: Entity> EntityRef<K> {
    /// Sends a request and waits for the answer, at most `within`.
    ///
    /// # Errors
    /// [`AskError`]: nothing is known about whether the request was carried out unless it says so.
    pub async fn ask(&self, request: K::Request, within: Duration) -> Result<K::Reply, AskError> {
        let _ = (&self.id, &self.directory, request, within);
        unimplemented!()
    }
}

/// Why an ask has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The mailbox or the store is at its bound; the request was not carried out.
    #[error("busy, try again in {}s", retry_after.as_secs())]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// No answer within the deadline; the request may still be carried out.
    #[error("no answer within the deadline")]
    Expired,
    /// The actor ended while it worked on the request.
    #[error("the actor ended: {0}")]
    Ended(Exit),
    /// This node is not the owner of the shard, or is stopping.
    #[error("not available here")]
    Unavailable,
}
