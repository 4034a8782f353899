//! Every answer has a trace id, every error is a problem, and pages are locked down.

use crate::house::House;
use axum::http::{Request, StatusCode};
use playhouse_gateway::Role;

#[tokio::test]
async fn an_unknown_address_a_wrong_method_and_a_bad_body_are_problems() {
    let house = House::open().await;
    assert!(house.get("/nowhere").await.problem(404).contains("/docs"));
    assert!(house.get("/api/v1/content/no-id").await.problem(404).contains("no UUID"));

    let wrong = house.send(Request::put("/api/v1/content"), "").await;
    wrong.problem(405);
    assert!(wrong.header("allow").contains("GET"), "{:?}", wrong.headers);

    let path = format!("/api/v1/content/{}", uuid::Uuid::now_v7());
    let patch = || Request::patch(&path).header("content-type", "application/json");
    house.send(patch(), "{").await.problem(400);
    assert!(house.send(patch(), r#"{"titel":"x"}"#).await.problem(400).contains("titel"));
    house.send(Request::patch(&path), "{}").await.problem(415);
    house.send(patch(), format!("{{\"title\":\"{}\"}}", "x".repeat(70_000))).await.problem(413);
}

#[tokio::test]
async fn a_given_trace_goes_through_to_the_answer() {
    let house = House::open().await;
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{id}-00f067aa0ba902b7-01");
    let answer = house.send(Request::get("/healthz").header("traceparent", parent), "").await;
    assert_eq!(answer.header("playhouse-trace-id"), id);
    assert_eq!(house.get("/healthz").await.header("playhouse-trace-id").len(), 32);
}

#[tokio::test]
async fn a_node_with_its_stores_is_ready() {
    let house = House::open().await;
    assert_eq!(house.get("/healthz").await.json()["status"], "alive");
    let engines = ["catalog", "blobs", "events", "cache", "jobs"];
    let up: serde_json::Value = engines.iter().map(|engine| (*engine, "up")).collect();
    let ready = house.get("/readyz").await.json();
    assert_eq!((&ready["status"], &ready["engines"]), (&"ready".into(), &up));
    assert_eq!(house.get("/readyz?leaving=404").await.status, 200);
    let wrong = house.get("/readyz?leaving=200").await;
    assert_eq!(
        (wrong.status, wrong.json()["detail"].as_str()),
        (StatusCode::BAD_REQUEST, Some("leaving is 404 or 503"))
    );
}

#[tokio::test]
async fn a_visitor_keeps_a_name_and_a_token_tells_another() {
    let house = House::open().await;
    let first = house.get("/api/v1/me").await;
    assert_eq!(
        (&first.json()["role"], &first.json()["anonymous"]),
        (&"guest".into(), &true.into())
    );
    let cookie = first.header("set-cookie").split(';').next().unwrap().to_owned();
    let again = house.send(Request::get("/api/v1/me").header("cookie", cookie), "").await;
    assert_eq!(again.json()["subject"], first.json()["subject"]);
    assert_eq!(again.header("set-cookie"), "");

    let ada = house.get_as("/api/v1/me", &house.token("ada", Role::Editor)).await;
    assert_eq!((&ada.json()["subject"], &ada.json()["role"]), (&"ada".into(), &"editor".into()));
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused_also_where_none_is_needed() {
    let house = House::open().await;
    let answer = house.get_as("/api/v1/content", "Bearer a.b.c").await;
    answer.problem(401);
    assert!(answer.header("www-authenticate").contains("invalid_token"));
    house.get_as("/api/v1/content", "Basic YTpi").await.problem(401);
}

#[tokio::test]
async fn pages_run_no_inline_script_and_are_not_framed() {
    let house = House::open().await;
    for path in ["/", "/upload", "/admin", "/watch/x", "/insights/x", "/docs"] {
        let page = house.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("script-src 'unsafe-inline'"), "{path}: {policy}");
    }
    assert_eq!(house.get("/favicon.ico").await.header("content-type"), "image/svg+xml");
    house.get("/assets/../token-key").await.problem(404);
    assert!(house.get("/openapi.json").await.json()["paths"].is_object());
}

#[tokio::test]
async fn dead_letters_are_for_administrators() {
    let house = House::open().await;
    let path = "/admin/api/dead-letters";
    house.get(path).await.problem(401);
    house.get_as(path, &house.token("ada", Role::Editor)).await.problem(403);
    let list = house.get_as(path, &house.token("root", Role::Admin)).await;
    assert_eq!(list.json(), serde_json::json!({"items": [], "next_cursor": null}));
    let replay = format!("{path}/{}/replay", uuid::Uuid::now_v7());
    let request = Request::post(replay).header("authorization", house.token("root", Role::Admin));
    house.send(request, "").await.problem(404);
}

#[tokio::test]
async fn a_browser_on_another_origin_may_ask() {
    let house = House::open().await;
    let preflight = Request::options("/api/v1/uploads")
        .header("origin", "https://studio.example")
        .header("access-control-request-method", "POST");
    let answer = house.send(preflight, "").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (204, "*"));
    assert!(answer.header("access-control-allow-headers").contains("Upload-Metadata"));

    let refused = house.send(Request::post("/api/v1/uploads"), "").await;
    refused.problem(412);
    assert!(refused.header("access-control-expose-headers").contains("Upload-Offset"));
}
