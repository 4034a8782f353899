//! What the gateway and the actors hold in common: engines, and the way to every entity.

use crate::content::Manifests;
use crate::events::Hub;
use crate::runtime::{Directory, EntityRef};
use crate::{Config, content, rendition, upload};
use playhouse_storage::model::{ContentId, UploadId};
use std::sync::Arc;

/// The engines behind the ports.
#[derive(Clone)]
pub struct Engines {
    /// Records.
    pub catalog: Arc<dyn playhouse_storage::catalog::Catalog>,
    /// Finished bytes.
    pub blobs: Arc<dyn playhouse_storage::blobs::Blobs>,
    /// Bytes of uploads.
    pub staging: Arc<dyn playhouse_storage::staging::Staging>,
    /// Facts.
    pub eventlog: Arc<dyn playhouse_storage::eventlog::EventLog>,
    /// Encode work.
    pub jobs: Arc<dyn playhouse_storage::jobs::Jobs>,
}

/// Everything that a handler needs, cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The engines behind the ports.
    pub engines: Engines,
    /// The way to every entity.
    pub directory: Directory,
    /// Hints that a content has changed.
    pub hub: Hub,
    /// Playlists and MPDs, rendered from the catalog.
    pub manifests: Manifests,
    /// Limits.
    pub config: Arc<Config>,
}

impl Platform {
    /// The session of an upload.
    #[must_use]
    pub fn session(&self, id: UploadId) -> EntityRef<upload::Session> {
        self.directory.entity(id)
    }

    /// The pipeline of a content.
    #[must_use]
    pub fn pipeline(&self, id: ContentId) -> EntityRef<content::Pipeline> {
        self.directory.entity(id)
    }

    /// The transcoder of a rendition.
    #[must_use]
    pub fn transcoder(&self, content: ContentId, rendition: &str) -> EntityRef<rendition::Transcoder> {
        self.directory.entity(rendition::RenditionId { content, name: rendition.to_owned() })
    }
}
