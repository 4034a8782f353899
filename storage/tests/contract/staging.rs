//! Staged uploads: what was synced is there, a revoked writer lands nothing, sealing is final.

use bytes::Bytes;
use futures_util::TryStreamExt;
use playhouse_storage::Error;
use playhouse_storage::blobs::Blobs;
use playhouse_storage::model::{Residency, UploadId};
use playhouse_storage::staging::Staging;
use std::sync::Arc;

/// `staging` seals into `blobs`.
pub(crate) async fn check(staging: Arc<dyn Staging>, blobs: Arc<dyn Blobs>) {
    an_upload_resumes_and_is_sealed(&*staging, &*blobs).await;
    a_revoked_writer_lands_nothing(&*staging, &*blobs).await;
    an_older_grant_is_refused_even_when_nobody_writes(&*staging).await;
    sealing_holds_the_size(&*staging, &*blobs).await;
    a_discarded_upload_is_gone(&*staging).await;
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn blob(blobs: &dyn Blobs, key: &str) -> Vec<u8> {
    let chunks: Vec<Bytes> = blobs.read(key, None).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

async fn an_upload_resumes_and_is_sealed(staging: &dyn Staging, blobs: &dyn Blobs) {
    let upload = UploadId::new();
    let mut writer = staging.open(upload, Residency::Global, 1, 0).await.unwrap();
    writer.write(bytes("hello ")).await.unwrap();
    assert_eq!(writer.sync().await.unwrap(), 6);
    writer.write(bytes("never committed")).await.unwrap();
    drop(writer);
    assert_eq!(staging.list().await.unwrap(), [upload]);

    let mut writer = staging.open(upload, Residency::Global, 2, 6).await.unwrap();
    writer.write(bytes("wor")).await.unwrap();
    writer.write(bytes("ld")).await.unwrap();
    assert_eq!(writer.sync().await.unwrap(), 11);
    for _ in 0..2 {
        staging.seal(upload, 11, "source/one").await.unwrap();
        assert_eq!(blob(blobs, "source/one").await, b"hello world");
    }
    assert!(matches!(writer.write(bytes("!")).await, Err(Error::Revoked)));
    assert!(matches!(writer.sync().await, Err(Error::Revoked)));
    assert_eq!(blob(blobs, "source/one").await, b"hello world");
    assert_eq!(staging.list().await.unwrap(), []);
}

async fn a_revoked_writer_lands_nothing(staging: &dyn Staging, blobs: &dyn Blobs) {
    let upload = UploadId::new();
    let mut old = staging.open(upload, Residency::Global, 1, 0).await.unwrap();
    old.write(bytes("aaaa")).await.unwrap();
    assert_eq!(old.sync().await.unwrap(), 4);
    let mut new = staging.open(upload, Residency::Global, 2, 2).await.unwrap();
    assert!(matches!(old.write(bytes("XXXX")).await, Err(Error::Revoked)));
    assert!(matches!(old.sync().await, Err(Error::Revoked)));
    new.write(bytes("bb")).await.unwrap();
    assert!(matches!(old.write(bytes("XXXX")).await, Err(Error::Revoked)));
    assert_eq!(new.sync().await.unwrap(), 4);
    assert!(matches!(
        staging.open(upload, Residency::Global, 1, 0).await.err(),
        Some(Error::Revoked)
    ));
    staging.seal(upload, 4, "source/two").await.unwrap();
    assert_eq!(blob(blobs, "source/two").await, b"aabb");
}

async fn an_older_grant_is_refused_even_when_nobody_writes(staging: &dyn Staging) {
    let upload = UploadId::new();
    drop(staging.open(upload, Residency::Global, 9, 0).await.unwrap());
    assert!(matches!(
        staging.open(upload, Residency::Global, 8, 0).await.err(),
        Some(Error::Revoked)
    ));
    // The same grant again: who opened it last writes.
    let mut first = staging.open(upload, Residency::Global, 9, 0).await.unwrap();
    let mut second = staging.open(upload, Residency::Global, 9, 0).await.unwrap();
    assert!(matches!(first.write(bytes("x")).await, Err(Error::Revoked)));
    second.write(bytes("y")).await.unwrap();
    staging.discard(upload).await.unwrap();
}

async fn sealing_holds_the_size(staging: &dyn Staging, blobs: &dyn Blobs) {
    let upload = UploadId::new();
    let mut writer = staging.open(upload, Residency::Global, 1, 0).await.unwrap();
    writer.write(bytes("12345")).await.unwrap();
    writer.sync().await.unwrap();
    for size in [4, 6] {
        let error = staging.seal(upload, size, "source/three").await.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert!(matches!(blobs.size("source/three").await, Err(Error::NotFound { .. })));
    }
    let error = staging.open(upload, Residency::Global, 2, 6).await.err().unwrap();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    staging.seal(upload, 5, "source/three").await.unwrap();
    let empty = UploadId::new();
    staging.seal(empty, 0, "source/empty").await.unwrap();
    assert_eq!(blobs.size("source/empty").await.unwrap(), 0);
    let error = staging.seal(empty, 5, "source/none").await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

async fn a_discarded_upload_is_gone(staging: &dyn Staging) {
    let upload = UploadId::new();
    let mut writer = staging.open(upload, Residency::Global, 1, 0).await.unwrap();
    writer.write(bytes("x")).await.unwrap();
    staging.discard(upload).await.unwrap();
    staging.discard(upload).await.unwrap();
    assert!(matches!(writer.write(bytes("y")).await, Err(Error::Revoked)));
    assert_eq!(staging.list().await.unwrap(), []);
}
