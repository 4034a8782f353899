//! Who sees which content.

use crate::house::{House, published};
use playhouse_gateway::Role;
use playhouse_storage::catalog::Write;
use playhouse_storage::model::{Content, Stage, Status};
use serde_json::Value;

fn titles(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_paged_newest_first() {
    let house = House::open().await;
    for title in ["one", "two", "three"] {
        house.put(&published("ada", title)).await;
    }
    let first = house.get("/api/v1/content?limit=2").await.json();
    assert_eq!(titles(&first), ["three", "two"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = house.get(&format!("/api/v1/content?limit=2&cursor={cursor}")).await.json();
    assert_eq!((titles(&second), &second["next_cursor"]), (vec!["one"], &Value::Null));
    assert_eq!(titles(&house.get("/api/v1/content?q=TWO").await.json()), ["two"]);
    house.get("/api/v1/content?limit=101").await.problem(400);
    house.get("/api/v1/content?sort=oldest").await.problem(400);
    house.get("/api/v1/content?colour=red").await.problem(400);
}

#[tokio::test]
async fn a_draft_is_there_for_its_creator_and_not_for_others() {
    let house = House::open().await;
    let mut draft = published("ada", "draft");
    draft.unlisted = true;
    house.put(&draft).await;
    let path = format!("/api/v1/content/{}", draft.id);
    let (ada, bob) = (house.token("ada", Role::Editor), house.token("bob", Role::Editor));

    house.get(&path).await.problem(404);
    house.get_as(&path, &bob).await.problem(404);
    house.get(&format!("/media/{}/master.m3u8", draft.id)).await.problem(404);
    let own = house.get_as(&path, &ada).await.json();
    assert_eq!((&own["status"], &own["owner_is_me"]), (&"draft".into(), &true.into()));

    assert_eq!(titles(&house.get("/api/v1/content").await.json()), [] as [&str; 0]);
    let list = house.get_as("/api/v1/content?owner=me", &ada).await.json();
    assert_eq!(
        (titles(&list), &list["items"][0]["renditions"]),
        (vec!["draft"], &Value::from(vec![] as Vec<Value>))
    );
    house.get("/api/v1/content?owner=me").await.problem(401);
    house.get_as("/api/v1/content?owner=all", &ada).await.problem(403);
    let admin = house.token("root", Role::Admin);
    let all = house.get_as("/api/v1/content?owner=all", &admin).await.json();
    assert_eq!((titles(&all), &all["items"][0]["owner_is_me"]), (vec!["draft"], &false.into()));
}

#[tokio::test]
async fn what_is_blocked_is_explained_to_its_creator_and_plays_for_nobody() {
    let house = House::open().await;
    let mut blocked = published("ada", "blocked");
    (blocked.status, blocked.stage) = (Status::Blocked, Stage::Blocked);
    house.put(&blocked).await;
    let ada = house.token("ada", Role::Editor);
    let path = format!("/api/v1/content/{}", blocked.id);
    assert_eq!(house.get_as(&path, &ada).await.json()["status"], "blocked");
    let media = format!("/media/{}/master.m3u8", blocked.id);
    assert!(house.get_as(&media, &ada).await.problem(404).contains("blocked"));
}

/// What was known of a content outlived its change: viewers went on playing what was taken back.
#[tokio::test]
async fn what_is_taken_back_is_gone_at_once() {
    let house = House::open().await;
    let content = Content { stage: Stage::Done, ..published("ada", "film") };
    house.put(&content).await;
    let numbers = format!("/api/v1/content/{}/engagement", content.id);
    let ada = house.token("ada", Role::Editor);
    for (status, seen) in [("published", 200), ("draft", 404), ("published", 200)] {
        let change = axum::http::Request::patch(format!("/api/v1/content/{}", content.id))
            .header("content-type", "application/json")
            .header("authorization", &ada);
        let body = serde_json::json!({"status": status}).to_string();
        assert_eq!(house.send(change, body).await.status, 200);
        assert_eq!(house.get(&numbers).await.status, seen, "{status}");
        assert_eq!(house.get_as(&numbers, &ada).await.status, 200);
    }
}

#[tokio::test]
async fn only_its_creator_changes_a_content() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    let patch = |token: Option<String>| {
        let request = axum::http::Request::patch(format!("/api/v1/content/{}", content.id))
            .header("content-type", "application/json");
        match token {
            Some(token) => request.header("authorization", token),
            None => request,
        }
    };
    let body = r#"{"title":"mine"}"#;
    house.send(patch(None), body).await.problem(401);
    let viewer = house.token("ada", Role::Viewer);
    house.send(patch(Some(viewer)), body).await.problem(403);
    let bob = house.token("bob", Role::Editor);
    house.send(patch(Some(bob)), body).await.problem(403);
}

#[tokio::test]
async fn viewers_get_the_same_answer_again_until_the_content_changes() {
    let house = House::open().await;
    let mut content = Content { stage: Stage::Done, ..published("ada", "old") };
    house.put(&content).await;
    let (path, ada) = (format!("/api/v1/content/{}", content.id), house.token("ada", Role::Editor));
    assert_eq!(house.get(&path).await.json()["title"], "old");

    // As another node would: this one looks again when what it knows is old.
    (content.title, content.row_version) = ("new".into(), 2);
    house.write(content.id, Write::UpdateContent(Box::new(content.clone()))).await;
    assert_eq!(house.get(&path).await.json()["title"], "old");
    assert_eq!(house.get_as(&path, &ada).await.json()["title"], "new", "creators wait for nothing");
    house.platform.cards.forget(content.id);
    assert_eq!(house.get(&path).await.json()["title"], "new");
}
