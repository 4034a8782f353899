//! A creator's program sends a film in parts, out of order and one of them twice; the node dies
//! when the parts have become a file and nobody has been told; the film is published all the same.

use crate::shared;
use playhouse_tests::client::{Answer, Client, send};
use playhouse_tests::media;
use playhouse_tests::sandbox::Sandbox;
use serde_json::{Value, json};
use std::time::Duration;

/// Least bytes of a part.
const PART: usize = 5 << 20;

/// The clip with a box behind it that players skip (`free`, ISO/IEC 14496-12 section 8.1.2): three
/// parts.
fn long_clip() -> Vec<u8> {
    let mut bytes = shared::clip_bytes();
    let padding = 2 * PART + 4_321 - bytes.len();
    bytes.extend_from_slice(&u32::try_from(padding).expect("it is small").to_be_bytes());
    bytes.extend_from_slice(b"free");
    bytes.extend((8..padding).map(|at| (at * 31 % 251) as u8));
    bytes
}

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    send(client.request("POST", path).json(body)).await
}

#[tokio::test]
async fn parts_out_of_order_become_a_film_although_the_node_dies_when_they_are_whole() {
    let mut sandbox = Sandbox::new(&[&format!("actors.upload_part_bytes={PART}")]);
    sandbox.start_armed("parts.assembled:1").await;
    let (creator, anybody) = (sandbox.admin(), sandbox.anonymous());
    let film = long_clip();
    let wish = json!({ "size_bytes": film.len(), "filename": "film.mp4", "title": "In parts" });
    let session = post(&creator, "/api/v1/uploads/session", &wish).await;
    assert_eq!(session.status, 201, "{}", session.text());
    let session = session.json();
    let path = session["upload_url"].as_str().expect("a path");
    let id = session["content_id"].as_str().expect("an id");

    let numbers = json!({ "part_numbers": [1, 2, 3] });
    let addresses = post(&creator, &format!("{path}/parts"), &numbers).await.json();
    let mut etags = [const { String::new() }; 3];
    for number in [3, 1, 2, 1] {
        let url = addresses["parts"][number - 1]["url"].as_str().expect("a URL");
        let part = film.chunks(PART).nth(number - 1).expect("a part").to_vec();
        let sent = send(anybody.request("PUT", url).body(part)).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
        etags[number - 1] = sent.header("etag").to_owned();
    }
    let list: Vec<_> =
        (1..).zip(&etags).map(|(n, etag)| json!({ "part_number": n, "etag": etag })).collect();
    let (complete, list) = (format!("{path}/complete"), json!({ "parts": list }));
    let dying = creator.request("POST", &complete).json(&list).send().await;
    assert!(dying.is_err(), "the node dies before it answers: {dying:?}");
    sandbox.wait_ended(Duration::from_secs(20)).await;

    sandbox.start().await;
    let other = json!({ "parts": [{ "part_number": 1, "etag": "0" }] });
    assert_eq!(post(&creator, &complete, &other).await.status, 400);
    for _ in 0..2 {
        let done = post(&creator, &complete, &list).await;
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(done.json()["content_id"], id);
    }
    let content = shared::wait_complete(&creator, id).await;
    assert_eq!(content["title"], "In parts");
    let frames = media::count_frames(&sandbox.url(&format!("/media/{id}/master.m3u8")), "v");
    assert!(frames > 100, "{frames}");
    let staging = sandbox.data().join("blobs/.staging");
    let left = std::fs::read_dir(staging).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left of the parts");
}
