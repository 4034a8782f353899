//! The supervision table as data, and the supervisor that runs it.
//!
//! Rows are services and branches of further rows. `branch` is how a branch works, `restart`
//! decides what an end means. When restarting does not help a branch ends with an [`Exit`], and the
//! branch above decides by its row; what the root ends with is read from [`Supervisor::wait`].

use super::child::Plan;
use super::life::{Life, Reins};
use super::member::Member;
use super::restart::{RestartPolicy, Strategy};
use super::{Config, Exit, Handle, Service, Tree, Watch, branch, incarnation, panics};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use std::sync::Arc;

/// Begins a life of a service.
pub(super) type Begin = Box<dyn Fn(&Config, &Arc<Member>) -> Result<Life, Exit> + Send + Sync>;

/// One row of the supervision table.
pub struct ChildSpec {
    pub(super) name: &'static str,
    pub(super) policy: RestartPolicy,
    pub(super) watch: Option<Watch>,
    pub(super) tasks: Option<Watch>,
    pub(super) essential: bool,
    pub(super) work: Work,
}

/// What a row starts.
pub(super) enum Work {
    Service(Begin),
    Branch(Strategy, Vec<ChildSpec>),
}

impl ChildSpec {
    /// A service: `make` makes it anew for every start, `handle` is pointed to each.
    #[must_use]
    pub fn service<S: Service>(
        name: &'static str,
        policy: RestartPolicy,
        handle: &Handle<S::Message>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let handle = handle.clone();
        let begin: Begin = Box::new(move |config, member| {
            let service = panics::catch_now(&make)?;
            incarnation::begin(member, service, &handle, config)
        });
        Self::new(name, policy, Work::Service(begin))
    }

    /// A supervisor of further rows. It has started when all of them have, in their order; it ends
    /// when one of them does not stay up, and `policy` is about that end.
    #[must_use]
    pub fn branch(
        name: &'static str,
        strategy: Strategy,
        policy: RestartPolicy,
        children: Vec<Self>,
    ) -> Self {
        Self::new(name, policy, Work::Branch(strategy, children))
    }

    fn new(name: &'static str, policy: RestartPolicy, work: Work) -> Self {
        Self { name, policy, watch: None, tasks: None, essential: false, work }
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

    /// Restarted on order, but never stopped: that would take away the way to bring it back. The
    /// same holds for the branches around it.
    #[must_use]
    pub fn essential(self) -> Self {
        Self { essential: true, ..self }
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
    reins: Reins,
    ended: Shared<BoxFuture<'static, Exit>>,
}

impl Supervisor {
    /// Puts the table below `root` and starts every row in order, each when the one before it has
    /// started.
    ///
    /// # Errors
    /// The first child that does not start; those before it are stopped again.
    pub async fn start(
        strategy: Strategy,
        table: Vec<ChildSpec>,
        config: &Config,
        root: &Tree,
    ) -> Result<Self, StartError> {
        let member = &root.0;
        let plans = Plan::table(table, member, &Arc::new(config.clone()));
        member.starting();
        let Life { reins, started, ended } = branch::begin(member, strategy, &plans);
        let ended = ended.shared();
        match started.await {
            Ok(Ok(())) => {
                member.up();
                Ok(Self { reins, ended })
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError { child: "the tree", exit: ended.await }),
        }
    }

    /// Waits until the tree has ended: `Stopped` when it was asked to, else why it gave up. May be
    /// dropped and called again.
    pub async fn wait(&self) -> Exit {
        self.ended.clone().await
    }

    /// Stops the children in reverse order, each within `stop_deadline_s`, and waits for the end.
    pub async fn stop(&self) -> Exit {
        self.reins.stop();
        self.wait().await
    }
}
