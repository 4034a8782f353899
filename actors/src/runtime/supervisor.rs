//! The role of the supervisor is to keep the services of a table running: it starts them in order,
//! restarts what dies as `restart` decides, and stops them in reverse order.
//!
//! When restarting does not help it stops its children and ends itself, with an `Exit` that
//! [`Supervisor::wait`] hands to the node. Children are watched by the end that each life reports
//! when nothing of it is left, so a successor never meets its predecessor.

use super::incarnation::{self, Life};
use super::inspect::view::Role;
use super::member::{Member, Rules};
use super::restart::{Backoff, Decision, History, RestartPolicy, Strategy, decide};
use super::{Config, Exit, Handle, Service, Tree, Watch, panics};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

type Begin = Box<dyn Fn(&Config, &Arc<Member>) -> Result<Life, Exit> + Send>;

/// One row of the supervision table.
pub struct ChildSpec {
    /// Its name in the tree.
    pub name: &'static str,
    /// When and how often it is restarted.
    pub policy: RestartPolicy,
    watch: Option<Watch>,
    tasks: Option<Watch>,
    begin: Begin,
}

impl ChildSpec {
    /// A service: `make` makes it anew for every start, `handle` is pointed to each.
    #[must_use]
    pub fn service<S: Service>(
        name: &'static str,
        policy: RestartPolicy,
        handle: &Handle<S::Message>,
        make: impl Fn() -> S + Send + 'static,
    ) -> Self {
        let handle = handle.clone();
        let begin: Begin = Box::new(move |config, member| {
            let service = panics::catch_now(&make)?;
            incarnation::begin(member, service, &handle, config)
        });
        Self { name, policy, watch: None, tasks: None, begin }
    }

    /// With limits of its own for how long a handler may take.
    #[must_use]
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// With limits of its own for how long its linked tasks may say nothing.
    #[must_use]
    pub fn tasks_watched(self, watch: Watch) -> Self {
        Self { tasks: Some(watch), ..self }
    }
}

/// A child did not start, so the tree did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{child} did not start: {exit}")]
pub struct StartError {
    /// Its name.
    pub child: &'static str,
    /// Why.
    pub exit: Exit,
}

/// Runs the children of a table. Dropping it stops them.
pub struct Supervisor {
    stop: watch::Sender<bool>,
    exit: watch::Receiver<Option<Exit>>,
}

impl Supervisor {
    /// Starts every child in the order of the table, each when the one before it has started.
    ///
    /// # Errors
    /// The first child that does not start; those before it are stopped again.
    pub async fn start(
        strategy: Strategy,
        table: Vec<ChildSpec>,
        config: &Config,
        root: &Tree,
    ) -> Result<Self, StartError> {
        let child = |spec| Child::new(spec, root, config);
        let children = table.into_iter().map(child).collect();
        let mut tree = Branch { strategy, children, config: config.clone() };
        for place in 0..tree.children.len() {
            if let Err(exit) = tree.start_child(place).await {
                let child = tree.children[place].spec.name;
                tree.stop_children(0..place).await;
                return Err(StartError { child, exit });
            }
        }
        let (stop, stop_asked) = watch::channel(false);
        let (exit_sender, exit) = watch::channel(None);
        run_detached(async move {
            let exit = panics::catch(async { Ok(tree.run(stop_asked).await) }).await;
            let _ = exit_sender.send(Some(exit.unwrap_or_else(|exit| exit)));
        });
        Ok(Self { stop, exit })
    }

    /// Waits until the tree has ended: `Stopped` when it was asked to, else why it gave up. May be
    /// dropped and called again.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        // The sender only goes without a word when the whole runtime is torn down.
        ended.ok().and_then(|exit| exit.clone()).unwrap_or(Exit::Killed)
    }

    /// Stops the children in reverse order, each within `stop_deadline_s`, and waits for the end.
    pub async fn stop(&self) -> Exit {
        self.stop.send_replace(true);
        self.wait().await
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the root of the tree has nobody above it: its end is read from its exit"
)]
fn run_detached(tree: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(tree);
}

struct Child {
    spec: ChildSpec,
    member: Arc<Member>,
    history: History,
    state: ChildState,
}

enum ChildState {
    Running(Life),
    /// It is started again at this time.
    Waiting(Instant),
    /// It has ended and stays so.
    Left,
}

impl Child {
    fn new(spec: ChildSpec, root: &Tree, config: &Config) -> Self {
        let rules = Rules {
            restart: Some(spec.policy),
            strategy: None,
            watch: Some(spec.watch.unwrap_or(config.watch())),
            tasks: spec.tasks,
        };
        let member = root.0.adopt(spec.name, Role::Service, rules);
        Self { spec, member, history: History::default(), state: ChildState::Left }
    }

    fn due(&self) -> Option<Instant> {
        match self.state {
            ChildState::Waiting(due) => Some(due),
            ChildState::Running(_) | ChildState::Left => None,
        }
    }

    fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<Exit> {
        match &mut self.state {
            ChildState::Running(life) => {
                Pin::new(&mut life.ended).poll(context).map(|exit| exit.unwrap_or(Exit::Killed))
            }
            ChildState::Waiting(_) | ChildState::Left => Poll::Pending,
        }
    }
}

struct Branch {
    strategy: Strategy,
    children: Vec<Child>,
    config: Config,
}

impl Branch {
    async fn run(mut self, mut stop: watch::Receiver<bool>) -> Exit {
        loop {
            let due = self.children.iter().filter_map(Child::due).min();
            let went = tokio::select! {
                () = asked(&mut stop) => Err(Exit::Stopped),
                (place, exit) = next_end(&mut self.children) => self.child_ended(place, exit).await,
                () = until(due) => self.start_due().await,
            };
            if let Err(exit) = went {
                self.stop_children(0..self.children.len()).await;
                return exit;
            }
        }
    }

    /// Starts a child and waits until it has started.
    async fn start_child(&mut self, place: usize) -> Result<(), Exit> {
        let child = &mut self.children[place];
        child.state = ChildState::Left;
        child.member.starting();
        let mut life = match (child.spec.begin)(&self.config, &child.member) {
            Ok(life) => life,
            Err(exit) => {
                child.member.ended(&exit);
                return Err(exit);
            }
        };
        match timeout(self.config.start_deadline(), &mut life.started).await {
            Ok(Ok(())) => {
                tracing::info!(service = child.spec.name, "service started");
                child.member.up();
                child.state = ChildState::Running(life);
                Ok(())
            }
            Ok(Err(_)) => Err(life.ended.await.unwrap_or(Exit::Killed)),
            Err(_) => {
                let deadline_s = self.config.start_deadline_s;
                end_by_force(&mut life, &self.config).await;
                Err(Exit::Failed { error: format!("it has not started within {deadline_s} s") })
            }
        }
    }

    async fn start_due(&mut self) -> Result<(), Exit> {
        for place in 0..self.children.len() {
            let due = self.children[place].due();
            if due.is_some_and(|due| due <= Instant::now())
                && let Err(exit) = self.start_child(place).await
            {
                self.child_ended(place, exit).await?;
            }
        }
        Ok(())
    }

    /// Does what the policy of the child that ended asks for; an error is the tree's own end.
    async fn child_ended(&mut self, place: usize, exit: Exit) -> Result<(), Exit> {
        let now = Instant::now();
        let child = &mut self.children[place];
        child.state = ChildState::Left;
        match decide(&child.spec.policy, &child.history, &exit, now) {
            Decision::Leave => Ok(()),
            Decision::Escalate => {
                let name = child.spec.name;
                let error = format!("{name} does not stay up, at last: {exit}");
                tracing::error!(service = name, %exit, "service given up");
                Err(Exit::Failed { error })
            }
            Decision::Restart { after } => {
                child.history.record(&child.spec.policy, now);
                let after = Backoff::jittered(after, rand::random());
                tracing::info!(service = child.spec.name, ?after, "service restarts");
                self.restart(place, now + after).await;
                Ok(())
            }
        }
    }

    /// Stops those that share the fate of the child at `died` and lets them all wait until `due`.
    async fn restart(&mut self, died: usize, due: Instant) {
        let affected = self.strategy.affected(died, self.children.len());
        let were_up: Vec<usize> = affected
            .clone()
            .filter(|place| !matches!(self.children[*place].state, ChildState::Left))
            .collect();
        self.stop_children(affected).await;
        for place in were_up.into_iter().chain([died]) {
            let child = &mut self.children[place];
            if place == died || child.spec.policy.restart != super::Restart::Temporary {
                // Never sooner than it waits for already: that keeps the order of the table.
                let due = child.due().map_or(due, |waits| waits.max(due));
                child.state = ChildState::Waiting(due);
                child.member.backs_off(due);
            }
        }
    }

    /// Stops children in reverse order, each within its deadline.
    async fn stop_children(&mut self, places: std::ops::Range<usize>) {
        for place in places.rev() {
            let child = &mut self.children[place];
            if let ChildState::Running(life) = &mut child.state {
                life.cell.stop(None);
                if timeout(self.config.stop_deadline(), &mut life.ended).await.is_err() {
                    tracing::warn!(service = child.spec.name, "service did not stop in time");
                    end_by_force(life, &self.config).await;
                }
                child.state = ChildState::Left;
            }
        }
    }
}

/// The place of the next child that ends, and why.
async fn next_end(children: &mut [Child]) -> (usize, Exit) {
    poll_fn(|context| {
        for (place, child) in children.iter_mut().enumerate() {
            if let Poll::Ready(exit) = child.poll_ended(context) {
                return Poll::Ready((place, exit));
            }
        }
        Poll::Pending
    })
    .await
}

/// Completes when the tree is asked to stop, or nobody holds its supervisor any more.
async fn asked(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Kills a life. One that is stuck on its thread cannot be killed; it is not waited for.
async fn end_by_force(life: &mut Life, config: &Config) {
    life.cell.kill();
    let _ = timeout(config.stop_deadline(), &mut life.ended).await;
}
