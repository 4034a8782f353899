//! Membership over any database that runs steps: what both engines do alike.

use super::rows::{self, Rows};
use super::sql::{self, Dialect, Step};
use super::{Membership, Verdict};
use crate::catalog::cell::Cells;
use crate::model::{Fence, Holding, Newcomer, NodeLife, ShardId, View, ViewChange};
use crate::{Error, Result};
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// A database of one of the two dialects.
#[async_trait]
pub(super) trait Runner: Send + Sync {
    /// How it is spoken to.
    const DIALECT: Dialect;

    /// Runs the steps in one transaction and answers the rows of each. With `Twice::Same` it may
    /// do so again when it cannot know whether it was done.
    async fn run(&self, steps: Vec<Step>, twice: Twice) -> Result<Vec<Rows>>;

    /// The rows of one step that changes nothing.
    async fn read(&self, step: Step) -> Result<Rows>;

    /// Makes the cluster and its shards, unless there is one.
    async fn found(&self, cluster: &str, shard_count: u16) -> Result<()>;
}

/// What comes of it when something is done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twice {
    /// The same.
    Same,
    /// Something else: it is done once at most.
    Other,
}

/// Membership in a database.
pub(super) struct Engine<R>(pub(super) R);

impl<R: Runner> Engine<R> {
    /// The rows of a single step.
    async fn one(&self, step: Step, twice: Twice) -> Result<Rows> {
        Ok(self.0.run(vec![step], twice).await?.pop().unwrap_or_default())
    }

    /// Holds the database against what a node expects of it; makes what is missing.
    async fn belong(&self, cluster: &str, shard_count: u16) -> Result<()> {
        let mut found = self.identity().await?;
        if found.is_none() {
            self.0.found(cluster, shard_count).await?;
            found = self.identity().await?;
        }
        match found {
            Some((name, _)) if name != cluster => Err(Error::Invalid(format!(
                "the database belongs to the cluster {name:?}, the configuration says {cluster:?}: \
                 set the name to {name:?} to join it, or give the cluster {cluster:?} a database \
                 of its own"
            ))),
            Some((_, made)) if made != shard_count => Err(made_with(made, shard_count)),
            Some(_) => Ok(()),
            None => Err(rows::no_cluster()),
        }
    }

    async fn identity(&self) -> Result<Option<(String, u16)>> {
        rows::identity(self.0.read(Step::read(sql::IDENTITY)).await?)
    }
}

/// The number of shards is fixed when they are made.
pub(super) fn made_with(made: u16, wanted: u16) -> Error {
    Error::Invalid(format!(
        "the catalog was made with {made} shards, the configuration says {wanted}: set \
         shard_count = {made}, or start with an empty database"
    ))
}

#[async_trait]
impl<R: Runner> Membership for Engine<R> {
    async fn join(
        &self,
        cluster: &str,
        shard_count: u16,
        newcomer: &Newcomer,
        ttl: Duration,
    ) -> Result<NodeLife> {
        self.belong(cluster, shard_count).await?;
        let mut results = self.0.run(sql::join(&R::DIALECT, newcomer, ttl), Twice::Other).await?;
        let left: i64 = rows::only("node", results.pop())?.int()?;
        match results.pop().and_then(|mut begun| begun.pop()) {
            Some(row) => {
                let incarnation = Cells::new("node", row).int()?;
                Ok(NodeLife { name: newcomer.name.clone(), incarnation })
            }
            None => Err(rows::alive(&newcomer.name, left)),
        }
    }

    async fn renew(&self, me: &NodeLife, ttl: Duration) -> Result<()> {
        match self.one(sql::renew(&R::DIALECT, me, ttl), Twice::Same).await?.len() {
            0 => Err(rows::over(me)),
            _ => Ok(()),
        }
    }

    async fn view(&self, fresh: Duration) -> Result<View> {
        rows::view(self.0.read(sql::view(&R::DIALECT, fresh)).await?)
    }

    async fn clock(&self) -> Result<Timestamp> {
        rows::only("clock", Some(self.0.read(sql::clock(&R::DIALECT)).await?))?.time()
    }

    async fn holdings(&self) -> Result<Vec<Holding>> {
        let rows = self.0.read(Step::read(sql::HOLDINGS)).await?;
        rows.into_iter().map(rows::holding).collect()
    }

    async fn claim(&self, me: &NodeLife, shards: &[ShardId]) -> Result<Vec<Fence>> {
        let mut results = self.0.run(sql::claim(&R::DIALECT, me, shards), Twice::Other).await?;
        let lives: i64 = rows::only("node", results.pop())?.int()?;
        let fences = rows::fences(results.pop().unwrap_or_default())?;
        match fences.is_empty() && lives == 0 {
            true => Err(rows::over(me)),
            false => Ok(fences),
        }
    }

    async fn release(&self, me: &NodeLife, fences: &[Fence]) -> Result<()> {
        self.0.run(sql::release(&R::DIALECT, me, fences), Twice::Same).await.map(drop)
    }

    async fn suspect(&self, me: &NodeLife, other: &NodeLife, verdict: Verdict) -> Result<bool> {
        if me == other {
            return Err(Error::Invalid(format!("node {} cannot suspect itself", me.name)));
        }
        let steps = sql::suspect(&R::DIALECT, me, other, verdict);
        let mut last = rows::only("node", self.0.run(steps, Twice::Same).await?.pop())?;
        match (last.int::<i64>()?, last.int::<i64>()?) {
            (0, _) => Err(rows::over(me)),
            (_, other) => Ok(other == 0),
        }
    }

    async fn trust(&self, me: &NodeLife, other: &NodeLife) -> Result<()> {
        self.one(sql::trust(me, other), Twice::Same).await.map(drop)
    }

    async fn change(&self, version: u64, change: ViewChange) -> Result<u64> {
        let steps = match &change {
            ViewChange::Phase(name, phase) => sql::phase(&R::DIALECT, version, name, *phase),
            ViewChange::Remove(name) => sql::remove(&R::DIALECT, version, name),
            ViewChange::Rules(rules) => {
                rows::check(rules)?;
                sql::rules(&R::DIALECT, version, rules)
            }
        };
        let mut results = self.0.run(steps, Twice::Other).await?;
        let changed = results.pop().unwrap_or_default();
        let facts = rows::facts(results.pop().unwrap_or_default())?;
        match changed.is_empty() {
            true => Err(rows::refusal(version, &change, &facts)),
            false => Ok(version + 1),
        }
    }

    async fn leave(&self, me: &NodeLife) -> Result<()> {
        self.0.run(sql::leave(&R::DIALECT, me), Twice::Same).await.map(drop)
    }
}
