//! The blob store: whole or not there, never overwritten, read in ranges.

use bytes::Bytes;
use futures_util::TryStreamExt;
use playhouse_storage::Error;
use playhouse_storage::blobs::Blobs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// `outside` is a folder with nothing in it, for files to adopt.
pub(crate) async fn check(blobs: Arc<dyn Blobs>, outside: &Path) {
    a_finished_blob_is_never_overwritten(&*blobs, outside).await;
    ranges_are_read_as_asked(&*blobs).await;
    what_is_deleted_is_gone(&*blobs).await;
    names_that_lead_elsewhere_are_refused(&*blobs).await;
    only_a_plain_file_is_adopted(&*blobs, outside).await;
}

async fn read(blobs: &dyn Blobs, key: &str, range: Option<Range<u64>>) -> Vec<u8> {
    let chunks: Vec<Bytes> = blobs.read(key, range).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

async fn a_finished_blob_is_never_overwritten(blobs: &dyn Blobs, outside: &Path) {
    let file = outside.join("out.m4s");
    std::fs::write(&file, b"first").unwrap();
    assert_eq!(blobs.adopt(&file, "c/360p/a1/0.m4s").await.unwrap(), 5);
    assert!(!file.exists(), "moved, not copied");
    std::fs::write(&file, b"second").unwrap();
    for refused in [
        blobs.adopt(&file, "c/360p/a1/0.m4s").await.map(drop),
        blobs.put("c/360p/a1/0.m4s", Bytes::from_static(b"third")).await,
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(&error, Error::Exists { what } if what == "c/360p/a1/0.m4s"), "{error}");
    }
    assert_eq!(read(blobs, "c/360p/a1/0.m4s", None).await, b"first");
    assert!(file.exists(), "what was not adopted stays where it was");
}

async fn ranges_are_read_as_asked(blobs: &dyn Blobs) {
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    blobs.put("big", Bytes::from(bytes.clone())).await.unwrap();
    assert_eq!(blobs.size("big").await.unwrap(), 700_000);
    assert_eq!(read(blobs, "big", None).await, bytes);
    assert_eq!(read(blobs, "big", Some(1..600_001)).await, bytes[1..600_001]);
    assert_eq!(read(blobs, "big", Some(699_999..900_000)).await, bytes[699_999..]);
    assert_eq!(read(blobs, "big", Some(800_000..900_000)).await, b"");
    blobs.put("abc", Bytes::from_static(b"abc")).await.unwrap();
    assert_eq!(
        blobs.sha256("abc").await.unwrap(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

async fn what_is_deleted_is_gone(blobs: &dyn Blobs) {
    for key in ["d/one", "d/two/three", "d2/four", "e"] {
        blobs.put(key, Bytes::from_static(b"x")).await.unwrap();
    }
    for prefix in ["d", "e", "never/was"] {
        blobs.delete_prefix(prefix).await.unwrap();
    }
    assert_eq!(blobs.size("d2/four").await.unwrap(), 1);
    assert_eq!(blobs.size("e").await.unwrap(), 1, "it has no `/` behind the prefix");
    blobs.delete("e").await.unwrap();
    blobs.delete("e").await.unwrap();
    for key in ["d/one", "d/two/three", "e", "d2", "d2/four/below", "never"] {
        let error = blobs.size(key).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{key}: {error}");
        assert!(matches!(blobs.read(key, None).await.err(), Some(Error::NotFound { .. })));
    }
}

async fn names_that_lead_elsewhere_are_refused(blobs: &dyn Blobs) {
    for key in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".tmp/x", "ä", "a b", "a\0b"] {
        let error = blobs.put(key, Bytes::new()).await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{key:?}: {error}");
        assert!(matches!(blobs.delete_prefix(key).await, Err(Error::Invalid(_))), "{key:?}");
        assert_eq!(blobs.local_path(key), None);
    }
}

async fn only_a_plain_file_is_adopted(blobs: &dyn Blobs, outside: &Path) {
    std::fs::write(outside.join("secret"), b"s").unwrap();
    std::os::unix::fs::symlink(outside.join("secret"), outside.join("link")).unwrap();
    std::fs::create_dir(outside.join("folder")).unwrap();
    for name in ["link", "folder", "missing"] {
        assert!(blobs.adopt(&outside.join(name), "adopted").await.is_err(), "{name}");
    }
    assert!(matches!(blobs.size("adopted").await, Err(Error::NotFound { .. })));
}
