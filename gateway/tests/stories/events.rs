//! A content as it comes into being, told to whoever watches.

use crate::house::{House, published};
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use playhouse_actors::events::Hint;
use playhouse_gateway::Config;
use playhouse_storage::model::{Content, Stage};
use serde_json::Value;
use tower::ServiceExt;

/// A client that reads an event stream.
pub(crate) struct Watcher {
    body: BodyDataStream,
    text: String,
}

impl Watcher {
    async fn of(house: &House, content: &Content) -> Self {
        Self::at(house, &format!("/api/v1/content/{}/events", content.id), None).await
    }

    pub(crate) async fn at(house: &House, path: &str, token: Option<&str>) -> Self {
        let request = token
            .into_iter()
            .fold(Request::get(path), |request, token| request.header("authorization", token));
        let request = request.body(Body::empty()).unwrap();
        let response = house.site.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event and its data; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
                };
                let found = field("event:").map(|name| {
                    let data = serde_json::from_str(field("data:").unwrap()).unwrap();
                    (name.to_owned(), data)
                });
                self.text = rest.to_owned();
                match found {
                    Some(found) => return Some(found),
                    None => continue,
                }
            }
            let bytes = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    pub(crate) async fn named(&mut self, name: &str) -> Value {
        let (event, data) = self.next().await.unwrap();
        assert_eq!(event, name, "{data}");
        data
    }
}

#[tokio::test]
async fn a_watcher_sees_the_whole_then_changes_then_the_end() {
    let house = House::open().await;
    let mut content = published("ada", "film");
    house.put(&content).await;
    let mut watcher = Watcher::of(&house, &content).await;
    assert_eq!(watcher.named("content").await["title"], "film");

    let progress =
        Hint::Progress { content: content.id, renditions: vec!["360p".into()], progress: 0.5 };
    house.platform.hub.tell(progress);
    assert_eq!(watcher.named("progress").await["progress"], 0.5);

    // A hint without a change says nothing; the change after it does.
    house.platform.hub.tell(Hint::Changed(content.id));
    content.title = "better film".into();
    house.update(&mut content).await;
    assert_eq!(watcher.named("content").await["title"], "better film");

    content.stage = Stage::Done;
    house.update(&mut content).await;
    assert_eq!(watcher.named("content").await["stage"], "done");
    assert_eq!(watcher.named("end").await["reason"], "settled");
    assert_eq!(watcher.next().await, None);
}

#[tokio::test]
async fn a_watcher_that_missed_its_hints_is_right_again() {
    let house = House::open().await;
    let mut content = published("ada", "film");
    house.put(&content).await;
    let mut watcher = Watcher::of(&house, &content).await;
    watcher.named("content").await;
    for _ in 0..500 {
        house.update(&mut content).await;
    }
    content.stage = Stage::Failed;
    house.update(&mut content).await;
    assert_eq!(watcher.named("content").await["stage"], "failed");
    watcher.named("end").await;
}

#[tokio::test]
async fn more_streams_than_allowed_are_asked_to_come_again() {
    let house = House::with(Config { sse_streams_max: 1, ..Config::default() }).await;
    let content = published("ada", "film");
    house.put(&content).await;
    let first = Watcher::of(&house, &content).await;
    let path = format!("/api/v1/content/{}/events", content.id);
    let refused = house.get(&path).await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "5");
    drop(first);
    Watcher::of(&house, &content).await;
}

#[tokio::test]
async fn a_stream_whose_time_is_over_closes_without_an_end() {
    let config = Config { sse_lifetime_s: 0, sse_debounce_ms: 10, ..Config::default() };
    let house = House::with(config).await;
    let content = published("ada", "film");
    house.put(&content).await;
    let mut watcher = Watcher::of(&house, &content).await;
    watcher.named("content").await;
    assert_eq!(watcher.next().await, None);
}
