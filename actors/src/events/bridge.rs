//! `events::Bridge`: carries the outbox to the event log, in order, at least once.
//!
//! Rows leave the outbox only after the log has confirmed all of a batch. A crash between the two
//! appends them again; consumers know an event by the producer's `(shard, sequence)`. While the log
//! is away they wait where they are, and each poll tries again.

use super::topics::{TOPICS, schema_version};
use super::traces::{self, Traces};
use crate::config::Events;
use crate::metrics;
use crate::runtime::{Exit, Handle, Service};
use playhouse_storage::catalog::{Catalog, OutboxEvent};
use playhouse_storage::eventlog::{EventLog, Record};
use playhouse_storage::failpoint;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the bridge is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Something was committed.
    Wake,
    /// Look again, whoever may have forgotten to wake it.
    Poll,
}

/// The role of the bridge is to bring every committed fact onto its topic.
pub struct Bridge {
    catalog: Arc<dyn Catalog>,
    log: Arc<dyn EventLog>,
    config: Events,
    /// The topics were there once.
    prepared: bool,
}

impl Bridge {
    /// A bridge from `catalog`'s outbox to `log`.
    #[must_use]
    pub fn new(catalog: Arc<dyn Catalog>, log: Arc<dyn EventLog>, config: Events) -> Self {
        Self { catalog, log, config, prepared: false }
    }

    /// Carries one batch, so that no message keeps the bridge longer than that. True when there may
    /// be more.
    async fn carry(&mut self) -> playhouse_storage::Result<bool> {
        if !self.prepared {
            self.log.prepare(&TOPICS).await?;
            self.prepared = true;
        }
        let rows = self.catalog.outbox(self.config.bridge_batch_max).await?;
        let Some(last) = rows.last().map(|row| row.position) else { return Ok(false) };
        let is_full = rows.len() >= self.config.bridge_batch_max as usize;
        for (topic, (records, traces)) in by_topic(rows) {
            let (began, count) = (Instant::now(), records.len());
            let appended = self.log.append(&topic, records).await;
            traces.told(&topic, began, appended.as_ref().err());
            appended?;
            metrics::events_told(&topic, count);
        }
        failpoint::pass("outbox.appended");
        self.catalog.outbox_done(last).await?;
        Ok(is_full)
    }

    fn poll_later(&self, me: &Handle<Message>) {
        me.tell_after(Duration::from_millis(self.config.bridge_poll_ms), Message::Poll);
    }
}

impl Service for Bridge {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        // Not a hint, which a full mailbox refuses: without its first poll it would never poll.
        me.tell_after(Duration::ZERO, Message::Poll);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        match self.carry().await {
            // In a mailbox that has no room for it there is another message to go on with.
            Ok(true) => me.hint(Message::Wake),
            Ok(false) => {}
            // The rows stay in the outbox; the next poll tries again.
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be carried to the event log");
            }
        }
        match message {
            Message::Poll => self.poll_later(me),
            Message::Wake => {}
        }
        Ok(())
    }
}

/// The records of a topic, and the traces that some of them are part of.
type Batch = (Vec<Record>, Traces);

/// Records by topic. Topics keep the order in which they first appear, records their order.
fn by_topic(rows: Vec<OutboxEvent>) -> Vec<(String, Batch)> {
    let mut topics: Vec<(String, Batch)> = vec![];
    for row in rows {
        let (trace, place) = traces::read(row.event.trace);
        let record = Record {
            key: row.event.key,
            shard: row.shard,
            sequence: row.sequence,
            at: row.at,
            schema: schema_version(&row.event.topic),
            trace,
            payload: row.event.payload,
        };
        match topics.iter_mut().find(|(topic, _)| *topic == row.event.topic) {
            Some((_, (records, traces))) => {
                records.push(record);
                traces.note(place);
            }
            None => {
                let mut traces = Traces::default();
                traces.note(place);
                topics.push((row.event.topic, (vec![record], traces)));
            }
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use playhouse_storage::catalog::NewEvent;
    use serde_json::json;

    #[test]
    fn a_topic_gets_its_records_in_the_order_of_their_commits() {
        let row = |position: u64, topic: &str| OutboxEvent {
            position,
            shard: 0,
            sequence: position,
            at: Timestamp::UNIX_EPOCH,
            event: NewEvent {
                topic: topic.into(),
                key: "k".into(),
                payload: json!({}),
                trace: None,
            },
        };
        let topics = by_topic(vec![row(1, "a"), row(2, "b"), row(3, "a")]);
        let seen: Vec<(&str, Vec<u64>)> = topics
            .iter()
            .map(|(topic, (records, _))| {
                (topic.as_str(), records.iter().map(|r| r.sequence).collect())
            })
            .collect();
        assert_eq!(seen, [("a", vec![1, 3]), ("b", vec![2])]);
    }
}
