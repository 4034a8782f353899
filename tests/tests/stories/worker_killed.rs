//! Workers die, the node lives: what was killed is done again from the last finished segment,
//! and the result is the same as that of an undisturbed encode.

use crate::shared;
use playhouse_tests::client::Client;
use playhouse_tests::media;
use playhouse_tests::sandbox::Sandbox;
use rustix::process::{Signal, kill_process};
use std::time::{Duration, Instant};

/// Kills of this story. Fewer than the five attempts after which a rendition gives up.
const KILLS: usize = 3;

/// Init segment and number of segments of every rendition.
async fn shape(client: &Client, id: &str) -> Vec<(String, String, usize)> {
    let mut shapes = Vec::new();
    for name in shared::names(&client.content(id).await) {
        let folder = format!("/media/{id}/{name}");
        let playlist = client.get(&format!("{folder}/index.m3u8")).await.text();
        let init = playlist.split("URI=\"").nth(1).and_then(|rest| rest.split('"').next());
        let init = init.unwrap_or_else(|| panic!("no EXT-X-MAP in {playlist}"));
        let bytes = client.get(&format!("{folder}/{init}")).await.body;
        let segments = playlist.lines().filter(|line| line.ends_with(".m4s")).count();
        shapes.push((name, media::sha256(&bytes), segments));
    }
    shapes
}

#[tokio::test]
async fn killed_workers_are_replaced_and_the_result_is_the_same() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let film = sandbox.folder().join("film.mp4");
    media::make_film(&film, "640x360", "25", 20);
    let undisturbed = sandbox.upload(&film);

    let bytes = std::fs::read(&film).expect("the film was made");
    let disturbed = client.upload(bytes, "filename ZmlsbS5tcDQ=").await;
    let began = Instant::now();
    let mut killed = 0;
    while killed < KILLS && began.elapsed() < shared::ENCODED_WITHIN {
        if let Some(worker) = sandbox.workers().first() {
            // It may have ended since it was listed.
            killed += usize::from(kill_process(*worker, Signal::KILL).is_ok());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        if shared::all_states(&client.content(&disturbed).await, &["complete"]) {
            break;
        }
    }
    assert!(killed > 0, "no worker was seen");
    shared::wait_complete(&client, &disturbed).await;
    shared::assert_whole(&sandbox, &client, &disturbed, 500, 25.0).await;
    assert_eq!(shape(&client, &disturbed).await, shape(&client, &undisturbed).await);
}
