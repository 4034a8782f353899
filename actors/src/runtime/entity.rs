//! What an entity is: state loaded by its first message, one message at a time, plain requests.

use crate::Platform;
use async_trait::async_trait;
use playhouse_storage::model::{Fence, ShardId};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};
use std::hash::Hash;

/// An entity's address within its kind.
pub trait EntityId: Clone + Debug + Display + Eq + Hash + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The shard whose owner it is routed to.
    fn shard(&self, count: u16) -> ShardId;
}

/// A sharded kind of actor.
#[async_trait]
pub trait Entity: Sized + Send + 'static {
    /// Name of the kind in paths and logs: `upload.session`.
    const KIND: &'static str;
    /// Its address.
    type Id: EntityId;
    /// What it can be asked: plain data, no handles.
    type Request: Serialize + DeserializeOwned + Send + Debug + 'static;
    /// What it answers: plain data, no handles.
    type Reply: Serialize + DeserializeOwned + Send + Debug + 'static;

    /// Loads the state; called by the first message. An entity that does not exist yet loads too.
    ///
    /// # Errors
    /// The actor ends with it; the sender is told.
    async fn load(id: Self::Id, fence: Fence, platform: Platform) -> Result<Self, Exit>;

    /// Handles one message. What the reply promises is on disk.
    ///
    /// # Errors
    /// The actor ends with it and is loaded anew by the next message; the sender is told.
    async fn handle(&mut self, request: Self::Request) -> Result<Self::Reply, Exit>;
}

/// Why an actor ended, matched by name everywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exit {
    /// It was asked to.
    #[error("stopped")]
    Stopped,
    /// A newer epoch owns its shard.
    #[error("fenced")]
    Fenced,
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
    /// Ended from outside.
    #[error("killed")]
    Killed,
}

impl From<playhouse_storage::Error> for Exit {
    fn from(error: playhouse_storage::Error) -> Self {
        match error {
            playhouse_storage::Error::Fenced { .. } => Self::Fenced,
            other => Self::Failed { error: other.to_string() },
        }
    }
}
