//! A supervisor at work: it starts its children in order, does what `restart` decides about each
//! end, carries out orders, and stops its children in reverse order.
//!
//! It never waits for a start: it hears everything that happens meanwhile. Only one child starts
//! at a time, so the order of the table is also the order of starts.

use super::child::{Child, Event, Plan, until};
use super::chronicle::Happening;
use super::life::{Asked, Levers, Life, Reins};
use super::member::{Action, Life as Lived, Member, Order};
use super::orders::by_operator;
use super::restart::{Backoff, Decision, Restart, Strategy, decide};
use super::vitals::Vitals;
use super::{Exit, StartError, panics};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

struct Branch {
    strategy: Strategy,
    children: Vec<Child>,
    asked: watch::Receiver<Asked>,
    orders: mpsc::Receiver<Order>,
    /// Until every child has started.
    started: Option<oneshot::Sender<Result<(), StartError>>>,
    not_started: Option<StartError>,
}

/// Begins a life of the supervisor that `member` stands for.
pub(super) fn begin(member: &Arc<Member>, strategy: Strategy, plans: &[Arc<Plan>]) -> Life {
    let (ask, asked) = watch::channel(Asked::Nothing);
    let (started_sender, started) = oneshot::channel();
    let (ended_sender, ended) = oneshot::channel();
    let branch = Branch {
        strategy,
        children: plans.iter().map(Child::new).collect(),
        asked,
        orders: member.take_orders(),
        started: Some(started_sender),
        not_started: None,
    };
    let (vitals, levers) = (Arc::new(Vitals::new(0)), Levers::Branch(Arc::new(ask)));
    member.lives(Lived { vitals: Arc::clone(&vitals), levers: levers.clone() });
    let member = Arc::clone(member);
    run_detached(async move {
        let run = panics::catch(async { Ok(branch.run().await) }).await;
        let exit = match run.unwrap_or_else(|exit| exit) {
            Exit::Killed => member.doom(&vitals),
            exit => exit,
        };
        member.life_ended(&vitals, &exit);
        // Whoever is above and gone has ended with the whole tree.
        let _ = ended_sender.send(exit);
    });
    let ended = async { ended.await.unwrap_or(Exit::Killed) };
    Life { reins: Reins(levers), started: started.fuse(), ended: ended.boxed() }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a branch is supervised by whoever holds its life, the root by the node"
)]
fn run_detached(branch: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(branch);
}

/// What a branch comes to.
enum Next {
    Asked(Asked),
    Child(usize, Event),
    Order(Order),
    /// The start of this child is due.
    Due(usize),
}

impl Branch {
    async fn run(mut self) -> Exit {
        loop {
            self.tell_started();
            if let Err(exit) = self.step().await {
                self.stop_children(0..self.children.len()).await;
                if let Some((started, error)) = self.started.take().zip(self.not_started.take()) {
                    let _ = started.send(Err(error));
                }
                return exit;
            }
        }
    }

    /// Says once that every child is up.
    fn tell_started(&mut self) {
        if !self.children.iter().any(Child::is_on_its_way)
            && let Some(started) = self.started.take()
        {
            let _ = started.send(Ok(()));
        }
    }

    /// Deals with the next thing that happens; an error is the end of the branch.
    async fn step(&mut self) -> Result<(), Exit> {
        match self.next().await {
            Next::Asked(Asked::Kill) => {
                self.kill_children().await;
                Err(Exit::Killed)
            }
            Next::Asked(Asked::Stop | Asked::Nothing) => Err(Exit::Stopped),
            Next::Child(place, event) => self.child_came_to(place, event).await,
            Next::Order(order) => {
                self.carry_out(order).await;
                Ok(())
            }
            Next::Due(place) => match self.children[place].begin() {
                Ok(()) => Ok(()),
                Err(exit) => self.child_not_started(place, exit).await,
            },
        }
    }

    async fn next(&mut self) -> Next {
        let due = self.next_due();
        let is_up = self.started.is_none();
        let Self { children, asked, orders, .. } = self;
        tokio::select! {
            biased;
            asked = anything(asked) => Next::Asked(asked),
            (place, event) = next_event(children) => Next::Child(place, event),
            Some(order) = orders.recv(), if is_up => Next::Order(order),
            () = until(due.map(|(due, _)| due)) => {
                Next::Due(due.map_or(0, |(_, place)| place))
            }
        }
    }

    /// The child that is started next, and when; none while one is on its way up.
    fn next_due(&self) -> Option<(Instant, usize)> {
        if self.children.iter().any(Child::is_starting) {
            return None;
        }
        let due = |(place, child): (usize, &Child)| child.due().map(|due| (due, place));
        self.children.iter().enumerate().filter_map(due).min()
    }

    async fn child_came_to(&mut self, place: usize, event: Event) -> Result<(), Exit> {
        let child = &mut self.children[place];
        match event {
            Event::Started => {
                child.up();
                Ok(())
            }
            Event::Ended(exit) => self.child_ended(place, exit).await,
            Event::NotStarted(exit) => self.child_not_started(place, exit).await,
            Event::Late => {
                let exit = child.give_up_start().await;
                self.child_not_started(place, exit).await
            }
        }
    }

    /// When the branch itself is on its way up it does not start either.
    async fn child_not_started(&mut self, place: usize, exit: Exit) -> Result<(), Exit> {
        if self.started.is_none() {
            return self.child_ended(place, exit).await;
        }
        let error = StartError { child: self.children[place].plan.name, exit };
        let exit = Exit::Failed { error: error.to_string() };
        self.not_started = Some(error);
        Err(exit)
    }

    /// Does what the policy of the child that ended asks for; an error is the branch's own end.
    async fn child_ended(&mut self, place: usize, exit: Exit) -> Result<(), Exit> {
        let now = Instant::now();
        let child = &mut self.children[place];
        let policy = &child.plan.policy;
        match decide(policy, &child.history, &exit, now) {
            Decision::Leave => Ok(()),
            Decision::Escalate => {
                let (name, window) = (child.plan.name, policy.window.as_secs_f64());
                let detail = format!("{} restarts within {window} s", policy.intensity);
                child.plan.member.note(Happening::GaveUp, &detail);
                tracing::error!(actor = child.plan.member.path, %exit, "given up after {detail}");
                Err(Exit::Failed { error: format!("{name} does not stay up, at last: {exit}") })
            }
            Decision::Restart { after } => {
                child.history.record(policy, now);
                let after = Backoff::jittered(after, rand::random());
                tracing::info!(actor = child.plan.member.path, ?after, "restarts");
                self.restart(place, now + after).await;
                Ok(())
            }
        }
    }

    /// Stops those that share the fate of the child at `died`, and lets them all wait until `due`.
    async fn restart(&mut self, died: usize, due: Instant) {
        let mut again = self.stop_sharers(died).await;
        again.push((died, None));
        for (place, waited) in again {
            // Never sooner than it waits for already: that keeps the order of the table.
            self.children[place].waits(waited.map_or(due, |waited| waited.max(due)));
        }
    }

    /// Stops those that share the fate of the child at `place`, and it. Answers who of the others
    /// is to be started again, and since when it was to be.
    async fn stop_sharers(&mut self, place: usize) -> Vec<(usize, Option<Instant>)> {
        let affected = self.strategy.affected(place, self.children.len());
        let comes_back = |other: &usize| {
            let child = &self.children[*other];
            *other != place && !child.has_left() && child.plan.policy.restart != Restart::Temporary
        };
        let others = affected.clone().filter(comes_back);
        let others = others.map(|other| (other, self.children[other].due())).collect();
        self.stop_children(affected).await;
        others
    }

    /// Stops children in reverse order, each within its deadline; all at once, by force, when the
    /// branch is killed meanwhile.
    async fn stop_children(&mut self, places: Range<usize>) {
        for place in places.rev() {
            let Self { children, asked, .. } = self;
            let stopped = tokio::select! {
                biased;
                () = killed(asked) => false,
                () = children[place].stop() => true,
            };
            if !stopped {
                return self.kill_children().await;
            }
        }
    }

    async fn kill_children(&mut self) {
        for child in &self.children {
            child.plan.member.kill(Exit::Killed);
        }
        join_all(self.children.iter_mut().map(Child::gone)).await;
    }

    async fn carry_out(&mut self, order: Order) {
        let place = self.children.iter().position(|child| child.plan.name == order.child);
        let answer = match (place, order.action) {
            (None, _) => Err(format!("there is no child {}", order.child)),
            (Some(place), Action::Stop) => self.stop_by_order(place).await,
            (Some(place), Action::Restart) => self.restart_by_order(place).await,
        };
        // Whoever has stopped waiting reads the chronicle.
        let _ = order.done.send(answer);
    }

    async fn stop_by_order(&mut self, place: usize) -> Result<(), String> {
        let child = &self.children[place];
        let name = child.plan.name;
        if child.plan.essential {
            return Err(format!("{name} cannot be stopped: it is the way to bring it back"));
        }
        if child.has_left() {
            return Err(format!("{name} is stopped already"));
        }
        let member = Arc::clone(&child.plan.member);
        self.stop_children(place..place + 1).await;
        member.note(by_operator(Action::Stop), "");
        Ok(())
    }

    /// Restarts without backoff and without counting: it is no failure.
    async fn restart_by_order(&mut self, place: usize) -> Result<(), String> {
        if self.strategy == Strategy::RestForOne
            && let Some(before) = self.children[..place].iter().find(|it| it.is_on_its_way())
        {
            let before = before.plan.name;
            return Err(format!("it builds on {before}, which is not up yet: restart {before}"));
        }
        let again = self.stop_sharers(place).await;
        let now = Instant::now();
        let child = &mut self.children[place];
        child.waits(now);
        child.plan.member.note(by_operator(Action::Restart), "");
        for (other, _) in again {
            self.children[other].waits(now);
        }
        Ok(())
    }
}

/// The place of the next child that comes to something, and what.
async fn next_event(children: &mut [Child]) -> (usize, Event) {
    poll_fn(|context| {
        for (place, child) in children.iter_mut().enumerate() {
            if let Poll::Ready(event) = child.poll(context) {
                return Poll::Ready((place, event));
            }
        }
        Poll::Pending
    })
    .await
}

/// What the branch is asked for. When nobody holds it any more it stops.
async fn anything(asked: &mut watch::Receiver<Asked>) -> Asked {
    let asked = asked.wait_for(|asked| *asked != Asked::Nothing).await;
    asked.map_or(Asked::Stop, |asked| *asked)
}

async fn killed(asked: &mut watch::Receiver<Asked>) {
    if asked.wait_for(|asked| *asked == Asked::Kill).await.is_err() {
        std::future::pending().await
    }
}
