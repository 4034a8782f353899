//! A stage for trees: services a to d that write down their starts and stops, in paused time.

use super::services::{Actor, Diary, Order, POLICY};
use crate::runtime::inspect::OrderError;
use crate::runtime::member::Action;
use crate::runtime::{
    ChildSpec, Config, Exit, Handle, RestartPolicy, StartError, Strategy, Supervisor, Tree, orders,
};
use std::time::Duration;
use tokio::time::sleep;

pub(super) const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Longer than any wait before a restart.
pub(super) const LONG: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Stage {
    pub(super) diary: Diary,
    pub(super) handles: [Handle<Order>; 4],
    pub(super) config: Config,
    pub(super) root: Tree,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn with(config: Config) -> Self {
        Self { config, ..Self::default() }
    }

    /// The service of this name.
    pub(super) fn service(&self, name: &str) -> ChildSpec {
        self.child(name, POLICY, |_| {})
    }

    pub(super) fn child(
        &self,
        name: &str,
        policy: RestartPolicy,
        change: fn(&mut Actor),
    ) -> ChildSpec {
        let place = place(name);
        let (name, diary) = (NAMES[place], self.diary.clone());
        let make = move || {
            let mut actor = Actor::new(name, &diary);
            change(&mut actor);
            actor
        };
        ChildSpec::service(name, policy, &self.handles[place], make)
    }

    pub(super) async fn start(
        &self,
        strategy: Strategy,
        table: Vec<ChildSpec>,
    ) -> Result<Supervisor, StartError> {
        Supervisor::start(strategy, table, &self.config, &self.root).await
    }

    /// Starts a tree that must come up; the diary begins behind it.
    pub(super) async fn up(&self, strategy: Strategy, table: Vec<ChildSpec>) -> Supervisor {
        let tree = self.start(strategy, table).await.expect("all start");
        self.diary.read().await;
        tree
    }

    pub(super) fn tell(&self, name: &str, order: Order) {
        assert!(self.handles[place(name)].try_tell(order).is_ok(), "{name} takes messages");
    }

    /// What happens at once when one dies, and what within the longest wait.
    pub(super) async fn let_die(&self, name: &str, exit: Exit) -> (String, String) {
        self.tell(name, Order::Die(exit));
        let at_once = self.diary.read().await;
        sleep(LONG).await;
        (at_once, self.diary.read().await)
    }

    pub(super) async fn order(&self, path: &str, action: Action) -> Result<(), OrderError> {
        orders::order(&self.root, path, action, &self.config).await
    }

    /// Status words and events of the member at a path, oldest first.
    pub(super) fn chronicle(&self, path: &str) -> Vec<String> {
        let member = self.root.0.find(path).expect("it has a place in the tree");
        let mut events = member.now().chronicle.events();
        events.reverse();
        events.into_iter().map(|event| event.event).collect()
    }
}

fn place(name: &str) -> usize {
    NAMES.iter().position(|known| *known == name).expect("one of the stage")
}

/// What is said of one that does not stay up.
pub(super) fn given_up(name: &str, exit: &Exit) -> Exit {
    Exit::Failed { error: format!("{name} does not stay up, at last: {exit}") }
}

pub(super) fn not_now(reason: &str) -> Result<(), OrderError> {
    Err(OrderError::NotNow { reason: reason.to_owned() })
}
