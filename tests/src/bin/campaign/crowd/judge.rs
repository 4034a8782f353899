//! Whether what was acknowledged is there, once.

use super::load::{Load, is_published};
use anyhow::{Context, ensure};
use playhouse_tests::client::Client;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What was acknowledged is settled, and what was uploaded is published, within so long.
const SETTLED_WITHIN: Duration = Duration::from_secs(180);

/// Settled views of the content that plays, and of the one that is only counted.
pub(crate) struct Counts {
    played: u64,
    counted: u64,
}

/// Reads both.
///
/// # Errors
/// When the node does not tell.
pub(crate) async fn counts(client: &Client, film: &str, counted: &str) -> anyhow::Result<Counts> {
    Ok(Counts { played: settled(client, film).await?, counted: settled(client, counted).await? })
}

async fn settled(client: &Client, content: &str) -> anyhow::Result<u64> {
    let answer = client.get(&format!("/api/v1/content/{content}/engagement")).await;
    ensure!(answer.status == 200, "engagement was answered {}", answer.status);
    answer.json()["views"]["settled"].as_u64().context("settled views are a number")
}

/// What was kept, in words, and what was not as promised.
///
/// # Errors
/// When the node does not tell.
pub(crate) async fn judge(load: &Load, before: &Counts) -> anyhow::Result<(String, Vec<String>)> {
    let views = load.kept.views.load(Ordering::Relaxed) as u64;
    let plays = load.kept.plays.load(Ordering::Relaxed) as u64;
    let began = Instant::now();
    let (mut played, mut counted);
    loop {
        let now = counts(&load.client, &load.film.id, &load.counted).await?;
        (played, counted) = (now.played - before.played, now.counted - before.counted);
        let settled = (played, counted) == (plays, views);
        if settled || began.elapsed() > SETTLED_WITHIN {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut faults = Vec::new();
    for (what, kept, told) in [("views posted", views, counted), ("views played", plays, played)] {
        if kept != told {
            faults.push(format!("{what}: {kept} are true, {told} are settled"));
        }
    }
    let uploads = load.kept.uploads.lock().expect("nobody panics while pushing").clone();
    for content in &uploads {
        if !published(&load.client, content, began).await {
            let document = load.client.get(&format!("/api/v1/content/{content}")).await.text();
            faults.push(format!("upload {content} is not published: {document}"));
        }
    }
    let kept = format!(
        "{views} views posted = {counted} settled, {plays} views played = {played} settled, {} \
         uploads published",
        uploads.len()
    );
    Ok((kept, faults))
}

async fn published(client: &Client, content: &str, began: Instant) -> bool {
    while !is_published(client, content).await {
        if began.elapsed() > SETTLED_WITHIN {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    true
}
