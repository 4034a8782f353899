//! `analytics::Analyst`: adds up what viewers did, by the minute, from the event log.
//!
//! It is a member of the group `analytics`, one on each node. A batch is added in one transaction
//! in which every event is judged by its own row (`storage/src/analytics`), and committed to the
//! log after that; so whatever is killed in between, each event is added once. It is a batch that
//! is judged, by one statement, so a quick look at the cache for each of its events would cost more
//! than it saves, and there is none.

mod config;
mod parts;

pub use config::Config;

use crate::Platform;
use crate::events::topics::PLAYBACK;
use crate::runtime::{Exit, Handle, Service};
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::Error;
use playhouse_storage::analytics::{Analytics, PlayEvent};
use playhouse_storage::eventlog::{Consumer, Delivery, EventLog};
use playhouse_storage::failpoint;
use std::sync::Arc;
use std::time::Duration;

/// The group of consumers.
pub const GROUP: &str = "analytics";

/// What the analyst is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// The next batch.
    GoOn,
}

/// The role of the analyst is to add up what viewers did.
pub struct Analyst {
    log: Arc<dyn EventLog>,
    sums: Arc<dyn Analytics>,
    config: Config,
    /// None before the log has answered, and after it has failed.
    consumer: Option<Box<dyn Consumer>>,
    /// What was read and is not added yet.
    batch: Vec<PlayEvent>,
}

impl Analyst {
    /// An analyst of this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        let Platform { engines, config, .. } = platform;
        Self::of(engines.eventlog, engines.analytics, config.analytics.clone())
    }

    /// From a log to sums.
    #[must_use]
    pub fn of(log: Arc<dyn EventLog>, sums: Arc<dyn Analytics>, config: Config) -> Self {
        Self { log, sums, config, consumer: None, batch: vec![] }
    }

    /// Reads a batch, adds it and commits it. A batch that could not be added is kept for the next
    /// time. Answers how many events were new.
    ///
    /// # Errors
    /// Of the log or of the sums; the next call goes on.
    pub async fn step(&mut self) -> playhouse_storage::Result<u64> {
        let mut consumer = match self.consumer.take() {
            Some(consumer) => consumer,
            None => self.log.subscribe(GROUP, &[PLAYBACK]).await?,
        };
        if self.batch.is_empty() {
            let wait = Duration::from_millis(self.config.wait_ms);
            let read = consumer.next(self.config.batch_max, wait).await?;
            self.batch = events(read, self.kept_since());
        }
        let added = self.sums.add(GROUP, self.batch.clone()).await;
        if added.is_ok() {
            failpoint::pass("analytics.added");
            self.batch.clear();
            // One that is refused was replaced: its successor reads the same again.
            consumer.commit().await?;
        }
        self.consumer = Some(consumer);
        added
    }

    /// Rows of events from before are gone, and with them the judge of whether they were added.
    fn kept_since(&self) -> Timestamp {
        let kept = SignedDuration::from_hours(24 * i64::from(self.config.events_keep_days));
        Timestamp::now().saturating_sub(kept).unwrap_or(Timestamp::MIN)
    }
}

fn events(read: Vec<Delivery>, kept_since: Timestamp) -> Vec<PlayEvent> {
    let (mut found, mut old) = (Vec::with_capacity(read.len()), 0_u64);
    for delivery in read {
        if delivery.record.at < kept_since {
            old += 1;
            continue;
        }
        let (shard, sequence) = (delivery.record.shard, delivery.record.sequence);
        match parts::event(delivery) {
            Ok(event) => found.push(event),
            Err(why) => tracing::warn!(shard, sequence, why, "an event that cannot be read"),
        }
    }
    if old > 0 {
        tracing::warn!(old, "events older than `actors.analytics.events_keep_days` are passed by");
    }
    found
}

impl Service for Analyst {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.tell_after(Duration::ZERO, Message::GoOn);
        Ok(())
    }

    async fn handle(&mut self, _message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        let pause = match self.step().await {
            Ok(_) => Duration::ZERO,
            Err(Error::Revoked) => {
                tracing::info!("another member of the group has taken over; joins again");
                Duration::from_millis(self.config.retry_ms)
            }
            Err(error) => {
                tracing::warn!(%error, "what viewers did could not be added up; it waits");
                Duration::from_millis(self.config.retry_ms)
            }
        };
        me.tell_after(pause, Message::GoOn);
        Ok(())
    }
}
