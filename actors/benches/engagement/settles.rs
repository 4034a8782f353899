//! Facts that wait in a real catalog, and the settler that works them off.

use crate::processor::Stopwatch;
use crate::zipf::Zipf;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use playhouse_actors::runtime::{Strategy, Supervisor};
use playhouse_actors::{Config, Engines, Platform, assemble};
use playhouse_storage::Stores;
use playhouse_storage::catalog::{Commit, Write};
use playhouse_storage::engagement::NewView;
use playhouse_storage::model::{
    Check, Content, ContentId, Fence, Protection, Residency, Stage, Status, UploadId, ViewerId,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::time::Duration;

/// Writes that are under way at once.
const AT_ONCE: usize = 512;

/// Puts so many views of so many contents into the queue, settles them, and answers a row of the
/// table.
pub(crate) async fn measure(facts: u64, contents: usize) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = playhouse_storage::Config::default();
    let stores = Stores::open(&config, folder.path()).await.expect("the stores open");
    let fences = stores.catalog.claim_shards(16).await.expect("the shards are ours");
    let ids = contents_of(&stores, &fences, contents).await;
    views_of(&stores, &ids, facts).await;
    let (views_per_s, ns) = settle(&stores, fences, facts).await;
    let (mut views, mut commits) = (0, 0);
    for id in ids {
        if let Some(row) = stores.engagement.counter(id).await.expect("an answer") {
            (views, commits) = (views + row.views, commits + row.row_version);
        }
    }
    assert_eq!(views, facts, "each is counted once");
    let commits_per_s = views_per_s * commits as f64 / facts as f64;
    let us = ns / 1_000.0;
    format!("| {facts} | {contents} | {views_per_s:.0} | {us:.0} µs | {commits_per_s:.0} |")
}

async fn settle(stores: &Stores, fences: Vec<Fence>, facts: u64) -> (f64, f64) {
    let engines = Engines::from(stores);
    let scratch = stores.data_dir.temporary();
    let (platform, parts) = assemble(engines, Config::default(), fences, &scratch);
    let limits = platform.config.runtime.clone();
    let table = vec![parts.settler.child("settler", limits.service_policy())];
    let root = platform.inspector.tree_root();
    let watch = Stopwatch::start();
    let tree = Supervisor::start(Strategy::OneForOne, table, &limits, root).await;
    let tree = tree.expect("the settler starts");
    wait_settled(&platform).await;
    let took = watch.took(facts);
    tree.stop().await;
    platform.directory.close().await;
    took
}

async fn wait_settled(platform: &Platform) {
    while !platform.engines.engagement.facts(0, 1).await.expect("an answer").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn contents_of(stores: &Stores, fences: &[Fence], count: usize) -> Vec<ContentId> {
    let ids: Vec<ContentId> = (0..count).map(|_| ContentId::new()).collect();
    let make = ids.iter().map(async |id| {
        let fence = fences[usize::from(id.shard(16).0)];
        let writes = vec![Write::InsertContent(Box::new(content(*id)))];
        stores.catalog.commit(Commit { fence, writes, events: vec![] }).await.expect("it is made");
    });
    stream::iter(make).buffer_unordered(AT_ONCE).collect::<()>().await;
    ids
}

async fn views_of(stores: &Stores, ids: &[ContentId], count: u64) {
    let (zipf, mut random) = (Zipf::of(ids.len()), StdRng::seed_from_u64(1));
    let views = (0..count).map(|number| {
        let (content, viewer) = (ids[zipf.draw(&mut random)], ViewerId::new(random.random()));
        let (at, key) = (Timestamp::now(), format!("view {number}"));
        stores.engagement.view(NewView { content, at, key, viewer: Some(viewer) })
    });
    let mut kept = stream::iter(views).buffer_unordered(AT_ONCE);
    while let Some(kept) = kept.next().await {
        assert!(kept.expect("it is kept"));
    }
}

fn content(id: ContentId) -> Content {
    Content {
        id,
        upload_id: UploadId::new(),
        owner: "ada".into(),
        title: String::new(),
        description: String::new(),
        language: None,
        residency: Residency::default(),
        protection: Protection::default(),
        kind: None,
        status: Status::Published,
        stage: Stage::Done,
        source: None,
        media: None,
        plan: None,
        duration_s: None,
        pictures: vec![],
        scan: Check::default(),
        fingerprint: Check::default(),
        blocked: None,
        tier: playhouse_storage::model::Tier::Hot,
        unlisted: false,
        created_at: Timestamp::now(),
        updated_at: Timestamp::now(),
        published_at: None,
        traceparent: None,
        row_version: 1,
    }
}
