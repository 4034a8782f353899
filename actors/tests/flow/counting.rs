//! What viewers do is counted once, whoever is killed in between, and shown at once. Facts are real
//! rows, counters real entities; only players are missing.

use crate::house::{BY_HAND, DEADLINE, House};
use futures_util::future::join_all;
use jiff::Timestamp;
use playhouse_actors::engagement::{Engagement, Insights, Reply, Request};
use playhouse_actors::runtime::Fault;
use playhouse_storage::engagement::NewView;
use playhouse_storage::model::{
    ContentId, Counter, Epoch, FactKind, Fence, NewFact, Origin, Report, UploadMetadata, ViewerId,
};
use playhouse_storage::playback::{PutViewer, ViewerState};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A node that loses no time, and whose actors may die as often as they like.
pub(crate) async fn house() -> House {
    House::with(lively).await
}

pub(crate) fn lively(config: &mut playhouse_actors::Config) {
    config.runtime.service_restarts_max = 10_000;
    config.runtime.service_backoff_first_ms = 1;
    config.runtime.service_backoff_max_ms = 5;
    config.runtime.crashes_max = 10_000;
    config.engagement.settle_poll_ms = 5;
    config.engagement.settle_retry_first_ms = 10;
    config.engagement.settle_retry_most_ms = 50;
    config.engagement.tell_ms = 20;
    config.engagement.tell_rest_ms = 50;
}

pub(crate) async fn content(house: &House) -> ContentId {
    house.create(10, UploadMetadata::default()).await.content_id
}

pub(crate) fn view(content: ContentId, key: &str, viewer: u64) -> NewView {
    let (at, viewer) = (Timestamp::now(), Some(ViewerId::new(viewer)));
    NewView { content, at, key: key.to_owned(), viewer }
}

fn path(id: ContentId) -> String {
    format!("entities/engagement.counter/{id}")
}

pub(crate) async fn ask(house: &House, id: ContentId, request: Request) -> Reply {
    house.platform.counter(id).ask(request, DEADLINE).await.expect("an answer")
}

pub(crate) async fn look(house: &House, id: ContentId) -> Engagement {
    match ask(house, id, Request::Look).await {
        Reply::Engagement(engagement) => engagement,
        other => panic!("{other:?}"),
    }
}

/// Waits until no fact waits any more.
pub(crate) async fn settled(house: &House) {
    let engagement = &house.stores.engagement;
    let empty = async {
        while !engagement.facts(0, 1).await.expect("an answer").is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(6 * DEADLINE, empty).await.expect("every fact is settled");
}

pub(crate) async fn row(house: &House, id: ContentId) -> Option<Counter> {
    house.stores.engagement.counter(id).await.expect("an answer")
}

/// The row, its minutes and what is shown say the same.
pub(crate) async fn check_counted(house: &House, id: ContentId, views: u64, viewers: u64) {
    let row = row(house, id).await.expect("it has been watched");
    assert_eq!(row.views, views);
    let minutes = house.stores.engagement.minutes(id, 0, i64::MAX).await.expect("minutes");
    assert_eq!(minutes.iter().map(|minute| minute.views).sum::<u64>(), views);
    let shown = look(house, id).await;
    assert_eq!((shown.views.settled, shown.unique_viewers), (views, viewers));
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_counted_once_whoever_is_killed_meanwhile() {
    let house = house().await;
    let contents = [content(&house).await, content(&house).await, content(&house).await];
    let (keys, viewers) = (500, 40);
    let come = async {
        // Every view comes twice, as from a server that lost the answer.
        for n in (0..keys).flat_map(|n| [n, n]) {
            let kept = contents
                .map(|id| house.stores.engagement.view(view(id, &format!("key {n}"), n % viewers)));
            assert!(join_all(kept).await.iter().all(Result::is_ok));
        }
    };
    let mut hits = (0, 0);
    let kill = async {
        for round in 0.. {
            let id = contents[round % contents.len()];
            let fault = if round % 2 == 0 { Fault::Kill } else { Fault::Panic };
            // Whoever does not run just now is spared.
            let hit = house.platform.inspector.fault(&path(id), fault).is_ok();
            hits.0 += usize::from(hit);
            if round % 5 == 0 {
                hits.1 += usize::from(house.platform.inspector.fault("settler", fault).is_ok());
            }
            sleep(Duration::from_millis(7)).await;
        }
    };
    tokio::select! {
        () = come => {}
        () = kill => unreachable!("it goes on until all have come"),
    }
    assert!(hits.0 > 10 && hits.1 > 3, "{hits:?} were killed");
    settled(&house).await;
    for id in contents {
        check_counted(&house, id, keys, viewers).await;
    }
    let house = house.reopen().await;
    for id in contents {
        check_counted(&house, id, keys, viewers).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_the_node_goes_down_is_counted_when_it_is_back() {
    let house = House::with(|config| config.engagement.settle_poll_ms = BY_HAND).await;
    let id = content(&house).await;
    for n in 0..100 {
        let view = view(id, &format!("key {n}"), n);
        assert!(house.stores.engagement.view(view).await.expect("it is kept"));
    }
    assert_eq!(row(&house, id).await, None);
    let house = House::open(house.shut().await, lively).await;
    settled(&house).await;
    check_counted(&house, id, 100, 100).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_behind_a_counter_that_hangs() {
    let house = House::with(|config| {
        lively(config);
        config.runtime.handler_kill_ms = 5_000;
        config.engagement.settle_deadline_ms = 300;
    })
    .await;
    let (hung, other) = (content(&house).await, content(&house).await);
    look(&house, hung).await;
    let path = path(hung);
    house.platform.inspector.fault(&path, Fault::Hang).expect("it runs");
    for n in 0..20 {
        for id in [hung, other] {
            let view = view(id, &format!("key {n}"), n);
            house.stores.engagement.view(view).await.expect("it is kept");
        }
    }
    let counted = async {
        while row(&house, other).await.is_none_or(|row| row.views < 20) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(3), counted).await.expect("the other one is counted");
    assert_eq!(row(&house, hung).await, None, "it still hangs");
    settled(&house).await;
    check_counted(&house, hung, 20, 20).await;
    check_counted(&house, other, 20, 20).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_a_content_that_is_gone_are_dropped() {
    let house = house().await;
    let (id, other) = (content(&house).await, content(&house).await);
    for id in [id, other] {
        house.stores.engagement.view(view(id, "early", 1)).await.expect("it is kept");
    }
    settled(&house).await;
    ask(&house, id, Request::Like { who: "ada".into(), likes: true }).await;
    let delete = playhouse_actors::content::Request::Delete;
    house.platform.pipeline(id).ask(delete, DEADLINE).await.expect("it is deleted");
    assert_eq!(row(&house, id).await, None);
    // The counter still runs and knows its old row; these come too late.
    for id in [id, other] {
        house.stores.engagement.view(view(id, "late", 2)).await.expect("it is kept");
    }
    settled(&house).await;
    assert_eq!(row(&house, id).await, None);
    assert_eq!(ask(&house, id, Request::Look).await, Reply::Unknown);
    let like = Request::Like { who: "ada".into(), likes: true };
    assert_eq!(ask(&house, id, like).await, Reply::Unknown);
    check_counted(&house, other, 2, 2).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_like_is_kept_once_for_each_user() {
    let house = house().await;
    let id = content(&house).await;
    let like = async |house: &House, who: &str, likes| {
        let request = Request::Like { who: who.into(), likes };
        let Reply::Engagement(shown) = ask(house, id, request).await else { panic!("no numbers") };
        shown.likes
    };
    assert_eq!(like(&house, "ada", false).await, 0, "to forget what was never kept");
    assert_eq!(like(&house, "ada", true).await, 1);
    assert_eq!(like(&house, "ada", true).await, 1);
    assert_eq!(like(&house, "bob", true).await, 2);
    let house = house.reopen().await;
    assert_eq!(like(&house, "bob", true).await, 2);
    assert_eq!(like(&house, "ada", false).await, 1);
    assert_eq!(like(&house, "ada", false).await, 1);
    let likes = async |who| house.stores.engagement.likes(id, who).await.expect("an answer");
    assert_eq!((likes("ada").await, likes("bob").await), (false, true));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creator_sees_what_sessions_report() {
    let house = house().await;
    let id = content(&house).await;
    let viewer = ViewerId::new(7);
    let fact = |kind| NewFact { content: id, at: Timestamp::now(), kind };
    let report = Report {
        sessions: 1,
        device: "tv".into(),
        watch_time_s: 12.0,
        parts: vec![0, 1, 2],
        stopped_at: Some(2),
        ..Report::default()
    };
    let view = FactKind::View { key: "a".into(), viewer: Some(viewer), origin: Origin::default() };
    let refused = FactKind::Refused { reason: "repeated".into() };
    let facts = vec![fact(view), fact(FactKind::Report(report.into())), fact(refused)];
    let put = PutViewer {
        fence: Fence { shard: viewer.shard(16), epoch: Epoch(1) },
        viewer,
        row_version: 1,
        state: ViewerState::Whole("{}".into()),
        facts,
        events: vec![],
    };
    house.stores.playback.put(put).await.expect("it is written");
    settled(&house).await;
    let Reply::Insights(insights) = ask(&house, id, Request::Insights).await else {
        panic!("no insights");
    };
    let Insights { engagement, sessions, retention, stops, devices, refused, .. } = *insights;
    assert_eq!((engagement.views.settled, engagement.watch_time_s, sessions), (1, 12.0, 1));
    assert_eq!((&retention[..4], stops[2]), (&[1, 1, 1, 0][..], 1));
    assert_eq!((devices["tv"].watch_time_s, refused["repeated"]), (12.0, 1));
    assert!((insights.score - 1.0).abs() < 0.01, "{}", insights.score);
    house.close().await;
}
