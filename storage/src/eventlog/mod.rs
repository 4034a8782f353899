//! An append-only log of facts by topic, with offsets and consumer groups.
//!
//! Delivery is at least once. A consumer deduplicates by what the producer wrote,
//! `(shard, sequence)`, not by offset alone.

use crate::Result;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub mod local;

/// One record of a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Partition key.
    pub key: String,
    /// Shard of the producer.
    pub shard: u16,
    /// The producer's sequence within its shard.
    pub sequence: u64,
    /// When the fact was committed.
    pub at: Timestamp,
    /// The fact.
    pub payload: Value,
}

/// The port of the event log.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends and syncs; answers the first record's offset.
    ///
    /// # Errors
    /// `Full`, or the engine's own.
    async fn append(&self, topic: &str, records: Vec<Record>) -> Result<u64>;

    /// Records from `offset` on, at most `limit`, each with its offset.
    async fn read(&self, topic: &str, offset: u64, limit: u32) -> Result<Vec<(u64, Record)>>;

    /// The next offset that `group` reads in `topic`; 0 at first.
    async fn committed(&self, group: &str, topic: &str) -> Result<u64>;

    /// Stores the next offset that `group` reads.
    async fn commit(&self, group: &str, topic: &str, offset: u64) -> Result<()>;
}
