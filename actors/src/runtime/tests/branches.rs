//! Goal: a branch is a child like any other, and trouble goes up through it.
//! Method: a node of a, a branch of b and c, and d; each writes down its starts and stops.

use super::services::{Actor, Order, POLICY};
use super::stage::{Stage, given_up};
use crate::runtime::inspect::view::Role;
use crate::runtime::member::Action;
use crate::runtime::{ChildSpec, Config, Exit, RestartPolicy, StartError, Strategy};
use std::time::Duration;
use tokio::time::Instant;

/// A branch that gives up at the second end of a child within a minute, and may do so twice.
const BRANCH: RestartPolicy = RestartPolicy { window: Duration::from_secs(600), ..POLICY };
const ONCE: RestartPolicy = RestartPolicy { intensity: 1, ..POLICY };

fn table(stage: &Stage, inner: Strategy) -> Vec<ChildSpec> {
    let child = |name| stage.child(name, ONCE, |_| {});
    let branch = ChildSpec::branch("branch", inner, BRANCH, vec![child("b"), child("c")]);
    vec![stage.service("a"), branch, stage.service("d")]
}

#[tokio::test(start_paused = true)]
async fn a_branch_starts_and_stops_in_its_place() {
    let stage = Stage::new();
    let tree = stage.start(Strategy::OneForOne, table(&stage, Strategy::OneForOne)).await;
    assert_eq!(stage.diary.read().await, "a starts, b starts, c starts, d starts");
    let branch = stage.root.0.find("branch").expect("it is in the tree");
    let below: Vec<String> = branch.children().iter().map(|child| child.path.clone()).collect();
    assert_eq!(
        (branch.role, below.as_slice()),
        (Role::Supervisor, &["branch/b", "branch/c"].map(str::to_owned)[..])
    );
    assert_eq!(tree.expect("all start").stop().await, Exit::Stopped);
    assert_eq!(stage.diary.read().await, "d stops, c stops, b stops, a stops");
}

async fn check(outer: Strategy, inner: Strategy, b_dies: &str, branch_gives_up: &str) {
    let stage = Stage::new();
    let _tree = stage.up(outer, table(&stage, inner)).await;
    let (at_once, later) = stage.let_die("b", Exit::Killed).await;
    assert_eq!(format!("{at_once} | {later}"), b_dies, "{outer:?} {inner:?}");
    let (at_once, later) = stage.let_die("b", Exit::Killed).await;
    assert_eq!(format!("{at_once} | {later}"), branch_gives_up, "{outer:?} {inner:?}");
}

#[tokio::test(start_paused = true)]
async fn each_level_has_its_own_strategy() {
    use Strategy::{OneForAll, OneForOne, RestForOne};
    let both = "c stops | b starts, c starts";
    check(OneForOne, OneForOne, " | b starts", both).await;
    check(OneForOne, OneForAll, both, both).await;
    let rest = "c stops, d stops | b starts, c starts, d starts";
    check(RestForOne, RestForOne, both, rest).await;
    let all = "c stops, d stops, a stops | a starts, b starts, c starts, d starts";
    check(OneForAll, OneForOne, " | b starts", all).await;
}

#[tokio::test(start_paused = true)]
async fn trouble_goes_up_through_a_branch_and_ends_the_node_at_last() {
    let stage = Stage::new();
    let tree = stage.up(Strategy::OneForOne, table(&stage, Strategy::OneForOne)).await;
    for _ in 0..BRANCH.intensity {
        stage.let_die("b", Exit::Fenced).await;
        stage.let_die("b", Exit::Fenced).await;
    }
    stage.let_die("b", Exit::Fenced).await;
    stage.tell("b", Order::Die(Exit::Fenced));
    let gave_up = given_up("b", &Exit::Fenced);
    assert_eq!(tree.wait().await, given_up("branch", &gave_up));
    assert_eq!(stage.diary.read().await, "c stops, d stops, a stops");
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_child_outlives_its_branch() {
    let stage = Stage::new();
    let _tree = stage.up(Strategy::OneForOne, table(&stage, Strategy::OneForOne)).await;
    stage.tell("c", Order::Note("a message"));
    stage.let_die("b", Exit::Killed).await;
    stage.let_die("b", Exit::Killed).await;
    let b = ["started", "ended", "restarting", "started", "ended", "gave_up", "started"];
    assert_eq!(stage.chronicle("branch/b"), b);
    assert_eq!(stage.chronicle("branch"), ["started", "ended", "restarting", "started"]);
    let c = stage.root.0.find("branch/c").expect("it is in the tree");
    assert_eq!((c.sums().handled, c.now().restarts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_does_not_start_says_which_child_did_not() {
    let stage = Stage::new();
    let taken = |actor: &mut Actor| actor.start = Err(Exit::Busy);
    let inner = vec![stage.service("b"), stage.child("c", POLICY, taken)];
    let branch = ChildSpec::branch("branch", Strategy::OneForOne, BRANCH, inner);
    let refused = stage.start(Strategy::OneForOne, vec![stage.service("a"), branch]).await;
    let inner = StartError { child: "c", exit: Exit::Busy };
    let exit = Exit::Failed { error: inner.to_string() };
    assert_eq!(refused.err(), Some(StartError { child: "branch", exit }));
    assert_eq!(stage.diary.read().await, "a starts, b starts, b stops, a stops");
}

#[tokio::test(start_paused = true)]
async fn killing_a_branch_ends_everything_below_it_at_once() {
    let stage = Stage::new();
    let hang = |actor: &mut Actor| actor.stop = Duration::from_secs(3600);
    let inner = vec![stage.child("b", POLICY, hang), stage.child("c", POLICY, hang)];
    let branch = ChildSpec::branch("branch", Strategy::OneForOne, BRANCH, inner);
    let _tree = stage.up(Strategy::OneForOne, vec![branch, stage.service("d")]).await;
    let began = Instant::now();
    stage.root.0.find("branch").expect("it is in the tree").kill(Exit::Killed);
    stage.diary.read().await;
    assert!(!stage.handles[1].is_running() && !stage.handles[2].is_running());
    while stage.diary.read().await != "b starts, c starts" {}
    assert!(began.elapsed() <= Duration::from_millis(2_100), "{:?}", began.elapsed());
    assert_eq!(stage.chronicle("branch/c"), ["started", "ended", "started"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_to_stop_a_branch_stops_what_is_below_until_it_is_restarted() {
    let stage = Stage::with(Config::default());
    let _tree = stage.up(Strategy::OneForOne, table(&stage, Strategy::OneForOne)).await;
    assert_eq!(stage.order("branch", Action::Stop).await, Ok(()));
    assert_eq!(stage.diary.read().await, "c stops, b stops");
    let down = super::stage::not_now("branch, which answers for it, does not run");
    assert_eq!(stage.order("branch/b", Action::Restart).await, down);
    assert_eq!(stage.order("branch", Action::Restart).await, Ok(()));
    assert_eq!(stage.diary.read().await, "b starts, c starts");
}
