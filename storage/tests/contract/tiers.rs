//! Two shelves: a blob can be read at every moment of a move, a copy is held against what it must
//! be, and the last one is never taken away.

use bytes::Bytes;
use futures_util::TryStreamExt;
use playhouse_storage::Error;
use playhouse_storage::blobs::Blobs;
use playhouse_storage::blobs::places::Shelf;
use std::path::Path;

/// `blobs` has both shelves; `outside` is a folder for a worker's output.
pub(crate) async fn check(blobs: &dyn Blobs, outside: &Path) {
    a_blob_goes_there_and_back(blobs).await;
    the_last_one_stays(blobs).await;
    a_copy_that_is_not_the_same_is_removed(blobs).await;
    what_is_deleted_is_gone_from_both(blobs).await;
    a_large_one_goes_in_parts(blobs, outside).await;
}

async fn read(blobs: &dyn Blobs, key: &str) -> Result<Vec<u8>, Error> {
    let chunks: Vec<Bytes> = blobs.read(key, None).await?.try_collect().await?;
    Ok(chunks.concat())
}

async fn a_blob_goes_there_and_back(blobs: &dyn Blobs) {
    let (key, bytes) = ("media/c1/720p/00000-t.m4s", b"a segment");
    blobs.put(key, Bytes::from_static(bytes)).await.unwrap();
    let hash = blobs.sha256(key).await.unwrap();
    for (to, from) in [(Shelf::Cold, Shelf::Hot), (Shelf::Hot, Shelf::Cold)] {
        for _ in 0..2 {
            assert_eq!(blobs.carry(key, to, Some(&hash)).await.unwrap(), 9, "{to:?}");
            assert_eq!(read(blobs, key).await.unwrap(), bytes, "{to:?}");
        }
        for _ in 0..2 {
            assert!(blobs.clear(key, from).await.unwrap(), "{from:?}");
            assert_eq!(read(blobs, key).await.unwrap(), bytes, "{from:?}");
            assert_eq!(blobs.size(key).await.unwrap(), 9);
            assert_eq!(blobs.sha256(key).await.unwrap(), hash);
        }
        // It was done before: nothing is copied back.
        assert_eq!(blobs.carry(key, to, None).await.unwrap(), 9);
        let range: Vec<Bytes> =
            blobs.read(key, Some(2..5)).await.unwrap().try_collect().await.unwrap();
        assert_eq!(range.concat(), b"seg");
    }
    blobs.delete(key).await.unwrap();
}

async fn the_last_one_stays(blobs: &dyn Blobs) {
    let key = "media/c1/720p/00001-t.m4s";
    blobs.put(key, Bytes::from_static(b"only")).await.unwrap();
    assert!(!blobs.clear(key, Shelf::Hot).await.unwrap());
    assert_eq!(read(blobs, key).await.unwrap(), b"only");
    blobs.carry(key, Shelf::Cold, None).await.unwrap();
    assert!(blobs.clear(key, Shelf::Hot).await.unwrap());
    assert!(!blobs.clear(key, Shelf::Cold).await.unwrap());
    assert_eq!(read(blobs, key).await.unwrap(), b"only");
    let missing = blobs.carry("media/c1/none", Shelf::Cold, None).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    blobs.delete(key).await.unwrap();
}

async fn a_copy_that_is_not_the_same_is_removed(blobs: &dyn Blobs) {
    let key = "media/c1/720p/00002-t.m4s";
    blobs.put(key, Bytes::from_static(b"rotten")).await.unwrap();
    let other = "0".repeat(64);
    let error = blobs.carry(key, Shelf::Cold, Some(&other)).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert!(!blobs.clear(key, Shelf::Hot).await.unwrap(), "the copy is not there");
    assert_eq!(read(blobs, key).await.unwrap(), b"rotten");
    blobs.delete(key).await.unwrap();
}

async fn what_is_deleted_is_gone_from_both(blobs: &dyn Blobs) {
    let keys = ["media/c2/a", "media/c2/b", "media/c2/c"];
    for key in keys {
        blobs.put(key, Bytes::from_static(b"x")).await.unwrap();
        blobs.carry(key, Shelf::Cold, None).await.unwrap();
    }
    assert!(blobs.clear("media/c2/b", Shelf::Hot).await.unwrap());
    blobs.delete("media/c2/a").await.unwrap();
    assert!(matches!(read(blobs, "media/c2/a").await, Err(Error::NotFound { .. })));
    blobs.delete_prefix("media/c2").await.unwrap();
    for key in keys {
        assert!(matches!(blobs.size(key).await, Err(Error::NotFound { .. })), "{key}");
    }
}

async fn a_large_one_goes_in_parts(blobs: &dyn Blobs, outside: &Path) {
    let bytes: Vec<u8> =
        (0..11u64 << 20).map(|n| (n.wrapping_mul(0x9E37_79B9) >> 20) as u8).collect();
    let (file, key) = (outside.join("large"), "source/c3/u");
    std::fs::write(&file, &bytes).unwrap();
    blobs.adopt(&file, key).await.unwrap();
    blobs.carry(key, Shelf::Cold, None).await.unwrap();
    assert!(blobs.clear(key, Shelf::Hot).await.unwrap());
    assert!(read(blobs, key).await.unwrap() == bytes);
    blobs.delete_prefix("source/c3").await.unwrap();
}
