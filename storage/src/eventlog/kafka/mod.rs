//! The event log on brokers that speak Kafka's protocol.
//!
//! The producer is idempotent: what it repeats by itself is on the log once and in order. An append
//! is answered when every record is confirmed by all replicas in sync. After one that failed the
//! next begins with a new producer, so that whatever the brokers have forgotten is no matter;
//! records may be there twice then, which their consumers bear.

mod config;
mod consumer;
mod frame;
mod producer;
mod topics;

pub use config::Config;

use super::{Consumer, EventLog, Record, checked};
use crate::breaker::Breaker;
use crate::{Error, Result};
use async_trait::async_trait;
use consumer::KafkaConsumer;
use producer::Producer;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use topics::Topics;

/// The event log on Kafka brokers.
pub struct KafkaLog {
    client: ClientConfig,
    config: Config,
    topics: Topics,
    producer: Producer,
    breaker: Breaker,
}

impl KafkaLog {
    /// A log on the brokers `HOST:PORT,HOST:PORT`. They need not be there yet.
    ///
    /// # Errors
    /// `Invalid` for settings that the client does not take.
    pub fn open(brokers: &str, config: &crate::Config) -> Result<Self> {
        let (record_bytes_max, config) = (config.event_record_bytes_max, config.kafka.clone());
        let client = client(brokers, &config);
        Ok(Self {
            topics: Topics::open(&client, &config)?,
            producer: Producer::new(&client, &config, record_bytes_max),
            breaker: Breaker::new(config.rest()),
            client,
            config,
        })
    }

    async fn try_append(&self, topic: &str, records: &[Record]) -> Result<()> {
        self.topics.ensure(&[topic.to_owned()]).await?;
        let appended = self.producer.append(topic, records).await;
        if appended.is_err() {
            self.topics.forget(topic);
        }
        appended
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn prepare(&self, topics: &[&str]) -> Result<()> {
        let topics: Result<Vec<_>> = topics.iter().map(|topic| checked("topic", topic)).collect();
        self.topics.ensure(&topics?).await
    }

    async fn append(&self, topic: &str, records: Vec<Record>) -> Result<()> {
        let topic = checked("topic", topic)?;
        if records.is_empty() {
            return Ok(());
        }
        if !self.breaker.lets_pass() {
            return Err(unavailable("it did not answer a moment ago"));
        }
        let appended = self.try_append(&topic, &records).await;
        match &appended {
            Ok(()) if self.breaker.succeeded() => tracing::info!("the event log answers again"),
            Err(error @ Error::Unavailable { .. }) if self.breaker.failed() => {
                tracing::warn!(%error, "the event log is away; events wait in the outbox");
            }
            Ok(()) | Err(_) => {}
        }
        appended
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Consumer>> {
        let group = checked("group", group)?;
        let topics: Result<Vec<_>> = topics.iter().map(|topic| checked("topic", topic)).collect();
        let topics = topics?;
        // Even those that were there before: brokers that keep nothing may have begun anew.
        topics.iter().for_each(|topic| self.topics.forget(topic));
        self.topics.ensure(&topics).await?;
        Ok(Box::new(KafkaConsumer::join(&self.client, &group, &topics, &self.config)?))
    }

    async fn ping(&self) -> Result<()> {
        self.topics.ping().await
    }
}

/// What producer, consumer and administration have in common.
fn client(brokers: &str, config: &Config) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", brokers)
        .set("client.id", "playhouse")
        .set("socket.keepalive.enable", "true")
        .set("socket.timeout.ms", config.request_timeout_ms.max(1_000).to_string())
        .set("socket.connection.setup.timeout.ms", config.request_timeout_ms.max(1_000).to_string())
        .set("reconnect.backoff.max.ms", config.rest_ms.max(100).to_string())
        .set_log_level(RDKafkaLogLevel::Error);
    client
}

fn unavailable(what: &str) -> Error {
    Error::Unavailable { what: format!("event log: {what}") }
}

/// What an error of the client is to its caller.
fn explain(error: &KafkaError) -> Error {
    match error {
        KafkaError::ClientConfig(_, what, key, value) => {
            Error::Invalid(format!("storage.kafka: {key} = {value}: {what}"))
        }
        other => unavailable(&other.to_string()),
    }
}
