//! Finished, immutable bytes by key. A blob is written under a temporary name, synced and renamed;
//! a finished one is never overwritten, because its key contains the attempt that made it.

use crate::model::Residency;
use crate::{Error, Result};
use async_trait::async_trait;
use std::ops::Range;
use std::path::{Path, PathBuf};

mod chunks;
pub mod keys;
pub mod local;
pub mod places;
pub mod s3;
pub(crate) mod tiers;

use places::Shelf;

/// The bytes of a blob in order, in chunks of bounded size.
pub type ByteStream = futures_util::stream::BoxStream<'static, Result<bytes::Bytes>>;

/// The port of the blob store. Keys are relative paths of `[A-Za-z0-9._-]` parts.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Takes over a finished local file (a worker's output): syncs it, moves it to `key`.
    ///
    /// # Errors
    /// `Exists` when the key is taken, `Full`, or the engine's own.
    async fn adopt(&self, file: &Path, key: &str) -> Result<u64>;

    /// Writes small bytes whole.
    ///
    /// # Errors
    /// As [`Blobs::adopt`].
    async fn put(&self, key: &str, bytes: bytes::Bytes) -> Result<()>;

    /// Size of a blob in bytes.
    ///
    /// # Errors
    /// `NotFound`.
    async fn size(&self, key: &str) -> Result<u64>;

    /// The bytes of `range` (the whole blob without one), streamed.
    ///
    /// # Errors
    /// `NotFound`, or the engine's own.
    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<ByteStream>;

    /// The local file of a blob, when the engine has one (a worker inherits its descriptor).
    fn local_path(&self, key: &str) -> Option<PathBuf>;

    /// Removes one blob; one that is not there is no error.
    async fn delete(&self, key: &str) -> Result<()>;

    /// Removes every blob whose key starts with `prefix` followed by `/`.
    async fn delete_prefix(&self, prefix: &str) -> Result<()>;

    /// SHA-256 of a blob in lower-case hex, computed off the async threads.
    ///
    /// # Errors
    /// `NotFound`, or the engine's own.
    async fn sha256(&self, key: &str) -> Result<String>;

    /// Removes what writes that never ended have left and that nobody can read; answers how many.
    /// An engine whose files under way go with its start has nothing to do.
    ///
    /// # Errors
    /// The engine's own.
    async fn end_orphans(&self) -> Result<u64> {
        Ok(0)
    }

    /// Whether there is a cold shelf for such content.
    fn has_cold(&self, _residency: Residency) -> bool {
        false
    }

    /// Has a blob on that shelf too, and answers its size: copied inside the engine where it can,
    /// then held against its size and `sha256`, or that of the other copy. Done again, it copies
    /// nothing.
    ///
    /// # Errors
    /// `NotFound` when it is on neither, `Corrupt` when the copy is not the same (it is removed),
    /// `Invalid` without a second shelf, `Full`.
    async fn carry(&self, key: &str, _to: Shelf, _sha256: Option<&str>) -> Result<u64> {
        Err(Error::Invalid(format!("blob {key}: there is no second shelf")))
    }

    /// Takes a blob off a shelf, if the other one has it; false when not, and it stays.
    ///
    /// # Errors
    /// `Invalid` without a second shelf, or the engine's own.
    async fn clear(&self, key: &str, _from: Shelf) -> Result<bool> {
        Err(Error::Invalid(format!("blob {key}: there is no second shelf")))
    }

    /// Whether the engine answers.
    ///
    /// # Errors
    /// `Unavailable`, or the engine's own.
    async fn ping(&self) -> Result<()> {
        match self.size("ping").await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
