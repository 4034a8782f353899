//! Sources in a store that has no local files: workers read them through the node.

use crate::house::{House, at_rest, clip};
use async_trait::async_trait;
use bytes::Bytes;
use playhouse_storage::blobs::{Blobs, ByteStream, keys};
use playhouse_storage::model::{Residency, Stage, Status, UploadMetadata};
use playhouse_storage::{Error, Result};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A store that shows no files, and does not answer some reads of sources.
struct Remote {
    store: Arc<dyn Blobs>,
    source_reads: Arc<AtomicU32>,
    /// Which reads of sources fail, counted from 0.
    failing: Range<u32>,
}

#[async_trait]
impl Blobs for Remote {
    async fn adopt(&self, file: &Path, key: &str) -> Result<u64> {
        self.store.adopt(file, key).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.store.put(key, bytes).await
    }

    async fn size(&self, key: &str) -> Result<u64> {
        self.store.size(key).await
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<ByteStream> {
        // Hashing reads the whole, a worker a range.
        if range.is_some() {
            let read = self.source_reads.fetch_add(1, Ordering::Relaxed);
            if self.failing.contains(&read) {
                return Err(Error::Unavailable { what: "the line is down".into() });
            }
        }
        self.store.read(key, range).await
    }

    fn local_path(&self, _key: &str) -> Option<PathBuf> {
        None
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.store.delete(key).await
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<()> {
        self.store.delete_prefix(prefix).await
    }

    async fn sha256(&self, key: &str) -> Result<String> {
        self.store.sha256(key).await
    }
}

async fn house(failing: Range<u32>) -> (House, Arc<AtomicU32>) {
    let reads = Arc::new(AtomicU32::new(0));
    let source_reads = reads.clone();
    let house = House::on(move |engines| {
        let store = engines.blobs.clone();
        engines.blobs = Arc::new(Remote { store, source_reads, failing });
    })
    .await;
    (house, reads)
}

/// Where its bytes may rest is in every key, from the source to the pictures.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_no_file_is_encoded_and_rests_where_it_may() {
    let (house, reads) = house(0..0).await;
    let metadata = UploadMetadata { residency: Residency::Ng, ..UploadMetadata::default() };
    let id = house.upload(&clip(), metadata).await;
    let done = house.wait(id, at_rest).await;
    assert_eq!((done.stage, done.status), (Stage::Done, Status::Published), "{:?}", done.blocked);
    assert!(reads.load(Ordering::Relaxed) > 0, "the workers read through the node");
    let mut found: Vec<String> = done.pictures.iter().map(|picture| picture.key.clone()).collect();
    found.extend(done.source.map(|source| source.key));
    for rendition in house.stores.catalog.renditions(id).await.expect("renditions") {
        found.extend(rendition.init.map(|init| init.key));
        let segments = house.stores.catalog.segments(id, &rendition.name).await;
        found.extend(segments.expect("segments").into_iter().map(|segment| segment.key));
    }
    assert!(found.len() > 10, "{found:?}");
    for key in found {
        assert_eq!(keys::residency(&key), Residency::Ng, "{key}");
        house.stores.blobs.size(&key).await.expect("it is there");
    }
    house.close().await;
}

/// A film must not become a dead letter because its bucket was away for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_answer_is_no_failed_attempt() {
    // More in a row than attempts that a film has.
    let (house, reads) = house(1..9).await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    let done = house.wait(id, at_rest).await;
    assert_eq!((done.stage, done.status), (Stage::Done, Status::Published), "{:?}", done.blocked);
    assert!(reads.load(Ordering::Relaxed) > 9, "it was away");
    house.close().await;
}
