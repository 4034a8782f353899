//! A real Chromium: a creator uploads through the page, a viewer plays what still encodes, an
//! operator looks after actors on the page of administrators.

use crate::shared;
use playhouse_tests::command::run;
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::{clip, media, root};
use rustix::process::Pid;
use serde_json::Value;
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

/// Reads the live tree by keyboard, searches, restarts a service, finds the order in the audit log.
#[tokio::test]
async fn the_admin_page_shows_the_tree_and_restarts_an_actor() {
    let sandbox = Sandbox::started(&[]).await;
    let token = sandbox.admin().token().to_owned();
    let mut command = browser("admin.mjs");
    command.arg(sandbox.url("")).arg(sandbox.folder().join("shots")).args(["--token", &token]);
    check(command).await;
}

/// A worker lives and says nothing. The page names its attempt and why, and its order mends it: the
/// stopped process is gone, and the film is whole without a failed attempt.
#[tokio::test]
async fn a_worker_that_hangs_is_named_and_mended_on_the_admin_page() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let film = sandbox.folder().join("film.mp4");
    media::make_film(&film, "640x360", "25", 20);
    let mut command = browser("hung_worker.mjs");
    command.arg(sandbox.url("")).arg(&film).args(["--token", client.token()]);
    let told = check(command).await;
    println!("{told}");

    let told: Value = serde_json::from_str(&told).expect("one line of JSON");
    let hung = told["worker"].as_i64().expect("a process id");
    let alive = |worker: &Pid| i64::from(worker.as_raw_nonzero().get()) == hung;
    assert!(!sandbox.workers().iter().any(alive), "the hung worker was left: {told}");
    let id = told["content"].as_str().expect("an id");
    let content = shared::wait_complete(&client, id).await;
    for rendition in content["renditions"].as_array().expect("renditions is a list") {
        assert_eq!(rendition["attempts"], 0, "a failed attempt was counted: {content:#}");
    }
    shared::assert_whole(&sandbox, &client, id, 500, 25.0).await;
}

/// Two browsers of one viewer, who may play on one device: the second is told so, and goes on where
/// the first stopped. Counts and likes appear on a page that is open, and what could not be sent
/// while the node was away is sent after it.
#[tokio::test]
async fn a_viewer_goes_on_elsewhere_and_counts_appear_at_once() {
    let one_stream = "actors.playback.streams_per_viewer_max=1";
    let sandbox = Sandbox::started(&[one_stream]).await;
    let client = sandbox.admin();
    let film = sandbox.folder().join("film.mp4");
    media::make_film(&film, "640x360", "25", 40);
    let bytes = std::fs::read(&film).expect("the film was made");
    let id = client.upload(bytes, "filename ZmlsbS5tcDQ=").await;
    shared::wait_complete(&client, &id).await;
    let mut command = browser("playback.mjs");
    command.args([&sandbox.url(""), &id]).arg("--shots").arg(sandbox.folder().join("shots"));
    println!("{}", check(command).await);
}

fn browser(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(root().join("web/e2e").join(script));
    command
}

/// Runs a script to its end and answers the line that it prints.
async fn check(mut command: Command) -> String {
    let ended = tokio::task::spawn_blocking(move || run(&mut command)).await;
    let ended = ended.expect("the waiting thread lives");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    ended.stdout.trim().to_owned()
}
