//! `upload::Session`: one resumable upload. Grants the right to write, commits offsets.

use crate::Platform;
use crate::runtime::{Entity, EntityId, Exit};
use async_trait::async_trait;
use playhouse_storage::model::{ContentId, Fence, ShardId, Upload, UploadId, UploadMetadata};
use serde::{Deserialize, Serialize};

/// The role of the session is to say which byte comes next and who may write it.
pub struct Session {}

/// What a session can be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
}

impl EntityId for UploadId {
    fn shard(&self, count: u16) -> ShardId {
        Self::shard(self, count)
    }
}

#[async_trait]
impl Entity for Session {
    const KIND: &'static str = "upload.session";
    type Id = UploadId;
    type Request = Request;
    type Reply = Reply;

    async fn load(_id: UploadId, _fence: Fence, _platform: Platform) -> Result<Self, Exit> {
        unimplemented!()
    }

    async fn handle(&mut self, _request: Request) -> Result<Reply, Exit> {
        unimplemented!()
    }
}
