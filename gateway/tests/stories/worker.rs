//! What a worker on another machine may ask of this node, and what not.

use crate::events::Watcher;
use crate::house::{House, published};
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use playhouse_gateway::Role;
use playhouse_storage::catalog::Write;
use playhouse_storage::model::{ContentId, Job, JobClass, JobId, JobState};
use serde_json::{Value, json};

async fn post(house: &House, path: &str, role: Role, body: &Value) -> crate::house::Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", house.token("w1", role));
    house.send(request, body.to_string()).await
}

fn letter(kind: &str, id: &Value, request: &Value) -> Value {
    json!({"kind": kind, "id": id, "request": request, "within_ms": 5_000})
}

#[tokio::test]
async fn a_worker_speaks_to_entities_about_its_job_alone() {
    let house = House::open().await;
    let id = ContentId::new();
    let ask = async |kind: &str, id: Value, request: Value| {
        post(&house, "/worker/api/ask", Role::Worker, &letter(kind, &id, &request)).await
    };
    let begin = json!({"Begin": {"job": ContentId::new(), "token": "t"}});
    let rendition = json!({"content": id, "name": "360p"});
    let answer = ask("rendition.transcoder", rendition.clone(), begin.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"Refused": "NotFound"})));
    let answer = ask("content.pipeline", json!(id), json!("Advance")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"Refused": "NotFound"})));

    for refused in [json!("Delete"), json!("Unreadable"), json!({"Hashed": {"sha256": "0"}})] {
        ask("content.pipeline", json!(id), refused).await.problem(403);
    }
    ask("upload.session", json!(id), json!("HandOver")).await.problem(403);
    ask("rendition.transcoder", rendition.clone(), json!("Dance")).await.problem(400);
    ask("rendition.transcoder", json!("no id"), begin.clone()).await.problem(400);
    let large = json!({"Begin": {"job": ContentId::new(), "token": "t".repeat(70_000)}});
    ask("rendition.transcoder", rendition.clone(), large).await.problem(413);

    let whole = letter("rendition.transcoder", &rendition, &begin);
    for other in [Role::Editor, Role::Operator, Role::Viewer] {
        post(&house, "/worker/api/ask", other, &whole).await.problem(403);
    }
    let nobody = Request::post("/worker/api/ask").header("content-type", "application/json");
    house.send(nobody, whole.to_string()).await.problem(401);
}

#[tokio::test]
async fn who_watches_a_page_sees_how_far_a_worker_elsewhere_is() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    let path = format!("/api/v1/content/{}/events", content.id);
    let mut watcher = Watcher::at(&house, &path, None).await;
    watcher.named("content").await;
    let tell = async |note: Value| post(&house, "/worker/api/hints", Role::Worker, &note).await;
    let far =
        json!({"progress": {"content": content.id, "renditions": ["360p"], "progress": 0.25}});
    assert_eq!(tell(json!([far])).await.status, 204);
    let told = watcher.named("progress").await;
    assert_eq!(told["progress"], 0.25, "{told}");

    tell(json!([{"changed": content.id}])).await.problem(403);
    tell(json!(vec![far; 65])).await.problem(403);
    tell(json!({"progress": 1})).await.problem(400);
    assert_eq!(tell(json!([])).await.status, 204, "whether the token is accepted");
}

#[tokio::test]
async fn an_operator_sees_how_much_work_waits() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    let an_hour_ago = Timestamp::now() - SignedDuration::from_hours(1);
    let job = Job {
        id: JobId::new(),
        content_id: content.id,
        class: JobClass::Group,
        work: json!({"work": "encode", "renditions": ["360p"], "end": null}),
        state: JobState::Ready,
        not_before: an_hour_ago,
        created_at: an_hour_ago,
        traceparent: None,
    };
    house.write(content.id, Write::InsertJob(Box::new(job))).await;
    house.get_as("/admin/api/jobs", &house.token("ada", Role::Editor)).await.problem(403);
    let told = house.get_as("/admin/api/jobs", &house.token("o", Role::Operator)).await.json();
    assert_eq!(told["total"], json!({"waiting": 1, "resting": 0, "leased": 0}));
    let classes = told["classes"].as_array().unwrap();
    let names: Vec<_> = classes.iter().map(|it| it["class"].as_str().unwrap()).collect();
    assert_eq!(names, ["probe", "opening", "pictures", "lowest", "group", "single"]);
    assert_eq!((&classes[4]["waiting"], &classes[0]["waiting"]), (&json!(1), &json!(0)));
    let age = classes[4]["oldest_waiting_s"].as_f64().unwrap();
    assert!((3_600.0..3_660.0).contains(&age), "{age}");
    assert_eq!(classes[0]["oldest_waiting_s"], Value::Null);
}
