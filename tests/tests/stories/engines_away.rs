//! What a node does while engines that it can do without for a while are away.

use playhouse_tests::sandbox::Sandbox;

/// Nobody listens here.
const NOBODY: &str = "127.0.0.1:1";

#[tokio::test]
async fn a_node_goes_on_without_its_cache_and_says_when_it_cannot_store() {
    let sandbox = Sandbox::started(&[
        &format!("storage.cache=redis://{NOBODY}/0"),
        "storage.blobs=s3://media",
        &format!("storage.s3.endpoint=http://{NOBODY}"),
        "storage.s3.access_key=none",
        "storage.s3.secret_key=none",
        "storage.s3.tries_max=2",
        &format!("storage.jobs=amqp://me:hush@{NOBODY}/v"),
    ])
    .await;
    let ready = sandbox.anonymous().get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.text());
    let states = &ready.json()["engines"];
    let states = ["catalog", "blobs", "cache", "jobs"].map(|engine| states[engine].as_str());
    assert_eq!(states, [Some("up"), Some("away"), Some("away"), Some("away")], "{}", ready.text());

    let creator = sandbox.client("editor", "ada");
    let created = creator.create(4, "filename YS5tcDQ=").await;
    assert_eq!(created.status, 201, "nobody is counted, nobody refused: {}", created.text());
    let refused = creator.append(created.header("location"), 0, b"film".to_vec()).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").parse::<u64>().is_ok(), "{:?}", refused.headers);
    assert!(!refused.problem().is_empty());
    assert!(!sandbox.log().contains("hush"), "the broker's password is in the log");
}
