//! Checks that more than one story makes.

use playhouse_tests::client::Client;
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::{clip, media};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time for a small input to be encoded whole on two busy cores, unoptimised build.
pub(crate) const ENCODED_WITHIN: Duration = Duration::from_secs(120);

/// Waits until a content is published and every rendition has ended.
pub(crate) async fn wait_complete(client: &Client, id: &str) -> Value {
    client
        .wait_content(id, ENCODED_WITHIN, |content| {
            assert!(!is_refused(content), "refused: {content:#}");
            content["status"] == "published" && all_states(content, &["complete", "failed"])
        })
        .await
}

/// Waits until a content is refused, and answers why.
pub(crate) async fn wait_refused(client: &Client, id: &str) -> (String, String) {
    let content = client.wait_content(id, ENCODED_WITHIN, is_refused).await;
    let text = |key: &str| content["blocked_reason"][key].as_str().unwrap_or("").to_owned();
    (text("code"), text("detail"))
}

fn is_refused(content: &Value) -> bool {
    matches!(content["status"].as_str(), Some("blocked" | "failed"))
}

/// True when every rendition, and at least one, is in one of `states`.
pub(crate) fn all_states(content: &Value, states: &[&str]) -> bool {
    let renditions = content["renditions"].as_array().expect("renditions is a list");
    let fits = |rendition: &Value| rendition["state"].as_str().is_some_and(|s| states.contains(&s));
    !renditions.is_empty() && renditions.iter().all(fits)
}

/// Names of a content's renditions.
pub(crate) fn names(content: &Value) -> Vec<String> {
    let renditions = content["renditions"].as_array().expect("renditions is a list");
    renditions.iter().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
}

/// The address of a rendition's playlist.
pub(crate) fn playlist(sandbox: &Sandbox, content: &str, rendition: &str) -> String {
    sandbox.url(&format!("/media/{content}/{rendition}/index.m3u8"))
}

/// Every rendition is complete, decodes without an error line, has `frames` video frames, and
/// its audio ends within one AAC packet (1,024 samples) of the video.
pub(crate) async fn assert_whole(
    sandbox: &Sandbox,
    client: &Client,
    id: &str,
    frames: u64,
    rate: f64,
) {
    let content = client.content(id).await;
    assert!(all_states(&content, &["complete"]), "{content:#}");
    // Before decoding, which lasts: the node would close the connection meanwhile.
    let playlists = client.get(&format!("/media/{id}/master.m3u8")).await.text();
    for name in names(&content) {
        let url = playlist(sandbox, id, &name);
        media::assert_decodes(&url);
        if name.starts_with("audio") {
            let seconds = media::count_frames(&url, "a") as f64 * 1024.0 / 48_000.0;
            let apart = (seconds - frames as f64 / rate).abs();
            assert!(apart <= 1024.0 / 48_000.0 + 1e-6, "{name}: {seconds} s, {apart} s apart");
        } else {
            assert_eq!(media::count_frames(&url, "v"), frames, "{name}");
        }
    }
    media::assert_decodes(&sandbox.url(&format!("/media/{id}/master.m3u8")));
    assert!(playlists.contains("#EXT-X-STREAM-INF"), "{playlists}");
}

/// The node keeps exactly one file with the bytes of `source`.
pub(crate) fn assert_source_intact(sandbox: &Sandbox, source: &Path) {
    let bytes = std::fs::read(source).expect("the source can be read");
    let kept: Vec<_> = files(&sandbox.data())
        .into_iter()
        .filter(|path| path.metadata().is_ok_and(|facts| facts.len() == bytes.len() as u64))
        .map(|path| media::sha256(&std::fs::read(path).expect("a file of the node can be read")))
        .collect();
    assert_eq!(kept, [media::sha256(&bytes)], "one whole copy of the source");
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Bytes of the repository's clip.
pub(crate) fn clip_bytes() -> Vec<u8> {
    std::fs::read(clip()).expect("the clip is in the repository")
}
