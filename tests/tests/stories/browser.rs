//! A real Chromium: a creator uploads through the page, a viewer plays what still encodes.

use playhouse_tests::command::run;
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::{clip, media, root};
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

    let mut command = browser("watch.mjs");
    command.args([&sandbox.url(""), &id]);
    check(command).await;
}

/// Pause, reload, the same file again, published; then a text that is refused with its reason.
#[tokio::test]
async fn the_upload_page_goes_on_after_a_reload_and_explains_a_refusal() {
    let sandbox = Sandbox::started(&[]).await;
    let text = sandbox.folder().join("text.mp4");
    std::fs::write(&text, "no film\n".repeat(10_000)).expect("the sandbox can be written");
    let token = sandbox.admin().token().to_owned();
    let mut command = browser("upload.mjs");
    command.arg(sandbox.url("")).arg(clip()).arg(text).args(["--token", &token]);
    check(command).await;
}

fn browser(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(root().join("web/e2e").join(script));
    command
}

async fn check(mut command: Command) {
    let ended = tokio::task::spawn_blocking(move || run(&mut command)).await;
    let ended = ended.expect("the waiting thread lives");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
}
