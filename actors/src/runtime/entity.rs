//! What an entity is: state loaded by its first message, one message at a time, plain requests.
//!
//! Requests and replies are data that survives a JSON round trip, so that the same call works when
//! the owner is on another node; builds with debug assertions send every one through JSON.

use super::trace::Context;
use super::{Exit, Named, Report};
use crate::Platform;
use playhouse_storage::model::{Fence, ShardId};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};
use std::hash::Hash;

/// An entity's address within its kind. Its `Display` text is the address: two addresses of a kind
/// never share it.
pub trait EntityId:
    Clone + Debug + Display + Eq + Hash + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The shard whose owner it is routed to.
    fn shard(&self, count: u16) -> ShardId;
}

/// A sharded kind of actor. `P` is what its state is loaded with.
pub trait Entity<P: Clone + Send + 'static = Platform>: Sized + Send + 'static {
    /// Name of the kind in paths and logs: `upload.session`.
    const KIND: &'static str;
    /// Its address.
    type Id: EntityId;
    /// What it can be asked: plain data, no handles.
    type Request: Named + Serialize + DeserializeOwned + Send + Debug + 'static;
    /// What it answers: plain data, no handles.
    type Reply: Serialize + DeserializeOwned + Send + Debug + 'static;

    /// Loads the state; called by the first message. An entity that does not exist yet loads too.
    ///
    /// # Errors
    /// The actor ends with it; the sender is told.
    fn load(
        id: Self::Id,
        fence: Fence,
        platform: P,
    ) -> impl Future<Output = Result<Self, Exit>> + Send;

    /// Handles one message. What the reply promises is on disk.
    ///
    /// # Errors
    /// The actor ends with it and is loaded anew by the next message; the sender is told.
    fn handle(
        &mut self,
        request: Self::Request,
    ) -> impl Future<Output = Result<Self::Reply, Exit>> + Send;

    /// What an operator sees of its state; called after each message, so it must be cheap.
    fn report(&self) -> Report {
        Report { state: "", bytes: size_of::<Self>() as u64 }
    }

    /// The trace that all of its work belongs to for as long as that lasts, whoever moves it on: an
    /// upload's. Without one, each message belongs to the trace of who sent it.
    fn trace(&self) -> Option<Context> {
        None
    }

    /// Whether asking this again comes to the same when nobody knows if it was carried out: then an
    /// ask whose answer was lost is repeated, to the next owner too, instead of failing.
    #[must_use]
    fn repeats(_request: &Self::Request) -> bool {
        false
    }

    /// What its durable timer of this name asks it when it rings; none for a name that it does not
    /// know. May be asked more than once; the timer goes when it has been answered, whatever the
    /// answer.
    #[must_use]
    fn on_timer(_name: &str) -> Option<Self::Request> {
        None
    }
}
