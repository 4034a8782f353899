//! One child of a supervisor: its plan, which outlives all its lives, and how it is at present.

use super::branch;
use super::inspect::view::Role;
use super::life::Life;
use super::member::{Member, Rules};
use super::restart::{History, RestartPolicy, Strategy};
use super::supervisor::{Begin, ChildSpec, Work};
use super::{Config, Exit};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A row of the table with its place in the tree. Made once: every life of the child, and every
/// life of the supervisor above it, has the same.
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) policy: RestartPolicy,
    /// Without it nobody could bring it back.
    pub(super) essential: bool,
    pub(super) member: Arc<Member>,
    config: Arc<Config>,
    work: Planned,
}

enum Planned {
    Service(Begin),
    Branch(Strategy, Vec<Arc<Plan>>),
}

impl Plan {
    /// Puts the rows of a table below `parent`, and what they hold below them.
    pub(super) fn table(
        specs: Vec<ChildSpec>,
        parent: &Member,
        config: &Arc<Config>,
    ) -> Vec<Arc<Self>> {
        specs.into_iter().map(|spec| Arc::new(Self::of(spec, parent, config))).collect()
    }

    fn of(spec: ChildSpec, parent: &Member, config: &Arc<Config>) -> Self {
        let ChildSpec { name, policy, watch, tasks, essential, work } = spec;
        let (role, strategy, watch) = match &work {
            Work::Service(_) => (Role::Service, None, Some(watch.unwrap_or(config.watch()))),
            // It has no handlers.
            Work::Branch(strategy, _) => (Role::Supervisor, Some(*strategy), None),
        };
        let rules = Rules { restart: Some(policy), strategy, watch, tasks };
        let member = parent.adopt(name, role, rules);
        let work = match work {
            Work::Service(begin) => Planned::Service(begin),
            Work::Branch(strategy, specs) => {
                Planned::Branch(strategy, Self::table(specs, &member, config))
            }
        };
        let essential = essential || work.holds_essential();
        Self { name, policy, essential, member, config: Arc::clone(config), work }
    }

    /// Begins a life.
    fn begin(&self) -> Result<Life, Exit> {
        match &self.work {
            Planned::Service(begin) => begin(&self.config, &self.member),
            Planned::Branch(strategy, plans) => Ok(branch::begin(&self.member, *strategy, plans)),
        }
    }

    /// Until when something that begins now may last; a branch is bounded by its own children.
    fn by(&self, service: Duration) -> Option<Instant> {
        match self.work {
            Planned::Service(_) => Some(Instant::now() + service),
            Planned::Branch(..) => None,
        }
    }
}

impl Planned {
    fn holds_essential(&self) -> bool {
        match self {
            Self::Service(_) => false,
            Self::Branch(_, plans) => plans.iter().any(|plan| plan.essential),
        }
    }
}

/// A child in one life of its supervisor.
pub(super) struct Child {
    pub(super) plan: Arc<Plan>,
    pub(super) history: History,
    pub(super) state: State,
}

pub(super) enum State {
    /// It has ended and stays so.
    Left,
    /// It is started at this time.
    Waiting(Instant),
    /// It is on its way up. The second completes when that takes too long.
    Starting(Life, BoxFuture<'static, ()>),
    Running(Life),
}

/// What a child comes to by itself.
pub(super) enum Event {
    Started,
    /// It ended on its way up.
    NotStarted(Exit),
    /// It has not started in time.
    Late,
    Ended(Exit),
}

impl Child {
    /// A child that is started at once.
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        let state = State::Waiting(Instant::now());
        Self { plan: Arc::clone(plan), history: History::default(), state }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(due) => Some(due),
            State::Left | State::Starting(..) | State::Running(_) => None,
        }
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(self.state, State::Starting(..))
    }

    /// True from its start being due until it is up.
    pub(super) fn is_on_its_way(&self) -> bool {
        matches!(self.state, State::Waiting(_) | State::Starting(..))
    }

    pub(super) fn has_left(&self) -> bool {
        matches!(self.state, State::Left)
    }

    /// Begins a life; an error is an end at once.
    pub(super) fn begin(&mut self) -> Result<(), Exit> {
        let Plan { member, config, .. } = &*self.plan;
        self.state = State::Left;
        member.starting();
        let life = self.plan.begin().inspect_err(|exit| member.ended(exit))?;
        let by = self.plan.by(config.start_deadline());
        self.state = State::Starting(life, until(by).boxed());
        Ok(())
    }

    /// It is up.
    pub(super) fn up(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Left) {
            State::Starting(life, _) => State::Running(life),
            other @ (State::Left | State::Waiting(_) | State::Running(_)) => other,
        };
        self.plan.member.up();
        tracing::info!(actor = self.plan.member.path, "started");
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        let event = match &mut self.state {
            State::Left | State::Waiting(_) => return Poll::Pending,
            State::Running(life) => Event::Ended(ready!(life.ended.poll_unpin(context))),
            State::Starting(life, late) => {
                if let Poll::Ready(Ok(Ok(()))) = life.started.poll_unpin(context) {
                    return Poll::Ready(Event::Started);
                }
                match life.ended.poll_unpin(context) {
                    Poll::Ready(exit) => Event::NotStarted(exit),
                    Poll::Pending => return late.poll_unpin(context).map(|()| Event::Late),
                }
            }
        };
        self.state = State::Left;
        Poll::Ready(event)
    }

    /// Ends one that does not come up.
    pub(super) async fn give_up_start(&mut self) -> Exit {
        let Plan { member, config, .. } = &*self.plan;
        let error = format!("it has not started within {} s", config.start_deadline_s);
        member.kill(Exit::Failed { error });
        self.gone().await
    }

    /// It is started again at `due`.
    pub(super) fn waits(&mut self, due: Instant) {
        self.state = State::Waiting(due);
        self.plan.member.backs_off(due);
    }

    /// Stops it in order, by force after its deadline. When this is dropped it goes on as it was.
    pub(super) async fn stop(&mut self) {
        let Plan { member, config, .. } = &*self.plan;
        if let State::Starting(life, _) | State::Running(life) = &mut self.state {
            life.reins.stop();
            let by = self.plan.by(config.stop_deadline());
            tokio::select! {
                _ = &mut life.ended => {}
                () = until(by) => {
                    tracing::warn!(actor = member.path, "it did not stop in time");
                    member.kill(Exit::Killed);
                    (&mut life.ended).await;
                }
            }
        }
        self.leave();
    }

    /// Waits for the end of one that was killed.
    pub(super) async fn gone(&mut self) -> Exit {
        let exit = match &mut self.state {
            State::Starting(life, _) | State::Running(life) => (&mut life.ended).await,
            State::Left | State::Waiting(_) => Exit::Stopped,
        };
        self.leave();
        exit
    }

    fn leave(&mut self) {
        self.state = State::Left;
        self.plan.member.stays_down();
    }
}

/// Completes at a time; without one, never.
pub(super) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
