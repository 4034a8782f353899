//! What a service is: a named actor of the node's supervision tree, and the handle to it.

use super::Exit;
use async_trait::async_trait;
use std::future::Future;
use std::marker::PhantomData;
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

    /// Handles one message.
    ///
    /// # Errors
    /// The supervisor decides by the child's policy.
    async fn handle(&mut self, message: Self::Message, me: &Handle<Self::Message>) -> Result<(), Exit>;

    /// Called when it is asked to stop, before its linked tasks are aborted.
    async fn stop(&mut self) {}
}

/// The only way to send to a service. Cheap to clone; outlives restarts of the service it names.
pub struct Handle<M> {
    message: PhantomData<fn(M)>,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { message: PhantomData }
    }
}

impl<M: Send + 'static> Handle<M> {
    /// Puts a message in the mailbox. False when the service is not running or its mailbox is full.
    pub fn tell(&self, _message: M) -> bool {
        unimplemented!()
    }

    /// Puts a message in the mailbox after a while; forgotten when the service ends.
    pub fn tell_after(&self, _after: Duration, _message: M) {
        unimplemented!()
    }

    /// Runs a task linked to the service: its result, or why it ended, comes back as a message; it is
    /// aborted when the service ends. Only valid from within the service's own callbacks.
    pub fn run<T: Send + 'static>(
        &self,
        _task: impl Future<Output = T> + Send + 'static,
        _ended: impl FnOnce(Result<T, Exit>) -> M + Send + 'static,
    ) {
        unimplemented!()
    }
}
