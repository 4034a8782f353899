//! Goal: the tree starts, restarts, gives up and stops as its table says.
//! Method: services that write down their starts and stops, in paused time.

use super::services::{Actor, Order, POLICY};
use super::stage::{LONG, Stage, given_up};
use crate::runtime::{ChildSpec, Config, Exit, Restart, RestartPolicy, StartError, Strategy};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// a, b and c, of which b has this policy.
fn table(stage: &Stage, b: RestartPolicy) -> Vec<ChildSpec> {
    vec![stage.service("a"), stage.child("b", b, |_| {}), stage.service("c")]
}

async fn check(strategy: Strategy, at_once: &str, later: &str) {
    let stage = Stage::new();
    let _tree = stage.up(strategy, table(&stage, POLICY)).await;
    let seen = stage.let_die("b", Exit::Killed).await;
    assert_eq!(seen, (at_once.to_owned(), later.to_owned()), "{strategy:?}");
}

#[tokio::test(start_paused = true)]
async fn each_strategy_restarts_whom_it_must() {
    check(Strategy::OneForOne, "", "b starts").await;
    check(Strategy::RestForOne, "c stops", "b starts, c starts").await;
    check(Strategy::OneForAll, "c stops, a stops", "a starts, b starts, c starts").await;
}

#[tokio::test(start_paused = true)]
async fn children_start_in_order_and_stop_in_reverse_order() {
    let stage = Stage::new();
    let tree = stage.start(Strategy::OneForOne, table(&stage, POLICY)).await.expect("all start");
    assert_eq!(stage.diary.read().await, "a starts, b starts, c starts");
    assert_eq!(tree.stop().await, Exit::Stopped);
    assert_eq!(stage.diary.read().await, "c stops, b stops, a stops");
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_dropped_stops() {
    let stage = Stage::new();
    drop(stage.up(Strategy::OneForOne, table(&stage, POLICY)).await);
    assert_eq!(stage.diary.read().await, "c stops, b stops, a stops");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stay_up_ends_the_tree() {
    let stage = Stage::new();
    let tree = stage.up(Strategy::OneForOne, table(&stage, POLICY)).await;
    for _ in 0..POLICY.intensity {
        assert_eq!(stage.let_die("b", Exit::Fenced).await.1, "b starts");
    }
    stage.tell("b", Order::Die(Exit::Fenced));
    assert_eq!(tree.wait().await, given_up("b", &Exit::Fenced));
    assert_eq!(stage.diary.read().await, "c stops, a stops");
    assert_eq!(stage.chronicle("b").last().map(String::as_str), Some("gave_up"));
}

/// How long b is away after each of its deaths, which come so far apart.
async fn waits(pause: Duration, deaths: usize) -> Vec<Duration> {
    let stage = Stage::new();
    let policy = RestartPolicy { intensity: 10, ..POLICY };
    let _tree = stage.up(Strategy::OneForOne, table(&stage, policy)).await;
    let mut waits = vec![];
    for _ in 0..deaths {
        stage.tell("b", Order::Panic);
        let died = Instant::now();
        while stage.diary.read().await != "b starts" {}
        waits.push(died.elapsed());
        sleep(pause).await;
    }
    waits
}

#[tokio::test(start_paused = true)]
async fn the_wait_before_a_restart_doubles_up_to_the_most_with_jitter() {
    let waits = waits(Duration::ZERO, 5).await;
    for (waited, most_s) in waits.iter().zip([2, 4, 8, 8, 8]) {
        assert!(*waited >= Duration::from_secs(most_s) / 2, "{waits:?}");
        assert!(*waited <= Duration::from_millis(most_s * 1000 + 10), "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_begins_anew_after_a_quiet_window() {
    let waits = waits(POLICY.window, 4).await;
    assert!(waits.iter().all(|waited| *waited <= Duration::from_millis(2_010)), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_may_leave_and_a_temporary_one_does_not_come_back() {
    let stage = Stage::new();
    let transient = RestartPolicy { restart: Restart::Transient, ..POLICY };
    let _tree = stage.up(Strategy::OneForAll, table(&stage, transient)).await;
    assert_eq!(stage.let_die("b", Exit::Stopped).await, (String::new(), String::new()));
    stage.let_die("a", Exit::Killed).await;
    assert_eq!(stage.chronicle("b"), ["started", "ended"]);

    let stage = Stage::new();
    let temporary = RestartPolicy { restart: Restart::Temporary, ..POLICY };
    let _tree = stage.up(Strategy::OneForAll, table(&stage, temporary)).await;
    let seen = stage.let_die("a", Exit::Killed).await;
    assert_eq!(seen, ("c stops, b stops".to_owned(), "a starts, c starts".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_is_named_and_those_before_it_are_stopped() {
    let failed = Exit::Failed { error: "the port is taken".to_owned() };
    let stage = Stage::new();
    let taken = |actor: &mut Actor| {
        actor.start = Err(Exit::Failed { error: "the port is taken".to_owned() });
    };
    let table = vec![stage.service("a"), stage.child("b", POLICY, taken)];
    let refused = stage.start(Strategy::OneForOne, table).await;
    assert_eq!(refused.err(), Some(StartError { child: "b", exit: failed }));
    assert_eq!(stage.diary.read().await, "a starts, a stops");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_ends_at_its_deadline() {
    let stage = Stage::with(Config { start_deadline_s: 7, ..Config::default() });
    let hang = |actor: &mut Actor| actor.start = Ok(Duration::from_secs(3600));
    let refused = stage.start(Strategy::OneForOne, vec![stage.child("a", POLICY, hang)]).await;
    let exit = Exit::Failed { error: "it has not started within 7 s".to_owned() };
    assert_eq!(refused.err(), Some(StartError { child: "a", exit }));
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_hangs_is_cut_short_and_the_others_still_stop() {
    let stage = Stage::with(Config { stop_deadline_s: 7, ..Config::default() });
    let hang = |actor: &mut Actor| actor.stop = Duration::from_secs(3600);
    let table = vec![stage.service("a"), stage.child("b", POLICY, hang)];
    let tree = stage.up(Strategy::OneForOne, table).await;
    let began = Instant::now();
    assert_eq!(tree.stop().await, Exit::Stopped);
    assert_eq!(stage.diary.read().await, "a stops");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_tree_stops_while_a_child_is_on_its_way_up() {
    let stage = Stage::with(Config { stop_deadline_s: 7, ..Config::default() });
    let policy = RestartPolicy { intensity: 10, ..POLICY };
    let slow = |actor: &mut Actor| actor.start = Ok(Duration::from_secs(20));
    let table = vec![stage.service("a"), stage.child("b", policy, slow)];
    let tree = stage.up(Strategy::OneForOne, table).await;
    stage.tell("b", Order::Die(Exit::Killed));
    sleep(LONG).await;
    let began = Instant::now();
    assert_eq!(tree.stop().await, Exit::Stopped);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}
