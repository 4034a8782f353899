//! The idempotent producer. All records of an append are handed to the client at once, in their
//! order, and then waited for; the client keeps the order of each partition through its repeats.

use super::super::Record;
use super::config::Config;
use super::{explain, frame, unavailable};
use crate::metrics::Meter;
use crate::{Error, Result};
use futures_util::future::join_all;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::types::RDKafkaErrorCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// Beyond the client's own deadline, after which it has told what became of every record.
const BEYOND: Duration = Duration::from_secs(1);

static APPENDS: Meter = Meter::new("kafka", "append");

/// Makes producers when they are needed.
pub(super) struct Producer {
    client: ClientConfig,
    deadline: Duration,
    record_bytes_max: usize,
    at_once: usize,
    current: Mutex<Option<FutureProducer>>,
}

impl Producer {
    pub(super) fn new(client: &ClientConfig, config: &Config, record_bytes_max: usize) -> Self {
        let mut client = client.clone();
        // Headers and framing are far below a kilobyte.
        let message_bytes_max = record_bytes_max.saturating_add(4_096).clamp(1_000, 1_000_000_000);
        client
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("max.in.flight.requests.per.connection", config.in_flight_max.to_string())
            .set("queue.buffering.max.messages", config.records_waiting_max.to_string())
            .set("message.max.bytes", message_bytes_max.to_string())
            .set("batch.num.messages", config.batch_records_max.to_string())
            .set("linger.ms", config.linger_ms.to_string())
            .set("message.timeout.ms", config.append_deadline_ms.to_string())
            .set("request.timeout.ms", config.request_timeout_ms.to_string())
            // Kafka's own clients choose the partition of a key in this way.
            .set("partitioner", "murmur2")
            .set("topic.metadata.propagation.max.ms", "1000");
        Self {
            client,
            deadline: config.append_deadline() + BEYOND,
            record_bytes_max,
            at_once: config.records_waiting_max as usize,
            current: Mutex::new(None),
        }
    }

    /// Appends, in this order.
    ///
    /// # Errors
    /// `Invalid` for a record that is too large, before anything is sent; `Unavailable`.
    pub(super) async fn append(&self, topic: &str, records: &[Record]) -> Result<()> {
        APPENDS.around(self.append_now(topic, records)).await
    }

    async fn append_now(&self, topic: &str, records: &[Record]) -> Result<()> {
        let values: Result<Vec<_>> =
            records.iter().map(|record| frame::value(record, self.record_bytes_max)).collect();
        let (values, producer) = (values?, self.producer()?);
        let all: Vec<_> = records.iter().zip(&values).collect();
        for some in all.chunks(self.at_once) {
            if let Err(error) = self.send(&producer, topic, some).await {
                self.give_up();
                return Err(error);
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        producer: &FutureProducer,
        topic: &str,
        records: &[(&Record, &String)],
    ) -> Result<()> {
        let sent: Result<Vec<_>> = records
            .iter()
            .map(|(record, value)| hand_over(producer, topic, record, value))
            .collect();
        let told = timeout(self.deadline, join_all(sent?)).await;
        for result in told.map_err(|_| unavailable("no answer within the deadline"))? {
            match result {
                Ok(Ok(_)) => {}
                Ok(Err((error, _))) => return Err(explain(&error)),
                Err(_) => return Err(unavailable("the producer ended")),
            }
        }
        Ok(())
    }

    fn producer(&self) -> Result<FutureProducer> {
        let mut current = self.lock();
        if let Some(producer) = &*current {
            return Ok(producer.clone());
        }
        let made: FutureProducer = self.client.create().map_err(|error| explain(&error))?;
        Ok(current.insert(made).clone())
    }

    /// The next append begins with a new one. The end of this one waits for its thread.
    fn give_up(&self) {
        if let Some(producer) = self.lock().take() {
            drop(tokio::task::spawn_blocking(move || drop(producer)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<FutureProducer>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hand_over(
    producer: &FutureProducer,
    topic: &str,
    record: &Record,
    value: &str,
) -> Result<DeliveryFuture> {
    let message = FutureRecord::to(topic)
        .key(&record.key)
        .payload(value)
        .timestamp(record.at.as_millisecond())
        .headers(frame::headers(record));
    producer.send_result(message).map_err(|(error, _)| match error {
        KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => Error::Busy,
        other => explain(&other),
    })
}
