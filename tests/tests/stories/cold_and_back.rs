//! A film that nobody watches goes to the large slow disk, and comes back when it is watched. The
//! node dies at the steps of the way; the film plays all the same, and nothing of it is there twice
//! or lost in the end.

use crate::shared;
use playhouse_tests::client::{Client, send};
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::{clip, media};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const SETTINGS: [&str; 3] =
    ["storage.cold=file:slow", "actors.tiers.idle_days=0", "actors.tiers.poll_s=2"];
/// Time for one way on two busy cores.
const MOVED_WITHIN: Duration = Duration::from_secs(30);

/// Every file below a folder by its path, but what is under way.
fn files(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.strip_prefix(root).expect("it is below").display().to_string();
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(name);
            }
        }
    }
    found
}

/// What is on the hot disk and on the slow one.
fn shelves(sandbox: &Sandbox) -> (BTreeSet<String>, BTreeSet<String>) {
    (files(&sandbox.data().join("blobs")), files(&sandbox.data().join("slow")))
}

async fn wait_tier(client: &Client, id: &str, tier: &str) -> Value {
    client.wait_content(id, MOVED_WITHIN, |content| content["tier"] == tier).await
}

/// Every rendition of the film decodes, and the highest has all its frames.
async fn assert_plays(sandbox: &Sandbox, id: &str, frames: u64) {
    for rendition in ["360p", "720p"] {
        let found = media::count_frames(&shared::playlist(sandbox, id, rendition), "v");
        assert_eq!(found, frames, "{rendition}");
    }
}

/// Lets the node die at each of the points, one after the other, and start again.
async fn die_at(sandbox: &mut Sandbox, points: &[&str], id: &str, frames: u64) {
    for point in points {
        sandbox.start_armed(point).await;
        sandbox.wait_ended(MOVED_WITHIN).await;
        let (hot, cold) = shelves(sandbox);
        assert!(hot.union(&cold).any(|name| name.contains("720p")), "{point}: {hot:?} {cold:?}");
    }
    // Without a point, and without time to move: what is there plays.
    sandbox.start().await;
    assert_plays(sandbox, id, frames).await;
}

#[tokio::test]
async fn a_film_goes_to_the_slow_disk_and_back_although_the_node_dies_at_every_step() {
    // It stays until it is told to go.
    let mut sandbox = Sandbox::started(&["actors.tiers.idle_days=1000"]).await;
    let id = sandbox.upload(&clip());
    let client = sandbox.admin();
    client.wait_content(&id, shared::ENCODED_WITHIN, |content| content["stage"] == "done").await;
    let source = clip();
    let frames = media::count_frames(source.to_str().expect("a path of text"), "v");
    let (all, _) = shelves(&sandbox);
    assert!(sandbox.stop().await.success());

    sandbox.set(&SETTINGS);
    let points = ["blob.carried:1", "blob.carried:2", "tier.committed:1", "blob.cleared:2"];
    die_at(&mut sandbox, &points, &id, frames).await;
    wait_tier(&client, &id, "cold").await;
    let (hot, cold) = shelves(&sandbox);
    assert!(hot.is_disjoint(&cold), "nothing is there twice: {hot:?} {cold:?}");
    assert_eq!(hot.union(&cold).cloned().collect::<BTreeSet<_>>(), all, "nothing is lost");
    assert!(cold.iter().any(|name| name.starts_with("source/")), "{cold:?}");
    assert!(cold.iter().any(|name| name.contains("/720p/")), "{cold:?}");
    assert!(!cold.iter().any(|name| name.contains("/360p/")), "the lowest stays: {cold:?}");
    assert_plays(&sandbox, &id, frames).await;

    let view = client.request("POST", &format!("/api/v1/content/{id}/views"));
    let view = send(view.header("Idempotency-Key", "one")).await;
    assert_eq!(view.status, 202, "{}", view.text());
    sandbox.kill();
    let points = ["blob.carried:1", "tier.committed:1", "blob.cleared:1"];
    die_at(&mut sandbox, &points, &id, frames).await;
    wait_tier(&client, &id, "hot").await;
    let (hot, cold) = shelves(&sandbox);
    assert_eq!((hot, cold), (all, BTreeSet::new()));
    assert_plays(&sandbox, &id, frames).await;

    let gone = send(client.request("DELETE", &format!("/api/v1/content/{id}"))).await;
    assert!(gone.status < 300, "{}", gone.text());
    assert_eq!(shelves(&sandbox), (BTreeSet::new(), BTreeSet::new()));
    assert!(sandbox.stop().await.success());
}
