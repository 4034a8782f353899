//! `upload::Session`: one resumable upload. Grants the right to write, commits offsets.
//!
//! Bytes never come here: the request that carries them asks for a grant, writes into staging and
//! commits how far it came. The offset that is told is on disk, and a newer grant revokes the
//! older one. With the last byte the upload becomes the source of its content.

mod rules;
mod session;

pub use session::Session;

use crate::runtime::EntityId;
use playhouse_storage::model::{ContentId, ShardId, Upload, UploadId, UploadMetadata};
use serde::{Deserialize, Serialize};

/// What a session can be asked.
#[derive(Clone, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Request {
    /// Creates the upload and its content.
    Create {
        /// The content that it becomes.
        content_id: ContentId,
        /// Subject of the creator.
        owner: String,
        /// `Upload-Length`.
        size_bytes: u64,
        /// What `Upload-Metadata` said.
        metadata: UploadMetadata,
    },
    /// Where it stands.
    Look,
    /// The right to write from `offset` on; revokes every older grant.
    Grant {
        /// `Upload-Offset` of the client.
        offset: u64,
    },
    /// Everything below `offset` is durable in staging.
    Commit {
        /// The grant's token.
        token: u64,
        /// Durable offset.
        offset: u64,
    },
    /// Ends it (tus termination).
    Terminate,
    /// Ends it if its time is over.
    Expire,
    /// Hands a completed upload to its pipeline again (a crash came between the two).
    HandOver,
}

/// What a session answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// To `Create`, `Look`, `Commit`, `HandOver`: the record as it is on disk.
    Upload(Box<Upload>),
    /// To `Grant`.
    Granted {
        /// To open the staging store with.
        token: u64,
        /// Where to write.
        offset: u64,
        /// Nothing may be written beyond it.
        size_bytes: u64,
    },
    /// To `Terminate` and `Expire`.
    Ended,
    /// The request is not carried out.
    Refused(Refusal),
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// No such upload.
    #[error("there is no such upload")]
    NotFound,
    /// It was terminated or has expired.
    #[error("the upload is gone: it was terminated or has expired")]
    Gone,
    /// The client's offset is not ours.
    #[error("the upload is at offset {expected}")]
    WrongOffset {
        /// `Upload-Offset` of the server.
        expected: u64,
    },
    /// A newer grant writes.
    #[error("another request writes to this upload now")]
    Revoked,
    /// Over the limit.
    #[error("{size_bytes} bytes are over the limit of {limit_bytes}")]
    TooLarge {
        /// Announced.
        size_bytes: u64,
        /// Allowed.
        limit_bytes: u64,
    },
    /// It is complete already.
    #[error("the upload is complete already")]
    Completed,
    /// Nothing was announced.
    #[error("an upload of zero bytes is no media; announce the size of the file")]
    Empty,
    /// A commit below what is committed, or beyond what was announced.
    #[error("offset {offset} is not between {committed} and {size_bytes}")]
    BadCommit {
        /// What was to be committed.
        offset: u64,
        /// What is committed.
        committed: u64,
        /// What was announced.
        size_bytes: u64,
    },
}

impl EntityId for UploadId {
    fn shard(&self, count: u16) -> ShardId {
        Self::shard(self, count)
    }
}
