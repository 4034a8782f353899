//! All stores of a node, opened together: the URLs of the configuration become engines here and
//! nowhere else.

use crate::analytics::{Analytics, postgres::PostgresAnalytics, sqlite::SqliteAnalytics};
use crate::blobs::{Blobs, local::LocalBlobs, places::Shelf, s3::S3Blobs, tiers::TieredBlobs};
use crate::bucket::Buckets;
use crate::cache::{Cache, memory::MemoryCache, redis};
use crate::catalog::{Catalog, postgres::PostgresCatalog, sqlite::SqliteCatalog};
use crate::engagement::{Engagement, postgres::PostgresEngagement, sqlite::SqliteEngagement};
use crate::eventlog::{EventLog, kafka::KafkaLog, local::LocalLog};
use crate::jobs::{Jobs, postgres::PostgresJobs, sqlite::SqliteJobs};
use crate::membership::{self, Membership};
use crate::playback::{Playback, postgres::PostgresPlayback, sqlite::SqlitePlayback};
use crate::staging::{Staging, local::LocalStaging, s3::S3Staging};
use crate::urls::{BlobsAt, CacheAt, CatalogAt, Engines, EventsAt, JobsAt};
use crate::wakes::{Wakes, amqp, local::LocalWakes};
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
    /// What viewers did, added up.
    pub analytics: Arc<dyn Analytics>,
    /// Who is a member of the cluster, and who owns which shard.
    pub membership: Arc<dyn Membership>,
    /// What may be lost.
    pub cache: Arc<dyn Cache>,
    /// That work waits, told at once.
    pub wakes: Arc<dyn Wakes>,
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
        let (blobs, staging) = blobs(&engines, config, &data_dir)?;
        let events = events(&engines.events, config, &data_dir)?;
        let holder = data_dir.id();
        let records = match engines.catalog {
            CatalogAt::File(path) => {
                Records::sqlite(SqliteCatalog::open(&data_dir.resolve(path), config)?, holder)?
            }
            CatalogAt::Server(url) => {
                let catalog = PostgresCatalog::open(url, &config.postgres).await?;
                let membership = Arc::new(membership::postgres::open(url, &config.postgres)?);
                Records::postgres(catalog, membership, holder)
            }
        };
        let Records { catalog, jobs, playback, engagement, analytics, membership } = records;
        Ok(Self {
            catalog,
            blobs,
            staging,
            events,
            jobs,
            playback,
            engagement,
            analytics,
            membership,
            cache: cache(&engines.cache, config)?,
            wakes: wakes(&engines.jobs, config)?,
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
    analytics: Arc<dyn Analytics>,
    membership: Arc<dyn Membership>,
}

impl Records {
    fn sqlite(catalog: SqliteCatalog, holder: &str) -> Result<Self> {
        let catalog = Arc::new(catalog);
        Ok(Self {
            jobs: Arc::new(SqliteJobs::new(catalog.clone(), holder)),
            playback: Arc::new(SqlitePlayback::open(catalog.clone())?),
            engagement: Arc::new(SqliteEngagement::new(catalog.clone())),
            analytics: Arc::new(SqliteAnalytics::new(catalog.clone())),
            membership: Arc::new(membership::sqlite::open(catalog.clone())),
            catalog,
        })
    }

    fn postgres(catalog: PostgresCatalog, membership: Arc<dyn Membership>, holder: &str) -> Self {
        let catalog = Arc::new(catalog);
        Self {
            jobs: Arc::new(PostgresJobs::new(catalog.clone(), holder)),
            playback: Arc::new(PostgresPlayback::new(catalog.clone())),
            engagement: Arc::new(PostgresEngagement::new(catalog.clone())),
            analytics: Arc::new(PostgresAnalytics::new(catalog.clone())),
            membership,
            catalog,
        }
    }
}

fn events(at: &EventsAt<'_>, config: &Config, data_dir: &DataDir) -> Result<Arc<dyn EventLog>> {
    match at {
        EventsAt::Folder(path) => Ok(Arc::new(LocalLog::open(&data_dir.resolve(path), config)?)),
        EventsAt::Brokers(brokers) => Ok(Arc::new(KafkaLog::open(brokers, config)?)),
    }
}

fn cache(at: &CacheAt<'_>, config: &Config) -> Result<Arc<dyn Cache>> {
    match at {
        CacheAt::Memory => Ok(Arc::new(MemoryCache::new(config.cache_bytes_max))),
        CacheAt::Server(url) => redis::open(url, &config.redis),
    }
}

pub(crate) fn wakes(at: &JobsAt<'_>, config: &Config) -> Result<Arc<dyn Wakes>> {
    match at {
        JobsAt::Catalog => Ok(Arc::new(LocalWakes::new(config.amqp.calls_max))),
        JobsAt::Broker(url) => amqp::open(url, &config.amqp),
    }
}

/// Finished and staged files have one engine: a staged one becomes finished where it is.
pub(crate) fn blobs(
    engines: &Engines<'_>,
    config: &Config,
    data_dir: &DataDir,
) -> Result<(Arc<dyn Blobs>, Arc<dyn Staging>)> {
    match &engines.blobs {
        BlobsAt::Folder(path) => {
            let root = data_dir.resolve(path);
            let hot = LocalBlobs::open(&root, config)?;
            let staging = Arc::new(LocalStaging::open(&root, config)?);
            match engines.cold {
                None => Ok((Arc::new(hot), staging)),
                Some(path) => {
                    let cold = LocalBlobs::open(&data_dir.resolve(path), config)?;
                    Ok((Arc::new(TieredBlobs { hot, cold }), staging))
                }
            }
        }
        BlobsAt::Bucket { name, prefix } => {
            let buckets = Buckets::open(name, prefix, &config.s3)?;
            let hot = S3Blobs::new(buckets.clone(), Shelf::Hot, &config.s3);
            let staging = Arc::new(S3Staging::new(buckets.clone(), &config.s3));
            if buckets.of(Shelf::Cold).is_empty() {
                return Ok((Arc::new(hot), staging));
            }
            let cold = S3Blobs::new(buckets, Shelf::Cold, &config.s3);
            Ok((Arc::new(TieredBlobs { hot, cold }), staging))
        }
    }
}
