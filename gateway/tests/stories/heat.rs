//! What is watched most: listed first, marked, and kept longer by shared caches.

use crate::house::{House, published};
use axum::http::Request;
use jiff::Timestamp;
use playhouse_gateway::{Config, Role};
use playhouse_storage::catalog::Write;
use playhouse_storage::model::{
    Content, ContentId, Counter, MediaKind, Picture, PictureKind, Rendition, RenditionState,
    Segment,
};
use serde_json::{Value, json};
use std::time::Duration;

/// A day, as configured.
const HALF_LIFE_S: f64 = 86_400.0;

/// What is counted of a content that has had so many views just now.
fn watched(content_id: ContentId, views: u64) -> Counter {
    let now_s = Timestamp::now().as_second() as f64;
    Counter {
        content_id,
        views,
        likes: 0,
        watch_time_s: 0.0,
        trend: Some((views as f64).log2() + now_s / HALF_LIFE_S),
        hot: false,
        watched_day: 0,
        uniques: vec![],
        stats: json!({}),
        row_version: 1,
    }
}

fn titles(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_watched_most_comes_first() {
    let house = House::open().await;
    for (title, views) in [("few", 2), ("many", 50), ("draft", 40), ("some", 10), ("none", 0)] {
        let content = Content { unlisted: title == "draft", ..published("ada", title) };
        house.put(&content).await;
        if views > 0 {
            house.put_counter(watched(content.id, views)).await;
        }
    }
    let path = "/api/v1/content?sort=trending";
    let all = house.get(path).await.json();
    assert_eq!((titles(&all), &all["next_cursor"]), (vec!["many", "some", "few"], &Value::Null));
    assert_eq!((&all["items"][0]["views"], &all["items"][0]["hot"]), (&json!(50), &json!(false)));

    let mut seen: Vec<String> = Vec::new();
    let mut next = format!("{path}&limit=1");
    loop {
        let page = house.get(&next).await.json();
        seen.extend(titles(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{path}&limit=1&cursor={cursor}");
    }
    assert_eq!(seen, ["many", "some", "few"]);

    for (query, detail) in
        [("&q=film", "leave q and owner out"), ("&cursor=x", "cursor"), ("&limit=0", "limit")]
    {
        let told = house.get(&format!("{path}{query}")).await.problem(400);
        assert!(told.contains(detail), "{query}: {told}");
    }
}

#[tokio::test]
async fn the_order_stands_still_for_a_while_without_what_is_taken_back() {
    let house = House::open().await;
    let mut put = Vec::new();
    for (title, views) in [("few", 2), ("many", 50)] {
        put.push(published("ada", title));
        house.put(&put[put.len() - 1]).await;
        house.put_counter(watched(put[put.len() - 1].id, views)).await;
    }
    let path = "/api/v1/content?sort=trending";
    assert_eq!(titles(&house.get(path).await.json()), ["many", "few"]);
    let most = published("ada", "most");
    house.put(&most).await;
    house.put_counter(watched(most.id, 100)).await;
    assert_eq!(titles(&house.get(path).await.json()), ["many", "few"]);
    put[1].unlisted = true;
    house.update(&mut put[1]).await;
    assert_eq!(titles(&house.get(path).await.json()), ["few"]);
}

/// A film with one segment and a poster that are there.
async fn film(house: &House, title: &str, unlisted: bool) -> Content {
    let mut content = Content { unlisted, ..published("ada", title) };
    let (picture, segment) =
        (format!("pictures/{}/thumb.jpg", content.id), format!("media/{}/s.m4s", content.id));
    for key in [&picture, &segment] {
        house.platform.engines.blobs.put(key, "bytes".into()).await.unwrap();
    }
    content.pictures = vec![Picture {
        kind: PictureKind::Thumbnail,
        key: picture,
        name: "thumb.jpg".into(),
        width: 320,
        height: 180,
        at_ms: 0,
        bytes: 5,
    }];
    house.put(&content).await;
    let rendition = Rendition {
        content_id: content.id,
        name: "360p".into(),
        kind: MediaKind::Video,
        position: 0,
        spec: json!({}),
        state: RenditionState::Encoding,
        segments_total: 2,
        segments_done: 1,
        attempts: 0,
        init: None,
        average_bps: None,
        peak_bps: None,
        last_error: None,
        row_version: 1,
    };
    house.write(content.id, Write::InsertRendition(Box::new(rendition))).await;
    let segment = Segment {
        content_id: content.id,
        rendition: "360p".into(),
        index: 0,
        attempt: "a".into(),
        key: segment,
        start: 0,
        duration: 1,
        bytes: 5,
        sha256: "s".into(),
    };
    house.write(content.id, Write::InsertSegment(Box::new(segment))).await;
    content
}

async fn cache_control(house: &House, path: &str) -> String {
    let request = Request::get(path).header("authorization", house.token("ada", Role::Editor));
    let answer = house.send(request, "").await;
    assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
    answer.header("cache-control").to_owned()
}

#[tokio::test]
async fn shared_caches_keep_what_is_hot_for_longer() {
    let house = House::counting(Config::default()).await;
    let (hit, other) = (film(&house, "hit", false).await, film(&house, "other", false).await);
    let draft = film(&house, "draft", true).await;
    let segment = |content: &Content| format!("/media/{}/360p/s.m4s", content.id);
    let tail = "public, max-age=86400, immutable, s-maxage=3600";
    assert_eq!(cache_control(&house, &segment(&hit)).await, tail);

    house.put_counter(watched(hit.id, 100)).await;
    let hot = "public, max-age=86400, immutable, s-maxage=604800";
    let looking = async {
        while cache_control(&house, &segment(&hit)).await != hot {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.expect("it becomes hot");
    assert_eq!(cache_control(&house, &segment(&other)).await, tail);
    let private = "private, max-age=86400, immutable";
    assert_eq!(cache_control(&house, &segment(&draft)).await, private);
    let picture = format!("/media/{}/thumb.jpg", hit.id);
    assert_eq!(cache_control(&house, &picture).await, "public, max-age=3600");
    let shown = house.get(&format!("/api/v1/content/{}", hit.id)).await.json();
    assert_eq!(shown["hot"], true);
    let item = house.get(&format!("/api/v1/content/{}", other.id)).await.json();
    assert_eq!(item["hot"], false);
}
