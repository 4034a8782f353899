//! Goal: a service whose handler blocks its thread is given up, and its successor has its place.
//! Method: real threads; the handler waits on a channel that the test holds.

use super::services::{Order, POLICY};
use super::stage::Stage;
use crate::runtime::{Backoff, Config, Exit, RestartPolicy, Strategy};
use std::sync::mpsc::channel;
use std::time::Duration;
use tokio::time::{Instant, sleep};

async fn seen(stage: &Stage, line: &str) {
    let until = Instant::now() + Duration::from_secs(60);
    let mut all = String::new();
    while !all.contains(line) {
        assert!(Instant::now() < until, "{line} is not in {all}");
        all += &stage.diary.read().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_life_that_blocks_its_thread_is_given_up_as_stuck_and_has_a_successor() {
    let stage = Stage::with(Config { kill_grace_ms: 50, ..Config::default() });
    let first = Duration::from_millis(10);
    let policy = RestartPolicy { backoff: Backoff { first, most: first }, ..POLICY };
    let _tree = stage.up(Strategy::OneForOne, vec![stage.child("a", policy, |_| {})]).await;
    let (release, wedge) = channel();
    stage.tell("a", Order::Wedge(wedge));
    seen(&stage, "wedged").await;
    let member = stage.root.0.find("a").expect("it is in the tree");
    member.kill(Exit::Killed);
    seen(&stage, "a starts").await;
    assert_eq!(
        member.now().chronicle.last_exit().map(|exit| exit.reason),
        Some("stuck".to_owned())
    );

    // The end of the first life, at last, is no end of the second.
    drop(release);
    seen(&stage, "released").await;
    sleep(Duration::from_millis(20)).await;
    stage.tell("a", Order::Note("second life"));
    seen(&stage, "second life").await;
    assert_eq!(stage.chronicle("a"), ["started", "ended", "restarting", "started"]);
}
