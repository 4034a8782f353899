//! A member of a group on the local log. There is one partition to each topic, so one member reads
//! them all: the newest, and those before it are told that they were replaced.

use super::super::{Consumer, Delivery};
use super::{Shared, lock};
use crate::files::blocking;
use crate::{Error, Result};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Reads the topics in turn.
pub(super) struct LocalConsumer {
    shared: Arc<Shared>,
    group: String,
    member: u64,
    /// Each topic with the next offset to hand out.
    topics: Vec<(String, u64)>,
    /// The topic that is read first the next time, so that a long one holds up no other.
    turn: usize,
    appended: watch::Receiver<u64>,
}

impl LocalConsumer {
    pub(super) async fn join(
        shared: Arc<Shared>,
        group: String,
        names: Vec<String>,
    ) -> Result<Self> {
        let member = {
            let mut members = lock(&shared.members);
            let newest = members.entry(group.clone()).or_default();
            *newest += 1;
            *newest
        };
        let (asked, of) = (shared.clone(), group.clone());
        let topics = blocking(move || {
            names.into_iter().map(|name| Ok((name.clone(), asked.committed(&of, &name)?))).collect()
        });
        let (topics, appended) = (topics.await?, shared.appended.subscribe());
        Ok(Self { shared, group, member, topics, turn: 0, appended })
    }

    fn is_newest(&self) -> Result<()> {
        is_newest(&self.shared, &self.group, self.member)
    }

    async fn read(&mut self, limit: usize) -> Result<Vec<Delivery>> {
        let (shared, topics, turn) = (self.shared.clone(), self.topics.clone(), self.turn);
        let found = blocking(move || {
            let mut found = Vec::new();
            let in_turn = topics.iter().cycle().skip(turn).take(topics.len());
            for (topic, next) in in_turn {
                for (offset, record) in shared.read(topic, *next, limit - found.len())? {
                    found.push(Delivery { topic: topic.clone(), partition: 0, offset, record });
                }
                if found.len() >= limit {
                    break;
                }
            }
            Ok(found)
        });
        let found = found.await?;
        for delivery in &found {
            let of = self.topics.iter_mut().find(|(topic, _)| *topic == delivery.topic);
            if let Some((_, next)) = of {
                *next = delivery.offset + 1;
            }
        }
        self.turn = (self.turn + 1) % self.topics.len().max(1);
        Ok(found)
    }
}

#[async_trait]
impl Consumer for LocalConsumer {
    async fn next(&mut self, limit: usize, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        loop {
            self.is_newest()?;
            self.appended.mark_unchanged();
            let found = self.read(limit).await?;
            if !found.is_empty() || timeout_at(until, self.appended.changed()).await.is_err() {
                return Ok(found);
            }
        }
    }

    async fn commit(&mut self) -> Result<()> {
        let (shared, topics) = (self.shared.clone(), self.topics.clone());
        let (group, member) = (self.group.clone(), self.member);
        blocking(move || {
            is_newest(&shared, &group, member)?;
            for (topic, next) in topics {
                if shared.committed(&group, &topic)? < next {
                    shared.commit(&group, &topic, next)?;
                }
            }
            Ok(())
        })
        .await
    }
}

fn is_newest(shared: &Shared, group: &str, member: u64) -> Result<()> {
    match lock(&shared.members).get(group) {
        Some(newest) if *newest == member => Ok(()),
        Some(_) | None => Err(Error::Revoked),
    }
}
