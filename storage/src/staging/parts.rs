//! Uploads in numbered parts, sent in any order and side by side: past this process where the
//! engine signs URLs of its own, through it where it does not.
//!
//! The size and the place of each part are known beforehand. A part counts when it is whole; sent
//! again, the last whole one counts. Which parts make the file is said once, at the end, by their
//! ETags: the engine holds them against what it has in the same step that makes the blob.

use crate::Result;
use crate::model::UploadId;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Most parts of an upload, by the rules of S3.
pub const PARTS_MAX: u32 = 10_000;
/// Least bytes of a part that is not the last, by the rules of S3.
pub const PART_BYTES_MIN: u64 = crate::bucket::PART_BYTES_MIN;
/// Most bytes of a part, by the rules of S3.
pub const PART_BYTES_MAX: u64 = 5 << 30;

/// An upload in parts, as its engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartsOf {
    /// Which.
    pub upload: UploadId,
    /// The blob that it becomes.
    pub key: String,
    /// What [`Parts::begin`] has answered.
    pub handle: String,
}

/// One part by its place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 1 on.
    pub number: u32,
    /// Its first byte.
    pub start: u64,
    /// How many it has: neither more nor fewer.
    pub bytes: u64,
}

/// A whole part that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// From 1 on.
    pub number: u32,
    /// Its size.
    pub bytes: u64,
    /// What its PUT was answered, without quotes; `None` where the engine does not tell it again.
    pub etag: Option<String>,
}

/// A part as the creator names it at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// From 1 on.
    pub number: u32,
    /// What its PUT was answered, without quotes.
    pub etag: String,
}

/// The part of the staging port that takes parts.
#[async_trait]
pub trait Parts: Send + Sync {
    /// Makes room for an upload in parts that becomes the blob `key`; answers what the engine calls
    /// it. Where the key says it may rest, and nowhere else, its parts rest from the first byte on.
    ///
    /// # Errors
    /// `Invalid` when there is no place for that residency, `Full`, `Unavailable`.
    async fn begin(&self, upload: UploadId, key: &str) -> Result<String>;

    /// A URL that takes one PUT of exactly this part for so long; `None` where the engine has none
    /// and parts come through [`Parts::receive`].
    ///
    /// # Errors
    /// The engine's own.
    async fn url(&self, of: &PartsOf, part: Part, valid: Duration) -> Result<Option<String>>;

    /// Takes a part through this process. Who writes the same part already is revoked, and what
    /// there was of it no longer counts.
    ///
    /// # Errors
    /// `Busy`, `Full`; `NotFound` when the upload has ended; `Invalid` where the engine has URLs.
    async fn receive(&self, of: &PartsOf, part: Part) -> Result<Box<dyn PartBody>>;

    /// The whole parts that are there, in their order.
    ///
    /// # Errors
    /// `NotFound` when the upload has ended, `Unavailable`.
    async fn received(&self, of: &PartsOf) -> Result<Vec<Received>>;

    /// Makes these parts, all of them in their order, the blob, without copying them; revokes who
    /// still writes. Done twice, the second time changes nothing.
    ///
    /// # Errors
    /// `Conflict` when a part is not the one that is meant, `Unavailable` when it is not known yet
    /// how it ended; `Corrupt` when the parts are lost for it.
    async fn assemble(&self, of: &PartsOf, size_bytes: u64, parts: &[Claimed]) -> Result<()>;

    /// Removes all parts and revokes who still writes; nothing there is no error.
    ///
    /// # Errors
    /// `Unavailable`, or the engine's own.
    async fn abandon(&self, of: &PartsOf) -> Result<()>;
}

/// One part on its way through this process.
#[async_trait]
pub trait PartBody: Send {
    /// Appends bytes.
    ///
    /// # Errors
    /// `Revoked`, `Full`; `Invalid` beyond the part's size.
    async fn write(&mut self, bytes: bytes::Bytes) -> Result<()>;

    /// The part is whole: when this answers, it is on disk. Answers its ETag, the MD5 of its bytes
    /// in hex as S3 has it.
    ///
    /// # Errors
    /// `Revoked`, `Full`; `Invalid` when bytes are missing, or `md5` is given and is not theirs.
    async fn finish(self: Box<Self>, md5: Option<[u8; 16]>) -> Result<String>;
}

/// What a list of parts is known by.
#[must_use]
pub fn digest(parts: &[Claimed]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.number.to_be_bytes());
        hash.update((part.etag.len() as u64).to_be_bytes());
        hash.update(&part.etag);
    }
    crate::blobs::local::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_differ_anywhere_have_other_digests() {
        let list = |parts: &[(u32, &str)]| {
            let claimed = |(number, etag): &(u32, &str)| Claimed {
                number: *number,
                etag: (*etag).to_owned(),
            };
            digest(&parts.iter().map(claimed).collect::<Vec<_>>())
        };
        let all = [
            list(&[]),
            list(&[(1, "a"), (2, "b")]),
            list(&[(1, "ab"), (2, "")]),
            list(&[(2, "b"), (1, "a")]),
            list(&[(1, "a")]),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(all[1], list(&[(1, "a"), (2, "b")]));
    }
}
