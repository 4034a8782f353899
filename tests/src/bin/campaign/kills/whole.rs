//! Whether what came out is whole: the source's bytes, every rendition's frames, no error line.

use crate::verdict::decode;
use anyhow::{bail, ensure};
use playhouse_tests::client::{Client, send};
use playhouse_tests::media;
use playhouse_tests::sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// Samples of an AAC packet, and of a second.
pub(super) const PACKET_SAMPLES: u64 = 1_024;
pub(super) const AUDIO_RATE: f64 = 48_000.0;

/// Waits until a content is published and every rendition has ended.
///
/// # Errors
/// When it is refused, or takes too long.
pub(super) async fn wait(client: &Client, id: &str, within: Duration) -> anyhow::Result<Value> {
    let began = Instant::now();
    loop {
        let answer = send(client.request("GET", &format!("/api/v1/content/{id}"))).await;
        let content = answer.json();
        let status = content["status"].as_str().unwrap_or_default();
        if ["failed", "blocked"].contains(&status) {
            bail!("it ended {status}: {content:#}");
        }
        if status == "published" && ended(&content) {
            return Ok(content);
        }
        ensure!(began.elapsed() < within, "not complete after {within:?}: {content:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether every rendition has ended.
pub(super) fn ended(content: &Value) -> bool {
    let mut all = renditions(content).peekable();
    let is_over =
        |one: &Value| ["complete", "failed"].contains(&one["state"].as_str().unwrap_or_default());
    all.peek().is_some() && all.all(is_over)
}

/// A content's renditions.
pub(super) fn renditions(content: &Value) -> impl Iterator<Item = &Value> {
    content["renditions"].as_array().into_iter().flatten()
}

/// The node keeps exactly one source, and it has the bytes that were sent.
///
/// # Errors
/// When the data folder cannot be read.
pub(super) fn source_faults(sandbox: &Sandbox, bytes: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut kept = Vec::new();
    for content in std::fs::read_dir(sandbox.data().join("blobs/source"))? {
        for blob in std::fs::read_dir(content?.path())? {
            kept.push(media::sha256(&std::fs::read(blob?.path())?));
        }
    }
    let wanted = media::sha256(bytes);
    println!("\nsource SHA-256 {wanted}, kept {kept:?}");
    Ok(if kept == [wanted] { vec![] } else { vec!["the source is not what was sent".into()] })
}

/// Frames and packets of every rendition.
pub(super) type Counts = Vec<(String, u64)>;

/// Decodes every rendition and prints a table: the counts, and the faults.
///
/// # Errors
/// When ffmpeg does not start.
pub(super) fn table(
    sandbox: &Sandbox,
    content: &Value,
    file: &Path,
) -> anyhow::Result<(Counts, Vec<String>)> {
    println!("\n| rendition | state | frames or packets | planned | error lines |");
    println!("|---|---|---|---|---|");
    let file = file.to_string_lossy();
    let seen = crate::verdict::source_seconds(&file, "v");
    let frames = if seen.is_some() { media::count_frames(&file, "v") } else { 0 };
    let heard = crate::verdict::source_seconds(&file, "a");
    let seconds = seen.or(heard).unwrap_or_default();
    // Audio lasts as long as the video, in whole packets.
    let packets = (seconds * AUDIO_RATE / PACKET_SAMPLES as f64 - 1e-3).ceil() as u64;
    let (mut counts, mut faults) = (vec![], vec![]);
    let (token, id) = (sandbox.admin(), content["id"].as_str().unwrap_or_default());
    for rendition in renditions(content) {
        let name = rendition["name"].as_str().unwrap_or_default().to_owned();
        let planned = if rendition["kind"] == "video" { frames } else { packets };
        let state = rendition["state"].as_str().unwrap_or_default();
        let playlist = sandbox.url(&format!("/media/{id}/{name}/index.m3u8"));
        let verdict = decode(&playlist, token.token())?;
        let (made, lines) = (verdict.frames, verdict.complaints);
        println!("| {name} | {state} | {made} | {planned} | {} |", lines.len());
        if state != "complete" || made != planned || !lines.is_empty() {
            faults.push(format!("{name}: {state}, {made} of {planned}; {lines:?}"));
        }
        counts.push((name, made));
    }
    Ok((counts, faults))
}
