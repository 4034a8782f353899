//! `upload::Session`: one resumable upload, in one stream or in parts. Grants the right to write,
//! commits offsets; says which parts there are, and makes them a file.
//!
//! Bytes never come here: the request that carries them asks for a grant, writes into staging and
//! commits how far it came. The offset that is told is on disk, and a newer grant revokes the
//! older one. With the last byte the upload becomes the source of its content.

mod cut;
mod in_parts;
mod rules;
mod session;

pub use session::Session;

use crate::runtime::EntityId;
use playhouse_storage::blobs::keys;
use playhouse_storage::model::{ContentId, ShardId, Upload, UploadId, UploadMetadata};
use playhouse_storage::staging::parts::{Claimed, PartsOf};
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
        /// Whether it comes in parts.
        in_parts: bool,
    },
    /// These parts, counted from 1, are about to be sent.
    Announce {
        /// Which.
        numbers: Vec<u32>,
    },
    /// These parts are the file.
    Complete {
        /// All of them, in any order.
        parts: Vec<Claimed>,
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
    /// To `Create`, `Announce`, `Complete`, `Look`, `Commit`, `HandOver`: the record as it is on
    /// disk.
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
    /// It comes in parts.
    #[error(
        "this upload is sent in parts: ask for their addresses at /api/v1/uploads/session/ID/parts"
    )]
    InParts,
    /// It comes in one stream.
    #[error(
        "this upload is sent in one stream (tus): go on with HEAD and PATCH /api/v1/uploads/ID"
    )]
    NotInParts,
    /// Parts that are not those of the upload, or not there; says which and what would do.
    #[error("{0}")]
    BadParts(String),
    /// It became a file of other parts than these.
    #[error(
        "the upload was completed with another list of parts; look at it, or begin another one"
    )]
    OtherParts,
    /// What had come of it is no longer there.
    #[error("the store has lost parts of this upload: begin another one")]
    PartsLost,
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

/// How the staging store knows an upload that comes in parts; `None` for one that does not.
#[must_use]
pub fn parts_of(upload: &Upload) -> Option<PartsOf> {
    let parts = upload.parts.as_ref()?;
    let key = keys::source(upload.metadata.residency, upload.content_id, upload.id);
    Some(PartsOf { upload: upload.id, key, handle: parts.handle.clone() })
}

impl EntityId for UploadId {
    fn shard(&self, count: u16) -> ShardId {
        Self::shard(self, count)
    }
}
