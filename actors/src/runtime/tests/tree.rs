//! Goal: the tree starts, restarts, gives up and stops as its table says.
//! Method: three services a, b, c that write down their starts and stops, in paused time.

use super::services::{Actor, Diary, Order, POLICY};
use crate::runtime::{
    ChildSpec, Config, Exit, Handle, Restart, RestartPolicy, StartError, Strategy, Supervisor, Tree,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const NAMES: [&str; 3] = ["a", "b", "c"];

struct Stage {
    diary: Diary,
    handles: [Handle<Order>; 3],
}

impl Stage {
    fn new() -> Self {
        Self { diary: Diary::default(), handles: std::array::from_fn(|_| Handle::new()) }
    }

    fn child(&self, place: usize, policy: RestartPolicy, change: fn(&mut Actor)) -> ChildSpec {
        let (name, diary) = (NAMES[place], self.diary.clone());
        let make = move || {
            let mut actor = Actor::new(name, &diary);
            change(&mut actor);
            actor
        };
        ChildSpec::service(name, policy, &self.handles[place], make)
    }

    /// Starts a, b and c, of which b has this policy.
    async fn run(&self, strategy: Strategy, b: RestartPolicy) -> Supervisor {
        let keep = |_: &mut Actor| {};
        let table =
            vec![self.child(0, POLICY, keep), self.child(1, b, keep), self.child(2, POLICY, keep)];
        let tree = Supervisor::start(strategy, table, &Config::default(), &Tree::default()).await;
        assert_eq!(self.diary.read().await, "a starts, b starts, c starts");
        tree.expect("all three start")
    }

    /// What happens at once when b dies, and what within the longest wait.
    async fn let_b_die(&self, exit: Exit) -> (String, String) {
        assert!(self.handles[1].try_tell(Order::Die(exit)).is_ok());
        let at_once = self.diary.read().await;
        sleep(Duration::from_secs(10)).await;
        (at_once, self.diary.read().await)
    }
}

async fn check(strategy: Strategy, at_once: &str, later: &str) {
    let stage = Stage::new();
    let _tree = stage.run(strategy, POLICY).await;
    let seen = stage.let_b_die(Exit::Killed).await;
    assert_eq!(seen, (at_once.to_owned(), later.to_owned()), "{strategy:?}");
}

#[tokio::test(start_paused = true)]
async fn each_strategy_restarts_whom_it_must() {
    check(Strategy::OneForOne, "", "b starts").await;
    check(Strategy::RestForOne, "c stops", "b starts, c starts").await;
    check(Strategy::OneForAll, "c stops, a stops", "a starts, b starts, c starts").await;
}

#[tokio::test(start_paused = true)]
async fn children_stop_in_reverse_order() {
    let stage = Stage::new();
    let tree = stage.run(Strategy::OneForOne, POLICY).await;
    assert_eq!(tree.stop().await, Exit::Stopped);
    assert_eq!(stage.diary.read().await, "c stops, b stops, a stops");
    drop(stage.run(Strategy::OneForOne, POLICY).await);
    assert_eq!(stage.diary.read().await, "c stops, b stops, a stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stay_up_ends_the_tree() {
    let stage = Stage::new();
    let tree = stage.run(Strategy::OneForOne, POLICY).await;
    for _ in 0..POLICY.intensity {
        assert_eq!(stage.let_b_die(Exit::Fenced).await.1, "b starts");
    }
    assert!(stage.handles[1].try_tell(Order::Die(Exit::Fenced)).is_ok());
    let error = "b does not stay up, at last: fenced".to_owned();
    assert_eq!(tree.wait().await, Exit::Failed { error });
    assert_eq!(stage.diary.read().await, "c stops, a stops");
}

#[tokio::test(start_paused = true)]
async fn the_wait_before_a_restart_doubles() {
    let stage = Stage::new();
    let _tree = stage.run(Strategy::OneForOne, POLICY).await;
    for (at_least_s, at_most_s) in [(1, 2), (2, 4)] {
        assert!(stage.handles[1].try_tell(Order::Panic).is_ok());
        let died = Instant::now();
        while stage.diary.read().await != "b starts" {}
        let waited = died.elapsed();
        assert!(waited >= Duration::from_secs(at_least_s), "{waited:?}");
        assert!(waited <= Duration::from_millis(at_most_s * 1000 + 10), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_may_leave_and_a_temporary_one_does_not_come_back() {
    let stage = Stage::new();
    let transient = RestartPolicy { restart: Restart::Transient, ..POLICY };
    let _tree = stage.run(Strategy::OneForAll, transient).await;
    assert_eq!(stage.let_b_die(Exit::Stopped).await, (String::new(), String::new()));
    assert!(stage.handles[0].try_tell(Order::Die(Exit::Killed)).is_ok());
    sleep(Duration::from_secs(10)).await;
    assert_eq!(stage.diary.read().await, "c stops, a starts, c starts");

    let stage = Stage::new();
    let temporary = RestartPolicy { restart: Restart::Temporary, ..POLICY };
    let _tree = stage.run(Strategy::OneForAll, temporary).await;
    assert!(stage.handles[0].try_tell(Order::Die(Exit::Killed)).is_ok());
    sleep(Duration::from_secs(10)).await;
    assert_eq!(stage.diary.read().await, "c stops, b stops, a starts, c starts");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_is_named_and_those_before_it_are_stopped() {
    let failed = Exit::Failed { error: "the port is taken".to_owned() };
    let stage = Stage::new();
    let taken = |actor: &mut Actor| {
        actor.start = Err(Exit::Failed { error: "the port is taken".to_owned() });
    };
    let table = vec![stage.child(0, POLICY, |_| {}), stage.child(1, POLICY, taken)];
    let refused =
        Supervisor::start(Strategy::OneForOne, table, &Config::default(), &Tree::default()).await;
    assert_eq!(refused.err(), Some(StartError { child: "b", exit: failed }));
    assert_eq!(stage.diary.read().await, "a starts, a stops");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_ends_at_its_deadline() {
    let stage = Stage::new();
    let hang = |actor: &mut Actor| actor.start = Ok(Duration::from_secs(3600));
    let table = vec![stage.child(0, POLICY, hang)];
    let config = Config { start_deadline_s: 7, ..Config::default() };
    let refused = Supervisor::start(Strategy::OneForOne, table, &config, &Tree::default()).await;
    let exit = Exit::Failed { error: "it has not started within 7 s".to_owned() };
    assert_eq!(refused.err(), Some(StartError { child: "a", exit }));
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_hangs_is_cut_short_and_the_others_still_stop() {
    let stage = Stage::new();
    let hang = |actor: &mut Actor| actor.stop = Duration::from_secs(3600);
    let table = vec![stage.child(0, POLICY, |_| {}), stage.child(1, POLICY, hang)];
    let config = Config { stop_deadline_s: 7, ..Config::default() };
    let tree = Supervisor::start(Strategy::OneForOne, table, &config, &Tree::default()).await;
    let (tree, began) = (tree.expect("both start"), Instant::now());
    stage.diary.read().await;
    assert_eq!(tree.stop().await, Exit::Stopped);
    assert_eq!(stage.diary.read().await, "a stops");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}
