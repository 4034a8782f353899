//! Viewers: what was put is loaded, whole or beside the record; strangers and late writers put
//! nothing.

use super::records::time;
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::catalog::NewEvent;
use playhouse_storage::model::*;
use playhouse_storage::playback::{Playback, PutViewer, StoredViewer, ViewerState};
use playhouse_storage::{Error, Stores};

pub(crate) async fn check(stores: &Stores) {
    let fence = stores.catalog.claim_shards(4).await.unwrap()[1];
    let playback = &*stores.playback;
    assert_eq!(playback.load(viewer(1)).await.unwrap(), StoredViewer::default());
    sessions_are_kept_beside_the_record(playback, fence).await;
    a_whole_record_replaces_what_was_beside_it(playback, fence).await;
    a_version_is_written_once(playback, fence).await;
    who_is_quiet_is_named_the_longest_quiet_first(playback, fence).await;
    what_is_replaced_is_freed_and_nothing_else(playback, fence).await;
    facts_and_events_come_with_the_state_or_not_at_all(stores, fence).await;
}

pub(crate) fn viewer(number: u64) -> ViewerId {
    ViewerId::new(number)
}

pub(crate) fn session(number: u64, nth: u16) -> SessionId {
    SessionId::of(viewer(number), time(i64::from(nth)), nth)
}

pub(crate) fn put(fence: Fence, number: u64, row_version: u64, state: ViewerState) -> PutViewer {
    let (facts, events) = (Vec::new(), Vec::new());
    PutViewer { fence, viewer: viewer(number), row_version, state, facts, events }
}

/// A state of the nth session of a viewer.
pub(crate) fn change(number: u64, nth: u16, state: &str) -> ViewerState {
    ViewerState::Sessions(vec![(session(number, nth), state.to_owned())])
}

async fn sessions_are_kept_beside_the_record(playback: &dyn Playback, fence: Fence) {
    playback.put(put(fence, 1, 1, change(1, 0, "a1"))).await.unwrap();
    playback.put(put(fence, 2, 1, change(2, 0, "other"))).await.unwrap();
    let both = vec![(session(1, 0), "a2".to_owned()), (session(1, 1), "b1".to_owned())];
    playback.put(put(fence, 1, 2, ViewerState::Sessions(both))).await.unwrap();
    let mut found = playback.load(viewer(1)).await.unwrap();
    found.sessions.sort();
    let sessions = vec![(session(1, 0), "a2".to_owned()), (session(1, 1), "b1".to_owned())];
    assert_eq!(found, StoredViewer { row_version: 2, record: None, sessions });
}

async fn a_whole_record_replaces_what_was_beside_it(playback: &dyn Playback, fence: Fence) {
    playback.put(put(fence, 1, 3, ViewerState::Whole("all".into()))).await.unwrap();
    let whole = StoredViewer { row_version: 3, record: Some("all".into()), sessions: vec![] };
    assert_eq!(playback.load(viewer(1)).await.unwrap(), whole);
    playback.put(put(fence, 1, 4, change(1, 1, "b2"))).await.unwrap();
    let sessions = vec![(session(1, 1), "b2".to_owned())];
    let beside = StoredViewer { row_version: 4, sessions, ..whole };
    assert_eq!(playback.load(viewer(1)).await.unwrap(), beside);
    playback.put(put(fence, 1, 5, ViewerState::Whole("again".into()))).await.unwrap();
    let again = playback.load(viewer(1)).await.unwrap();
    assert_eq!((again.record.as_deref(), again.row_version), (Some("again"), 5));
}

async fn a_version_is_written_once(playback: &dyn Playback, fence: Fence) {
    for (late, state) in [
        (5, change(1, 0, "late")),
        (7, change(1, 0, "early")),
        (5, ViewerState::Whole("late".into())),
    ] {
        let error = playback.put(put(fence, 1, late, state)).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error}");
    }
    let old = Fence { epoch: Epoch(fence.epoch.0 - 1), ..fence };
    let error = playback.put(put(old, 1, 6, change(1, 0, "stranger"))).await.unwrap_err();
    assert!(matches!(error, Error::Fenced { .. }), "{error}");
    assert_eq!(playback.load(viewer(1)).await.unwrap().record.as_deref(), Some("again"));
    // Two writers of the same version, in one group: one of them wins.
    let both = futures_util::future::join(
        playback.put(put(fence, 1, 6, change(1, 0, "one"))),
        playback.put(put(fence, 1, 6, change(1, 0, "two"))),
    );
    let results = <[_; 2]>::from(both.await);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    playback.put(put(fence, 1, 7, ViewerState::Whole("done".into()))).await.unwrap();
}

async fn who_is_quiet_is_named_the_longest_quiet_first(playback: &dyn Playback, fence: Fence) {
    playback.put(put(fence, 3, 1, change(3, 0, "c"))).await.unwrap();
    let later = Timestamp::now() + SignedDuration::from_secs(60);
    assert_eq!(playback.unfolded(later, 9).await.unwrap(), [viewer(2), viewer(3)]);
    assert_eq!(playback.unfolded(later, 1).await.unwrap(), [viewer(2)]);
    let before = Timestamp::now() - SignedDuration::from_secs(60);
    assert_eq!(playback.unfolded(before, 9).await.unwrap(), []);
    playback.put(put(fence, 2, 2, ViewerState::Whole("other".into()))).await.unwrap();
    assert_eq!(playback.unfolded(later, 9).await.unwrap(), [viewer(3)]);
}

async fn what_is_replaced_is_freed_and_nothing_else(playback: &dyn Playback, fence: Fence) {
    for version in 2..10 {
        playback.put(put(fence, 3, version, change(3, 0, &format!("c{version}")))).await.unwrap();
    }
    // An engine that updates in place has nothing left to free.
    while playback.tidy().await.unwrap() > 0 {}
    let found = playback.load(viewer(3)).await.unwrap();
    assert_eq!((found.row_version, found.sessions[0].1.as_str()), (9, "c9"));
    playback.put(put(fence, 3, 10, ViewerState::Whole("c".into()))).await.unwrap();
    while playback.tidy().await.unwrap() > 0 {}
    let found = playback.load(viewer(3)).await.unwrap();
    assert_eq!((found.row_version, found.record.as_deref()), (10, Some("c")));
    assert_eq!(found.sessions, []);
}

async fn facts_and_events_come_with_the_state_or_not_at_all(stores: &Stores, fence: Fence) {
    let (playback, content) = (&*stores.playback, ContentId::new());
    let with = |row_version, key: &str| {
        let kind =
            FactKind::View { key: key.into(), viewer: Some(viewer(4)), origin: Origin::default() };
        let facts = vec![NewFact { content, at: time(1), kind }];
        let (topic, key, payload) = ("t".into(), "k".into(), serde_json::json!({}));
        let events = vec![NewEvent { topic, key, payload, trace: None }];
        PutViewer { facts, events, ..put(fence, 4, row_version, change(4, 0, "d")) }
    };
    let told = async || {
        let facts = stores.engagement.facts(0, 99).await.unwrap().len();
        (facts, stores.catalog.outbox(99).await.unwrap().len())
    };
    playback.put(with(9, "k1")).await.unwrap_err();
    assert_eq!(told().await, (0, 0));
    playback.put(with(1, "k1")).await.unwrap();
    assert_eq!(told().await, (1, 1));
    playback.put(with(2, "k1")).await.unwrap();
    assert_eq!(told().await, (1, 2), "the same view is kept once, the state is written");
    assert_eq!(playback.load(viewer(4)).await.unwrap().row_version, 2);
}
