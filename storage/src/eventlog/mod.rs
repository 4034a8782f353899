//! A log of facts by topic, which groups of consumers read.
//!
//! A topic has partitions; the records of one key lie in one of them, in the order in which they
//! were appended. Delivery is at least once, to the producer's log and from it: whoever did not
//! hear an answer appends again, whoever did not commit reads again. A consumer knows a record by
//! what the producer wrote, `(shard, sequence)`, and never by its offset alone.

use crate::{Error, Result, files};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

pub mod kafka;
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
    /// Version of the topic's schema that the payload keeps to.
    #[serde(default = "first_version")]
    pub schema: u32,
    /// The trace of the request that made it true, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The fact.
    pub payload: Value,
}

fn first_version() -> u32 {
    1
}

/// A record with its place on the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Of which topic.
    pub topic: String,
    /// In which partition.
    pub partition: u32,
    /// Its place there.
    pub offset: u64,
    /// The record.
    pub record: Record,
}

/// The port of the event log.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Makes the topics that are missing, for consumers that come before the first record.
    ///
    /// # Errors
    /// As [`EventLog::append`].
    async fn prepare(&self, topics: &[&str]) -> Result<()>;

    /// Appends in this order; when it answers, every record is on the log. After an error some may
    /// be there: they are appended again.
    ///
    /// # Errors
    /// `Invalid` for a name or a record that the log does not take, `Full`, `Unavailable` within
    /// the engine's deadline, or the engine's own.
    async fn append(&self, topic: &str, records: Vec<Record>) -> Result<()>;

    /// A member of a group. What the group has committed is not read again, everything else is,
    /// from the first record that the topics still have.
    ///
    /// # Errors
    /// `Invalid` for a name that the log does not take, `Unavailable`, or the engine's own.
    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Consumer>>;

    /// Whether the engine answers.
    ///
    /// # Errors
    /// `Unavailable`, or the engine's own.
    async fn ping(&self) -> Result<()>;
}

/// A member of a group of consumers. Its share of the topics may go to another member at any time,
/// and what it was handed before is then handed to that one too: effects must bear it.
#[async_trait]
pub trait Consumer: Send {
    /// The next records, at most `limit`; none when there are none within `wait`. Records of one
    /// partition come in their order.
    ///
    /// # Errors
    /// `Revoked` when this member has been replaced, `Unavailable`, or the engine's own.
    async fn next(&mut self, limit: usize, wait: Duration) -> Result<Vec<Delivery>>;

    /// Everything that was handed out has taken effect: the group does not want it again.
    ///
    /// # Errors
    /// `Revoked` when this member has been replaced, `Unavailable`, or the engine's own. What was
    /// not committed is handed out again, to whoever has that share then.
    async fn commit(&mut self) -> Result<()>;
}

fn checked(kind: &str, name: &str) -> Result<String> {
    if files::is_name(name) {
        return Ok(name.to_owned());
    }
    Err(Error::Invalid(format!(
        "{name:?} is no {kind} name: 1 to 200 of [A-Za-z0-9._-], not beginning with a dot"
    )))
}
