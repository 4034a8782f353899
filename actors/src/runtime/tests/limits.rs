//! Goal: a node holds no more entities than it may, the least recently used leave first, and one
//! that crashes at once again rests.
//! Method: tallies in a directory with room for three, in paused time.

use super::entities::{Ending, Request, SECOND, Stage};
use crate::runtime::{AskError, Config, Inspector, Tree};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

fn small() -> Stage {
    Stage::new(Config { entities_resident_max: 3, ..Config::default() })
}

async fn touch(stage: &Stage, id: u16) {
    stage.tally(id).ask(Request::Add(1), SECOND).await.expect("it answers");
    sleep(Duration::from_millis(10)).await;
}

/// Ids of the tallies that are resident.
fn resident(stage: &Stage) -> Vec<u16> {
    let there = |id: &u16| {
        Inspector::new(&stage.directory, Tree::default())
            .actor(&format!("entities/test.tally/tally-{id}"))
            .is_some()
    };
    (0..10).filter(there).collect()
}

#[tokio::test(start_paused = true)]
async fn one_too_many_sends_the_least_recently_used_to_sleep() {
    let stage = small();
    for id in [1, 2, 3, 1, 4] {
        touch(&stage, id).await;
    }
    assert_eq!(resident(&stage), [1, 3, 4]);
    touch(&stage, 2).await;
    assert_eq!(resident(&stage), [1, 2, 4]);
    assert_eq!(stage.directory.active(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_is_at_work_stays_and_when_all_are_the_next_is_told_to_come_back() {
    let stage = small();
    let (worked, told, ()) = tokio::join!(
        async {
            let (a, b, c) = (stage.tally(1), stage.tally(2), stage.tally(3));
            tokio::join!(
                a.ask(Request::Wait, SECOND),
                b.ask(Request::Wait, SECOND),
                c.ask(Request::Wait, SECOND)
            )
        },
        async {
            sleep(Duration::from_millis(100)).await;
            stage.tally(4).ask(Request::Add(1), SECOND).await
        },
        async {
            sleep(Duration::from_millis(200)).await;
            stage.world.gate.add_permits(3);
        },
    );
    assert_eq!(worked, (Ok(0), Ok(0), Ok(0)));
    assert_eq!(told, Err(AskError::Busy { retry_after: SECOND }));
    assert_eq!(stage.tally(4).ask(Request::Add(1), SECOND).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_to_those_who_are_being_passivated_lose_nothing() {
    let stage = std::sync::Arc::new(small());
    let mut askers = JoinSet::new();
    for asker in 0..2_u16 {
        let stage = std::sync::Arc::clone(&stage);
        askers.spawn(async move {
            for n in 0..500_u16 {
                // Both go through the same eight addresses, of which three may be there.
                let answer = stage.tally((n + asker) % 8).ask(Request::Add(1), 30 * SECOND).await;
                assert!(answer.is_ok(), "{answer:?}");
            }
        });
    }
    while let Some(asker) = askers.join_next().await {
        asker.expect("every ask was answered");
    }
    assert_eq!(stage.tally(0).ask(Request::Add(0), SECOND).await, Ok(1_000));
    assert!(stage.loads() > 100, "they came and went: {}", stage.loads());
    assert!(stage.directory.active() <= 3);
}

#[tokio::test(start_paused = true)]
async fn one_that_crashes_at_once_again_rests_longer_each_time() {
    let config = Config { crashes_max: 2, crash_rest_first_ms: 1_000, ..Config::default() };
    let stage = Stage::new(config);
    let crash = || async { stage.tally(1).ask(Request::End(Ending::Fail), SECOND).await };
    for _ in 0..2 {
        assert!(matches!(crash().await, Err(AskError::Ended(_))));
    }
    assert!(matches!(crash().await, Err(AskError::Ended(_))));
    assert_eq!(crash().await, Err(AskError::Busy { retry_after: SECOND }));
    assert_eq!(stage.tally(2).ask(Request::Add(1), SECOND).await, Ok(1), "others are not held up");
    sleep(SECOND).await;
    assert!(matches!(crash().await, Err(AskError::Ended(_))));
    assert_eq!(crash().await, Err(AskError::Busy { retry_after: 2 * SECOND }));
    sleep(20 * SECOND).await;
    assert_eq!(stage.tally(1).ask(Request::Add(1), SECOND).await, Ok(2));
}
