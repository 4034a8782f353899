//! What is added up: each event once, whoever brings it how often and in whatever order, in its own
//! minute, country and device.

use super::records::time;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::Stores;
use playhouse_storage::analytics::{
    Amounts, Part, PlayEvent, Point, SeriesQuery, Split, minute_of,
};
use playhouse_storage::model::{ContentId, Country};
use serde_json::json;

pub(crate) async fn check(stores: &Stores) {
    each_event_is_added_once(stores).await;
    order_does_not_matter(stores).await;
    two_who_bring_the_same_at_once_add_it_once(stores).await;
    sums_are_told_apart(stores).await;
    positions_move_on(stores).await;
    what_is_old_goes(stores).await;
}

/// An event of one view in the minute of `at`, and of a second one in another country.
pub(crate) fn event(content: ContentId, shard: u16, sequence: u64, at: Timestamp) -> PlayEvent {
    let part = |country: &str, device: &str, views| Part {
        minute: minute_of(at),
        country: Country::of(country).unwrap(),
        device: device.to_owned(),
        amounts: Amounts { views, watch_ms: 100 * views, ..Amounts::default() },
    };
    PlayEvent {
        place: ("playback.events".into(), u32::from(shard) % 6, sequence),
        shard,
        sequence,
        at,
        content,
        payload: json!({ "n": sequence }),
        parts: vec![part("NG", "tv", 1), part("DE", "mobile", 2)],
    }
}

fn total(content: ContentId, at: Timestamp) -> SeriesQuery {
    let minute = minute_of(at);
    SeriesQuery {
        content,
        from: minute - 10_000,
        to: minute + 10_000,
        step: 1_000_000_000,
        split: None,
        limit: 10,
    }
}

async fn views(stores: &Stores, content: ContentId, at: Timestamp) -> u64 {
    let found = stores.analytics.series(&total(content, at)).await.unwrap();
    found.iter().map(|point| point.amounts.views).sum()
}

async fn each_event_is_added_once(stores: &Stores) {
    let (content, at) = (ContentId::new(), time(0));
    let events: Vec<_> = (1..=50).map(|it| event(content, 1, it, at)).collect();
    assert_eq!(stores.analytics.add("a", events[..30].to_vec()).await.unwrap(), 30);
    // Delivered again with another offset, beside new ones, and twice in one batch.
    let mut again = events.clone();
    again.extend(events[40..].iter().cloned());
    again.iter_mut().for_each(|event| event.place.2 += 1_000);
    assert_eq!(stores.analytics.add("a", again.clone()).await.unwrap(), 20);
    assert_eq!(stores.analytics.add("a", again).await.unwrap(), 0);
    assert_eq!(stores.analytics.add("a", vec![]).await.unwrap(), 0);
    assert_eq!(views(stores, content, at).await, 150);
}

/// The events of one shard lie in several partitions, which are read side by side: a high sequence
/// may come long before a low one.
async fn order_does_not_matter(stores: &Stores) {
    let (content, at) = (ContentId::new(), time(60));
    for sequence in [900, 3, 901, 1, 2, 900] {
        stores.analytics.add("a", vec![event(content, 2, sequence, at)]).await.unwrap();
    }
    assert_eq!(views(stores, content, at).await, 15);
}

/// A member that was replaced and does not know it yet, beside its successor.
async fn two_who_bring_the_same_at_once_add_it_once(stores: &Stores) {
    let (content, at) = (ContentId::new(), time(120));
    let batch = |from: u64| (from..from + 60).map(|it| event(content, 3, it, at)).collect();
    let adds = [1, 31, 1, 16, 61, 1].map(|from| stores.analytics.add("a", batch(from)));
    let added: u64 = join_all(adds).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(added, 120, "1 to 120, each by one of them");
    assert_eq!(views(stores, content, at).await, 360);
}

async fn sums_are_told_apart(stores: &Stores) {
    let content = ContentId::new();
    for (sequence, seconds) in [(1, 0), (2, 30), (3, 3_600), (4, 86_400)] {
        let event = event(content, 4, sequence, time(seconds));
        stores.analytics.add("a", vec![event]).await.unwrap();
    }
    let ask = async |step: i64, split, limit| {
        let query = SeriesQuery { step, split, limit, ..total(content, time(0)) };
        let found = stores.analytics.series(&query).await.unwrap();
        found.into_iter().map(|it| (it.minute, it.of, it.amounts.views)).collect::<Vec<_>>()
    };
    let minute = minute_of(time(0));
    let all: Vec<_> = [(0, 6), (60, 3), (1_440, 3)]
        .map(|(after, views)| (minute + after, String::new(), views))
        .into();
    assert_eq!(ask(1, None, 10).await, all);
    assert_eq!(ask(1, None, 2).await, all[..2], "no more than the limit");
    let hours = ask(60, None, 10).await;
    assert_eq!(hours.iter().map(|it| it.2).collect::<Vec<_>>(), [6, 3, 3]);
    assert!(hours.iter().all(|it| it.0 % 60 == 0), "{hours:?}");
    let of = |name: &str, views| (0, name.to_owned(), views);
    assert_eq!(ask(1 << 40, Some(Split::Country), 9).await, [of("DE", 8), of("NG", 4)]);
    assert_eq!(ask(1 << 40, Some(Split::Device), 9).await, [of("mobile", 8), of("tv", 4)]);
    let bounded = SeriesQuery { from: minute, to: minute + 60, step: 1, ..total(content, time(0)) };
    let found = stores.analytics.series(&bounded).await.unwrap();
    let amounts = Amounts { views: 6, watch_ms: 600, ..Amounts::default() };
    assert_eq!(found, [Point { minute, of: String::new(), amounts }], "the end is not included");
}

async fn positions_move_on(stores: &Stores) {
    let (content, at) = (ContentId::new(), time(0));
    for sequence in [5, 9, 7] {
        stores.analytics.add("walker", vec![event(content, 5, sequence, at)]).await.unwrap();
    }
    stores.analytics.add("walker", vec![event(content, 6, 1, at)]).await.unwrap();
    let found = stores.analytics.positions("walker").await.unwrap();
    let found: Vec<_> =
        found.iter().map(|it| (it.partition, it.shard, it.sequence, it.offset)).collect();
    assert_eq!(found, [(0, 6, 1, 1), (5, 5, 9, 9)]);
    assert_eq!(stores.analytics.positions("nobody").await.unwrap(), []);
}

async fn what_is_old_goes(stores: &Stores) {
    let (content, day) = (ContentId::new(), SignedDuration::from_hours(24));
    let now = time(0).checked_sub(day * 400).unwrap();
    let old = now.checked_sub(day * 100).unwrap();
    stores.analytics.make_ahead(now).await.unwrap();
    stores.analytics.make_ahead(now).await.unwrap();
    stores.analytics.add("a", vec![event(content, 7, 1, now)]).await.unwrap();
    stores.analytics.add("a", vec![event(content, 7, 2, old)]).await.unwrap();
    let sum = |at| total(content, at);
    while stores.analytics.forget(now, old, 1).await.unwrap() > 0 {}
    assert_eq!(views(stores, content, old).await, 3, "sums outlive events");
    assert_eq!(stores.analytics.add("a", vec![event(content, 7, 1, now)]).await.unwrap(), 0);
    while stores.analytics.forget(now, now, 1).await.unwrap() > 0 {}
    assert_eq!(stores.analytics.series(&sum(old)).await.unwrap(), [], "and go in their turn");
    assert_eq!(views(stores, content, now).await, 3);
    // Where the partition was dropped it is made anew.
    assert_eq!(stores.analytics.add("a", vec![event(content, 7, 3, old)]).await.unwrap(), 1);
}
