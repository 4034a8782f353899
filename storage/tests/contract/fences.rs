//! The promise of a commit: all of it by the owner at the version that it read, or nothing.

use super::records::*;
use playhouse_storage::Error;
use playhouse_storage::catalog::{Catalog, Commit, Write};
use playhouse_storage::model::*;
use std::sync::Arc;

pub(crate) async fn check(catalog: Arc<dyn Catalog>) {
    epochs_rise_and_the_count_is_fixed(&*catalog).await;
    an_older_epoch_commits_nothing(&*catalog).await;
    a_changed_row_is_a_conflict_and_nothing_commits(&*catalog).await;
    one_that_fails_does_not_harm_its_neighbours(&*catalog).await;
    events_are_numbered_per_shard(&*catalog).await;
}

async fn claim(catalog: &dyn Catalog) -> Vec<Fence> {
    catalog.claim_shards(4).await.unwrap()
}

/// Empties the outbox and answers how many rows there were.
async fn drain(catalog: &dyn Catalog) -> usize {
    let rows = catalog.outbox(1000).await.unwrap();
    if let Some(last) = rows.last() {
        catalog.outbox_done(last.position).await.unwrap();
    }
    rows.len()
}

async fn epochs_rise_and_the_count_is_fixed(catalog: &dyn Catalog) {
    let (first, second) = (claim(catalog).await, claim(catalog).await);
    assert_eq!(first.iter().map(|fence| fence.shard.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for (old, new) in first.iter().zip(&second) {
        assert_eq!((new.shard, new.epoch.0), (old.shard, old.epoch.0 + 1));
    }
    let error = catalog.claim_shards(8).await.unwrap_err().to_string();
    assert!(error.contains("made with 4 shards") && error.contains("shard_count = 4"), "{error}");
}

async fn an_older_epoch_commits_nothing(catalog: &dyn Catalog) {
    let old = claim(catalog).await[2];
    claim(catalog).await;
    let row = content("of a stranger");
    let error = catalog
        .commit(commit(old, vec![Write::InsertContent(Box::new(row.clone()))]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Fenced { shard: 2, epoch } if epoch == old.epoch.0), "{error}");
    assert_eq!(catalog.content(row.id).await.unwrap(), None);
    assert_eq!(drain(catalog).await, 0);
    let unknown = Fence { shard: ShardId(77), epoch: Epoch(1) };
    let error = catalog.commit(commit(unknown, Vec::new())).await.unwrap_err();
    assert!(matches!(error, Error::Fenced { shard: 77, .. }), "{error}");
}

async fn a_changed_row_is_a_conflict_and_nothing_commits(catalog: &dyn Catalog) {
    let fence = claim(catalog).await[0];
    let (row, other) = (content("one"), content("other"));
    let insert = |row: &Content| Write::InsertContent(Box::new(row.clone()));
    catalog.commit(commit(fence, vec![insert(&row)])).await.unwrap();
    assert_eq!(drain(catalog).await, 1);
    let stale = Write::UpdateContent(Box::new(Content { row_version: 3, ..row.clone() }));
    for second in [stale, insert(&row)] {
        let error = catalog.commit(commit(fence, vec![insert(&other), second])).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Conflict { .. }), "{text}");
        assert!(text.contains(&format!("content {}", row.id)), "{text}");
        assert_eq!(catalog.content(other.id).await.unwrap(), None);
        assert_eq!(drain(catalog).await, 0);
    }
    let twice = || Write::InsertSegment(Box::new(segment(row.id, "360p", 4)));
    catalog.commit(commit(fence, vec![twice()])).await.unwrap();
    let error = catalog.commit(commit(fence, vec![twice()])).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    drain(catalog).await;
}

async fn one_that_fails_does_not_harm_its_neighbours(catalog: &dyn Catalog) {
    let fence = claim(catalog).await[3];
    let rows: Vec<_> = (0..60).map(|number| content(&format!("n {number}"))).collect();
    let commits = rows.iter().enumerate().map(|(number, row)| {
        let mut writes = vec![Write::InsertContent(Box::new(row.clone()))];
        if number % 3 == 0 {
            let missing = upload(row.id);
            writes.push(Write::UpdateUpload(Box::new(missing)));
        }
        catalog.commit(commit(fence, writes))
    });
    let results = futures_util::future::join_all(commits).await;
    for (number, (row, result)) in rows.iter().zip(results).enumerate() {
        let stored = catalog.content(row.id).await.unwrap().is_some();
        assert_eq!(stored, number % 3 != 0, "{number}");
        assert_eq!(result.is_ok(), stored, "{number}: {result:?}");
    }
    assert_eq!(drain(catalog).await, 40);
}

async fn events_are_numbered_per_shard(catalog: &dyn Catalog) {
    let fences = claim(catalog).await;
    for fence in [fences[0], fences[1], fences[0]] {
        let events = vec![event("media.a"), event("media.b")];
        catalog.commit(Commit { fence, writes: Vec::new(), events }).await.unwrap();
    }
    let rows = catalog.outbox(5).await.unwrap();
    assert_eq!(rows.len(), 5, "a limit is kept");
    let rows = catalog.outbox(100).await.unwrap();
    let sequences = |shard| -> Vec<u64> {
        rows.iter().filter(|row| row.shard == shard).map(|row| row.sequence).collect()
    };
    for (shard, count) in [(0, 4), (1, 2)] {
        let found = sequences(shard);
        assert_eq!(found.len(), count);
        assert!(found.windows(2).all(|pair| pair[1] == pair[0] + 1), "{found:?}");
    }
    assert_eq!(rows[1].event, event("media.b"));
    assert!(rows.is_sorted_by_key(|row| row.position));
    catalog.outbox_done(rows[2].position).await.unwrap();
    assert_eq!(catalog.outbox(100).await.unwrap(), rows[3..]);
    catalog.outbox_done(rows[5].position).await.unwrap();
    catalog.commit(commit(fences[0], Vec::new())).await.unwrap();
    let newest = catalog.outbox(100).await.unwrap();
    catalog.outbox_done(rows[5].position).await.unwrap();
    assert_eq!(catalog.outbox(100).await.unwrap(), newest, "a position is never given twice");
    drain(catalog).await;
}
