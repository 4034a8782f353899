//! Live numbers, boards and heat: what is shown between two settlements, and who is told that a
//! content has turned hot or cool.

use crate::counting::{content, house, lively, look, settled, view};
use crate::house::{DEADLINE, House};
use jiff::Timestamp;
use playhouse_actors::engagement::Tier;
use playhouse_actors::playback::Beat;
use playhouse_storage::model::ContentId;
use std::time::Duration;
use tokio::time::{sleep, timeout};

async fn views(house: &House, id: ContentId, name: &str, count: u64) {
    for n in 0..count {
        let view = view(id, &format!("{name} {n}"), n);
        assert!(house.stores.engagement.view(view).await.expect("it is kept"));
        house.platform.cells.view(id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn live_runs_ahead_of_settled_and_never_behind() {
    let house = house().await;
    let id = content(&house).await;
    let come = views(&house, id, "key", 400);
    let watch = async {
        let (mut live, mut settled) = (0, 0);
        loop {
            let shown = look(&house, id).await.views;
            assert!(shown.live >= shown.settled, "{shown:?}");
            assert!(shown.settled >= settled && shown.live >= live, "{shown:?} after {live}");
            assert!(shown.live <= 400, "{shown:?}: a view was shown twice");
            (live, settled) = (shown.live, shown.settled);
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = come => {}
        () = watch => unreachable!("it goes on until all have come"),
    }
    settled(&house).await;
    let shown = look(&house, id).await.views;
    assert_eq!((shown.live, shown.settled), (400, 400));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_shows_hints_at_once_and_forgets_those_that_were_wrong() {
    let house = House::with(|config| {
        lively(config);
        config.engagement.live_keep_s = 1;
    })
    .await;
    let id = content(&house).await;
    let mut board = house.platform.boards.watch(id).expect("there is room");
    let mut shown = async |wanted: u64| loop {
        let views = timeout(DEADLINE, board.next()).await.expect("it changes").views;
        assert_eq!(views.settled, 0);
        if views.live == wanted {
            break;
        }
    };
    shown(0).await;
    // No fact goes with this hint.
    house.platform.cells.view(id);
    shown(1).await;
    shown(0).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_who_play_now_are_shown_while_they_do() {
    let house = house().await;
    let id = content(&house).await;
    let mut board = house.platform.boards.watch(id).expect("there is room");
    let mut shown = async |wanted: u64| loop {
        let now = timeout(DEADLINE, board.next()).await.expect("it changes");
        if now.viewers_now == wanted {
            break now;
        }
    };
    let beat = |was_playing_at, playing, watched_s| {
        let beat = Beat { content: id, was_playing_at, playing, counted: false, watched_s };
        house.platform.cells.beat(&beat);
        Timestamp::now()
    };
    let (one, other) = (beat(None, true, 0.0), beat(None, true, 0.0));
    shown(2).await;
    beat(Some(one), true, 5.0);
    beat(Some(other), false, 2.5);
    assert_eq!(shown(1).await.watch_time_s, 7.5);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_turns_hot_and_cools_and_tells_so() {
    let house = House::with(|config| {
        lively(config);
        config.engagement.rank_every_s = 1;
        config.engagement.hot_views_min = 10.0;
    })
    .await;
    let (first, second) = (content(&house).await, content(&house).await);
    views(&house, first, "a", 20).await;
    views(&house, second, "a", 5).await;
    settled(&house).await;
    wait_events(&house, &[("content.hot", first)]).await;
    wait_tiers(&house, [(first, Tier::Hot), (second, Tier::Tail)]).await;
    views(&house, second, "b", 30).await;
    settled(&house).await;
    let turned = [("content.hot", first), ("content.hot", second), ("content.cooled", first)];
    wait_events(&house, &turned).await;
    wait_tiers(&house, [(first, Tier::Tail), (second, Tier::Hot)]).await;
    let known = house.stores.engagement.counters(&[first, second]).await.expect("an answer");
    assert!(known.contains(&(first, 20, false)) && known.contains(&(second, 35, true)));
    house.close().await;
}

/// Waits until these and no others are on the log, in any order.
async fn wait_events(house: &House, wanted: &[(&str, ContentId)]) {
    let mut wanted: Vec<_> =
        wanted.iter().map(|(event, id)| ((*event).to_owned(), id.to_string())).collect();
    wanted.sort();
    let told = async {
        loop {
            let records = house.told("content.events").await.into_iter();
            let records = records.map(|record| record.payload);
            let text = |it: &serde_json::Value| it.as_str().expect("a text").to_owned();
            let events = records.map(|it| (text(&it["event"]), text(&it["content_id"])));
            let mut events: Vec<_> = events.collect();
            events.sort();
            if events == wanted {
                break;
            }
            assert!(events.len() <= wanted.len(), "{events:?}");
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, told).await.expect("it is told");
}

async fn wait_tiers(house: &House, wanted: [(ContentId, Tier); 2]) {
    let shown = async {
        while wanted.iter().any(|(id, tier)| house.platform.heat.of(*id).tier != *tier) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, shown).await.expect("it is shown");
}
