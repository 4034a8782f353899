//! Bytes of uploads that are not whole yet: numbered parts and a durable tail.
//!
//! A grant (`token`) gives one writer the right to append from an offset. Opening with a higher
//! token revokes every lower one: from then on the older writer's calls answer `Revoked` and none
//! of its bytes can land. What [`PartWriter::sync`] has answered is on disk.

use crate::Result;
use crate::model::{Residency, UploadId};
use async_trait::async_trait;

pub mod local;
pub mod parts;
pub mod s3;

/// The port of the staging store: uploads in one stream, and ([`parts::Parts`]) in parts.
#[async_trait]
pub trait Staging: parts::Parts {
    /// Opens an upload for appending at `offset`; bytes beyond it are dropped (they were never
    /// committed). Its bytes rest where `residency` says, from the first one on; it is the same
    /// for all grants of an upload, and that of the key which it is sealed under.
    ///
    /// # Errors
    /// `Revoked` when a higher token has been seen, `Corrupt` when fewer than `offset` bytes are
    /// there, `Full`, `Invalid` when there is no place for that residency.
    async fn open(
        &self,
        upload: UploadId,
        residency: Residency,
        token: u64,
        offset: u64,
    ) -> Result<Box<dyn PartWriter>>;

    /// Turns the staged bytes, all `size_bytes` of them, into the blob `key` without copying where
    /// the engine can. Done twice, the second time changes nothing.
    ///
    /// # Errors
    /// `Corrupt` when the staged size differs, `Full`.
    async fn seal(&self, upload: UploadId, size_bytes: u64, key: &str) -> Result<()>;

    /// Removes everything of an upload; nothing there is no error.
    async fn discard(&self, upload: UploadId) -> Result<()>;

    /// Ids of all uploads that have bytes here, for the clean-up of orphans.
    async fn list(&self) -> Result<Vec<UploadId>>;
}

/// One writer of one grant.
#[async_trait]
pub trait PartWriter: Send {
    /// Appends bytes; they are not durable before [`PartWriter::sync`].
    ///
    /// # Errors
    /// `Revoked`, `Full`.
    async fn write(&mut self, bytes: bytes::Bytes) -> Result<()>;

    /// Makes everything written durable and answers the offset behind it.
    ///
    /// # Errors
    /// `Revoked`, `Full`.
    async fn sync(&mut self) -> Result<u64>;
}
