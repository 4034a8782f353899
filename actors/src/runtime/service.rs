//! What a service is: a named actor of the node's supervision tree, and the handle to it.
//!
//! A handle names the service, not its incarnation: it is made before the service first starts, and
//! the supervision tree points it to each incarnation in turn.

use super::incarnation::Incarnation;
use super::mailbox::Closed;
use super::member::Member;
use super::vitals::Vitals;
use super::{AskError, Exit, Named, Report};
use arc_swap::ArcSwapOption;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// A named, supervised actor of the node (the pool, the bridge, the janitor, the HTTP listener).
pub trait Service: Send + 'static {
    /// What it is told.
    type Message: Named + Send + 'static;

    /// Called once before the first message; may send itself a first message.
    ///
    /// # Errors
    /// The supervisor decides by the child's policy.
    fn start(
        &mut self,
        me: &Handle<Self::Message>,
    ) -> impl Future<Output = Result<(), Exit>> + Send;

    /// Handles one message. `Exit::Stopped` ends it in order.
    ///
    /// # Errors
    /// The supervisor decides by the child's policy.
    fn handle(
        &mut self,
        message: Self::Message,
        me: &Handle<Self::Message>,
    ) -> impl Future<Output = Result<(), Exit>> + Send;

    /// Called when it is asked to stop, before its linked tasks are aborted.
    fn stop(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// What an operator sees of its state; called after each message, so it must be cheap.
    fn report(&self) -> Report {
        Report::default()
    }
}

/// The only way to send to a service. Cheap to clone; outlives restarts of the service it names.
pub struct Handle<M> {
    slot: Arc<ArcSwapOption<Incarnation<M>>>,
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

    /// Puts a message in the mailbox. Nothing is known about when it is handled.
    ///
    /// # Errors
    /// [`TellError`]: the message is dropped, and counted as refused when the mailbox was full.
    pub fn try_tell(&self, message: M) -> Result<(), TellError> {
        let life = self.slot.load();
        life.as_ref().ok_or(TellError::NotRunning)?.tell(message, None).map_err(Into::into)
    }

    /// Puts a message in the mailbox that may as well get lost: a wake, for one that looks by
    /// itself after a while.
    pub fn hint(&self, message: M) {
        // What was refused is counted; whoever needs to know uses the other ways to tell.
        let _ = self.try_tell(message);
    }

    /// Puts a message in the mailbox and waits, at most `within`, until it has been handled.
    ///
    /// # Errors
    /// [`AskError`]: `Ended` when it was lost with the service, by its handler or in the queue.
    pub async fn deliver(&self, message: M, within: Duration) -> Result<(), AskError> {
        let deadline = Instant::now() + within;
        let (receipt, handled) = oneshot::channel();
        let life = self.current().ok_or(AskError::Unavailable)?;
        life.tell(message, Some(receipt)).map_err(TellError::from)?;
        answer(&life, handled, deadline).await
    }

    /// Puts the message that `make` makes of a reply in the mailbox and waits, at most `within`,
    /// until the service replies.
    ///
    /// # Errors
    /// [`AskError`]: nothing is known about whether it was handled, unless it says so.
    pub async fn ask<R: Send + 'static>(
        &self,
        make: impl FnOnce(Reply<R>) -> M,
        within: Duration,
    ) -> Result<R, AskError> {
        let deadline = Instant::now() + within;
        let (reply, replied) = oneshot::channel();
        let life = self.current().ok_or(AskError::Unavailable)?;
        life.tell(make(Reply(reply)), None).map_err(TellError::from)?;
        answer(&life, replied, deadline).await
    }

    /// Puts a message in the mailbox after a while, full or not; forgotten when this incarnation of
    /// the service ends.
    pub fn tell_after(&self, after: Duration, message: M) {
        if let Some(incarnation) = self.current() {
            incarnation.tell_after(after, message);
        }
    }

    /// Runs a task linked to the service, seen in the tree below it by `name`: its result, or why
    /// it ended, comes back as a message to this incarnation, full mailbox or not; it is aborted
    /// when the incarnation ends. Only valid from within the service's own callbacks: without a
    /// running incarnation nothing is run.
    pub fn run<T, F>(
        &self,
        name: impl Into<String>,
        task: impl FnOnce(Pulse) -> F,
        ended: impl FnOnce(Result<T, Exit>) -> M + Send + 'static,
    ) where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        match self.current() {
            Some(incarnation) => incarnation.run(name.into(), task, ended),
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
        self.slot.store(Some(Arc::clone(incarnation)));
    }

    /// Points the handle to nobody, unless a newer incarnation has its place already.
    pub(super) fn clear(&self, incarnation: &Arc<Incarnation<M>>) {
        // The guard keeps the place of its value: nobody else can come to lie there meanwhile.
        let current = self.slot.load();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, incarnation)) {
            self.slot.compare_and_swap(&current, None);
        }
    }

    fn current(&self) -> Option<Arc<Incarnation<M>>> {
        self.slot.load_full()
    }
}

/// Waits for what a life sends back. What it drops unanswered was lost with it.
async fn answer<M: Send + 'static, R>(
    life: &Incarnation<M>,
    answer: oneshot::Receiver<R>,
    deadline: Instant,
) -> Result<R, AskError> {
    match timeout_at(deadline, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => match timeout_at(deadline, life.exit()).await {
            Ok(exit) => Err(AskError::Ended(exit)),
            Err(_) => Err(AskError::Expired),
        },
        Err(_) => Err(AskError::Expired),
    }
}

/// Where a service puts its answer to an ask.
#[derive(Debug)]
pub struct Reply<R>(oneshot::Sender<R>);

impl<R> Reply<R> {
    /// Answers. One who does not wait any more is not told.
    pub fn send(self, answer: R) {
        let _ = self.0.send(answer);
    }
}

/// Why a message was not put in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// The mailbox is at its bound.
    #[error("busy: the mailbox is full")]
    Busy,
    /// No incarnation of the service takes messages at present.
    #[error("the service is not running")]
    NotRunning,
}

impl From<Closed> for TellError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Full => Self::Busy,
            Closed::Ended => Self::NotRunning,
        }
    }
}

impl From<TellError> for AskError {
    fn from(error: TellError) -> Self {
        match error {
            TellError::Busy => Self::Busy { retry_after: Duration::from_secs(1) },
            TellError::NotRunning => Self::Unavailable,
        }
    }
}

/// How a linked task shows that it lives, and what it does.
#[derive(Clone)]
pub struct Pulse {
    member: Arc<Member>,
    vitals: Arc<Vitals>,
}

impl Pulse {
    pub(super) fn new(member: &Arc<Member>, vitals: &Arc<Vitals>) -> Self {
        Self { member: Arc::clone(member), vitals: Arc::clone(vitals) }
    }

    /// Says what it does from now on: `waits for its worker`. A task that has said so once is
    /// reported when it says nothing for too long, and killed when its service's policy says so.
    pub fn beat(&self, doing: &'static str) {
        self.vitals.beat(doing);
    }

    /// Says how it is, for an operator to read: `segment 7 of 10, worker 4711`.
    pub fn say(&self, state: String) {
        self.member.now().says = Some(state);
    }
}
