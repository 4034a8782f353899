//! The operator's eye: what every actor of the node does, bounded, without asking any of them.
//!
//! Actors publish what they do in counters that cost nanoseconds; looking reads the counters. So
//! an actor that hangs is seen as well as one that does not, and looking disturbs nobody.

pub mod view;

use super::Directory;
use crate::Platform;
use jiff::Timestamp;
use view::{ActorDetail, NodeView, Totals, TreePage, TreeQuery};

/// The way to look at the actors of the node, and to restart or stop one. Cheap to clone.
pub struct Inspector<P = Platform> {
    directory: Directory<P>,
    started_at: Timestamp,
}

impl<P> Clone for Inspector<P> {
    fn clone(&self) -> Self {
        Self { directory: self.directory.clone(), started_at: self.started_at }
    }
}

/// Why an order to an actor was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Nobody has this path.
    #[error("there is no actor {path}")]
    Unknown {
        /// As it was asked for.
        path: String,
    },
    /// Its role or status does not allow it.
    #[error("{reason}")]
    NotNow {
        /// One sentence.
        reason: String,
    },
}

impl<P: Clone + Send + 'static> Inspector<P> {
    /// An inspector of one node.
    #[must_use]
    pub fn new(directory: Directory<P>) -> Self {
        Self { directory, started_at: Timestamp::now() }
    }

    /// A bounded part of the tree.
    #[must_use]
    pub fn tree(&self, _query: &TreeQuery) -> TreePage {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let entities = self.directory.active() as u64;
        TreePage {
            at: Timestamp::now(),
            node: NodeView { version, started_at: self.started_at },
            totals: Totals { actors: entities, entities, ..Totals::default() },
            actors: vec![],
            next_cursor: None,
        }
    }

    /// One actor with all that is known about it.
    #[must_use]
    pub fn actor(&self, _path: &str) -> Option<ActorDetail> {
        None
    }

    /// Ends the actor and lets it begin anew: an entity with its next message, a service by its
    /// supervisor, a task by its service. Waits until it is carried out or a second has passed.
    ///
    /// # Errors
    /// [`OrderError`]: nothing was done.
    pub async fn restart(&self, path: &str) -> Result<(), OrderError> {
        Err(OrderError::Unknown { path: path.to_owned() })
    }

    /// Ends the actor. A service stays stopped until it is restarted; an entity comes back with
    /// its next message.
    ///
    /// # Errors
    /// [`OrderError`]: nothing was done.
    pub async fn stop(&self, path: &str) -> Result<(), OrderError> {
        Err(OrderError::Unknown { path: path.to_owned() })
    }
}
