//! Goal: whoever speaks to an entity that ends is told why, and nobody is left hanging.
//! Method: end a tally in every way while others wait behind the request that ends it.

use super::entities::{Ending, Request, SECOND, Stage};
use crate::runtime::{
    AskError, Backoff, ChildSpec, Config, Directory, Exit, Handle, Passivator, Restart,
    RestartPolicy, Strategy, Supervisor, Tree,
};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_with_its_text_and_place_and_the_next_ask_loads_anew() {
    let stage = Stage::new(Config::default());
    let told = stage.tally(1).ask(Request::Panic, SECOND).await;
    let Err(AskError::Ended(Exit::Panicked { message, location })) = told else {
        panic!("{told:?}");
    };
    assert_eq!(message, "no such thing");
    assert!(location.contains("tests/entities.rs:"), "{location}");
    assert_eq!(stage.directory.active(), 0);
    assert_eq!(stage.tally(1).ask(Request::Add(1), SECOND).await, Ok(1));
    assert_eq!(stage.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_and_the_next_ask_loads_anew() {
    let stage = Stage::new(Config::default());
    let told = stage.tally(1).ask(Request::End(Ending::Fail), SECOND).await;
    assert_eq!(told, Err(AskError::Ended(Exit::Failed { error: "no disk".to_owned() })));
    assert_eq!(stage.tally(1).ask(Request::Add(1), SECOND).await, Ok(1));
    assert_eq!(stage.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_busy_store_is_told_as_busy() {
    let stage = Stage::new(Config { retry_after_ms: 3_000, ..Config::default() });
    let told = stage.tally(1).ask(Request::End(Ending::StoreBusy), SECOND).await;
    assert_eq!(told, Err(AskError::Busy { retry_after: 3 * SECOND }));
}

#[tokio::test(start_paused = true)]
async fn those_in_the_queue_are_told_too() {
    let stage = Stage::new(Config::default());
    let tally = stage.tally(1);
    let (worked_on, queued, ()) = tokio::join!(
        tally.ask(Request::WaitAndPanic, SECOND),
        tally.ask(Request::Add(1), SECOND),
        async { stage.world.gate.add_permits(1) },
    );
    assert!(matches!(&worked_on, Err(AskError::Ended(Exit::Panicked { message, .. }))
        if message == "after the wait"));
    assert_eq!(queued, worked_on);
}

#[tokio::test(start_paused = true)]
async fn a_directory_without_a_platform_is_unavailable() {
    let directory = Directory::<Arc<super::entities::World>>::new(Vec::new(), Config::default());
    let tally = directory.entity::<super::entities::Tally>(super::entities::TallyId(1));
    assert_eq!(tally.ask(Request::Add(1), SECOND).await, Err(AskError::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn closing_lets_the_running_finish_and_nobody_in() {
    let stage = Stage::new(Config::default());
    let tally = stage.tally(1);
    let (waiting, queued, (), late) = tokio::join!(
        tally.ask(Request::Wait, SECOND),
        tally.ask(Request::Add(1), SECOND),
        stage.directory.close(),
        async {
            let late = stage.tally(2).ask(Request::Add(1), SECOND).await;
            stage.world.gate.add_permits(1);
            late
        },
    );
    assert_eq!((waiting, queued, late), (Ok(0), Ok(1), Err(AskError::Unavailable)));
    assert_eq!(stage.directory.active(), 0);
    // The directory, the actors and their platform are gone but for what the test holds.
    assert_eq!(Arc::strong_count(&stage.world), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_kills_what_does_not_finish() {
    let stage = Stage::new(Config { close_deadline_s: 2, ..Config::default() });
    let tally = stage.tally(1);
    let (stuck, queued, ()) = tokio::join!(
        tally.ask(Request::Wait, 10 * SECOND),
        tally.ask(Request::Add(1), 10 * SECOND),
        stage.directory.close(),
    );
    assert_eq!(stuck, Err(AskError::Ended(Exit::Killed)));
    assert_eq!(queued, stuck);
}

#[tokio::test(start_paused = true)]
async fn the_passivator_stops_who_is_idle_and_keeps_who_is_not() {
    let stage = Stage::new(Config { idle_s: 100, ..Config::default() });
    let second = Duration::from_secs(1);
    let policy = RestartPolicy {
        restart: Restart::Permanent,
        intensity: 1,
        window: second,
        backoff: Backoff { first: second, most: second },
    };
    let directory = stage.directory.clone();
    let make = move || Passivator::new(directory.clone());
    let table = vec![ChildSpec::service("passivator", policy, &Handle::new(), make)];
    let tree =
        Supervisor::start(Strategy::OneForOne, table, stage.directory.config(), &Tree::default())
            .await;
    let tree = tree.expect("the passivator starts");
    for _ in 0..10 {
        stage.tally(1).ask(Request::Add(1), SECOND).await.expect("it answers");
        tokio::time::sleep(20 * SECOND).await;
    }
    stage.tally(2).ask(Request::Add(1), SECOND).await.expect("it answers");
    assert_eq!((stage.directory.active(), stage.loads()), (2, 2));
    tokio::time::sleep(130 * SECOND).await;
    assert_eq!(stage.directory.active(), 0);
    assert_eq!(tree.stop().await, Exit::Stopped);
}
