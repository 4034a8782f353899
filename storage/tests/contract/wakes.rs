//! Wake-ups: each is told to one listener, until somebody has settled it.

use playhouse_storage::model::JobId;
use playhouse_storage::wakes::{Call, Listener, Queue, Wake, Wakes};
use std::time::Duration;
use tokio::time::timeout;

/// Longer than any engine takes to tell somebody.
const SOON: Duration = Duration::from_secs(10);
/// Long enough to have heard what is on its way.
const QUIET: Duration = Duration::from_millis(300);

/// `here` and `there` are the same engine, seen by two processes.
pub(crate) async fn check(here: &dyn Wakes, there: &dyn Wakes) {
    here.ping().await.unwrap();
    let story = async {
        each_kind_of_work_has_its_queue(here, there).await;
        what_is_not_settled_is_told_to_another(here, there).await;
        what_is_passed_on_is_told_again(here, there).await;
        a_job_that_waits_for_long_is_told_once(here, there).await;
    };
    tokio::select! {
        end = here.carry() => panic!("the engine carries no more: {end:?}"),
        () = story => {}
    }
    what_is_announced_last_is_flushed(here, there).await;
}

fn call(queue: Queue) -> Call {
    Call { job: JobId::new(), queue, again: false }
}

async fn next(listener: &mut dyn Listener) -> Box<dyn Wake> {
    timeout(SOON, listener.next()).await.expect("somebody is woken").unwrap()
}

async fn silent(listener: &mut dyn Listener) {
    if let Ok(heard) = timeout(QUIET, listener.next()).await {
        panic!("nobody called, but {:?}", heard.unwrap().job());
    }
}

async fn each_kind_of_work_has_its_queue(here: &dyn Wakes, there: &dyn Wakes) {
    let mut audio = there.listen(&[Queue::AUDIO]).await.unwrap();
    let mut video = there.listen(&[Queue::video("720p"), Queue::PROBE]).await.unwrap();
    let calls = [Queue::video("720p"), Queue::AUDIO, Queue::PROBE].map(call);
    calls.into_iter().for_each(|call| here.announce(call));
    let wake = next(&mut *audio).await;
    assert_eq!(wake.job(), calls[1].job);
    wake.settle().await.unwrap();
    let mut heard = Vec::new();
    for _ in 0..2 {
        let wake = next(&mut *video).await;
        heard.push(wake.job());
        wake.settle().await.unwrap();
    }
    heard.sort();
    let mut expected = vec![calls[0].job, calls[2].job];
    expected.sort();
    assert_eq!(heard, expected);
    silent(&mut *audio).await;
    silent(&mut *video).await;
}

/// A worker that was killed took the wake-ups in its hand with it.
async fn what_is_not_settled_is_told_to_another(here: &dyn Wakes, there: &dyn Wakes) {
    let call = call(Queue::AUDIO);
    here.announce(call);
    let mut first = there.listen(&[Queue::AUDIO]).await.unwrap();
    let wake = next(&mut *first).await;
    assert_eq!(wake.job(), call.job);
    drop((wake, first));
    let mut second = here.listen(&[Queue::AUDIO]).await.unwrap();
    let wake = next(&mut *second).await;
    assert_eq!(wake.job(), call.job);
    wake.settle().await.unwrap();
    silent(&mut *second).await;
}

async fn what_is_passed_on_is_told_again(here: &dyn Wakes, there: &dyn Wakes) {
    let call = call(Queue::PICTURES);
    let mut listener = there.listen(&[Queue::PICTURES]).await.unwrap();
    // A future that is dropped before it is ready loses nothing.
    silent(&mut *listener).await;
    here.announce(call);
    for _ in 0..3 {
        let wake = next(&mut *listener).await;
        assert_eq!(wake.job(), call.job);
        wake.pass_on().await.unwrap();
    }
    next(&mut *listener).await.settle().await.unwrap();
    silent(&mut *listener).await;
}

/// With every round of the janitor the queue of a busy house grew by all that waits.
async fn a_job_that_waits_for_long_is_told_once(here: &dyn Wakes, there: &dyn Wakes) {
    let first = call(Queue::VIDEO_OTHER);
    let again = Call { again: true, ..call(Queue::VIDEO_OTHER) };
    for call in [first, again, again] {
        here.announce(call);
        // Told, before the next one is looked at.
        tokio::time::sleep(QUIET).await;
    }
    let mut listener = there.listen(&[Queue::VIDEO_OTHER]).await.unwrap();
    let wake = next(&mut *listener).await;
    assert_eq!(wake.job(), first.job);
    wake.settle().await.unwrap();
    silent(&mut *listener).await;
    here.announce(again);
    let wake = next(&mut *listener).await;
    assert_eq!(wake.job(), again.job, "nobody else waits to be told");
    wake.settle().await.unwrap();
}

async fn what_is_announced_last_is_flushed(here: &dyn Wakes, there: &dyn Wakes) {
    let call = call(Queue::OPENING);
    here.announce(call);
    here.flush().await.unwrap();
    let mut listener = there.listen(&[Queue::OPENING]).await.unwrap();
    let wake = next(&mut *listener).await;
    assert_eq!(wake.job(), call.job);
    wake.settle().await.unwrap();
}
