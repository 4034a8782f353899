//! Attempts that are lost, whoever loses them: their work goes on at once, nobody counts it as a
//! failure, and no process, place or folder is left.

use crate::crashes::check_all_complete;
use crate::house::{Attempt, House, POOL, clip};
use playhouse_actors::runtime::Fault;
use playhouse_storage::model::{ContentId, UploadMetadata};
use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;

/// The encode of several renditions from one decode takes seconds: it is there to be hit.
fn is_long(attempt: &Attempt) -> bool {
    attempt.state.starts_with("group of ")
}

fn stop(attempt: &Attempt) {
    let worker = Pid::from_raw(attempt.worker).expect("a process id");
    kill_process(worker, Signal::STOP).expect("it is there");
}

/// No failure was written down: neither counted nor as the last error.
async fn check_uncounted(house: &House, id: ContentId) {
    for rendition in house.stores.catalog.renditions(id).await.expect("renditions") {
        let counted = (rendition.attempts, rendition.last_error);
        assert_eq!(counted, (0, None), "{}", rendition.name);
    }
    let letters = house.stores.catalog.dead_letters(None, 10).await.expect("letters");
    assert_eq!(letters, vec![]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_is_mended_by_restarting_its_attempt() {
    // Its pool would wait for a silent worker for 30 s, and the lease for 60 s.
    let house = House::build().await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    let hung = house.attempt(is_long).await;
    stop(&hung);
    house.platform.inspector.restart(&hung.path).await.expect("it is carried out");
    house.wait_gone(hung.worker).await;
    let next = house.attempt(|it| it.path == hung.path && it.worker != hung.worker).await;
    check_uncounted(&house, id).await;
    check_all_complete(&house, id).await;
    check_uncounted(&house, id).await;
    house.wait_gone(next.worker).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lost_attempt_gives_its_place_back() {
    // Two places, one of them for short jobs only; eight losses would have used up both.
    let house = House::with(|config| config.encode.workers_max = 1).await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    let mut lost: Vec<i32> = vec![];
    for fault in [Fault::Kill, Fault::Panic].repeat(4) {
        let attempt = house.attempt(|it| !lost.contains(&it.worker)).await;
        // One that has just ended by itself is nobody's loss.
        let _ = house.platform.inspector.fault(&attempt.path, fault);
        // Nor does it matter if who clears up after it is hit as well.
        let _ = house.platform.inspector.fault(&format!("{}-lost", attempt.path), Fault::Kill);
        house.wait_gone(attempt.worker).await;
        lost.push(attempt.worker);
        check_uncounted(&house, id).await;
    }
    check_all_complete(&house, id).await;
    check_uncounted(&house, id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_killed_takes_its_workers_with_it_and_begins_anew() {
    let house = House::build().await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    let attempt = house.attempt(is_long).await;
    stop(&attempt);
    house.platform.inspector.fault(POOL, Fault::Kill).expect("the pool is there");
    let took = house.wait_gone(attempt.worker).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    check_all_complete(&house, id).await;
    check_uncounted(&house, id).await;
    house.close().await;
}
