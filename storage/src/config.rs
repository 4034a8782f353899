//! The configuration of the stores: which engine by URL, and every bound with its reason.
//!
//! A relative path in a URL is relative to the data folder, so that the defaults need no editing
//! and a folder can be moved whole.

use crate::bucket::S3;
use crate::cache;
use crate::catalog::postgres;
use crate::eventlog;
use crate::urls::{CacheAt, CatalogAt, Engines, JobsAt};
use crate::wakes;
use serde::{Deserialize, Serialize};

/// The stores' part of `cluster.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where records live: `sqlite:PATH`, or a PostgreSQL database that several nodes share,
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=MODE` (15 or newer; `sslmode` is
    /// `disable`, `prefer`, `require` or `verify-full`).
    pub catalog: String,
    /// Where finished files live: `file:PATH`, or `s3://BUCKET` with a `/PREFIX` where one bucket
    /// serves several. Uploads under way are staged beside them, so that a whole one becomes a
    /// blob by a rename, or by a copy inside the service.
    pub blobs: String,
    /// Where files of a folder go that have not been watched for long: `file:PATH`, which may be a
    /// larger and slower disk; empty: they stay. For buckets see `storage.s3.cold_bucket`.
    pub cold: String,
    /// Where facts are appended: `local:PATH`, or Kafka brokers, `kafka://HOST:PORT,HOST:PORT`.
    pub events: String,
    /// Where what may be lost is kept: `memory:`, or a server that several nodes share,
    /// `redis://:PASSWORD@HOST:PORT/DATABASE` or `redis-cluster://HOST:PORT,HOST:PORT`.
    pub cache: String,
    /// What wakes those who wait for jobs, which are rows of the catalog: `catalog:` (who waits
    /// looks at the table), or a broker that tells workers on other machines at once,
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST` (RabbitMQ 3.10 or newer).
    pub jobs: String,

    /// Commits that may wait for the writer; one more is answered `Busy`. At 10 000 durable
    /// commits a second a full queue is under half a second of waiting.
    pub catalog_queue_max: usize,
    /// Commits that share one fsync. More would make the first of a group wait for the last
    /// longer than for the disk.
    pub catalog_batch_max: usize,
    /// Connections that read side by side. Queries take well under a millisecond, so a few keep
    /// any disk busy; each has a page cache of 2 MB.
    pub catalog_readers: usize,
    /// Queries under way and waiting; one more is answered `Busy`. A thousand drain in about
    /// 0.2 s.
    pub catalog_reads_max: usize,
    /// Memory of the writer for pages of the catalog, bytes: those of some 100,000 counters and the
    /// indexes beside them, which else are read again with every commit.
    pub catalog_cache_bytes: u64,
    /// Length of the log at which its pages are brought to their places, bytes. A page that many
    /// commits have changed is brought once. A thread beside the writer does it, which stands still
    /// for the last of it only, a few ms.
    pub catalog_checkpoint_bytes: u64,
    /// Size at which the catalog is full. 64 GiB are some 200 million segment rows; more belongs
    /// in a database server.
    pub catalog_bytes_max: u64,

    /// Memory of the cache `memory:`, bytes: some 300,000 counts.
    pub cache_bytes_max: u64,

    /// Bytes of a blob in one chunk of a stream: large enough that a thread hop does not show,
    /// small enough that a thousand slow viewers hold 256 MiB.
    pub blob_chunk_bytes: usize,
    /// Chunks that are kept to be used again when nobody reads them: 16 MiB. Fresh memory for each
    /// costs a node under load a seventh of its processor time.
    pub blob_chunks_kept_max: usize,

    /// Uploads that may be written to at one time; one more is answered `Busy`. Each holds one
    /// descriptor, and the usual limit of a process is 1024 or more of them.
    pub staging_writers_max: usize,
    /// Free space that uploads leave on the disk, bytes; with less left they are answered `Full`.
    /// On a disk that is full to the last byte nothing could even be removed, because the catalog
    /// must write that down first. A segment under way takes some megabytes as well.
    pub staging_reserve_bytes: u64,

    /// Size at which a topic's file is closed and a new one begun: the step of retention.
    pub event_file_bytes: u64,
    /// Bytes that a topic keeps; its oldest file goes when the others hold as many. At about
    /// 300 bytes a record this is most of a million.
    pub event_topic_bytes: u64,
    /// Size of one record. Facts name things, they do not carry them.
    pub event_record_bytes_max: usize,
    /// Bytes that one read answers at most, so that a consumer far behind stays small.
    pub event_read_bytes: u64,
    /// Topics; the product has some ten. Each holds an open file.
    pub event_topics_max: usize,

    /// How the cache uses a Redis server.
    pub redis: cache::Config,
    /// How the catalog uses a PostgreSQL server.
    pub postgres: postgres::Config,
    /// How the event log uses Kafka brokers.
    pub kafka: eventlog::kafka::Config,
    /// Buckets; they count where `blobs` begins with `s3:`.
    pub s3: S3,
    /// How wake-ups use a broker.
    pub amqp: wakes::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            catalog: "sqlite:catalog.db".to_owned(),
            blobs: "file:blobs".to_owned(),
            cold: String::new(),
            events: "local:events".to_owned(),
            cache: "memory:".to_owned(),
            jobs: "catalog:".to_owned(),
            catalog_queue_max: 4096,
            catalog_batch_max: 256,
            catalog_readers: 4,
            catalog_reads_max: 1024,
            catalog_cache_bytes: 64 << 20,
            catalog_checkpoint_bytes: 16 << 20,
            catalog_bytes_max: 64 << 30,
            cache_bytes_max: 64 << 20,
            blob_chunk_bytes: 256 << 10,
            blob_chunks_kept_max: 64,
            staging_writers_max: 512,
            staging_reserve_bytes: 64 << 20,
            event_file_bytes: 16 << 20,
            event_topic_bytes: 256 << 20,
            event_record_bytes_max: 256 << 10,
            event_read_bytes: 4 << 20,
            event_topics_max: 64,
            redis: cache::Config::default(),
            postgres: postgres::Config::default(),
            kafka: eventlog::kafka::Config::default(),
            s3: S3::default(),
            amqp: wakes::Config::default(),
        }
    }
}

impl Config {
    /// Holds every value against what the stores can do.
    ///
    /// # Errors
    /// One sentence that names the key and what would do.
    pub fn validate(&self) -> Result<(), String> {
        for (key, value) in self.at_least_one() {
            if value == 0 {
                return Err(format!("storage.{key} must be at least 1"));
            }
        }
        if self.catalog_bytes_max < 1 << 20 {
            return Err("storage.catalog_bytes_max must be at least 1048576 (1 MiB)".to_owned());
        }
        if (self.event_record_bytes_max as u64) > self.event_file_bytes {
            return Err(
                "storage.event_record_bytes_max must not exceed event_file_bytes".to_owned()
            );
        }
        if self.event_topic_bytes < self.event_file_bytes {
            return Err("storage.event_topic_bytes must be at least event_file_bytes".to_owned());
        }
        self.redis.validate()?;
        self.postgres.validate()?;
        self.kafka.validate()?;
        self.s3.validate()?;
        self.amqp.validate()?;
        let engines = self.engines()?;
        if let CatalogAt::Server(url) = engines.catalog {
            postgres::address::Address::parse(url, &self.postgres)?;
        }
        if let CacheAt::Server(url) = engines.cache {
            cache::redis::check(url).map_err(|error| error.to_string())?;
        }
        if let JobsAt::Broker(url) = engines.jobs {
            wakes::amqp::check(url).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// What is behind the URLs.
    pub(crate) fn engines(&self) -> Result<Engines<'_>, String> {
        Engines::of(self)
    }

    fn at_least_one(&self) -> [(&'static str, u64); 14] {
        [
            ("catalog_queue_max", self.catalog_queue_max as u64),
            ("catalog_batch_max", self.catalog_batch_max as u64),
            ("catalog_readers", self.catalog_readers as u64),
            ("catalog_reads_max", self.catalog_reads_max as u64),
            ("catalog_cache_bytes", self.catalog_cache_bytes),
            ("catalog_checkpoint_bytes", self.catalog_checkpoint_bytes),
            ("cache_bytes_max", self.cache_bytes_max),
            ("blob_chunk_bytes", self.blob_chunk_bytes as u64),
            ("staging_writers_max", self.staging_writers_max as u64),
            ("event_file_bytes", self.event_file_bytes),
            ("event_topic_bytes", self.event_topic_bytes),
            ("event_record_bytes_max", self.event_record_bytes_max as u64),
            ("event_read_bytes", self.event_read_bytes),
            ("event_topics_max", self.event_topics_max as u64),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_zero_is_named() {
        let config = Config { catalog_readers: 0, ..Config::default() };
        assert_eq!(config.validate().unwrap_err(), "storage.catalog_readers must be at least 1");
    }
}
