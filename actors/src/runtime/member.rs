//! A supervisor, service or task in the tree of the node: what stays of it over its lives.
//!
//! Members hang below each other as the supervision table says. A life (`Vitals` and the levers to
//! end it) comes and goes; name, sums, chronicle and the count of restarts stay.

use super::chronicle::{Chronicle, Happening};
use super::inspect::view::Role;
use super::ledger::{Ledger, Sums};
use super::life::Levers;
use super::vitals::Vitals;
use super::{Exit, RestartPolicy, Strategy, Watch, clock};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Orders that may wait for one supervisor: operators are few.
const ORDERS_MAX: usize = 8;

/// The tree of a node: empty until a supervisor starts its table below it. Cheap to clone.
#[derive(Clone)]
pub struct Tree(pub(super) Arc<Member>);

impl Default for Tree {
    fn default() -> Self {
        Self(Member::root())
    }
}

/// One place in the tree.
pub(super) struct Member {
    pub(super) name: String,
    /// Names joined by `/`; empty for the node.
    pub(super) path: String,
    pub(super) role: Role,
    pub(super) rules: Rules,
    pub(super) ledger: Ledger,
    now: Mutex<Now>,
    children: Mutex<Vec<Arc<Member>>>,
    /// How its supervisor is reached, if it is one.
    orders: Mutex<Option<mpsc::Sender<Order>>>,
}

/// What holds for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    /// When and how often it is restarted; none for the node and for tasks.
    pub(super) restart: Option<RestartPolicy>,
    /// Who shares the fate of a child, if it is a supervisor.
    pub(super) strategy: Option<Strategy>,
    /// How long its handlers may take; none when nobody looks.
    pub(super) watch: Option<Watch>,
    /// How long its tasks may say nothing, if that is not the same.
    pub(super) tasks: Option<Watch>,
}

/// How it is at present.
#[derive(Default)]
pub(super) struct Now {
    pub(super) standing: Standing,
    pub(super) life: Option<Life>,
    pub(super) chronicle: Chronicle,
    pub(super) restarts: u64,
    /// What it says about itself, if that changes as it goes.
    pub(super) says: Option<String>,
    /// The exit that it was killed with, known before it ends.
    pub(super) doom: Option<Exit>,
}

/// Whether it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    Starting,
    Up,
    /// It is started again at this time.
    BackingOff(Instant),
    /// It has ended and stays so.
    #[default]
    Stopped,
}

/// What can be seen and pulled of a life.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) vitals: Arc<Vitals>,
    pub(super) levers: Levers,
}

/// What an operator asks of a supervisor.
pub(super) struct Order {
    /// Name of the child.
    pub(super) child: String,
    pub(super) action: Action,
    /// One sentence when it is not done.
    pub(super) done: oneshot::Sender<Result<(), String>>,
}

/// What is to be done with a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Restart,
    Stop,
}

impl Member {
    /// The root of a tree.
    pub(super) fn root() -> Arc<Self> {
        Arc::new(Self::new(String::new(), String::new(), Role::Node, Rules::default()))
    }

    fn new(name: String, path: String, role: Role, rules: Rules) -> Self {
        Self {
            name,
            path,
            role,
            rules,
            ledger: Ledger::new(),
            now: Mutex::default(),
            children: Mutex::default(),
            orders: Mutex::default(),
        }
    }

    /// Puts a new member below this one, after those that are there.
    pub(super) fn adopt(&self, name: impl Into<String>, role: Role, rules: Rules) -> Arc<Self> {
        let name = name.into();
        let path =
            if self.path.is_empty() { name.clone() } else { format!("{}/{name}", self.path) };
        let child = Arc::new(Self::new(name, path, role, rules));
        lock(&self.children).push(Arc::clone(&child));
        child
    }

    /// Takes a member out of the tree.
    pub(super) fn disown(&self, child: &Arc<Self>) {
        lock(&self.children).retain(|other| !Arc::ptr_eq(other, child));
    }

    pub(super) fn children(&self) -> Vec<Arc<Self>> {
        lock(&self.children).clone()
    }

    /// The member at a path below this one.
    pub(super) fn find(self: &Arc<Self>, path: &str) -> Option<Arc<Self>> {
        if path.is_empty() {
            return Some(Arc::clone(self));
        }
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let child = lock(&self.children).iter().find(|child| child.name == name).cloned();
        child?.find(rest)
    }

    /// Lets operators reach the supervisor that this member is; it reads the orders.
    pub(super) fn take_orders(&self) -> mpsc::Receiver<Order> {
        let (sender, receiver) = mpsc::channel(ORDERS_MAX);
        *lock(&self.orders) = Some(sender);
        receiver
    }

    pub(super) fn orders(&self) -> Option<mpsc::Sender<Order>> {
        lock(&self.orders).clone()
    }

    /// Reads or changes how it is at present.
    pub(super) fn now(&self) -> MutexGuard<'_, Now> {
        lock(&self.now)
    }

    /// It is on its way up.
    pub(super) fn starting(&self) {
        let mut now = self.now();
        now.standing = Standing::Starting;
        if self.ledger.lives() > 0 {
            now.restarts += 1;
        }
        self.ledger.begins();
    }

    /// A life of it has begun.
    pub(super) fn lives(&self, life: Life) {
        self.now().life = Some(life);
    }

    /// It is up.
    pub(super) fn up(&self) {
        let mut now = self.now();
        now.standing = Standing::Up;
        now.chronicle.note(Happening::Started, "", 0);
    }

    /// This life of it has ended. One that was cut off and ends at last is not the present one.
    pub(super) fn life_ended(&self, vitals: &Arc<Vitals>, exit: &Exit) {
        if self.is_life(vitals) {
            self.ended(exit);
        }
    }

    /// The present life of it has ended: its counters are kept, what was in its mailbox is counted
    /// as lost.
    pub(super) fn ended(&self, exit: &Exit) {
        let mut now = self.now();
        let (mut lost, mut trace) = (0, 0);
        if let Some(life) = now.life.take() {
            trace = life.vitals.doing().trace;
            lost = self.ledger.retire(&life.vitals);
        }
        if !exit.in_order() {
            self.ledger.crashed();
        }
        now.standing = Standing::Stopped;
        now.doom = None;
        now.chronicle.ended(exit, trace);
        drop(now);
        if lost > 0 {
            tracing::warn!(actor = self.path, lost, "messages were lost with a mailbox");
        }
    }

    /// It is started again at `due`.
    pub(super) fn backs_off(&self, due: Instant) {
        let mut now = self.now();
        now.standing = Standing::BackingOff(due);
        let after = due.saturating_duration_since(Instant::now());
        now.chronicle.note(Happening::Restarting, &format!("in {:.1} s", after.as_secs_f64()), 0);
    }

    /// It is not started again, for now.
    pub(super) fn stays_down(&self) {
        self.now().standing = Standing::Stopped;
    }

    pub(super) fn note(&self, what: Happening, detail: &str) {
        self.now().chronicle.note(what, detail, 0);
    }

    /// Kills its present life, which ends with `exit`. A handler that blocks its thread goes on.
    pub(super) fn kill(&self, exit: Exit) {
        let mut now = self.now();
        let Some(life) = now.life.clone() else { return };
        now.doom = Some(exit);
        drop(now);
        life.levers.kill();
    }

    /// The exit of a life that was killed.
    pub(super) fn doom(&self, vitals: &Arc<Vitals>) -> Exit {
        let doom = if self.is_life(vitals) { self.now().doom.take() } else { None };
        doom.unwrap_or(Exit::Killed)
    }

    fn is_life(&self, vitals: &Arc<Vitals>) -> bool {
        self.now().life.as_ref().is_some_and(|life| Arc::ptr_eq(&life.vitals, vitals))
    }

    /// The sums of all its lives.
    pub(super) fn sums(&self) -> Sums {
        let now = self.now();
        let mut sums = self.ledger.past();
        if let Some(life) = &now.life {
            sums += Sums::of(&life.vitals);
        }
        sums
    }

    /// Since when its present life lasts.
    pub(super) fn started_at(&self) -> Option<jiff::Timestamp> {
        self.now().life.as_ref().map(|life| clock::wall(life.vitals.began()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
