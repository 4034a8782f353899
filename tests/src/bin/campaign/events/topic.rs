//! The topic, read by somebody who is no part of the node: a consumer of the brokers, or the files
//! of the local log.

use super::options::Options;
use super::truth::{Names, Truth};
use anyhow::{Context, bail, ensure};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::{JoinHandle, spawn_blocking};

const TOPIC: &str = "playback.events";
const ANSWER: Duration = Duration::from_secs(10);
/// A topic on which nothing comes for so long has been read to its end.
const QUIET: Duration = Duration::from_secs(10);

/// Where the topic is.
#[derive(Clone)]
pub(super) struct Topic {
    brokers: Option<String>,
}

/// What was on the topic.
#[derive(Default)]
pub(super) struct Seen {
    /// Repeats included.
    pub(super) records: u64,
    known: Vec<bool>,
    /// From the commit of each event to its first reading, milliseconds.
    delays: Vec<f64>,
}

impl Seen {
    /// Notes an event; true when it is the first of this number.
    fn note(&mut self, number: u64) -> bool {
        self.records += 1;
        let at = number as usize;
        if self.known.len() <= at {
            self.known.resize(at + 1, false);
        }
        !std::mem::replace(&mut self.known[at], true)
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.known.get(number as usize).copied().unwrap_or(false)
    }

    /// How many different events.
    pub(super) fn events(&self) -> u64 {
        self.known.iter().filter(|known| **known).count() as u64
    }

    pub(super) fn percentile(&self, percent: f64) -> Option<f64> {
        let mut sorted = self.delays.clone();
        sorted.sort_by(f64::total_cmp);
        let at = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(at.saturating_sub(1)).copied()
    }
}

impl Topic {
    pub(super) fn open(options: &Options, data: &Path) -> anyhow::Result<Self> {
        ensure!(data.is_dir(), "{} is no folder", data.display());
        Ok(Self { brokers: options.brokers.clone() })
    }

    /// Everything of this run that is on the topic.
    pub(super) async fn all(&self, truth: &Truth, data: &Path) -> anyhow::Result<Seen> {
        let Some(brokers) = self.brokers.clone() else {
            return local(&data.join("events").join(TOPIC), truth);
        };
        let names = truth.names;
        let records = spawn_blocking(move || {
            let consumer = reader(&brokers, Offset::Beginning)?;
            let (mut records, mut last) = (Vec::new(), Instant::now());
            while last.elapsed() < QUIET {
                let Some(message) = consumer.poll(Duration::from_millis(500)) else { continue };
                let message = message?;
                let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
                records.push((key, number(&message, names)?));
                last = Instant::now();
            }
            anyhow::Ok(records)
        });
        let mut seen = Seen::default();
        for (content, number) in records.await.context("the reader ended")?? {
            if let Some(number) = number.filter(|_| truth.knows(&content)) {
                seen.note(number);
            }
        }
        Ok(seen)
    }

    /// Reads from now on until `count` events that are still to be told have come, and notes how
    /// long each took.
    pub(super) fn follow(
        &self,
        truth: &Truth,
        count: u64,
    ) -> anyhow::Result<JoinHandle<anyhow::Result<Seen>>> {
        let brokers = self.brokers.clone().context("only brokers can be followed")?;
        let consumer = reader(&brokers, Offset::End)?;
        let (names, first) = (truth.names, truth.told);
        Ok(spawn_blocking(move || {
            let (mut seen, mut last) = (Seen::default(), Instant::now());
            while (seen.delays.len() as u64) < count {
                ensure!(last.elapsed() < QUIET * 3, "{} of {count} came", seen.delays.len());
                let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
                let message = message?;
                last = Instant::now();
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as f64;
                let told = message.timestamp().to_millis().context("a message has its time")?;
                let number = number(&message, names)?.filter(|number| *number >= first);
                if number.is_some_and(|number| seen.note(number)) {
                    seen.delays.push((now - told as f64).max(0.0));
                }
            }
            Ok(seen)
        }))
    }
}

/// A reader of all partitions that is in no group.
fn reader(brokers: &str, from: Offset) -> anyhow::Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "campaign");
    config.set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(TOPIC), ANSWER)?;
    let topic = metadata.topics().first().context("the topic is there")?;
    let mut places = TopicPartitionList::new();
    for partition in topic.partitions() {
        let offset = match from {
            // Fixed now, and not when the first request is sent.
            Offset::End => {
                Offset::Offset(consumer.fetch_watermarks(TOPIC, partition.id(), ANSWER)?.1)
            }
            other => other,
        };
        places.add_partition_offset(TOPIC, partition.id(), offset)?;
    }
    consumer.assign(&places)?;
    Ok(consumer)
}

/// The number of the event in a message, if it is one of a campaign.
fn number(message: &impl rdkafka::Message, names: Names) -> anyhow::Result<Option<u64>> {
    let headers = message.headers().context("a message has headers")?;
    let read = |key: &str| -> anyhow::Result<u64> {
        let found = headers.iter().find(|header| header.key == key);
        let value = found.and_then(|header| header.value).with_context(|| key.to_owned())?;
        Ok(std::str::from_utf8(value)?.parse()?)
    };
    Ok(names.number(read("shard")?, read("sequence")?))
}

/// Reads the files of the local log: length and checksum, eight bytes, before each record of JSON.
fn local(folder: &Path, truth: &Truth) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let mut rest = bytes.as_slice();
        while let Some((head, tail)) = rest.split_at_checked(8) {
            let length = u32::from_le_bytes(head[..4].try_into()?) as usize;
            let Some((json, next)) = tail.split_at_checked(length) else {
                bail!("{} ends within a record", path.display());
            };
            let record: Value = serde_json::from_slice(json)?;
            let read = |key: &str| record[key].as_u64().with_context(|| key.to_owned());
            let number = truth.names.number(read("shard")?, read("sequence")?);
            let content = record["key"].as_str().unwrap_or_default();
            if let Some(number) = number.filter(|_| truth.knows(content)) {
                seen.note(number);
            }
            rest = next;
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_records_and_no_events() {
        let mut seen = Seen::default();
        assert!(seen.note(3) && seen.note(0) && !seen.note(3));
        assert_eq!((seen.records, seen.events(), seen.has(1), seen.has(3)), (3, 2, false, true));
        seen.delays = (1..=100).rev().map(f64::from).collect();
        assert_eq!((seen.percentile(50.0), seen.percentile(99.0)), (Some(50.0), Some(99.0)));
        assert_eq!(Seen::default().percentile(50.0), None);
    }
}
