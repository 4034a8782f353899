//! What is counted: every view once, every fact settled once, ranks and history as they were put.

use super::records::{counter, time};
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::catalog::{Commit, Write};
use playhouse_storage::engagement::{Engagement, Minute, NewView, Ranked};
use playhouse_storage::model::*;
use playhouse_storage::{Error, Stores};

pub(crate) async fn check(stores: &Stores) {
    let fence = stores.catalog.claim_shards(4).await.unwrap()[1];
    a_view_is_kept_once_for_its_key(&*stores.engagement).await;
    facts_are_settled_once(stores, fence).await;
    a_counter_comes_back_as_it_was(stores, fence).await;
    likes_are_a_set(stores, fence).await;
    ranks_are_read_from_the_top(stores, fence).await;
    a_content_that_goes_takes_its_numbers_along(stores, fence).await;
    old_keys_and_minutes_go(stores).await;
}

fn view(content: ContentId, key: &str) -> NewView {
    NewView { content, at: time(5), key: key.into(), viewer: None }
}

async fn write(stores: &Stores, fence: Fence, writes: Vec<Write>) -> Result<(), Error> {
    stores.catalog.commit(Commit { fence, writes, events: vec![] }).await
}

async fn a_view_is_kept_once_for_its_key(engagement: &dyn Engagement) {
    let (one, other) = (ContentId::new(), ContentId::new());
    assert!(engagement.view(view(one, "a")).await.unwrap());
    assert!(!engagement.view(view(one, "a")).await.unwrap());
    assert!(engagement.view(view(other, "a")).await.unwrap(), "a key is of its content");
    let burst = (0..50).map(|n| engagement.view(view(one, ["b", "c"][n % 2])));
    let kept = futures_util::future::join_all(burst).await;
    assert_eq!(kept.iter().filter(|kept| matches!(kept, Ok(true))).count(), 2);
    let facts = engagement.facts(0, 99).await.unwrap();
    let contents: Vec<_> = facts.iter().map(|fact| fact.content).collect();
    assert_eq!(contents, [one, other, one, one]);
    assert_eq!(facts[0].at, time(5));
    let kind = FactKind::View { key: "a".into(), viewer: None, origin: Origin::default() };
    assert_eq!(facts[0].kind, kind);
    assert_eq!(engagement.facts(facts[2].position, 99).await.unwrap(), facts[3..]);
    assert_eq!(engagement.facts(0, 2).await.unwrap(), facts[..2]);
    assert_eq!(engagement.facts_waiting(0).await.unwrap(), 4);
    assert_eq!(engagement.facts_waiting(facts[2].position).await.unwrap(), 1);
    assert_eq!(engagement.facts_waiting(facts[3].position).await.unwrap(), 0);
}

async fn facts_are_settled_once(stores: &Stores, fence: Fence) {
    let facts = stores.engagement.facts(0, 99).await.unwrap();
    let of = |wanted: ContentId| {
        facts.iter().filter(|it| it.content == wanted).map(|it| it.position).collect::<Vec<_>>()
    };
    let (one, other) = (facts[0].content, facts[1].content);
    let settle = |positions, minute| {
        let views = Minute { minute, views: 3 };
        vec![Write::SettleFacts(positions), Write::AddViews(one, views)]
    };
    write(stores, fence, settle(of(one), 100)).await.unwrap();
    let error = write(stores, fence, settle(of(one), 100)).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    let half = [of(one), of(other)].concat();
    let error = write(stores, fence, settle(half, 100)).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    let left = stores.engagement.facts(0, 99).await.unwrap();
    assert_eq!(left.iter().map(|fact| fact.content).collect::<Vec<_>>(), [other]);
    write(stores, fence, settle(of(other), 101)).await.unwrap();
    write(stores, fence, settle(vec![], 101)).await.unwrap();
    assert_eq!(stores.engagement.facts_waiting(0).await.unwrap(), 0);
    let minutes = stores.engagement.minutes(one, 100, 102).await.unwrap();
    assert_eq!(minutes, [Minute { minute: 100, views: 3 }, Minute { minute: 101, views: 6 }]);
    assert_eq!(stores.engagement.minutes(one, 0, 101).await.unwrap(), minutes[..1]);
    // A run of neighbours that is as long as one statement takes, and one longer.
    keep_views(stores, one, 513, "run").await;
    let facts = stores.engagement.facts(0, 999).await.unwrap();
    let positions = facts.iter().map(|fact| fact.position).collect();
    write(stores, fence, vec![Write::SettleFacts(positions)]).await.unwrap();
    assert_eq!(stores.engagement.facts_waiting(0).await.unwrap(), 0);
    // And lists with gaps, of lengths that are filled up and of one that is not.
    for length in [2_usize, 3, 9, 512, 515] {
        keep_views(stores, one, 2 * length, &format!("of {length}")).await;
        let facts = stores.engagement.facts(0, 9_999).await.unwrap();
        let positions: Vec<_> = facts.iter().map(|fact| fact.position).collect();
        let (odd, even): (Vec<_>, Vec<_>) = positions.into_iter().partition(|it| it % 2 == 1);
        assert_eq!(odd.len(), length);
        for some in [odd, even] {
            write(stores, fence, vec![Write::SettleFacts(some.clone())]).await.unwrap();
            let error = write(stores, fence, vec![Write::SettleFacts(some)]).await.unwrap_err();
            assert!(matches!(error, Error::Conflict { .. }), "{error}");
        }
        assert_eq!(stores.engagement.facts_waiting(0).await.unwrap(), 0);
    }
}

/// Keeps so many views, some side by side.
async fn keep_views(stores: &Stores, content: ContentId, count: usize, name: &str) {
    let keys: Vec<_> = (0..count).map(|n| format!("{n} {name}")).collect();
    for some in keys.chunks(64) {
        let kept = some.iter().map(|key| stores.engagement.view(view(content, key)));
        let kept = futures_util::future::join_all(kept).await;
        assert!(kept.iter().all(|kept| matches!(kept, Ok(true))), "{kept:?}");
    }
}

async fn a_counter_comes_back_as_it_was(stores: &Stores, fence: Fence) {
    let mut row = counter(ContentId::new());
    assert_eq!(stores.engagement.counter(row.content_id).await.unwrap(), None);
    write(stores, fence, vec![Write::InsertCounter(Box::new(row.clone()))]).await.unwrap();
    assert_eq!(stores.engagement.counter(row.content_id).await.unwrap().as_ref(), Some(&row));
    (row.views, row.trend, row.hot, row.row_version) = (8, None, false, 2);
    let update = || vec![Write::UpdateCounter(Box::new(row.clone()))];
    write(stores, fence, update()).await.unwrap();
    let error = write(stores, fence, update()).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(stores.engagement.counter(row.content_id).await.unwrap().as_ref(), Some(&row));
    let asked = [row.content_id, ContentId::new()];
    let found = stores.engagement.counters(&asked).await.unwrap();
    assert_eq!(found, [(row.content_id, 8, false)]);
    assert_eq!(stores.engagement.counters(&[]).await.unwrap(), []);
}

async fn likes_are_a_set(stores: &Stores, fence: Fence) {
    let content = ContentId::new();
    let likes = async || stores.engagement.likes(content, "ada").await.unwrap();
    let like = || vec![Write::InsertLike { content, who: "ada".into(), at: time(1) }];
    let unlike = || vec![Write::DeleteLike { content, who: "ada".into() }];
    assert!(!likes().await);
    write(stores, fence, unlike()).await.unwrap_err();
    write(stores, fence, like()).await.unwrap();
    assert!(likes().await && !stores.engagement.likes(content, "bob").await.unwrap());
    write(stores, fence, like()).await.unwrap_err();
    write(stores, fence, unlike()).await.unwrap();
    assert!(!likes().await);
}

async fn ranks_are_read_from_the_top(stores: &Stores, fence: Fence) {
    let trends = [(30_001.0, true), (30_003.0, true), (30_002.0, false), (30_002.0, false)];
    let mut expected = Vec::new();
    for (trend, hot) in trends {
        let row = Counter { trend: Some(trend), hot, ..counter(ContentId::new()) };
        expected.push(Ranked { content: row.content_id, trend, hot });
        write(stores, fence, vec![Write::InsertCounter(Box::new(row))]).await.unwrap();
    }
    expected.sort_by(|a, b| b.trend.total_cmp(&a.trend).then(b.content.cmp(&a.content)));
    let engagement = &*stores.engagement;
    assert_eq!(engagement.ranked(None, 9).await.unwrap(), expected);
    let cursor = Some((expected[1].trend, expected[1].content));
    assert_eq!(engagement.ranked(cursor, 1).await.unwrap(), expected[2..3]);
    assert_eq!(engagement.ranked_count(30_002.0).await.unwrap(), 3);
    let hot = engagement.hot(9).await.unwrap();
    assert_eq!(hot.len(), 2, "{hot:?}");
}

async fn a_content_that_goes_takes_its_numbers_along(stores: &Stores, fence: Fence) {
    let row = super::records::content("gone");
    let id = row.id;
    let writes = vec![
        Write::InsertContent(Box::new(row)),
        Write::InsertCounter(Box::new(counter(id))),
        Write::AddViews(id, Minute { minute: 9, views: 1 }),
        Write::InsertLike { content: id, who: "ada".into(), at: time(1) },
    ];
    write(stores, fence, writes).await.unwrap();
    stores.engagement.view(view(id, "late")).await.unwrap();
    write(stores, fence, vec![Write::DeleteContent(id)]).await.unwrap();
    assert_eq!(stores.engagement.counter(id).await.unwrap(), None);
    assert_eq!(stores.engagement.minutes(id, 0, 99).await.unwrap(), []);
    assert!(!stores.engagement.likes(id, "ada").await.unwrap());
    assert_eq!(stores.engagement.facts_waiting(0).await.unwrap(), 0);
}

async fn old_keys_and_minutes_go(stores: &Stores) {
    let engagement = &*stores.engagement;
    let content = ContentId::new();
    assert!(engagement.view(view(content, "old")).await.unwrap());
    let (before, after) = (SignedDuration::from_hours(-1), SignedDuration::from_hours(1));
    assert_eq!(engagement.view_keys_forget(Timestamp::now() + before, 9).await.unwrap(), 0);
    assert_eq!(engagement.view_keys_forget(Timestamp::now() + after, 2).await.unwrap(), 2);
    while engagement.view_keys_forget(Timestamp::now() + after, 100).await.unwrap() > 0 {}
    assert!(engagement.view(view(content, "old")).await.unwrap(), "its key is free again");
    assert_eq!(engagement.minutes_forget(101, 9).await.unwrap(), 1);
    assert_eq!(engagement.minutes_forget(101, 9).await.unwrap(), 0);
}
