//! A dropped connection costs nothing: the offset that the node tells is on disk, and the client
//! goes on from there.

use crate::shared;
use playhouse_tests::clip;
use playhouse_tests::command::run;
use playhouse_tests::sandbox::{Sandbox, content_of};
use std::process::Stdio;
use std::time::Duration;

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_is_continued() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let bytes = shared::clip_bytes();
    let half = bytes.len() / 2;
    let created = client.create(bytes.len() as u64, "filename YS5tcDQ=").await;
    assert_eq!(created.status, 201, "{}", created.text());
    let location = created.header("location");

    // The body breaks off after half of it: the request never ends well.
    let broken = futures_util::stream::iter([
        Ok(bytes[..half].to_vec()),
        Err(std::io::Error::other("the cable was pulled")),
    ]);
    let request = client.request("PATCH", location).header("Upload-Offset", 0);
    let request = request.header("Content-Type", "application/offset+octet-stream");
    let request = request.header("Content-Length", bytes.len());
    assert!(request.body(reqwest::Body::wrap_stream(broken)).send().await.is_err());

    let offset = client.offset(location).await;
    assert!(offset <= half as u64, "{offset}");
    let rest = bytes[offset as usize..].to_vec();
    assert_eq!(client.append(location, offset, rest).await.status, 204);
    shared::wait_complete(&client, created.header("playhouse-content-id")).await;
    shared::assert_source_intact(&sandbox, &clip());
}

#[tokio::test]
async fn a_second_run_of_the_command_goes_on_with_the_same_upload() {
    let mut sandbox = Sandbox::new(&[]);
    // The node dies as soon as the first bytes are durable; the client dies while it waits.
    sandbox.start_armed("staging.synced:1").await;
    let mut command = sandbox.upload_command(&clip());
    let mut first = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    sandbox.wait_ended(Duration::from_secs(20)).await;
    first.kill().expect("it still waits for the node");
    first.wait().expect("a killed child ends");

    sandbox.start().await;
    let ended = run(&mut sandbox.upload_command(&clip()));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let listed = sandbox.admin().get("/api/v1/content").await.json();
    let items = listed["items"].as_array().expect("a list");
    assert_eq!(items.len(), 1, "one upload, not two: {listed:#}");
    assert_eq!(items[0]["id"].as_str(), Some(content_of(&ended).as_str()));
    shared::assert_source_intact(&sandbox, &clip());
}

/// The remembered upload of a refused file was found again for ever: nobody could send it anew.
#[tokio::test]
async fn a_file_that_was_refused_can_be_sent_anew() {
    let sandbox = Sandbox::started(&[]).await;
    let text = sandbox.folder().join("text.mp4");
    std::fs::write(&text, "no film\n").expect("the sandbox can be written");
    let first = run(&mut sandbox.upload_command(&text));
    let second = run(&mut sandbox.upload_command(&text));
    assert_eq!((first.code, second.code), (1, 1), "{} {}", first.stderr, second.stderr);
    assert_ne!(content_of(&first), content_of(&second));
}
