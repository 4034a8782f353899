//! Blobs on two shelves of one engine: what is watched on the hot one, the rest on the cold one.
//!
//! A blob has the same key on both, so a reader looks on the hot shelf and then on the cold one,
//! and finds it at every moment of a move. Who moves copies first, and takes away only what is on
//! the other shelf: [`Blobs::clear`] looks itself. New blobs come to the hot shelf.

use super::places::Shelf;
use super::{Blobs, ByteStream, keys};
use crate::model::Residency;
use crate::{Error, Result, failpoint};
use async_trait::async_trait;
use bytes::Bytes;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// An engine that can take over a blob from another shelf of its own kind.
#[async_trait]
pub(crate) trait Shelved: Blobs + Sized {
    /// Copies a blob of so many bytes; visible when it is whole. Inside the service where it can.
    ///
    /// # Errors
    /// `Exists`, `NotFound`, `Full`, or the engine's own.
    async fn take_from(&self, other: &Self, key: &str, bytes: u64) -> Result<()>;

    /// Whether there is a place for such content on this shelf.
    fn has_place(&self, residency: Residency) -> bool;
}

/// Two shelves.
pub(crate) struct TieredBlobs<B> {
    pub(crate) hot: B,
    pub(crate) cold: B,
}

/// Of two answers the first that is not "not found".
macro_rules! either {
    ($of:expr, $call:ident $arguments:tt) => {
        match $of.hot.$call $arguments.await {
            Err(Error::NotFound { .. }) => $of.cold.$call $arguments.await,
            answer => answer,
        }
    };
}

impl<B: Shelved> TieredBlobs<B> {
    /// A shelf and the other one.
    fn shelves(&self, shelf: Shelf) -> Result<(&B, &B)> {
        match shelf {
            Shelf::Hot => Ok((&self.hot, &self.cold)),
            Shelf::Cold => Ok((&self.cold, &self.hot)),
            Shelf::Staging => Err(Error::Invalid("uploads under way are no blobs".to_owned())),
        }
    }

    /// Whether the cold shelf can have this key at all: without a place for it there is nothing.
    fn may_be_cold(&self, key: &str) -> bool {
        self.cold.has_place(keys::residency(key))
    }
}

#[async_trait]
impl<B: Shelved> Blobs for TieredBlobs<B> {
    async fn adopt(&self, file: &Path, key: &str) -> Result<u64> {
        self.hot.adopt(file, key).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.hot.put(key, bytes).await
    }

    async fn size(&self, key: &str) -> Result<u64> {
        if !self.may_be_cold(key) {
            return self.hot.size(key).await;
        }
        either!(self, size(key))
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<ByteStream> {
        if !self.may_be_cold(key) {
            return self.hot.read(key, range).await;
        }
        // A third look: a blob that went back to the hot shelf between the first two.
        match either!(self, read(key, range.clone())) {
            Err(Error::NotFound { .. }) => self.hot.read(key, range).await,
            answer => answer,
        }
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        let hot = self.hot.local_path(key)?;
        if hot.exists() { Some(hot) } else { self.cold.local_path(key) }
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.hot.delete(key).await?;
        if self.may_be_cold(key) { self.cold.delete(key).await } else { Ok(()) }
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<()> {
        self.hot.delete_prefix(prefix).await?;
        if self.may_be_cold(prefix) { self.cold.delete_prefix(prefix).await } else { Ok(()) }
    }

    async fn sha256(&self, key: &str) -> Result<String> {
        if !self.may_be_cold(key) {
            return self.hot.sha256(key).await;
        }
        either!(self, sha256(key))
    }

    async fn end_orphans(&self) -> Result<u64> {
        Ok(self.hot.end_orphans().await? + self.cold.end_orphans().await?)
    }

    fn has_cold(&self, residency: Residency) -> bool {
        self.cold.has_place(residency)
    }

    async fn carry(&self, key: &str, to: Shelf, sha256: Option<&str>) -> Result<u64> {
        let (to, from) = self.shelves(to)?;
        let bytes = match from.size(key).await {
            // Carried and cleared before.
            Err(Error::NotFound { .. }) => return to.size(key).await,
            found => found?,
        };
        match to.take_from(from, key, bytes).await {
            Ok(()) | Err(Error::Exists { .. }) => {}
            Err(error) => return Err(error),
        }
        failpoint::pass("blob.carried");
        let expected = match sha256 {
            Some(known) => known.to_owned(),
            None => from.sha256(key).await?,
        };
        let (found, stored) = (to.sha256(key).await?, to.size(key).await?);
        if found == expected && stored == bytes {
            return Ok(bytes);
        }
        to.delete(key).await?;
        let what = format!(
            "blob {key}: a copy has {stored} bytes and SHA-256 {found}, {bytes} and {expected} \
             are due"
        );
        Err(Error::Corrupt { what })
    }

    async fn clear(&self, key: &str, from: Shelf) -> Result<bool> {
        let (from, other) = self.shelves(from)?;
        let bytes = match from.size(key).await {
            Err(Error::NotFound { .. }) => return Ok(true),
            found => found?,
        };
        match other.size(key).await {
            Ok(there) if there == bytes => {}
            // The only one there is, or not the same: stays.
            Ok(_) | Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        from.delete(key).await?;
        failpoint::pass("blob.cleared");
        Ok(true)
    }

    async fn ping(&self) -> Result<()> {
        self.hot.ping().await
    }
}
