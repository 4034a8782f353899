//! Hints that a content has changed, for server-sent events. A hint may be lost; whoever gets one
//! reads the catalog.

use playhouse_storage::model::ContentId;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// What has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// A row of this content; read it again.
    Changed(ContentId),
    /// Frames of the timeline that a running job has passed (finer than segments).
    Progress {
        /// Which content.
        content: ContentId,
        /// Renditions that the job serves.
        renditions: Vec<String>,
        /// How far, 0 to 1.
        progress: f64,
    },
}

/// A bounded broadcast within the node, and of what it has to tell to other nodes.
#[derive(Clone)]
pub struct Hub {
    sender: broadcast::Sender<Hint>,
    /// What was not heard from another node.
    own: broadcast::Sender<Hint>,
}

impl Hub {
    /// A hub that keeps the last `capacity` hints for slow listeners.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { sender: broadcast::channel(capacity).0, own: broadcast::channel(capacity).0 }
    }

    /// Tells every listener.
    pub fn tell(&self, hint: Hint) {
        // No listener is no error.
        let _ = self.own.send(hint.clone());
        self.retell(hint);
    }

    /// Tells the listeners of this node what another one has told.
    pub fn retell(&self, hint: Hint) {
        let _ = self.sender.send(hint);
    }

    /// Listens from now on to what other nodes are to hear.
    #[must_use]
    pub fn listen_own(&self) -> broadcast::Receiver<Hint> {
        self.own.subscribe()
    }

    /// Listens from now on; a listener that falls behind is told so and reads the catalog.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Hint> {
        self.sender.subscribe()
    }
}
