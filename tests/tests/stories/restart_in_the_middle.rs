//! `kill -9` of the node at any time, during upload and encode: the restarted node and the
//! waiting client go on, and nothing that was acknowledged is lost.
//!
//! The moments are random with a printed seed; `PLAYHOUSE_SEED=n` repeats them. Failpoints put
//! the kill where it hurts most: between a rename, a commit, and the acknowledgement.

use crate::shared;
use playhouse_tests::command::Ended;
use playhouse_tests::media;
use playhouse_tests::sandbox::{Sandbox, content_of};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const RATE: u32 = 25;
const SECONDS: u32 = 14;

/// Three segments a rendition: enough to be killed between.
fn film(sandbox: &Sandbox) -> PathBuf {
    let path = sandbox.folder().join("film.mp4");
    media::make_film(&path, "640x360", &RATE.to_string(), SECONDS);
    path
}

fn spawn_upload(sandbox: &Sandbox, film: &Path) -> Child {
    let mut command = sandbox.upload_command(film);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("playhouse starts")
}

async fn finish(sandbox: &Sandbox, upload: Child, film: &Path) {
    let output = tokio::task::spawn_blocking(|| upload.wait_with_output()).await;
    let output = output.expect("the waiting thread lives").expect("a child can be waited for");
    let ended = Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let id = content_of(&ended);
    let frames = u64::from(RATE * SECONDS);
    shared::assert_whole(sandbox, &sandbox.admin(), &id, frames, f64::from(RATE)).await;
    shared::assert_source_intact(sandbox, film);
}

#[tokio::test]
async fn random_kills_lose_nothing() {
    let seed = std::env::var("PLAYHOUSE_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) << 16 | 0x9e37);
    let kills = if std::env::var("PLAYHOUSE_LONG").is_ok_and(|on| on == "yes") { 10 } else { 4 };
    eprintln!("PLAYHOUSE_SEED={seed}");
    let mut random = Random(seed);

    let mut sandbox = Sandbox::new(&[]);
    let film = film(&sandbox);
    sandbox.start().await;
    let mut upload = spawn_upload(&sandbox, &film);
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(50 + random.next() % 1200)).await;
        sandbox.kill();
        sandbox.start().await;
        if upload.try_wait().expect("a child's state").is_some() {
            break;
        }
    }
    finish(&sandbox, upload, &film).await;
}

/// One kill at a named point, then a restart without it.
async fn killed_at(failpoint: &str) {
    let mut sandbox = Sandbox::new(&[]);
    let film = film(&sandbox);
    sandbox.start_armed(failpoint).await;
    let upload = spawn_upload(&sandbox, &film);
    let began = Instant::now();
    let status = sandbox.wait_ended(Duration::from_secs(60)).await;
    assert!(!status.success(), "{failpoint} ended the node after {:?}", began.elapsed());
    sandbox.start().await;
    finish(&sandbox, upload, &film).await;
}

#[tokio::test]
async fn killed_after_a_blob_was_renamed() {
    killed_at("blob.renamed:2").await;
}

#[tokio::test]
async fn killed_after_a_commit_before_anyone_knows() {
    killed_at("catalog.committed:6").await;
}

#[tokio::test]
async fn killed_after_upload_bytes_were_synced() {
    killed_at("staging.synced:1").await;
}

#[tokio::test]
async fn killed_before_an_upload_was_acknowledged() {
    killed_at("upload.before_ack:1").await;
}

#[tokio::test]
async fn killed_before_a_segment_was_acknowledged() {
    killed_at("segment.before_ack:2").await;
}

#[tokio::test]
async fn killed_after_an_event_was_appended() {
    killed_at("outbox.appended:1").await;
}

/// xorshift64: enough to pick moments, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
