//! The role of the router is to bring an ask to whoever owns its shard.
//!
//! What this node owns is asked here; what another owns goes over the link. While a shard moves its
//! asks wait, within bounds of number and time. One who does not own it any more says who does, and
//! is believed once. What cannot be brought in time is `Busy`: nothing was done, try again.

use super::envelope::millis;
use super::{Answer, Carried, Config, Envelope, LinkError, Peers, Route, Routes, envelope, relay};
use crate::Platform;
use crate::runtime::{AskError, Directory, Exit, Letter, Link, NotHere, trace};
use async_trait::async_trait;
use playhouse_storage::model::{Epoch, Fence, NodeName, ShardId};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// Brings asks to the owners of their shards.
pub struct Router<P: Clone + Send + 'static = Platform> {
    me: NodeName,
    routes: Arc<Routes>,
    directory: Directory<P>,
    peers: Arc<dyn Peers>,
    waiting: Semaphore,
    wait: Duration,
    relay_after: Duration,
    relayed: AtomicUsize,
}

/// What one try has come to.
enum Tried {
    /// This is the answer.
    Done(Result<Value, AskError>),
    /// Somebody else owns it, and was not asked yet.
    Redirected,
    /// Nobody owns it just now, or its owner is not reached; nothing was done.
    Moving,
}

impl<P: Clone + Send + 'static> Router<P> {
    /// A router of the node `me`.
    #[must_use]
    pub fn new(
        me: NodeName,
        routes: Arc<Routes>,
        directory: Directory<P>,
        peers: Arc<dyn Peers>,
        config: &Config,
    ) -> Self {
        let waiting = Semaphore::new(config.buffered_asks_max);
        let (wait, relay_after) = (config.move_wait(), config.relay_after());
        Self {
            me,
            routes,
            directory,
            peers,
            waiting,
            wait,
            relay_after,
            relayed: AtomicUsize::new(0),
        }
    }

    async fn try_once(&self, shard: ShardId, letter: &Letter, message: Uuid) -> Tried {
        let route = self.routes.of(shard);
        match &route.owner {
            Some(owner) if *owner == self.me => {
                match self.directory.deliver(letter.clone()).await {
                    Ok(Err(AskError::Ended(Exit::Fenced))) => Tried::Moving,
                    Ok(answer) => Tried::Done(answer),
                    Err(NotHere::Elsewhere) => Tried::Moving,
                    Err(NotHere::Unknown { reason }) => Tried::Done(Err(failed(reason))),
                }
            }
            Some(owner) => self.try_peer(owner, &route, shard, letter, message).await,
            None => Tried::Moving,
        }
    }

    async fn try_peer(
        &self,
        owner: &NodeName,
        route: &Route,
        shard: ShardId,
        letter: &Letter,
        message: Uuid,
    ) -> Tried {
        let envelope = || sealed(letter, shard, Epoch(route.epoch), message);
        let mut carried = self.peers.ask(owner, envelope()).await;
        if matches!(carried, Err(LinkError::Unreachable { carried: Carried::No, .. }))
            && let Some(third) = self.third(owner)
        {
            let round = Envelope { relay_to: Some(owner.clone()), ..envelope() };
            carried = self.peers.ask(&third, round).await;
        }
        match carried {
            Ok(Answer::Ack { reply }) => Tried::Done(Ok(reply)),
            Ok(Answer::NotOwner { owner, epoch }) => self.redirected(shard, owner, epoch),
            Ok(Answer::Busy { retry_after_ms }) => {
                let retry_after = Duration::from_millis(retry_after_ms);
                Tried::Done(Err(AskError::Busy { retry_after }))
            }
            Ok(Answer::Expired) => Tried::Done(Err(AskError::Expired)),
            Ok(Answer::Unknown { reason }) => Tried::Done(Err(failed(reason))),
            Ok(Answer::Ended { exit }) => Tried::Done(Err(AskError::Ended(exit))),
            Err(LinkError::Unreachable { carried: Carried::No, .. }) => Tried::Moving,
            // Whether it was carried out does not matter: it waits for whoever owns it then.
            Err(LinkError::Unreachable { .. }) if letter.repeats => Tried::Moving,
            Err(LinkError::Unreachable { carried: Carried::Perhaps, .. })
            | Err(LinkError::Expired { .. }) => Tried::Done(Err(AskError::Expired)),
            Err(LinkError::Full { retry_after, .. }) => {
                Tried::Done(Err(AskError::Busy { retry_after }))
            }
        }
    }

    /// Who may pass on what is for an owner that is not reached.
    fn third(&self, owner: &NodeName) -> Option<NodeName> {
        let turn = self.relayed.fetch_add(1, Ordering::Relaxed);
        relay::third(&self.peers.states(), owner, self.relay_after, turn)
    }

    /// The one who was asked does not own it. Who it names is only believed with a newer epoch than
    /// is known: two that name each other must not send an ask round in a ring.
    fn redirected(&self, shard: ShardId, owner: Option<NodeName>, epoch: Epoch) -> Tried {
        let before = self.routes.of(shard);
        if let Some(owner) = owner {
            self.routes.claimed(&owner, &[Fence { shard, epoch }]);
        }
        match self.routes.of(shard) == before {
            true => Tried::Moving,
            false => Tried::Redirected,
        }
    }

    async fn bring(&self, shard: ShardId, mut letter: Letter) -> Result<Value, AskError> {
        let began = Instant::now();
        let deadline = began + Duration::from_millis(letter.within_ms);
        let patience = deadline.min(began + self.wait);
        let (message, mut redirected) = (Uuid::now_v7(), false);
        let mut permit = None;
        loop {
            // Before the try: what changes while it is under way must not be missed.
            let mut changes = self.routes.listen();
            changes.mark_unchanged();
            letter.within_ms = millis(deadline.saturating_duration_since(Instant::now()));
            match self.try_once(shard, &letter, message).await {
                Tried::Done(answer) => return answer,
                Tried::Redirected if !redirected => {
                    redirected = true;
                    continue;
                }
                Tried::Redirected | Tried::Moving => {}
            }
            if permit.is_none() {
                permit = Some(self.waiting.try_acquire().map_err(|_| self.busy())?);
            }
            self.wait_for(&mut changes, patience).await?;
        }
    }

    /// Waits until something has changed, or a moment: a link that is back tells nobody.
    async fn wait_for(
        &self,
        changes: &mut watch::Receiver<u64>,
        patience: Instant,
    ) -> Result<(), AskError> {
        let now = Instant::now();
        if now >= patience {
            return Err(self.busy());
        }
        let moment = patience.min(now + LOOK_AGAIN);
        // Too late is a reason to look again as well.
        let _ = timeout_at(moment, changes.changed()).await;
        Ok(())
    }

    fn busy(&self) -> AskError {
        AskError::Busy { retry_after: self.directory.config().retry_after() }
    }
}

/// So often an ask that waits is tried again although no shard has moved.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[async_trait]
impl<P: Clone + Send + 'static> Link for Router<P> {
    async fn ask(&self, letter: Letter) -> Result<Value, AskError> {
        let shard = letter.shard.ok_or(AskError::Unavailable)?;
        self.bring(shard, letter).await
    }

    async fn tell(&self, _: Value) -> Result<(), AskError> {
        // Notes go to nodes by name, not to the owner of anything.
        Err(AskError::Unavailable)
    }
}

fn sealed(letter: &Letter, shard: ShardId, epoch: Epoch, message: Uuid) -> Envelope {
    let Letter { kind, id, request, within_ms, .. } = letter.clone();
    Envelope {
        version: envelope::VERSION,
        message,
        kind,
        id,
        shard,
        epoch,
        within_ms,
        trace: trace::trace_id(),
        traceparent: trace::traceparent(),
        relay_to: None,
        request,
    }
}

fn failed(error: String) -> AskError {
    AskError::Ended(Exit::Failed { error })
}

#[cfg(test)]
mod tests;
