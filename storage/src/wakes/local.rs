//! Wake-ups within one process, for `storage.jobs = "catalog:"`: the pools of other processes find
//! what waits when they look at the table.

use super::calls::Calls;
use super::{Call, Listener, Queue, Wake, Wakes};
use crate::Result;
use crate::model::JobId;
use async_trait::async_trait;
use std::sync::Arc;

/// The embedded engine.
pub struct LocalWakes {
    calls: Arc<Calls>,
}

impl LocalWakes {
    /// An engine that keeps up to `calls_max` wake-ups nobody has listened to.
    #[must_use]
    pub fn new(calls_max: usize) -> Self {
        Self { calls: Arc::new(Calls::new(calls_max)) }
    }
}

#[async_trait]
impl Wakes for LocalWakes {
    fn announce(&self, call: Call) {
        if !(call.again && self.calls.has(|it| it.queue == call.queue)) {
            self.calls.put(call);
        }
    }

    async fn carry(&self) -> Result<()> {
        // Everybody who could listen is here already.
        std::future::pending().await
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }

    async fn listen(&self, queues: &[Queue]) -> Result<Box<dyn Listener>> {
        Ok(Box::new(LocalListener { calls: Arc::clone(&self.calls), queues: queues.to_vec() }))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

struct LocalListener {
    calls: Arc<Calls>,
    queues: Vec<Queue>,
}

#[async_trait]
impl Listener for LocalListener {
    async fn next(&mut self) -> Result<Box<dyn Wake>> {
        let call = self.calls.next(|call| self.queues.contains(&call.queue)).await;
        Ok(Box::new(LocalWake { calls: Arc::clone(&self.calls), call: Some(call) }))
    }
}

struct LocalWake {
    calls: Arc<Calls>,
    /// None once it is settled.
    call: Option<Call>,
}

#[async_trait]
impl Wake for LocalWake {
    fn job(&self) -> JobId {
        self.call.as_ref().expect("it is taken by who settles it, with the wake").job
    }

    async fn settle(mut self: Box<Self>) -> Result<()> {
        self.call = None;
        Ok(())
    }

    async fn pass_on(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Drop for LocalWake {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.calls.put(call);
        }
    }
}
