//! A member of a group on Kafka brokers. It commits by its own word only, and reads from the first
//! record where the group has committed none.

use super::super::{Consumer, Delivery};
use super::config::Config;
use super::{explain, frame, unavailable};
use crate::files::blocking;
use crate::{Error, Result};
use async_trait::async_trait;
use futures_util::FutureExt as _;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Reads its share of the topics.
pub(super) struct KafkaConsumer {
    /// There until it is dropped.
    consumer: Option<Arc<StreamConsumer>>,
    /// Behind what was handed out and not committed, by topic and partition.
    ends: HashMap<(String, i32), i64>,
    /// Records before those that are committed as well, to be read again.
    reread: i64,
    /// Until when it must have something to read; then it joins anew, where that helps.
    idle_until: Instant,
    idle_max: Duration,
}

impl KafkaConsumer {
    pub(super) fn join(
        client: &ClientConfig,
        group: &str,
        topics: &[String],
        config: &Config,
    ) -> Result<Self> {
        let mut client = client.clone();
        client
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", config.session_timeout_ms.to_string())
            .set("heartbeat.interval.ms", (config.session_timeout_ms / 3).max(1).to_string())
            .set("max.poll.interval.ms", config.poll_interval_max_ms.to_string())
            .set("queued.max.messages.kbytes", config.fetched_kbytes_max.to_string())
            // New topics, and brokers that have begun anew, are seen within this.
            .set("topic.metadata.refresh.interval.ms", "30000");
        let consumer: StreamConsumer = client.create().map_err(|error| explain(&error))?;
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| explain(&error))?;
        let reread = if config.reread { config.batch_records_max.into() } else { 0 };
        let idle_max = Duration::from_millis(config.session_timeout_ms) * 2;
        let idle_until = Instant::now() + idle_max;
        let consumer = Some(Arc::new(consumer));
        Ok(Self { consumer, ends: HashMap::new(), reread, idle_until, idle_max })
    }

    /// Whether it has had nothing to read for too long on a server that may forget to give it its
    /// share, or leave some of it with members who are dead. Elsewhere a group may well have more
    /// members than partitions, and a topic may be quiet.
    fn is_forgotten(&self) -> bool {
        self.reread > 0 && Instant::now() > self.idle_until
    }

    fn consumer(&self) -> Result<&Arc<StreamConsumer>> {
        self.consumer.as_ref().ok_or_else(|| unavailable("the consumer has ended"))
    }
}

#[async_trait]
impl Consumer for KafkaConsumer {
    async fn next(&mut self, limit: usize, wait: Duration) -> Result<Vec<Delivery>> {
        let consumer = Arc::clone(self.consumer()?);
        let mut found = Vec::new();
        let mut received = timeout(wait, consumer.recv()).await.ok();
        while let Some(message) = received {
            let message = match message {
                Ok(message) => message,
                // What was received before it is handed out; the error comes again.
                Err(_) if !found.is_empty() => break,
                Err(error) => return Err(explain(&error)),
            };
            let place = (message.topic().to_owned(), message.partition());
            self.ends.insert(place, message.offset() + 1);
            found.extend(delivery(&message));
            if found.len() >= limit {
                break;
            }
            received = consumer.recv().now_or_never();
        }
        if !found.is_empty() {
            self.idle_until = Instant::now() + self.idle_max;
        } else if self.is_forgotten() {
            tracing::debug!("this member of the group was given nothing to read; it joins anew");
            return Err(Error::Revoked);
        }
        Ok(found)
    }

    async fn commit(&mut self) -> Result<()> {
        let consumer = Arc::clone(self.consumer()?);
        let mut list = TopicPartitionList::new();
        for ((topic, partition), end) in self.ends.drain() {
            // Whatever batch the end lies in begins behind this.
            let from = Offset::Offset((end - self.reread).max(0));
            let added = list.add_partition_offset(&topic, partition, from);
            added.map_err(|error| explain(&error))?;
        }
        if list.count() == 0 {
            return Ok(());
        }
        let commit = move || Ok(consumer.commit(&list, CommitMode::Sync));
        blocking(commit).await?.map_err(|error| match error {
            KafkaError::ConsumerCommit(
                RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::RebalanceInProgress,
            ) => Error::Revoked,
            other => explain(&other),
        })
    }
}

impl Drop for KafkaConsumer {
    /// Leaving a group waits for the brokers: not on a thread that others run on.
    fn drop(&mut self) {
        let Some(consumer) = self.consumer.take() else { return };
        if tokio::runtime::Handle::try_current().is_ok() {
            drop(tokio::task::spawn_blocking(move || drop(consumer)));
        }
    }
}

fn delivery(message: &impl Message) -> Option<Delivery> {
    let (partition, offset) = (message.partition(), message.offset());
    match frame::record(message) {
        Ok(record) => Some(Delivery {
            topic: message.topic().to_owned(),
            partition: partition.unsigned_abs(),
            offset: offset.unsigned_abs(),
            record,
        }),
        // Nobody else should write here; what does must not stop the topic.
        Err(why) => {
            let topic = message.topic();
            tracing::warn!(
                topic,
                partition,
                offset,
                why,
                "a message that is no event is passed by"
            );
            None
        }
    }
}
