//! Who is a member of the cluster, who is alive, and who owns which shard: the database decides.
//!
//! A node joins, renews its lease, and claims shards in transactions that check that its lease is
//! good; a claim raises the shard's epoch, which ends every right of the owner before. All times
//! are the database's own clock, so no two nodes need agree about theirs. What is granted here only
//! keeps nodes out of each other's way: that nobody else writes is held by the epoch in a commit.
//!
//! After `Unavailable` it may have been done all the same: `holdings` and `view` say what there is.
//! A `join` whose answer was lost leaves a life that nobody leads, until its lease is over.

use crate::Result;
use crate::model::{Fence, Holding, Newcomer, NodeLife, ShardId, View, ViewChange};
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

mod engine;
pub(crate) mod loner;
pub mod postgres;
mod rows;
mod sql;
pub mod sqlite;

/// When peers that do not reach a member end its lease early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// So many living peers must say so; at least one.
    pub by: u16,
    /// Each within so long.
    pub within: Duration,
}

/// The port of membership and ownership.
#[async_trait]
pub trait Membership: Send + Sync {
    /// Joins the cluster `cluster`, which the first one makes with `shard_count` shards, and begins
    /// a new life of `newcomer` with a lease of `ttl`. An earlier life of this name must be over;
    /// its phase is taken on, so that a node that drains does so after a restart, too.
    ///
    /// Whether a node that is no cluster's uses the database cannot be known, since it has no
    /// lease. Making the cluster raises the epoch of every shard that was ever owned, and so does
    /// each claim: such a node commits nothing after it.
    ///
    /// # Errors
    /// `Invalid` when the database belongs to another cluster or has another shard count; `Alive`,
    /// with how long its lease still is, when an earlier life of this name is.
    async fn join(
        &self,
        cluster: &str,
        shard_count: u16,
        newcomer: &Newcomer,
        ttl: Duration,
    ) -> Result<NodeLife>;

    /// Prolongs the lease to `ttl` from now.
    ///
    /// # Errors
    /// `NotFound` when it is over, or another life has begun: this one is dead and must end.
    async fn renew(&self, me: &NodeLife, ttl: Duration) -> Result<()>;

    /// The view, with how long each lease still is. Suspicions that are older than `fresh`, or of
    /// peers that are dead themselves, are left out.
    ///
    /// # Errors
    /// `NotFound` when no node has ever joined.
    async fn view(&self, fresh: Duration) -> Result<View>;

    /// The database's clock: what a node holds its own against.
    async fn clock(&self) -> Result<Timestamp>;

    /// Who owns which shard, by shard.
    async fn holdings(&self) -> Result<Vec<Holding>>;

    /// Takes those of the shards that nobody owns, or whose owner's lease is over, raises their
    /// epochs by one, and answers their fences. Those that someone living owns are left out, those
    /// that are this node's already too. Waits for commits under way of the owner before; one that
    /// stands still holds up all that is claimed with it, until the database ends it.
    ///
    /// # Errors
    /// `NotFound` when this node's lease is over; then nothing is claimed.
    async fn claim(&self, me: &NodeLife, shards: &[ShardId]) -> Result<Vec<Fence>>;

    /// Gives shards up that are held at these epochs, so that anybody may claim them at once. What
    /// is not held any more is left alone.
    async fn release(&self, me: &NodeLife, fences: &[Fence]) -> Result<()>;

    /// Writes down that `me` does not reach `other`, and ends the lease of `other` when as many
    /// living peers as `verdict` says do. True when it is over.
    ///
    /// # Errors
    /// `NotFound` when this node's own lease is over: the dead accuse nobody. `Invalid` when it
    /// accuses itself.
    async fn suspect(&self, me: &NodeLife, other: &NodeLife, verdict: Verdict) -> Result<bool>;

    /// Takes a suspicion back.
    async fn trust(&self, me: &NodeLife, other: &NodeLife) -> Result<()>;

    /// Changes the view, if it is still at `version`; answers the new version.
    ///
    /// # Errors
    /// `Conflict` when it has moved on, `NotFound` for a member that does not exist, `Invalid` for
    /// a change that cannot be made: a limit of 0, a pin of a shard that does not exist, removing
    /// a member that lives or still owns shards.
    async fn change(&self, version: u64, change: ViewChange) -> Result<u64>;

    /// Ends this life: its lease is over, and what it still held is free. What it is claiming at
    /// the same moment may stay its own, and can be claimed as that of any who are dead.
    async fn leave(&self, me: &NodeLife) -> Result<()>;
}
