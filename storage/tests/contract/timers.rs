//! Durable timers: set and cleared by their owner's commits, kept until they are answered.

use super::records::*;
use jiff::Timestamp;
use playhouse_storage::Error;
use playhouse_storage::catalog::{Catalog, Write};
use playhouse_storage::model::*;
use std::sync::Arc;

pub(crate) async fn check(catalog: Arc<dyn Catalog>) {
    let fences = catalog.claim_shards(4).await.unwrap();
    a_timer_comes_when_it_is_due(&*catalog, fences[2]).await;
    a_timer_moves_when_it_is_set_again(&*catalog, fences[0]).await;
    what_was_set_anew_is_not_taken_by_who_rang_the_old(&*catalog, fences[0]).await;
    an_unanswered_timer_lets_the_others_pass(&*catalog, fences[0]).await;
    a_stranger_sets_and_clears_nothing(&*catalog, fences[1]).await;
}

const KIND: &str = "test.kind";

fn set(id: &str, name: &'static str, seconds: i64) -> Write {
    Write::SetTimer { kind: KIND, id: id.into(), name, due_at: time(seconds) }
}

fn clear(id: &str, name: &'static str) -> Write {
    Write::ClearTimer { kind: KIND, id: id.into(), name }
}

async fn write(catalog: &dyn Catalog, fence: Fence, writes: Vec<Write>) {
    catalog.commit(commit(fence, writes)).await.unwrap();
}

async fn due(catalog: &dyn Catalog, seconds: i64) -> Vec<Timer> {
    catalog.timers_due(time(seconds), 100).await.unwrap()
}

fn names(timers: &[Timer]) -> Vec<(&str, &str)> {
    timers.iter().map(|timer| (timer.id.as_str(), timer.name.as_str())).collect()
}

async fn a_timer_comes_when_it_is_due(catalog: &dyn Catalog, fence: Fence) {
    let writes = vec![set("b", "late", 30), set("a", "late", 20), set("a", "early", 10)];
    write(catalog, fence, writes).await;
    assert_eq!(due(catalog, 9).await, []);
    let timers = due(catalog, 20).await;
    assert_eq!(names(&timers), [("a", "early"), ("a", "late")], "the longest due first");
    let found = (timers[0].shard, timers[0].kind.as_str(), timers[0].due_at, timers[0].failures);
    assert_eq!(found, (Some(fence.shard), KIND, time(10), 0));
    assert_eq!(catalog.timers_due(time(99), 1).await.unwrap(), timers[..1], "a limit is kept");
    for (now, next) in [(0, Some(10)), (10, Some(20)), (20, Some(30)), (30, None)] {
        assert_eq!(catalog.timer_next(time(now)).await.unwrap(), next.map(time), "{now}");
    }
    write(catalog, fence, vec![clear("a", "early"), clear("a", "early"), clear("c", "x")]).await;
    assert_eq!(names(&due(catalog, 99).await), [("a", "late"), ("b", "late")]);
    write(catalog, fence, vec![clear("a", "late"), clear("b", "late")]).await;
    assert_eq!(catalog.timer_next(Timestamp::UNIX_EPOCH).await.unwrap(), None);
}

async fn a_timer_moves_when_it_is_set_again(catalog: &dyn Catalog, fence: Fence) {
    write(catalog, fence, vec![set("a", "x", 10)]).await;
    write(catalog, fence, vec![set("a", "x", 40)]).await;
    assert_eq!(due(catalog, 39).await, []);
    let [timer] = &due(catalog, 40).await[..] else { panic!("one timer, not two") };
    catalog.timer_done(timer.position).await.unwrap();
    catalog.timer_done(timer.position).await.unwrap();
    assert_eq!(due(catalog, 99).await, []);
}

async fn what_was_set_anew_is_not_taken_by_who_rang_the_old(catalog: &dyn Catalog, fence: Fence) {
    // For another time, for the same time, and after it was cleared.
    for between in [vec![set("a", "x", 50)], vec![set("a", "x", 10)], vec![clear("a", "x")]] {
        write(catalog, fence, vec![set("a", "x", 10)]).await;
        let rung = due(catalog, 10).await.remove(0);
        write(catalog, fence, between).await;
        write(catalog, fence, vec![set("a", "x", 10)]).await;
        catalog.timer_put_off(rung.position, time(90)).await.unwrap();
        catalog.timer_done(rung.position).await.unwrap();
        let left = due(catalog, 10).await.remove(0);
        assert_eq!((left.name.as_str(), left.failures), ("x", 0));
        write(catalog, fence, vec![clear("a", "x")]).await;
    }
}

async fn an_unanswered_timer_lets_the_others_pass(catalog: &dyn Catalog, fence: Fence) {
    write(catalog, fence, vec![set("a", "x", 10), set("b", "x", 20)]).await;
    let first = due(catalog, 20).await.remove(0);
    catalog.timer_put_off(first.position, time(30)).await.unwrap();
    assert_eq!(names(&due(catalog, 30).await), [("b", "x"), ("a", "x")]);
    let again = due(catalog, 30).await.remove(1);
    assert_eq!(again, Timer { due_at: time(30), failures: 1, ..first });
    catalog.timer_put_off(again.position, time(40)).await.unwrap();
    assert_eq!(due(catalog, 40).await[1].failures, 2);
    write(catalog, fence, vec![set("a", "x", 40), clear("b", "x")]).await;
    assert_eq!(due(catalog, 40).await[0].failures, 0, "set anew, it begins anew");
    write(catalog, fence, vec![clear("a", "x")]).await;
}

async fn a_stranger_sets_and_clears_nothing(catalog: &dyn Catalog, old: Fence) {
    write(catalog, old, vec![set("a", "x", 10)]).await;
    catalog.claim_shards(4).await.unwrap();
    for refused in [set("a", "x", 99), clear("a", "x"), set("b", "x", 10)] {
        let error = catalog.commit(commit(old, vec![refused])).await.unwrap_err();
        assert!(matches!(error, Error::Fenced { .. }), "{error}");
    }
    assert_eq!(names(&due(catalog, 99).await), [("a", "x")]);
    assert_eq!(due(catalog, 99).await[0].due_at, time(10));
}
