//! Bad input gets one clear error that names it, leaves no half record, and the node goes on.

use crate::shared;
use playhouse_tests::client::Client;
use playhouse_tests::command::run;
use playhouse_tests::media;
use playhouse_tests::sandbox::Sandbox;
use std::process::Command;

/// The node is well: it takes and publishes a good clip.
async fn assert_goes_on(sandbox: &Sandbox, client: &Client) {
    assert_eq!(client.get("/healthz").await.status, 200);
    let id = client.upload(shared::clip_bytes(), "filename YS5tcDQ=").await;
    let plays = |content: &serde_json::Value| content["status"] == "published";
    client.wait_content(&id, shared::ENCODED_WITHIN, plays).await;
    assert!(!sandbox.log().contains("panicked"), "{}", sandbox.log());
}

/// A refused content tells why and keeps no rendition.
async fn assert_refused(client: &Client, bytes: Vec<u8>, metadata: &str, word: &str) {
    let id = client.upload(bytes, metadata).await;
    let (code, detail) = shared::wait_refused(client, &id).await;
    assert!(!code.is_empty() && detail.contains(word), "{word}: {code}: {detail}");
    let content = client.content(&id).await;
    assert!(content["hls"].is_null() && content["dash"].is_null(), "{content:#}");
    let playlist = client.get(&format!("/media/{id}/master.m3u8")).await;
    assert_eq!(playlist.status, 404);
}

#[tokio::test]
async fn files_that_are_no_media_are_refused_with_the_reason() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let noise: Vec<u8> =
        (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_refused(&client, noise, "filename bm9pc2UubXA0", "").await;
    // A text named .mp4 that claims to be a video.
    let text = "This is a text.\n".repeat(500).into_bytes();
    assert_refused(&client, text, "filename dGV4dC5tcDQ=,filetype dmlkZW8vbXA0", "").await;
    // The repository's clip without its second half.
    let bytes = shared::clip_bytes();
    assert_refused(&client, bytes[..bytes.len() / 2].to_vec(), "filename YS5tcDQ=", "").await;
    assert_goes_on(&sandbox, &client).await;
}

#[tokio::test]
async fn a_filetype_that_the_file_is_not_is_named() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    // It says `audio/mpeg`, and is a film.
    let metadata = "filename YS5tcDM=,filetype YXVkaW8vbXBlZw==";
    assert_refused(&client, shared::clip_bytes(), metadata, "audio/mpeg").await;
    assert_goes_on(&sandbox, &client).await;
}

#[tokio::test]
async fn zero_bytes_are_refused_at_once() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let answer = client.create(0, "filename YS5tcDQ=").await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.problem().contains("empty"), "{}", answer.text());
    assert_nothing_listed(&client).await;
}

#[tokio::test]
async fn metadata_that_is_no_base64_is_named() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let answer = client.create(10, "filename %%%").await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.problem().contains("filename"), "{}", answer.text());
    assert_nothing_listed(&client).await;
}

async fn assert_nothing_listed(client: &Client) {
    let listed = client.get("/api/v1/content").await.json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(0), "{listed:#}");
}

#[tokio::test]
async fn offsets_and_lengths_that_do_not_match_change_nothing() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let created = client.create(10, "filename YS5tcDQ=").await;
    let location = created.header("location");
    let ahead = client.append(location, 4, vec![1; 6]).await;
    assert_eq!(ahead.status, 409, "{}", ahead.text());
    assert!(ahead.problem().contains('0'), "{}", ahead.text());
    let longer = client.append(location, 0, vec![1; 11]).await;
    assert_eq!(longer.status, 413, "{}", longer.text());
    assert!(!longer.problem().is_empty());
    assert_eq!(client.offset(location).await, 0, "none of it was taken");
    assert_goes_on(&sandbox, &client).await;
}

#[tokio::test]
async fn an_upload_over_the_limit_is_refused_before_a_byte_is_sent() {
    let sandbox = Sandbox::started(&["actors.upload_bytes_max=1000000"]).await;
    let client = sandbox.admin();
    let answer = client.create(1_000_001, "filename YS5tcDQ=").await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(answer.problem().contains("1000000"), "{}", answer.text());
    assert_nothing_listed(&client).await;
}

#[tokio::test]
async fn a_second_node_on_the_same_data_is_refused() {
    let sandbox = Sandbox::started(&[]).await;
    let mut second = sandbox.serve();
    let ended = run(second.arg("node.listen=127.0.0.1:0"));
    assert_eq!(ended.code, 1, "{ended:?}");
    let last = ended.stderr.lines().last().unwrap_or_default();
    assert!(last.contains("in use") && last.contains("data"), "{last}");
    assert_eq!(sandbox.anonymous().get("/readyz").await.status, 200);
}

#[tokio::test]
async fn an_unknown_configuration_key_is_named() {
    let sandbox = Sandbox::new(&[]);
    let ended = run(sandbox.serve().arg("node.lissen=127.0.0.1:0"));
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("node.lissen") && ended.stderr.contains("node.listen"));
    assert!(!sandbox.data().exists(), "nothing was begun");
}

/// The data folder lies on a file system of 8 MB. On one that was full to the last byte the upload
/// could not even be terminated, so uploads leave a reserve.
#[tokio::test]
async fn a_full_disk_is_told_and_the_upload_can_go_on_later() {
    let mut sandbox = Sandbox::new(&["storage.staging_reserve_bytes=1000000"]);
    let disk = SmallDisk::mount(&sandbox.data(), 8);
    sandbox.start().await;
    let client = sandbox.admin();
    let bytes = media::sha256(b"filler").repeat(300_000).into_bytes();
    let created = client.create(bytes.len() as u64, "filename YS5tcDQ=").await;
    assert_eq!(created.status, 201, "{}", created.text());
    let answer = client.append(created.header("location"), 0, bytes).await;
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert!(answer.problem().contains("full"), "{}", answer.text());
    assert_eq!(client.get("/healthz").await.status, 200, "the node goes on");
    let gone = playhouse_tests::client::send(client.request("DELETE", created.header("location")));
    assert_eq!(gone.await.status, 204, "its bytes are given back");
    let again = client.create(10, "filename YS5tcDQ=").await;
    assert_eq!(client.append(again.header("location"), 0, vec![1; 10]).await.status, 204);
    sandbox.kill();
    drop(disk);
}

/// A small tmpfs, unmounted when dropped. Mounting takes root, or sudo without a password.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path, megabytes: u32) -> Self {
        std::fs::create_dir_all(at).expect("the sandbox can be written");
        let options = format!("size={megabytes}m,mode=0777");
        let ended = run(as_root("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at));
        assert_eq!(ended.code, 0, "a small disk needs root: {}", ended.stderr);
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(as_root("umount").arg("--lazy").arg(&self.0));
    }
}

fn as_root(program: &str) -> Command {
    if rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", program]);
    command
}
