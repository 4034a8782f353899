//! One life of a service, from its start to its `Exit`, on ractor.
//!
//! Everything that belongs to a life ends with it: the place in the handle, the mailbox, the timers
//! and the linked tasks, before the supervisor hears of the end, so that a successor starts clean.

use super::backlog::Backlog;
use super::chronicle::Happening;
use super::inspect::view::Role;
use super::life::{Levers, Life, Reins, ended_or_stuck};
use super::mailbox::{Closed, Stamp};
use super::member::{Life as Lived, Member, Rules};
use super::vitals::Vitals;
use super::{Config, Exit, Handle, Named, Pulse, Service, StartError, panics, trace};
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Abortable};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, ActorRuntime, Message, SpawnErr};
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument;

/// The life that a handle points to.
pub(super) struct Incarnation<M> {
    mailbox: OnceLock<ActorRef<Mail<M>>>,
    member: Arc<Member>,
    vitals: Arc<Vitals>,
    exit: watch::Sender<Option<Exit>>,
    killed: Arc<watch::Sender<bool>>,
    /// None once it has ended: nothing can be linked to it any more.
    tasks: Mutex<Option<JoinSet<()>>>,
}

/// What is in the mailbox.
pub(super) enum Mail<M> {
    /// From anybody. The receipt says that it has been handled.
    Told(M, Stamp, Option<oneshot::Sender<()>>),
    /// From its own timers and tasks. The message is made where a panic in its making is the
    /// service's own.
    Own(Box<dyn FnOnce() -> M + Send>, Stamp),
    /// Nothing: wakes it, so that a fault on order finds it.
    #[cfg(debug_assertions)]
    Nudge,
}

impl<M: Send + 'static> Message for Mail<M> {}

/// Begins a life of the service that `member` stands for, and points `handle` to it.
pub(super) fn begin<S: Service>(
    member: &Arc<Member>,
    service: S,
    handle: &Handle<S::Message>,
    config: &Config,
) -> Result<Life, Exit> {
    let me = Arc::new(Incarnation {
        mailbox: OnceLock::new(),
        member: Arc::clone(member),
        vitals: Arc::new(Vitals::new(config.service_mailbox_messages_max)),
        exit: watch::Sender::new(None),
        killed: Arc::default(),
        tasks: Mutex::new(Some(JoinSet::new())),
    });
    let (started_sender, started) = oneshot::channel();
    let (ended_sender, ended) = oneshot::channel();
    handle.fill(&me);
    let state = State {
        stop_deadline: config.stop_deadline(),
        service,
        handle: handle.clone(),
        me: Arc::clone(&me),
        started: Some(started_sender),
        ended: Some(ended_sender),
        backlog: Backlog::default(),
    };
    let mailbox = spawn::<S>(state).map_err(|error| Exit::Failed { error: error.to_string() })?;
    let levers = me.levers(&mailbox);
    me.begins(mailbox);
    let (killed, handle) = (Arc::clone(&me.killed), handle.clone());
    let ended = ended_or_stuck(ended, killed, config.kill_grace(), move || me.cut_off(&handle));
    Ok(Life { reins: Reins(levers), started: started.fuse(), ended: ended.boxed() })
}

#[expect(clippy::disallowed_methods, reason = "this is where services are spawned")]
fn spawn<S: Service>(state: State<S>) -> Result<ActorRef<Mail<S::Message>>, SpawnErr> {
    ActorRuntime::spawn_instant(None, Host::<S>(PhantomData), state).map(|(mailbox, _)| mailbox)
}

#[cfg(debug_assertions)]
fn nudge<M: Send + 'static>(cell: &ActorCell) {
    // One that has ended needs no waking.
    let _ = cell.send_message(Mail::<M>::Nudge);
}

#[cfg(not(debug_assertions))]
fn nudge<M: Send + 'static>(_: &ActorCell) {}

impl<M: Send + 'static> Incarnation<M> {
    /// Its mailbox is there: its member has a life from now on. The actor and whoever spawned it
    /// both call this, whoever comes first, so that an end never overtakes it.
    fn begins(&self, mailbox: ActorRef<Mail<M>>) {
        self.mailbox.get_or_init(|| {
            let (vitals, levers) = (Arc::clone(&self.vitals), self.levers(&mailbox));
            self.member.lives(Lived { vitals, levers });
            mailbox
        });
    }

    fn levers(&self, mailbox: &ActorRef<Mail<M>>) -> Levers {
        let (cell, killed) = (mailbox.get_cell(), Arc::clone(&self.killed));
        Levers::Actor { cell, nudge: nudge::<M>, killed }
    }

    /// Leaves a life alone that was killed and blocks its thread: nobody reaches it any more, and
    /// nothing that belonged to it goes on.
    fn cut_off(self: &Arc<Self>, handle: &Handle<M>) {
        handle.clear(self);
        drop(self.take_tasks());
        self.tell_end(&Exit::Stuck);
    }

    /// Tells everybody but the supervisor. Only the first end counts.
    fn tell_end(&self, exit: &Exit) {
        trace::service_ended(&self.member.path, exit);
        self.member.life_ended(&self.vitals, exit);
        self.exit.send_if_modified(|told| {
            let first = told.is_none();
            told.get_or_insert_with(|| exit.clone());
            first
        });
    }

    pub(super) fn tell(
        &self,
        message: M,
        receipt: Option<oneshot::Sender<()>>,
    ) -> Result<(), Closed> {
        let stamp = self.vitals.gauge.admit()?;
        self.send(Mail::Told(message, stamp, receipt))
    }

    fn send(&self, mail: Mail<M>) -> Result<(), Closed> {
        let sent = self.mailbox.get().is_some_and(|mailbox| mailbox.send_message(mail).is_ok());
        if !sent {
            self.vitals.gauge.withdrawn();
            return Err(Closed::Ended);
        }
        Ok(())
    }

    pub(super) fn tell_after(self: &Arc<Self>, after: Duration, message: M) {
        self.link(async move {
            tokio::time::sleep(after).await;
            move || message
        });
    }

    /// Why it ended; waits until it has.
    pub(super) async fn exit(&self) -> Exit {
        let mut exit = self.exit.subscribe();
        let ended = exit.wait_for(Option::is_some).await;
        ended.ok().and_then(|exit| exit.clone()).unwrap_or(Exit::Killed)
    }

    pub(super) fn run<T, F>(
        self: &Arc<Self>,
        name: String,
        task: impl FnOnce(Pulse) -> F,
        ended: impl FnOnce(Result<T, Exit>) -> M + Send + 'static,
    ) where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let rules = &self.member.rules;
        let watch = rules.tasks.or(rules.watch);
        let member = self.member.adopt(name, Role::Task, Rules { watch, ..Rules::default() });
        let (levers, registration) = AbortHandle::new_pair();
        let vitals = Arc::new(Vitals::new(0));
        member.starting();
        member.lives(Lived { vitals: Arc::clone(&vitals), levers: Levers::Task(levers) });
        member.up();
        let task = task(Pulse::new(&member, &vitals));
        let parent = Arc::clone(&self.member);
        let linked = Linked { parent, member };
        self.link(async move {
            let watched = panics::watched(&vitals, async move { Ok(task.await) });
            let result = Abortable::new(watched, registration).await;
            let result = result.unwrap_or_else(|_| Err(linked.member.doom(&vitals)));
            linked.end(result.as_ref().err().unwrap_or(&Exit::Stopped));
            move || ended(result)
        });
    }

    /// Runs a task whose result is a message to this life.
    fn link<F: FnOnce() -> M + Send + 'static>(
        self: &Arc<Self>,
        task: impl Future<Output = F> + Send + 'static,
    ) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tasks) = tasks.as_mut() else { return };
        while tasks.try_join_next().is_some() {}
        // Weak: a task that does not end must not keep the life that waits for it.
        let me = Arc::downgrade(self);
        tasks.spawn(async move {
            let message = task.await;
            let Some(me) = me.upgrade() else { return };
            if let Ok(stamp) = me.vitals.gauge.admit_own() {
                // It can only have ended; then nobody waits for this.
                let _ = me.send(Mail::Own(Box::new(message), stamp));
            }
        });
    }

    fn take_tasks(&self) -> Option<JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A task's place in the tree; left however the task ends.
struct Linked {
    parent: Arc<Member>,
    member: Arc<Member>,
}

impl Linked {
    fn end(&self, exit: &Exit) {
        self.member.ended(exit);
    }
}

impl Drop for Linked {
    fn drop(&mut self) {
        self.parent.disown(&self.member);
    }
}

struct Host<S>(PhantomData<fn() -> S>);

struct State<S: Service> {
    stop_deadline: Duration,
    service: S,
    handle: Handle<S::Message>,
    me: Arc<Incarnation<S::Message>>,
    started: Option<oneshot::Sender<Result<(), StartError>>>,
    ended: Option<oneshot::Sender<Exit>>,
    backlog: Backlog,
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
        state.me.begins(myself);
        let me = Arc::clone(&state.me);
        let result = panics::watched(&me.vitals, state.service.start(&state.handle)).await;
        if result.is_ok()
            && let Some(started) = state.started.take()
        {
            let _ = started.send(Ok(()));
        }
        state.go_on(result).await
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        mail: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let result = state.serve(mail).await;
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
    async fn serve(&mut self, mail: Mail<S::Message>) -> Result<(), Exit> {
        let (message, stamp, receipt) = match mail {
            Mail::Told(message, stamp, receipt) => (message, stamp, receipt),
            Mail::Own(make, stamp) => (panics::catch_now(make)?, stamp, None),
            #[cfg(debug_assertions)]
            Mail::Nudge => {
                let me = Arc::clone(&self.me);
                self.backlog = Backlog::default();
                return panics::nudged(&me.vitals).await;
            }
        };
        let vitals = &self.me.vitals;
        let began = self.backlog.begin();
        let name = message.name();
        vitals.begin(began, name, stamp, 0);
        let span = trace::service_message(&self.me.member.path);
        let handled = panics::watched(vitals, self.service.handle(message, &self.handle));
        let result = handled.instrument(span).await;
        if let Some(exit) = result.as_ref().err().filter(|exit| !exit.in_order()) {
            trace::service_crashed(&self.me.member.path, name, (began, exit));
        }
        let ended = vitals.finish(began, self.service.report());
        let took = ended.saturating_duration_since(began);
        self.me.member.ledger.took(took);
        if vitals.recovers() {
            self.me.member.note(Happening::Recovered, &format!("after {} s", took.as_secs()));
        }
        self.backlog.end(&vitals.gauge, ended);
        if let (Ok(()), Some(receipt)) = (&result, receipt) {
            // A sender that has gone away needs no receipt.
            let _ = receipt.send(());
        }
        result
    }

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
            self.me.tell_end(&exit);
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
        if self.ended.is_some() {
            let exit = self.me.member.doom(&self.me.vitals);
            self.tell_end(exit);
        }
    }
}
