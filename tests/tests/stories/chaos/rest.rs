//! What is true when the faults are over.

use crate::shared;
use playhouse_tests::client::Client;
use playhouse_tests::media;
use playhouse_tests::sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// Every content ends published with all its renditions, and no fault counts as an attempt.
pub(super) async fn assert_published(
    client: &Client,
    uploads: Vec<String>,
    within: Duration,
) -> Vec<String> {
    assert!(!uploads.is_empty(), "nothing was uploaded");
    for id in &uploads {
        let content = client
            .wait_content(id, within, |content| {
                content["status"] == "published" && shared::all_states(content, &["complete"])
            })
            .await;
        for rendition in content["renditions"].as_array().into_iter().flatten() {
            assert_eq!(rendition["attempts"], 0, "killing is no failed attempt: {content:#}");
        }
    }
    let letters = client.get("/admin/api/dead-letters").await.json();
    assert_eq!(letters["items"], Value::Array(vec![]), "nothing gave up");
    uploads
}

/// Every source is kept as it was sent, once for each content.
pub(super) fn assert_bytes_are_whole(sandbox: &Sandbox, uploads: &[String], film: &Path) {
    let sent = media::sha256(&std::fs::read(film).expect("the film is there"));
    let files = shared::files(&sandbox.data());
    for id in uploads {
        let source = format!("source/{id}/");
        let kept: Vec<_> =
            files.iter().filter(|path| path.to_string_lossy().contains(&source)).collect();
        assert_eq!(kept.len(), 1, "one source of {id}: {kept:?}");
        let bytes = std::fs::read(kept[0]).expect("a source can be read");
        assert_eq!(media::sha256(&bytes), sent, "the source of {id}");
    }
}

/// Three of the contents decode whole, frame by frame.
pub(super) async fn assert_plays(sandbox: &Sandbox, client: &Client, uploads: &[String]) {
    for id in uploads.iter().take(3) {
        shared::assert_whole(sandbox, client, id, 350, 25.0).await;
    }
}

/// No process, no task, no message, no folder of an attempt is left; everybody is up.
pub(super) async fn assert_nothing_is_left(sandbox: &Sandbox, client: &Client) {
    let began = Instant::now();
    loop {
        let left = left_over(sandbox, client).await;
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "left behind: {left:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn left_over(sandbox: &Sandbox, client: &Client) -> Vec<String> {
    let mut left = vec![];
    left.extend(sandbox.processes().into_iter().map(|it| format!("process {it}")));
    let work = shared::files(&sandbox.data().join("tmp"));
    left.extend(work.into_iter().map(|path| format!("file {}", path.display())));
    let page = client.get("/admin/api/tree?depth=4&limit=1000").await.json();
    let actors = page["actors"].as_array().expect("a list of actors").clone();
    for actor in actors {
        // These serve, and carry wake-ups, by tasks of their own, for as long as they live.
        let lasts = matches!(actor["parent"].as_str(), Some("http/listener" | "encode/waker"));
        let is_task = actor["role"] == "task" && !lasts;
        let is_calm = matches!(actor["status"].as_str(), Some("idle" | "working"));
        if is_task || !is_calm || actor["depth"].as_u64() > Some(1) {
            left.push(actor.to_string());
        }
    }
    left
}

/// No place for workers is lost: more films at once than the node has places end whole.
pub(super) async fn assert_work_goes_on(client: &Client, film: &Path) {
    let bytes = std::fs::read(film).expect("the film is there");
    let uploads = (0..3).map(|_| client.upload(bytes.clone(), "filename ZmlsbS5tcDQ="));
    for id in futures_util::future::join_all(uploads).await {
        shared::wait_complete(client, &id).await;
    }
}
