//! What viewers did is added up once, from the counter's commit over the event log to the sums,
//! whoever is replaced in between.

use crate::house::{DEADLINE, House};
use jiff::Timestamp;
use playhouse_actors::analytics::{Analyst, Config};
use playhouse_storage::Error;
use playhouse_storage::analytics::{SeriesQuery, Split, minute_of};
use playhouse_storage::engagement::NewView;
use playhouse_storage::model::ContentId;
use std::time::Duration;
use tokio::time::{sleep, timeout};

async fn views(house: &House, content: ContentId, keys: std::ops::Range<u32>) {
    for key in keys {
        let (at, key) = (Timestamp::now(), format!("view-{key}"));
        let view = NewView { content, at, key, viewer: None };
        assert!(house.stores.engagement.view(view).await.expect("the view is kept"));
    }
}

/// Views by country that are added.
async fn sums(house: &House, content: ContentId) -> Vec<(String, u64)> {
    let minute = minute_of(Timestamp::now());
    let all = SeriesQuery {
        content,
        from: minute - 60,
        to: minute + 60,
        step: 1 << 40,
        split: Some(Split::Country),
        limit: 10,
    };
    let found = house.stores.analytics.series(&all).await.expect("the sums can be read");
    found.into_iter().map(|point| (point.of, point.amounts.views)).collect()
}

async fn wait_for(house: &House, content: ContentId, views: u64) {
    let added = async {
        while sums(house, content).await != [("ZZ".to_owned(), views)] {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, added).await.expect("the views are added");
}

#[tokio::test]
async fn every_view_is_told_and_added_once() {
    let house = House::build().await;
    let upload = house.create(10, Default::default()).await;
    let content = upload.content_id;
    views(&house, content, 0..250).await;
    wait_for(&house, content, 250).await;
    let told = house.told("playback.events").await;
    let facts = told.iter().map(|it| it.payload["facts"].as_array().expect("facts").len());
    assert_eq!(facts.sum::<usize>(), 250, "each fact in one event");
    // Nothing is read twice by whoever comes next, and nothing is left out.
    let house = house.reopen().await;
    views(&house, content, 250..300).await;
    wait_for(&house, content, 300).await;
    house.close().await;
}

#[tokio::test]
async fn one_who_is_replaced_adds_nothing_twice() {
    let house = House::build().await;
    let upload = house.create(10, Default::default()).await;
    let content = upload.content_id;
    let another = || {
        let (log, sums) = (house.stores.events.clone(), house.stores.analytics.clone());
        Analyst::of(log, sums, Config { wait_ms: 20, batch_max: 3, ..Config::default() })
    };
    let (mut first, mut second) = (another(), another());
    views(&house, content, 0..40).await;
    // They take the group from each other, and from the house's own.
    for _ in 0..30 {
        for member in [&mut first, &mut second] {
            match member.step().await {
                Ok(_) | Err(Error::Revoked) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    drop((first, second));
    wait_for(&house, content, 40).await;
    house.close().await;
}
