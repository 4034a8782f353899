//! All stores of a node, opened together: the URLs of the configuration become engines here and
//! nowhere else.

use crate::blobs::{Blobs, local::LocalBlobs};
use crate::cache::{self, Cache, memory::MemoryCache};
use crate::catalog::{Catalog, postgres::PostgresCatalog, sqlite::SqliteCatalog};
use crate::config::CatalogEngine;
use crate::engagement::{Engagement, postgres::PostgresEngagement, sqlite::SqliteEngagement};
use crate::eventlog::{EventLog, local::LocalLog};
use crate::jobs::{Jobs, postgres::PostgresJobs, sqlite::SqliteJobs};
use crate::playback::{Playback, postgres::PostgresPlayback, sqlite::SqlitePlayback};
use crate::staging::{Staging, local::LocalStaging};
use crate::{Config, DataDir, Error, Result};
use std::path::Path;
use std::sync::Arc;

/// Every port behind its engine.
#[derive(Clone)]
pub struct Stores {
    /// Records, changed by fenced commits.
    pub catalog: Arc<dyn Catalog>,
    /// Finished files.
    pub blobs: Arc<dyn Blobs>,
    /// Files that are being uploaded.
    pub staging: Arc<dyn Staging>,
    /// Facts by topic.
    pub events: Arc<dyn EventLog>,
    /// Encode work.
    pub jobs: Arc<dyn Jobs>,
    /// What viewers' sessions know.
    pub playback: Arc<dyn Playback>,
    /// What is counted of contents.
    pub engagement: Arc<dyn Engagement>,
    /// What may be lost.
    pub cache: Arc<dyn Cache>,
    /// The lock on the data folder; last, so that it outlives what it guards.
    pub data_dir: Arc<DataDir>,
}

impl Stores {
    /// Opens the data folder and every store in it, or behind its URL. Reads and writes files on
    /// the calling thread: it belongs at the start of a node.
    ///
    /// # Errors
    /// `Invalid` for a configuration that cannot be served, `InUse`, `SchemaTooNew`, `Corrupt`,
    /// `Full`, `Unavailable`, or an engine's own.
    pub async fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        config.validate().map_err(Error::Invalid)?;
        let engines = config.engines().map_err(Error::Invalid)?;
        let data_dir = DataDir::open(data_dir)?;
        let blob_root = data_dir.resolve(engines.blobs);
        let blobs = LocalBlobs::open(&blob_root, config)?;
        let staging = LocalStaging::open(&blob_root, config)?;
        let events = LocalLog::open(&data_dir.resolve(engines.events), config)?;
        let Records { catalog, jobs, playback, engagement } = match engines.catalog {
            CatalogEngine::Sqlite(path) => {
                Records::sqlite(SqliteCatalog::open(&data_dir.resolve(path), config)?)?
            }
            CatalogEngine::Postgres(url) => {
                Records::postgres(PostgresCatalog::open(url, &config.postgres).await?)
            }
        };
        Ok(Self {
            catalog,
            blobs: Arc::new(blobs),
            staging: Arc::new(staging),
            events: Arc::new(events),
            jobs,
            playback,
            engagement,
            cache: cache_of(config)?,
            data_dir: Arc::new(data_dir),
        })
    }
}

/// The ports that live in the catalog.
struct Records {
    catalog: Arc<dyn Catalog>,
    jobs: Arc<dyn Jobs>,
    playback: Arc<dyn Playback>,
    engagement: Arc<dyn Engagement>,
}

impl Records {
    fn sqlite(catalog: SqliteCatalog) -> Result<Self> {
        let catalog = Arc::new(catalog);
        Ok(Self {
            jobs: Arc::new(SqliteJobs::new(catalog.clone())),
            playback: Arc::new(SqlitePlayback::open(catalog.clone())?),
            engagement: Arc::new(SqliteEngagement::new(catalog.clone())),
            catalog,
        })
    }

    fn postgres(catalog: PostgresCatalog) -> Self {
        let catalog = Arc::new(catalog);
        Self {
            jobs: Arc::new(PostgresJobs::new(catalog.clone())),
            playback: Arc::new(PostgresPlayback::new(catalog.clone())),
            engagement: Arc::new(PostgresEngagement::new(catalog.clone())),
            catalog,
        }
    }
}

fn cache_of(config: &Config) -> Result<Arc<dyn Cache>> {
    match config.cache.as_str() {
        "memory:" => Ok(Arc::new(MemoryCache::new(config.cache_bytes_max))),
        url => cache::redis::open(url, &config.redis),
    }
}
