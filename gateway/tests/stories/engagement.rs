//! What viewers do with a content: told by servers and viewers, shown to whom it concerns.

use crate::events::Watcher;
use crate::house::{Answer, House, published};
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use playhouse_gateway::{Config, PlaybackLimits, Role};
use playhouse_storage::model::{Content, ContentId, Status};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// Some polls of every service on a machine that is busy.
const SOON: Duration = Duration::from_secs(30);

async fn view(house: &House, id: ContentId, headers: &[(&str, &str)], body: &str) -> Answer {
    let request = Request::post(format!("/api/v1/content/{id}/views"));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    house.send(request, body.to_owned()).await
}

async fn put_like(house: &House, id: ContentId, method: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(format!("/api/v1/content/{id}/like"));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    house.send(request, "").await
}

async fn engagement(house: &House, id: ContentId) -> Value {
    house.get(&format!("/api/v1/content/{id}/engagement")).await.json()
}

/// Waits until the numbers of a content are as a test wants them.
async fn until(house: &House, id: ContentId, wanted: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let numbers = engagement(house, id).await;
            if wanted(&numbers) {
                return numbers;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, looking).await.expect("the numbers come")
}

#[tokio::test]
async fn a_view_that_a_server_tells_counts_once_for_each_key() {
    let house = House::counting(Config::default()).await;
    let content = published("ada", "film");
    house.put(&content).await;
    let (ada, root) = (house.token("ada", Role::Editor), house.token("root", Role::Admin));
    for (token, key, body, counted) in [
        (&ada, "view-1", "", true),
        (&ada, "view-1", "", false),
        (&ada, "view-1", r#"{"viewer":"v2"}"#, false),
        (&ada, "view-2", r#"{"viewer":"v1"}"#, true),
        (&ada, "view-3", r#"{"viewer":"v1"}"#, true),
        (&root, "view-1", "{}", true),
    ] {
        let headers = [("authorization", token.as_str()), ("idempotency-key", key)];
        let answer = view(&house, content.id, &headers, body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        assert_eq!(answer.json(), json!({"counted": counted}), "{key} {body}");
    }
    let numbers = until(&house, content.id, |numbers| numbers["views"]["settled"] == 4).await;
    assert_eq!((&numbers["unique_viewers"], &numbers["likes"]), (&json!(1), &json!(0)));

    let list = house.get("/api/v1/content").await.json();
    assert_eq!((&list["items"][0]["views"], &list["items"][0]["hot"]), (&json!(4), &json!(false)));
}

#[tokio::test]
async fn who_may_not_tell_views_or_tells_them_badly_is_told_so() {
    let house = House::open().await;
    let content = published("ada", "film");
    let blocked = Content { status: Status::Blocked, ..published("ada", "blocked") };
    let draft = Content { unlisted: true, ..published("ada", "draft") };
    for content in [&content, &blocked, &draft] {
        house.put(content).await;
    }
    let (ada, bob) = (house.token("ada", Role::Editor), house.token("bob", Role::Editor));
    let key = ("idempotency-key", "k");
    let (as_ada, as_bob) = (("authorization", ada.as_str()), ("authorization", bob.as_str()));
    view(&house, content.id, &[key], "").await.problem(401);
    view(&house, content.id, &[as_bob, key], "").await.problem(403);
    view(&house, draft.id, &[as_bob, key], "").await.problem(404);
    view(&house, blocked.id, &[as_ada, key], "").await.problem(404);
    view(&house, ContentId::new(), &[as_ada, key], "").await.problem(404);
    let missing = view(&house, content.id, &[as_ada], "").await.problem(400);
    assert!(missing.contains("Idempotency-Key"), "{missing}");
    let long = "x".repeat(129);
    for bad in ["", "two words", long.as_str()] {
        let told = view(&house, content.id, &[as_ada, ("idempotency-key", bad)], "").await;
        assert!(told.problem(400).contains("1 to 128 visible"), "{bad}");
    }
    let at = |hours| {
        let at = Timestamp::now() + SignedDuration::from_hours(hours);
        json!({"at": at}).to_string()
    };
    for (body, detail) in [
        ("{", "send nothing, or JSON"),
        (r#"{"at":"noon"}"#, "send nothing, or JSON"),
        (r#"{"who":"x"}"#, "unknown field `who`"),
        (r#"{"viewer":""}"#, "1 to 256 bytes"),
        (&at(-25), "86400 seconds ago"),
        (&at(1), "60 seconds ahead"),
    ] {
        let told = view(&house, content.id, &[as_ada, key], body).await.problem(400);
        assert!(told.contains(detail), "{body}: {told}");
    }
    let late = view(&house, content.id, &[as_ada, key], &at(-23)).await;
    assert_eq!(late.json()["counted"], true, "a late one counts; none of the others did");
}

#[tokio::test]
async fn no_view_is_taken_while_too_many_wait() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    let waiting_max = house.platform.config.engagement.facts_waiting_max;
    house.platform.cells.facts_wait(waiting_max);
    let ada = house.token("ada", Role::Editor);
    let headers = [("authorization", ada.as_str()), ("idempotency-key", "k")];
    let full = view(&house, content.id, &headers, "").await;
    full.problem(503);
    assert_eq!(full.header("retry-after"), "5");
    house.platform.cells.facts_wait(0);
    assert_eq!(view(&house, content.id, &headers, "").await.json()["counted"], true);
}

#[tokio::test]
async fn likes_are_a_set_of_those_who_like() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    let first = put_like(&house, content.id, "PUT", &[]).await;
    assert_eq!(first.json(), json!({"liked": true, "likes": 1}));
    assert_eq!(first.header("cache-control"), "no-store");
    let cookie = first.header("set-cookie").split(';').next().unwrap().to_owned();
    let as_guest = [("cookie", cookie.as_str())];
    let again = put_like(&house, content.id, "PUT", &as_guest).await;
    assert_eq!((again.json(), again.header("set-cookie")), (first.json(), ""));

    let token = house.token("bob", Role::Viewer);
    let as_bob = [("authorization", token.as_str())];
    let second = put_like(&house, content.id, "PUT", &as_bob).await;
    assert_eq!(second.json(), json!({"liked": true, "likes": 2}));
    let path = format!("/api/v1/content/{}/engagement", content.id);
    assert_eq!(house.get_as(&path, &token).await.json()["liked"], true);
    assert_eq!(house.get(&path).await.json()["liked"], false);
    for _ in 0..2 {
        let none = put_like(&house, content.id, "DELETE", &as_guest).await;
        assert_eq!(none.json(), json!({"liked": false, "likes": 1}));
    }
    put_like(&house, ContentId::new(), "PUT", &as_bob).await.problem(404);

    let preflight = Request::options(format!("/api/v1/content/{}/like", content.id))
        .header("origin", "https://studio.example")
        .header("access-control-request-method", "PUT");
    let allowed = house.send(preflight, "").await;
    assert!(allowed.header("access-control-allow-methods").contains("PUT"));
}

#[tokio::test]
async fn numbers_come_at_once_and_whenever_they_change() {
    let house = House::counting(Config::default()).await;
    let content = published("ada", "film");
    house.put(&content).await;
    let path = format!("/api/v1/content/{}/engagement/stream", content.id);
    let mut watcher = Watcher::at(&house, &path, None).await;
    let none = json!({
        "views": {"live": 0, "settled": 0},
        "viewers_now": 0,
        "unique_viewers": 0,
        "likes": 0,
        "watch_time_s": 0.0,
    });
    assert_eq!(watcher.named("engagement").await, none);
    let ada = house.token("ada", Role::Editor);
    let headers = [("authorization", ada.as_str()), ("idempotency-key", "k")];
    view(&house, content.id, &headers, "").await;
    put_like(&house, content.id, "PUT", &[]).await;
    let changed = async {
        loop {
            let numbers = watcher.named("engagement").await;
            if numbers["views"] == json!({"live": 1, "settled": 1}) && numbers["likes"] == 1 {
                return;
            }
        }
    };
    timeout(SOON, changed).await.expect("the stream tells");
}

#[tokio::test]
async fn more_streams_of_numbers_than_allowed_are_asked_to_come_again() {
    let playback = PlaybackLimits { streams_max: 1, ..PlaybackLimits::default() };
    let house = House::with(Config { playback, ..Config::default() }).await;
    let content = published("ada", "film");
    house.put(&content).await;
    let path = format!("/api/v1/content/{}/engagement/stream", content.id);
    let first = Watcher::at(&house, &path, None).await;
    let refused = house.get(&path).await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "5");
    drop(first);
    Watcher::at(&house, &path, None).await;
    let none = format!("/api/v1/content/{}/engagement/stream", ContentId::new());
    house.get(&none).await.problem(404);
}

#[tokio::test]
async fn statistics_are_for_the_creator_and_operators() {
    let house = House::counting(Config::default()).await;
    let content = Content { duration_s: Some(200.0), ..published("ada", "film") };
    let draft = Content { unlisted: true, ..published("ada", "draft") };
    house.put(&content).await;
    house.put(&draft).await;
    let path = format!("/api/v1/content/{}/insights", content.id);
    let hidden = format!("/api/v1/content/{}/insights", draft.id);
    let token = |subject, role| house.token(subject, role);
    house.get(&path).await.problem(401);
    house.get(&hidden).await.problem(404);
    let bob = token("bob", Role::Editor);
    house.get_as(&path, &bob).await.problem(403);
    house.get_as(&hidden, &bob).await.problem(404);
    let ada = token("ada", Role::Editor);
    let concerned = [ada.clone(), token("root", Role::Admin), token("olga", Role::Operator)];
    let sums = format!("/api/v1/content/{}/analytics", content.id);
    house.get(&sums).await.problem(401);
    house.get_as(&sums, &bob).await.problem(403);
    for token in &concerned {
        assert_eq!(house.get_as(&sums, token).await.status, 200);
        assert_eq!(house.get_as(&path, token).await.status, 200);
        assert_eq!(house.get_as(&hidden, token).await.status, 200);
    }

    let headers = [("authorization", ada.as_str()), ("idempotency-key", "k")];
    view(&house, content.id, &headers, r#"{"viewer":"v"}"#).await;
    until(&house, content.id, |numbers| numbers["views"]["settled"] == 1).await;
    let told = house.get_as(&path, &ada).await.json();
    assert_eq!((&told["title"], &told["duration_s"]), (&json!("film"), &json!(200.0)));
    assert_eq!(told["totals"]["unique_viewers"], 1);
    assert_eq!(told["totals"]["unique_exact"], true);
    assert_eq!(told["totals"]["unique_error"], 0.0081);
    assert_eq!(told["views"]["bucket_s"], 300);
    let points = told["views"]["points"].as_array().unwrap();
    let views: u64 = points.iter().map(|point| point["views"].as_u64().unwrap()).sum();
    assert!((288..=289).contains(&points.len()) && views == 1, "{} points", points.len());
    assert_eq!(told["retention"]["bucket_s"], 2.0);
    assert_eq!(told["retention"]["watched"].as_array().unwrap().len(), 100);
    assert_eq!(told["qoe"]["startup_s"], json!({"p50": null, "p95": null}));
    assert!(told["trending"]["score"].as_f64().unwrap() > 0.9);
}

#[tokio::test]
async fn a_span_that_cannot_be_shown_is_told() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    let ada = house.token("ada", Role::Editor);
    for (query, detail) in [
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from must be before to"),
        ("from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "30 days apart"),
        ("from=yesterday", "from"),
        ("width=5", "width"),
    ] {
        let path = format!("/api/v1/content/{}/insights?{query}", content.id);
        let told = house.get_as(&path, &ada).await.problem(400);
        assert!(told.contains(detail), "{query}: {told}");
    }
}

#[tokio::test]
async fn a_creator_sees_what_was_added_up() {
    let house = House::counting(Config::default()).await;
    let content = published("ada", "film");
    house.put(&content).await;
    let ada = house.token("ada", Role::Editor);
    for key in ["a", "b", "c"] {
        let headers = [("authorization", ada.as_str()), ("idempotency-key", key)];
        view(&house, content.id, &headers, "").await;
    }
    let path = format!("/api/v1/content/{}/analytics", content.id);
    let total = format!("{path}?by=total&split=country");
    let added = async {
        loop {
            let told = house.get_as(&total, &ada).await.json();
            if told["points"][0]["views"] == 3 {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = timeout(SOON, added).await.expect("the views are added");
    assert_eq!((&told["by"], &told["split"]), (&json!("total"), &json!("country")));
    assert_eq!(told["points"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&told["points"][0]["country"], &told["points"][0]["at"]),
        (&json!("ZZ"), &told["from"])
    );
    let hours = house.get_as(&path, &ada).await.json();
    let views = hours["points"].as_array().unwrap().iter().map(|it| it["views"].as_u64().unwrap());
    assert_eq!((&hours["by"], views.sum::<u64>()), (&json!("hour"), 3));
    for (query, detail) in [("by=week", "by"), ("split=city", "split"), ("by=minute", "points")] {
        let told = house.get_as(&format!("{path}?{query}"), &ada).await.problem(400);
        assert!(told.contains(detail), "{query}: {told}");
    }
}
