//! The record of one resumable upload (tus 1.0.0).

use super::{ContentId, UploadId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// Rises by one with each write of the row.
    pub row_version: u64,
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
