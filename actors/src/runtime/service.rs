//! What a service is: a named actor of the node's supervision tree, and the handle to it.
//!
//! A handle names the service, not its incarnation: it is made before the service first starts, and
//! the supervision tree points it to each incarnation in turn.

use super::Exit;
use super::incarnation::Incarnation;
use async_trait::async_trait;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A named, supervised actor of the node (the pool, the bridge, the janitor, the HTTP listener).
#[async_trait]
pub trait Service: Send + 'static {
    /// What it is told.
    type Message: Send + 'static;

    /// Called once before the first message; may send itself a first message.
    ///
    /// # Errors
    /// The supervisor decides by the child's policy.
    async fn start(&mut self, me: &Handle<Self::Message>) -> Result<(), Exit>;

    /// Handles one message. `Exit::Stopped` ends it in order.
    ///
    /// # Errors
    /// The supervisor decides by the child's policy.
    async fn handle(
        &mut self,
        message: Self::Message,
        me: &Handle<Self::Message>,
    ) -> Result<(), Exit>;

    /// Called when it is asked to stop, before its linked tasks are aborted.
    async fn stop(&mut self) {}
}

/// The only way to send to a service. Cheap to clone; outlives restarts of the service it names.
pub struct Handle<M> {
    slot: Arc<Mutex<Option<Arc<Incarnation<M>>>>>,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot) }
    }
}

impl<M> Default for Handle<M> {
    fn default() -> Self {
        Self { slot: Arc::default() }
    }
}

impl<M: Send + 'static> Handle<M> {
    /// A handle to a service that does not run yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a message in the mailbox. False when the service is not running or its mailbox is full.
    pub fn tell(&self, message: M) -> bool {
        self.current().is_some_and(|incarnation| incarnation.tell(message))
    }

    /// Puts a message in the mailbox after a while, full or not; forgotten when this incarnation of
    /// the service ends.
    pub fn tell_after(&self, after: Duration, message: M) {
        if let Some(incarnation) = self.current() {
            incarnation.tell_after(after, message);
        }
    }

    /// Runs a task linked to the service: its result, or why it ended, comes back as a message to
    /// this incarnation, full mailbox or not; it is aborted when the incarnation ends. Only valid
    /// from within the service's own callbacks: without a running incarnation nothing is run.
    pub fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
        ended: impl FnOnce(Result<T, Exit>) -> M + Send + 'static,
    ) {
        match self.current() {
            Some(incarnation) => incarnation.run(task, ended),
            None => tracing::warn!("a task was not run: its service is not running"),
        }
    }

    /// True while an incarnation takes messages.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.current().is_some()
    }

    /// Points the handle to a new incarnation.
    pub(super) fn fill(&self, incarnation: &Arc<Incarnation<M>>) {
        *self.lock() = Some(Arc::clone(incarnation));
    }

    /// Points the handle to nobody, unless a newer incarnation has its place already.
    pub(super) fn clear(&self, incarnation: &Arc<Incarnation<M>>) {
        let mut slot = self.lock();
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, incarnation)) {
            *slot = None;
        }
    }

    fn current(&self) -> Option<Arc<Incarnation<M>>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Incarnation<M>>>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
