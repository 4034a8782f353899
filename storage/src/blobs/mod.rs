//! Finished, immutable bytes by key. A blob is written under a temporary name, synced and renamed;
//! a finished one is never overwritten, because its key contains the attempt that made it.

use crate::{Error, Result};
use async_trait::async_trait;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub mod keys;
pub mod local;
pub mod s3;

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
