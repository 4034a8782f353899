//! Tokens and roles: who may upload, who sees a draft, who may administer.

use crate::shared;
use playhouse_tests::client::send;
use playhouse_tests::sandbox::Sandbox;
use serde_json::json;

#[tokio::test]
async fn a_token_says_who_you_are() {
    let sandbox = Sandbox::started(&[]).await;
    let me = sandbox.client("editor", "ada").get("/api/v1/me").await;
    assert_eq!((me.status, me.json()["subject"].as_str()), (200, Some("ada")), "{}", me.text());
    assert_eq!(me.json()["role"], "editor", "{}", me.text());

    let someone = sandbox.anonymous().get("/api/v1/me").await;
    assert_eq!(someone.status, 200, "{}", someone.text());
    assert!(someone.header("set-cookie").contains("HttpOnly"), "{:?}", someone.headers);

    let forged = playhouse_tests::client::Client::new(&sandbox.url(""), Some("a.b.c"));
    let answer = forged.get("/api/v1/me").await;
    assert_eq!(answer.status, 401);
    assert!(!answer.problem().is_empty());
}

#[tokio::test]
async fn only_editors_upload_and_only_administrators_administer() {
    let sandbox = Sandbox::started(&[]).await;
    let metadata = "filename YS5tcDQ=";
    for (client, expected) in [
        (sandbox.anonymous(), 401),
        (sandbox.client("guest", "gil"), 403),
        (sandbox.client("viewer", "vic"), 403),
        (sandbox.client("editor", "eve"), 201),
        (sandbox.admin(), 201),
    ] {
        let answer = client.create(1, metadata).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
    }
    for (client, expected) in
        [(sandbox.anonymous(), 401), (sandbox.client("editor", "eve"), 403), (sandbox.admin(), 200)]
    {
        let answer = client.get("/admin/api/dead-letters").await;
        assert_eq!(answer.status, expected, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_draft_is_its_owners_alone() {
    let sandbox = Sandbox::started(&[]).await;
    let owner = sandbox.client("editor", "ada");
    let id = owner.upload(shared::clip_bytes(), "filename YS5tcDQ=").await;
    shared::wait_complete(&owner, &id).await;
    let path = format!("/api/v1/content/{id}");
    assert_eq!(sandbox.anonymous().get(&path).await.status, 200, "published");

    let other = sandbox.client("editor", "eve");
    let draft = json!({ "status": "draft" });
    assert_eq!(send(other.request("PATCH", &path).json(&draft)).await.status, 403);
    let taken_back = send(owner.request("PATCH", &path).json(&draft)).await;
    assert_eq!(taken_back.status, 200, "{}", taken_back.text());
    assert_eq!(taken_back.json()["status"], "draft");

    assert_eq!(owner.get(&path).await.status, 200);
    for stranger in [other, sandbox.anonymous()] {
        // Not 403: a stranger does not learn that it exists.
        assert_eq!(stranger.get(&path).await.status, 404);
        let listed = stranger.get("/api/v1/content").await.text();
        assert!(!listed.contains(&id), "{listed}");
    }
}

#[tokio::test]
async fn an_address_that_opens_sessions_without_end_is_told_to_wait() {
    let sandbox = Sandbox::started(&["gateway.rates.sessions_per_minute_max=2"]).await;
    let client = sandbox.anonymous();
    let wish = json!({ "content_id": uuid::Uuid::now_v7(), "device": "phone" });
    let open = async |address: Option<&str>| {
        let request = client.request("POST", "/api/v1/playback/sessions").json(&wish);
        send(match address {
            Some(address) => request.header("x-forwarded-for", address),
            None => request,
        })
        .await
    };
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(open(Some("198.51.100.7")).await);
    }
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [404, 404, 429]);
    let wait_s: u64 = answers[2].header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait_s), "{wait_s}");
    assert_eq!(open(Some("198.51.100.8")).await.status, 404, "another address");
    for _ in 0..3 {
        assert_eq!(open(None).await.status, 404, "a program beside the node is no one client");
    }
}
