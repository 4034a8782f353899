//! What all parts of one node's link share.

use super::callers::Callers;
use super::config::Config;
use super::mailbox::Post;
use super::security::Guard;
use super::tasks::Tasks;
use crate::cluster::Door;
use playhouse_storage::model::NodeName;
use std::sync::Arc;

/// What the carrier adds to a body to make a frame, bytes: a token of 64, two numbers, and the
/// tags between them.
pub(super) const OVERHEAD: usize = 512;

/// One node's link.
pub(super) struct Core {
    pub(super) me: NodeName,
    pub(super) config: Config,
    pub(super) guard: Guard,
    pub(super) callers: Arc<Callers>,
    pub(super) tasks: Tasks,
}

impl Core {
    /// What the mailbox works with.
    pub(super) fn post(&self, door: Arc<dyn Door>) -> Post {
        Post {
            me: self.me.clone(),
            door,
            callers: Arc::clone(&self.callers),
            tasks: self.tasks.clone(),
            retry_after_ms: self.config.full_retry_ms,
        }
    }
}
