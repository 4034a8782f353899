//! Goal: an operator's order does what it says, at once, and says in a sentence when it does not.
//! Method: orders to a, b and c, which write down their starts and stops, in paused time.

use super::services::{Actor, Order, POLICY};
use super::stage::{LONG, Stage, not_now};
use crate::runtime::inspect::OrderError;
use crate::runtime::member::Action;
use crate::runtime::{ChildSpec, Config, Exit, Strategy, Supervisor};
use std::time::Duration;
use tokio::time::{Instant, sleep};

async fn up(stage: &Stage, strategy: Strategy) -> Supervisor {
    stage.up(strategy, ["a", "b", "c"].map(|name| stage.service(name)).into()).await
}

#[tokio::test(start_paused = true)]
async fn what_is_stopped_stays_so_until_it_is_restarted() {
    let stage = Stage::new();
    let _tree = up(&stage, Strategy::OneForOne).await;
    assert_eq!(stage.order("b", Action::Stop).await, Ok(()));
    sleep(LONG).await;
    assert_eq!(stage.diary.read().await, "b stops");
    assert_eq!(stage.order("b", Action::Stop).await, not_now("b is stopped already"));
    assert_eq!(stage.order("b", Action::Restart).await, Ok(()));
    assert_eq!(stage.diary.read().await, "b starts");
    let events = ["started", "ended", "stopped_by_operator"];
    assert_eq!(stage.chronicle("b")[..3], events);
    assert!(stage.chronicle("b").contains(&"restarted_by_operator".to_owned()));
}

async fn check_restart(strategy: Strategy, expected: &str) {
    let stage = Stage::new();
    let _tree = up(&stage, strategy).await;
    assert_eq!(stage.order("b", Action::Restart).await, Ok(()));
    assert_eq!(stage.diary.read().await, expected, "{strategy:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_takes_those_with_it_who_share_the_fate_at_once_and_in_order() {
    check_restart(Strategy::OneForOne, "b stops, b starts").await;
    check_restart(Strategy::RestForOne, "c stops, b stops, b starts, c starts").await;
    let all = "c stops, b stops, a stops, a starts, b starts, c starts";
    check_restart(Strategy::OneForAll, all).await;
}

#[tokio::test(start_paused = true)]
async fn restarts_by_order_do_not_count_as_failures() {
    let stage = Stage::new();
    let _tree = up(&stage, Strategy::OneForOne).await;
    for _ in 0..3 * POLICY.intensity {
        assert_eq!(stage.order("b", Action::Restart).await, Ok(()));
        assert_eq!(stage.diary.read().await, "b stops, b starts");
    }
    assert_eq!(stage.let_die("b", Exit::Killed).await.1, "b starts");
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_for_its_restart_starts_now_or_not_at_all() {
    let stage = Stage::new();
    let _tree = up(&stage, Strategy::OneForOne).await;
    stage.tell("b", Order::Die(Exit::Killed));
    assert_eq!(stage.diary.read().await, "");
    assert_eq!(stage.order("b", Action::Restart).await, Ok(()));
    assert_eq!(stage.diary.read().await, "b starts");
    stage.tell("b", Order::Die(Exit::Killed));
    assert_eq!(stage.diary.read().await, "");
    assert_eq!(stage.order("b", Action::Stop).await, Ok(()));
    sleep(LONG).await;
    assert_eq!(stage.diary.read().await, "");
}

#[tokio::test(start_paused = true)]
async fn one_that_builds_on_another_waits_for_it() {
    let stage = Stage::new();
    let _tree = up(&stage, Strategy::RestForOne).await;
    stage.tell("b", Order::Die(Exit::Killed));
    assert_eq!(stage.diary.read().await, "c stops");
    let refused = not_now("it builds on b, which is not up yet: restart b");
    assert_eq!(stage.order("c", Action::Restart).await, refused);
    assert_eq!(stage.order("b", Action::Restart).await, Ok(()));
    assert_eq!(stage.diary.read().await, "b starts, c starts");
}

#[tokio::test(start_paused = true)]
async fn an_order_to_nobody_or_to_the_node_is_refused() {
    let stage = Stage::new();
    let _tree = up(&stage, Strategy::OneForOne).await;
    let unknown = Err(OrderError::Unknown { path: "x/y".to_owned() });
    assert_eq!(stage.order("x/y", Action::Restart).await, unknown);
    let node = not_now("the node is stopped and started by who runs it");
    assert_eq!(stage.order("", Action::Stop).await, node);
}

#[tokio::test(start_paused = true)]
async fn what_is_essential_is_restarted_but_not_stopped_nor_is_its_branch() {
    let stage = Stage::new();
    let inner = vec![stage.service("b").essential()];
    let branch = ChildSpec::branch("front", Strategy::OneForOne, POLICY, inner);
    let _tree = stage.up(Strategy::OneForOne, vec![stage.service("a"), branch]).await;
    for (path, name) in [("front", "front"), ("front/b", "b")] {
        let reason = format!("{name} cannot be stopped: it is the way to bring it back");
        assert_eq!(stage.order(path, Action::Stop).await, not_now(&reason));
        assert_eq!(stage.order(path, Action::Restart).await, Ok(()));
        assert_eq!(stage.diary.read().await, "b stops, b starts");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_stop_is_ended_by_force_and_the_order_is_answered() {
    let stage = Stage::with(Config { stop_deadline_s: 7, ..Config::default() });
    let hang = |actor: &mut Actor| actor.stop = Duration::from_secs(3600);
    let _tree = stage.up(Strategy::OneForOne, vec![stage.child("a", POLICY, hang)]).await;
    let began = Instant::now();
    assert_eq!(stage.order("a", Action::Stop).await, Ok(()));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(!stage.handles[0].is_running());
}

#[tokio::test(start_paused = true)]
async fn a_task_is_ended_and_its_service_hears_of_it() {
    let stage = Stage::new();
    let _tree = up(&stage, Strategy::OneForOne).await;
    stage.tell("a", Order::EndlessTask);
    stage.diary.read().await;
    assert_eq!(stage.order("a/endless", Action::Stop).await, Ok(()));
    assert_eq!(stage.diary.read().await, "task dropped, killed");
}
