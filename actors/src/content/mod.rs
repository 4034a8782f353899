//! `content::Pipeline`: leads one content from its upload to all its renditions.

mod manifests;

pub use manifests::{Manifest, ManifestError, Manifests};

use crate::Platform;
use crate::runtime::{Entity, EntityId, Exit};
use async_trait::async_trait;
use playhouse_storage::model::{Content, ContentId, DeadLetterId, Fence, JobId, ShardId, UploadId, UploadMetadata};
use serde::{Deserialize, Serialize};

/// The role of the pipeline is to decide what comes next for its content.
pub struct Pipeline {}

/// What a pipeline can be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Creates the content of a fresh upload.
    Open {
        /// Its upload.
        upload_id: UploadId,
        /// Subject of the creator.
        owner: String,
        /// What `Upload-Metadata` said.
        metadata: UploadMetadata,
    },
    /// The source is whole: its blob and size.
    Receive {
        /// The source's blob.
        key: String,
        /// Its size.
        size_bytes: u64,
    },
    /// The upload was terminated or has expired: the content goes too.
    Abandon,
    /// Looks at its rows and does what comes next. Sent at boot and after every step.
    Advance,
    /// A job that was not a single rung's has ended.
    JobEnded {
        /// Which.
        job: JobId,
        /// The attempt.
        token: String,
        /// How.
        outcome: crate::encode::Outcome,
    },
    /// Changes what viewers are shown.
    Edit(Edit),
    /// Removes it, its files included.
    Delete,
    /// Puts a dead letter's work back in the queue.
    Replay(DeadLetterId),
}

/// What an owner can change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// New title.
    pub title: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New BCP 47 tag.
    pub language: Option<String>,
    /// True: back to draft. False: published again.
    pub unlisted: Option<bool>,
}

/// What a pipeline answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The record as it is on disk.
    Content(Box<Content>),
    /// It is gone.
    Deleted,
    /// The request is not carried out.
    Refused(Refusal),
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// No such content.
    #[error("there is no such content")]
    NotFound,
    /// The stage does not allow it.
    #[error("{0}")]
    NotNow(String),
}

impl EntityId for ContentId {
    fn shard(&self, count: u16) -> ShardId {
        Self::shard(self, count)
    }
}

#[async_trait]
impl Entity for Pipeline {
    const KIND: &'static str = "content.pipeline";
    type Id = ContentId;
    type Request = Request;
    type Reply = Reply;

    async fn load(_id: ContentId, _fence: Fence, _platform: Platform) -> Result<Self, Exit> {
        unimplemented!()
    }

    async fn handle(&mut self, _request: Request) -> Result<Reply, Exit> {
        unimplemented!()
    }
}
