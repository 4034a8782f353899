//! What encoding needs of its surroundings: the same at a node and in `playhouse worker`, where
//! the entities are behind a link.

use crate::content::Pipeline;
use crate::events::Hub;
use crate::rendition::{RenditionId, Transcoder};
use crate::runtime::{Directory, EntityRef, Link};
use crate::{Config, Platform};
use playhouse_storage::SharedStores;
use playhouse_storage::blobs::Blobs;
use playhouse_storage::catalog::Catalog;
use playhouse_storage::jobs::Jobs;
use playhouse_storage::model::{ContentId, JobClass};
use playhouse_storage::wakes::Wakes;
use std::sync::Arc;
use tokio::sync::watch;

/// The surroundings of the pool. Cheap to clone.
#[derive(Clone)]
pub struct Workshop {
    /// Records, which it reads.
    pub catalog: Arc<dyn Catalog>,
    /// Sources, and where results go.
    pub blobs: Arc<dyn Blobs>,
    /// Work.
    pub jobs: Arc<dyn Jobs>,
    /// That work waits, told at once.
    pub wakes: Arc<dyn Wakes>,
    /// The classes that the pool has a place for.
    pub open: Arc<watch::Sender<Vec<JobClass>>>,
    /// The way to those who are told of results.
    pub directory: Directory,
    /// Who is told how far a job is.
    pub hub: Hub,
    /// Limits.
    pub config: Arc<Config>,
}

impl Workshop {
    /// The surroundings in a process that has no entities.
    #[must_use]
    pub fn linked(stores: &SharedStores, link: Arc<dyn Link>, config: Config) -> Self {
        Self {
            catalog: Arc::clone(&stores.catalog),
            blobs: Arc::clone(&stores.blobs),
            jobs: Arc::clone(&stores.jobs),
            wakes: Arc::clone(&stores.wakes),
            open: Arc::default(),
            directory: Directory::linked(link, config.runtime.clone()),
            hub: Hub::new(config.hints_max),
            config: Arc::new(config),
        }
    }

    /// The pipeline of a content.
    pub(super) fn pipeline(&self, id: ContentId) -> EntityRef<Pipeline> {
        self.directory.entity(id)
    }

    /// The transcoder of a rendition.
    pub(super) fn transcoder(&self, content: ContentId, name: &str) -> EntityRef<Transcoder> {
        self.directory.entity(RenditionId { content, name: name.to_owned() })
    }
}

impl From<&Platform> for Workshop {
    fn from(platform: &Platform) -> Self {
        Self {
            catalog: Arc::clone(&platform.engines.catalog),
            blobs: Arc::clone(&platform.engines.blobs),
            jobs: Arc::clone(&platform.engines.jobs),
            wakes: Arc::clone(&platform.engines.wakes),
            open: Arc::default(),
            directory: platform.directory.clone(),
            hub: platform.hub.clone(),
            config: Arc::clone(&platform.config),
        }
    }
}
