//! The stores that a worker on any machine shares with the nodes: records, blobs, the job queue.
//!
//! Engines that live in one node's data folder cannot be shared, so they are refused. The worker's
//! own folder holds its name and what it is making; nothing that must outlive it.

use crate::blobs::Blobs;
use crate::catalog::Catalog;
use crate::catalog::postgres::PostgresCatalog;
use crate::jobs::{Jobs, postgres::PostgresJobs};
use crate::stores::{blobs, wakes};
use crate::urls::{BlobsAt, CatalogAt};
use crate::wakes::Wakes;
use crate::{Config, DataDir, Error, Result};
use std::path::Path;
use std::sync::Arc;

/// The ports that a worker needs, behind the engines of the nodes.
#[derive(Clone)]
pub struct SharedStores {
    /// Records, which a worker reads.
    pub catalog: Arc<dyn Catalog>,
    /// Sources, and where results go.
    pub blobs: Arc<dyn Blobs>,
    /// Work.
    pub jobs: Arc<dyn Jobs>,
    /// That work waits, told at once.
    pub wakes: Arc<dyn Wakes>,
    /// The lock on the worker's folder; last, so that it outlives what it guards.
    pub data_dir: Arc<DataDir>,
}

impl SharedStores {
    /// Opens the engines by the configuration of the nodes, and `data_dir` for this process alone.
    ///
    /// # Errors
    /// `Invalid` for engines that belong to one node, `InUse` when another process has the folder,
    /// or an engine's own.
    pub async fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        config.validate().map_err(Error::Invalid)?;
        let engines = config.engines().map_err(Error::Invalid)?;
        let CatalogAt::Server(url) = engines.catalog else {
            return Err(of_one_node("catalog", &config.catalog, "postgres://…"));
        };
        let BlobsAt::Bucket { .. } = engines.blobs else {
            return Err(of_one_node("blobs", &config.blobs, "s3://…"));
        };
        let data_dir = DataDir::open(data_dir)?;
        let (blobs, _) = blobs(&engines, config, &data_dir)?;
        let catalog = Arc::new(PostgresCatalog::open(url, &config.postgres).await?);
        let jobs = Arc::new(PostgresJobs::new(catalog.clone(), data_dir.id()));
        let wakes = wakes(&engines.jobs, config)?;
        Ok(Self { catalog, blobs, jobs, wakes, data_dir: Arc::new(data_dir) })
    }
}

fn of_one_node(key: &str, url: &str, wanted: &str) -> Error {
    Error::Invalid(format!(
        "storage.{key}: {url:?} belongs to one node alone; a worker shares {wanted} with its nodes"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(config: Config, named: &str) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("worker");
        let told = SharedStores::open(&config, &data).await.err().unwrap().to_string();
        assert!(told.contains(named) && told.contains("belongs to one node"), "{told}");
        assert!(!data.exists(), "nothing was made");
    }

    #[tokio::test]
    async fn engines_that_belong_to_one_node_are_refused() {
        check(Config::default(), "storage.catalog").await;
        let catalog = "postgres://user:hush@localhost:5432/playhouse?sslmode=disable".to_owned();
        check(Config { catalog, ..Config::default() }, "storage.blobs").await;
    }
}
