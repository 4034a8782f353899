//! `rendition::Transcoder`: one rendition. Commits finished segments, counts failed attempts.

use crate::Platform;
use crate::runtime::{Entity, EntityId, Exit};
use async_trait::async_trait;
use playhouse_storage::model::{ContentId, Fence, ShardId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The role of the transcoder is to know which segments of its rendition are finished.
pub struct Transcoder {}

/// The address of a rendition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RenditionId {
    /// Its content; the shard key.
    pub content: ContentId,
    /// Its name.
    pub name: String,
}

impl fmt::Display for RenditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.content, self.name)
    }
}

impl EntityId for RenditionId {
    fn shard(&self, count: u16) -> ShardId {
        self.content.shard(count)
    }
}

/// What a transcoder can be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {}

/// What a transcoder answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {}

#[async_trait]
impl Entity for Transcoder {
    const KIND: &'static str = "rendition.transcoder";
    type Id = RenditionId;
    type Request = Request;
    type Reply = Reply;

    async fn load(_id: RenditionId, _fence: Fence, _platform: Platform) -> Result<Self, Exit> {
        unimplemented!()
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, Exit> {
        match request {}
    }
}
