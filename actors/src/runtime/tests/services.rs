//! Goal: a service's handle, timers and linked tasks do what they promise over its lives.
//! Method: one service that writes down what happens to it, under a supervisor, in paused time.

use crate::runtime::{
    Backoff, ChildSpec, Config, Exit, Handle, Restart, RestartPolicy, Service, Strategy,
    Supervisor, Tree,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

/// What happened, in order.
#[derive(Clone, Default)]
pub(super) struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    pub(super) fn note(&self, line: impl Into<String>) {
        self.0.lock().expect("nobody panics while writing").push(line.into());
    }

    /// What was written since the last time, after everything that can go on has gone on.
    pub(super) async fn read(&self) -> String {
        sleep(Duration::from_millis(1)).await;
        std::mem::take(&mut *self.0.lock().expect("nobody panics while writing")).join(", ")
    }
}

#[derive(strum::IntoStaticStr)]
pub(super) enum Order {
    Note(&'static str),
    Die(Exit),
    Panic,
    After(Duration, &'static str),
    Task(&'static str),
    PanickingTask,
    EndlessTask,
    Told(Result<String, Exit>),
    Block(Duration),
    /// Blocks its thread until the other end is dropped.
    Wedge(std::sync::mpsc::Receiver<()>),
}

pub(super) struct Actor {
    pub(super) name: &'static str,
    pub(super) diary: Diary,
    /// How start and stop go.
    pub(super) start: Result<Duration, Exit>,
    pub(super) stop: Duration,
}

impl Actor {
    pub(super) fn new(name: &'static str, diary: &Diary) -> Self {
        let (start, stop) = (Ok(Duration::ZERO), Duration::ZERO);
        Self { name, diary: diary.clone(), start, stop }
    }
}

/// Notes that it was dropped.
struct Dropped(Diary);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.note("task dropped");
    }
}

impl Service for Actor {
    type Message = Order;

    async fn start(&mut self, _: &Handle<Order>) -> Result<(), Exit> {
        sleep(self.start.clone()?).await;
        self.diary.note(format!("{} starts", self.name));
        Ok(())
    }

    async fn handle(&mut self, order: Order, me: &Handle<Order>) -> Result<(), Exit> {
        match order {
            Order::Note(line) => self.diary.note(line),
            Order::Die(exit) => return Err(exit),
            Order::Panic => panic!("{} is broken", self.name),
            Order::After(after, line) => me.tell_after(after, Order::Note(line)),
            Order::Task(result) => {
                me.run("task", |_| async move { result.to_owned() }, Order::Told)
            }
            Order::PanickingTask => {
                me.run("task", |_| async { panic!("task broken") }, Order::Told)
            }
            Order::EndlessTask => {
                let dropped = Dropped(self.diary.clone());
                let endless = async move {
                    std::future::pending::<()>().await;
                    drop(dropped);
                    String::new()
                };
                me.run("endless", |_| endless, Order::Told);
            }
            Order::Told(Ok(result)) => self.diary.note(format!("told {result}")),
            Order::Told(Err(exit)) => self.diary.note(exit.to_string()),
            Order::Block(time) => sleep(time).await,
            Order::Wedge(wedge) => {
                self.diary.note("wedged");
                let _ = wedge.recv();
                self.diary.note("released");
            }
        }
        Ok(())
    }

    async fn stop(&mut self) {
        sleep(self.stop).await;
        self.diary.note(format!("{} stops", self.name));
    }
}

pub(super) const POLICY: RestartPolicy = RestartPolicy {
    restart: Restart::Permanent,
    intensity: 2,
    window: Duration::from_secs(60),
    backoff: Backoff { first: Duration::from_secs(2), most: Duration::from_secs(8) },
};

/// A tree with a single service.
async fn alone(config: Config) -> (Supervisor, Handle<Order>, Diary) {
    let (handle, diary) = (Handle::new(), Diary::default());
    let writer = diary.clone();
    let make = move || Actor::new("a", &writer);
    let table = vec![ChildSpec::service("a", POLICY, &handle, make)];
    let tree = Supervisor::start(Strategy::OneForOne, table, &config, &Tree::default()).await;
    assert_eq!(diary.read().await, "a starts");
    (tree.expect("it starts"), handle, diary)
}

#[tokio::test(start_paused = true)]
async fn a_handle_outlives_the_lives_of_its_service() {
    assert!(Handle::new().try_tell(Order::Note("nobody is there")).is_err());
    let (tree, handle, diary) = alone(Config::default()).await;
    assert!(handle.try_tell(Order::Note("first life")).is_ok());
    assert!(handle.try_tell(Order::Panic).is_ok());
    assert_eq!(diary.read().await, "first life");
    assert!(handle.try_tell(Order::Note("between two lives")).is_err());
    sleep(Duration::from_secs(2)).await;
    assert!(handle.try_tell(Order::Note("second life")).is_ok());
    assert_eq!(diary.read().await, "a starts, second life");
    assert_eq!(tree.stop().await, Exit::Stopped);
    assert!(!handle.is_running());
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_refuses_but_not_its_own_timers() {
    let config = Config { service_mailbox_messages_max: 2, ..Config::default() };
    let (_tree, handle, diary) = alone(config).await;
    assert!(handle.try_tell(Order::After(Duration::from_secs(5), "timer")).is_ok());
    assert!(handle.try_tell(Order::Block(Duration::from_secs(10))).is_ok());
    diary.read().await;
    assert!(handle.try_tell(Order::Note("in")).is_ok());
    assert!(handle.try_tell(Order::Note("refused")).is_err());
    sleep(Duration::from_secs(11)).await;
    assert_eq!(diary.read().await, "in, timer");
    assert!(handle.try_tell(Order::Note("room again")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_linked_task_is_a_message() {
    let (_tree, handle, diary) = alone(Config::default()).await;
    assert!(handle.try_tell(Order::Task("result")).is_ok());
    assert!(handle.try_tell(Order::PanickingTask).is_ok());
    let told = diary.read().await;
    assert!(told.starts_with("told result, panicked at "), "{told}");
    assert!(told.contains("tests/services.rs:") && told.ends_with(": task broken"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn timers_and_tasks_end_with_the_life_that_started_them() {
    let (_tree, handle, diary) = alone(Config::default()).await;
    assert!(handle.try_tell(Order::After(Duration::from_secs(5), "from the first life")).is_ok());
    assert!(handle.try_tell(Order::EndlessTask).is_ok());
    assert_eq!(diary.read().await, "");
    assert!(handle.try_tell(Order::Die(Exit::Fenced)).is_ok());
    assert_eq!(diary.read().await, "task dropped");
    sleep(Duration::from_secs(10)).await;
    assert_eq!(diary.read().await, "a starts");
}

#[tokio::test(start_paused = true)]
async fn linked_tasks_live_until_the_service_has_stopped() {
    let (tree, handle, diary) = alone(Config::default()).await;
    assert!(handle.try_tell(Order::EndlessTask).is_ok());
    diary.read().await;
    tree.stop().await;
    assert_eq!(diary.read().await, "a stops, task dropped");
}
