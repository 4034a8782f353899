//! The record of one resumable upload: in one stream (tus 1.0.0), or in numbered parts.

use super::{ContentId, UploadId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One resumable upload. Written by `upload::Session` only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// Its id; the shard key.
    pub id: UploadId,
    /// The content that it becomes.
    pub content_id: ContentId,
    /// Subject of the token that created it.
    pub owner: String,
    /// `Upload-Length`.
    pub size_bytes: u64,
    /// `Upload-Offset`: every byte below it is on disk.
    pub offset_bytes: u64,
    /// Where it stands.
    pub state: UploadState,
    /// What `Upload-Metadata` said.
    pub metadata: UploadMetadata,
    /// Rises with every grant to write; a newer grant revokes the older.
    pub grant: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it is removed if it is not complete (tus expiration); moves with each commit.
    pub expires_at: Timestamp,
    /// How it comes in parts; `None` when it comes in one stream.
    pub parts: Option<UploadParts>,
    /// Where in a trace it began, a W3C `traceparent`: what becomes of it goes on there.
    pub traceparent: Option<String>,
    /// Rises by one with each write of the row.
    pub row_version: u64,
}

/// How an upload comes in parts. All parts but the last have one size, so that each has its place
/// in the file, whichever comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadParts {
    /// Bytes of every part but the last.
    pub part_size_bytes: u64,
    /// What the staging store calls them; empty until it has said so.
    pub handle: String,
    /// Digest of the list of parts that the creator has completed it with.
    pub accepted: Option<String>,
}

impl UploadParts {
    /// How many parts make a file of that size.
    #[must_use]
    pub fn total(&self, size_bytes: u64) -> u32 {
        let parts = size_bytes.div_ceil(self.part_size_bytes.max(1));
        u32::try_from(parts).unwrap_or(u32::MAX)
    }

    /// The place of part `number`, counted from 1, in a file of that size; `None` when there is no
    /// such part.
    #[must_use]
    pub fn place(&self, number: u32, size_bytes: u64) -> Option<Range<u64>> {
        let start = u64::from(number.checked_sub(1)?).checked_mul(self.part_size_bytes)?;
        let end = start.saturating_add(self.part_size_bytes).min(size_bytes);
        (start < end).then_some(start..end)
    }
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UploadState {
    /// Takes bytes.
    Receiving,
    /// Every byte is on disk; the source blob is (or is about to be) sealed and handed over.
    Completed,
    /// Ended by the client (tus termination).
    Terminated,
    /// Ended because its time was over.
    Expired,
}

/// The known keys of `Upload-Metadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadMetadata {
    /// The file's name at the creator's.
    pub filename: Option<String>,
    /// The media type that the client claims.
    pub filetype: Option<String>,
    /// Title shown to viewers; the file name stands in.
    pub title: Option<String>,
    /// Longer text shown to viewers.
    pub description: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Where the bytes may rest.
    pub residency: Residency,
    /// Whether segments are protected.
    pub protection: Protection,
}

/// Where the bytes of a content may rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Residency {
    /// Anywhere.
    #[default]
    Global,
    /// In Nigeria only.
    Ng,
}

/// How segments are protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Clear.
    #[default]
    None,
    /// Common encryption, scheme `cbcs` (ISO/IEC 23001-7).
    Cbcs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_a_file_and_nothing_else() {
        let parts = UploadParts { part_size_bytes: 5, ..UploadParts::default() };
        for (size, ends) in [(1, vec![1]), (5, vec![5]), (11, vec![5, 10, 11])] {
            let total = parts.total(size);
            let places: Vec<_> = (1..=total).filter_map(|it| parts.place(it, size)).collect();
            let starts: Vec<u64> = places.iter().map(|place| place.start).collect();
            assert_eq!(places.iter().map(|place| place.end).collect::<Vec<_>>(), ends, "{size}");
            assert_eq!(starts, [&[0], &ends[..ends.len() - 1]].concat(), "{size}");
            for beyond in [0, total + 1, u32::MAX] {
                assert_eq!(parts.place(beyond, size), None, "{size}: {beyond}");
            }
        }
    }
}
