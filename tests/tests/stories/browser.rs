//! A real Chromium plays the watch page of a fresh upload while it still encodes.

use playhouse_tests::command::run;
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::{media, root};
use std::process::Command;
use std::time::Duration;

#[tokio::test]
async fn the_watch_page_plays_while_renditions_appear() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let film = sandbox.folder().join("film.mp4");
    media::make_film(&film, "1280x720", "25", 16);
    let bytes = std::fs::read(&film).expect("the film was made");
    let id = client.upload(bytes, "filename ZmlsbS5tcDQ=").await;
    let plays = |content: &serde_json::Value| content["status"] == "published";
    client.wait_content(&id, Duration::from_secs(60), plays).await;

    let mut command = Command::new("node");
    command.arg(root().join("web/e2e/watch.mjs")).args([&sandbox.url(""), &id]);
    let ended = tokio::task::spawn_blocking(move || run(&mut command)).await;
    let ended = ended.expect("the waiting thread lives");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
}
