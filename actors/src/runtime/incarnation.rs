//! One life of a service, from its start to its `Exit`, on ractor.
//!
//! Everything that belongs to a life ends with it: the place in the handle, the mailbox, the timers
//! and the linked tasks, before the supervisor hears of the end, so that a successor starts clean.

use super::mailbox::{Gauge, Ticket};
use super::{Config, Exit, Handle, Service, panics, trace};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, ActorRuntime, Message};
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument;

/// The life that a handle points to.
pub(super) struct Incarnation<M> {
    mailbox: OnceLock<ActorRef<Mail<M>>>,
    gauge: Arc<Gauge>,
    /// None once it has ended: nothing can be linked to it any more.
    tasks: Mutex<Option<JoinSet<()>>>,
}

/// What is in the mailbox.
pub(super) enum Mail<M> {
    /// From anybody; counted.
    Told(M, Ticket),
    /// From its own timers and tasks, of which it knows how many it has. The message is made where
    /// a panic in its making is the service's own.
    Own(Box<dyn FnOnce() -> M + Send>),
}

impl<M: Send + 'static> Message for Mail<M> {}

/// A life, as its supervisor holds it.
pub(super) struct Life {
    pub(super) cell: ActorCell,
    /// Completes when `Service::start` is through; dropped when it is not.
    pub(super) started: oneshot::Receiver<()>,
    /// Completes when nothing of it is left.
    pub(super) ended: oneshot::Receiver<Exit>,
}

/// Begins a life of the service `name` and points `handle` to it.
pub(super) fn begin<S: Service>(
    name: &'static str,
    service: S,
    handle: &Handle<S::Message>,
    config: &Config,
) -> Result<Life, Exit> {
    let me = Arc::new(Incarnation {
        mailbox: OnceLock::new(),
        gauge: Gauge::new(config.service_mailbox_messages_max),
        tasks: Mutex::new(Some(JoinSet::new())),
    });
    let (started_sender, started) = oneshot::channel();
    let (ended_sender, ended) = oneshot::channel();
    handle.fill(&me);
    let state = State {
        name,
        stop_deadline: config.stop_deadline(),
        service,
        handle: handle.clone(),
        me: Arc::clone(&me),
        started: Some(started_sender),
        ended: Some(ended_sender),
    };
    let spawned = ActorRuntime::spawn_instant(None, Host::<S>(PhantomData), state);
    let (mailbox, _) = spawned.map_err(|error| Exit::Failed { error: error.to_string() })?;
    let cell = mailbox.get_cell();
    me.mailbox.get_or_init(|| mailbox);
    Ok(Life { cell, started, ended })
}

impl<M: Send + 'static> Incarnation<M> {
    pub(super) fn tell(&self, message: M) -> bool {
        let Some(ticket) = self.gauge.admit() else { return false };
        let mailbox = self.mailbox.get();
        mailbox.is_some_and(|mailbox| mailbox.send_message(Mail::Told(message, ticket)).is_ok())
    }

    pub(super) fn tell_after(&self, after: Duration, message: M) {
        self.link(async move {
            tokio::time::sleep(after).await;
            move || message
        });
    }

    pub(super) fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
        ended: impl FnOnce(Result<T, Exit>) -> M + Send + 'static,
    ) {
        self.link(async move {
            let result = panics::catch(async move { Ok(task.await) }).await;
            move || ended(result)
        });
    }

    /// Runs a task whose result is a message to this life.
    fn link<F: FnOnce() -> M + Send + 'static>(
        &self,
        task: impl Future<Output = F> + Send + 'static,
    ) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(tasks), Some(mailbox)) = (tasks.as_mut(), self.mailbox.get().cloned()) else {
            return;
        };
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let message = task.await;
            // It can only have ended; then nobody waits for this.
            let _ = mailbox.send_message(Mail::Own(Box::new(message)));
        });
    }

    fn take_tasks(&self) -> Option<JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct Host<S>(PhantomData<fn() -> S>);

struct State<S: Service> {
    name: &'static str,
    stop_deadline: Duration,
    service: S,
    handle: Handle<S::Message>,
    me: Arc<Incarnation<S::Message>>,
    started: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Sender<Exit>>,
}

impl<S: Service> Actor for Host<S> {
    type Msg = Mail<S::Message>;
    type State = State<S>;
    type Arguments = State<S>;

    async fn pre_start(
        &self,
        _: ActorRef<Self::Msg>,
        state: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(state)
    }

    async fn post_start(
        &self,
        myself: ActorRef<Self::Msg>,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        // This may run before the spawning thread has come to it.
        state.me.mailbox.get_or_init(|| myself);
        let result = panics::catch(state.service.start(&state.handle)).await;
        if result.is_ok()
            && let Some(started) = state.started.take()
        {
            let _ = started.send(());
        }
        state.go_on(result).await
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        mail: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let span = trace::service_message(state.name);
        let result = panics::catch(async {
            // The ticket goes back when the message has been handled.
            let (message, _ticket) = match mail {
                Mail::Told(message, ticket) => (message, Some(ticket)),
                Mail::Own(make) => (make(), None),
            };
            state.service.handle(message, &state.handle).await
        });
        let result = result.instrument(span).await;
        state.go_on(result).await
    }

    async fn post_stop(
        &self,
        _: ActorRef<Self::Msg>,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let stopped = panics::catch(async {
            state.service.stop().await;
            Ok(())
        });
        let exit = stopped.await.err().unwrap_or(Exit::Stopped);
        state.end(exit).await;
        Ok(())
    }
}

impl<S: Service> State<S> {
    async fn go_on(&mut self, result: Result<(), Exit>) -> Result<(), ActorProcessingErr> {
        let Err(exit) = result else { return Ok(()) };
        self.end(exit.clone()).await;
        Err(exit.into())
    }

    /// Ends everything that belongs to this life, then tells the supervisor.
    async fn end(&mut self, exit: Exit) {
        self.handle.clear(&self.me);
        if let Some(mut tasks) = self.me.take_tasks() {
            // A task that is stuck on its thread cannot be aborted; nobody waits for it.
            let _ = timeout(self.stop_deadline, tasks.shutdown()).await;
        }
        self.tell_end(exit);
    }

    fn tell_end(&mut self, exit: Exit) {
        if let Some(ended) = self.ended.take() {
            trace::service_ended(self.name, &exit);
            // A supervisor that is gone has ended the whole tree.
            let _ = ended.send(exit);
        }
    }
}

impl<S: Service> Drop for State<S> {
    fn drop(&mut self) {
        // Only a life that was killed comes here unended; dropping the set aborts its tasks.
        self.handle.clear(&self.me);
        drop(self.me.take_tasks());
        self.tell_end(Exit::Killed);
    }
}
