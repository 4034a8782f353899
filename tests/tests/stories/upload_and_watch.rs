//! A creator uploads a clip with the command line; a viewer plays every rendition of it.

use crate::shared;
use playhouse_tests::client::{Answer, Client, send};
use playhouse_tests::command::run;
use playhouse_tests::sandbox::{Sandbox, content_of};
use playhouse_tests::{clip, media};
use serde_json::Value;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_clip_is_published_and_every_rendition_plays() {
    let mut sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let ended = run(sandbox.upload_command(&clip()).args(["--title", "Big Buck Bunny"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.line("playable: ").is_some() && ended.line("complete: ").is_some(), "{ended:?}");
    let id = content_of(&ended);

    let content = client.content(&id).await;
    assert_eq!(
        (content["title"].as_str(), content["kind"].as_str()),
        (Some("Big Buck Bunny"), Some("video"))
    );
    let names = shared::names(&content);
    for expected in ["360p", "480p", "720p"] {
        assert!(names.iter().any(|name| name == expected), "{names:?}");
    }
    assert!(!names.iter().any(|name| name == "1080p"), "never upscaled: {names:?}");
    let pictured =
        |content: &Value| content["thumbnails"].as_array().is_some_and(|all| all.len() > 2);
    client.wait_content(&id, shared::ENCODED_WITHIN, pictured).await;

    let source = clip();
    let source = source.to_str().expect("the repository's path is text");
    let frames = media::count_frames(source, "v");
    let rate = frames as f64 / media::duration_s(source);
    shared::assert_whole(&sandbox, &client, &id, frames, rate.round()).await;
    media::assert_decodes(&sandbox.url(content["dash"].as_str().expect("the MPD exists")));
    shared::assert_source_intact(&sandbox, &clip());
    assert!(sandbox.stop().await.success(), "SIGTERM ends the node well");
}

/// A manifest once nothing about it will change: closing work follows the last rendition.
async fn settled(viewer: &Client, path: &str) -> Answer {
    let began = Instant::now();
    loop {
        let answer = viewer.get(path).await;
        if answer.header("cache-control") != "no-cache" || began.elapsed() > shared::ENCODED_WITHIN
        {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn caches_and_players_get_the_headers_they_need() {
    let sandbox = Sandbox::started(&[]).await;
    let id = sandbox.upload(&clip());
    let viewer = sandbox.anonymous();
    let master = settled(&viewer, &format!("/media/{id}/master.m3u8")).await;
    assert_eq!(master.status, 200);
    assert_eq!(master.header("content-type"), "application/vnd.apple.mpegurl");
    assert!(master.header("cache-control").contains("max-age=30"), "{:?}", master.headers);
    assert_eq!(master.header("access-control-allow-origin"), "*");

    let playlist = viewer.get(&format!("/media/{id}/360p/index.m3u8")).await.text();
    assert!(playlist.contains("#EXT-X-ENDLIST") && playlist.contains("VOD"), "{playlist}");
    let segment = playlist.lines().find(|line| line.ends_with(".m4s")).expect("a segment");
    let path = format!("/media/{id}/360p/{segment}");
    let whole = viewer.get(&path).await;
    assert!(whole.header("cache-control").contains("immutable"), "{:?}", whole.headers);
    assert!(!whole.header("etag").is_empty(), "{:?}", whole.headers);

    let part = send(viewer.request("GET", &path).header("Range", "bytes=4-7")).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[4..8]));
    let beyond = send(viewer.request("GET", &path).header("Range", "bytes=999999999-")).await;
    assert_eq!(beyond.status, 416);
    let known = viewer.request("GET", &path).header("If-None-Match", whole.header("etag"));
    assert_eq!(send(known).await.status, 304);
    let nothing = viewer.get(&format!("/media/{id}/360p/99999-none.m4s")).await;
    assert_eq!(nothing.status, 404);
    assert!(!nothing.problem().is_empty());
}
