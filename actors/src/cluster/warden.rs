//! The role of the warden is to bring what this node owns together with what it should own.
//!
//! Each round it reads the view, and who owns what when that has changed; then it serves what the
//! database says is its own, serves no more what is not, claims what is free, and gives up what
//! others should have: drained first, then released. A round that fails is taken again.

use super::citizen::{Citizen, Moved};
use super::placement::{self, Step};
use super::suspicion::{self, Watch};
use super::{Note, Peer};
use crate::runtime::{Exit, Handle, Report, Service};
use jiff::Timestamp;
use playhouse_storage::model::{Fence, Holding, ShardId, View};
use playhouse_storage::{Error, Result};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the warden is told.
#[derive(Debug, strum::IntoStaticStr)]
pub enum Message {
    /// A round is due.
    Round,
    /// Something has changed: another round, soon.
    Look,
    /// See whom this node reaches.
    Watch,
    /// A shard was given up, or not.
    Released(Fence, Result<()>, Duration),
}

/// Keeps what one node owns.
pub struct Warden {
    citizen: Citizen,
    watch: Watch,
    /// Shards that are being given up.
    releasing: BTreeSet<ShardId>,
    /// `moves` of the view at which the holdings were read.
    read_at: Option<u64>,
}

impl Warden {
    /// A warden of this node.
    #[must_use]
    pub fn new(citizen: Citizen) -> Self {
        let config = citizen.config();
        let (after, fresh) = (config.suspect_after(), config.suspicion_fresh());
        let watch = Watch::new(citizen.me().clone(), after, fresh);
        Self { citizen, watch, releasing: BTreeSet::new(), read_at: None }
    }

    async fn round(&mut self, me: &Handle<Message>) -> Result<()> {
        let view = self.look().await?;
        if !self.lives(&view) {
            self.citizen.die("the database says that its life is over");
            return Ok(());
        }
        self.meet(&view);
        let holdings = self.citizen.seen().holdings;
        self.reconcile(&holdings);
        self.act(&view, &holdings, me).await
    }

    /// Reads the view, and the holdings when they have changed since.
    async fn look(&mut self) -> Result<Arc<View>> {
        let membership = self.citizen.membership();
        let view = Arc::new(membership.view(self.citizen.config().suspicion_fresh()).await?);
        let mut seen = self.citizen.seen();
        if self.read_at != Some(view.moves) {
            let holdings = membership.holdings().await?;
            self.citizen.routes().read(&holdings);
            seen.holdings = Arc::new(holdings);
            self.read_at = Some(view.moves);
        }
        (seen.view, seen.at) = (Some(Arc::clone(&view)), Some(Timestamp::now()));
        self.citizen.saw(seen);
        Ok(view)
    }

    fn lives(&self, view: &View) -> bool {
        view.members.iter().any(|member| member.life == *self.citizen.me() && member.alive)
    }

    fn meet(&self, view: &View) {
        let others = view.members.iter().filter(|it| it.alive && it.life != *self.citizen.me());
        let peer = |it: &playhouse_storage::model::Member| Peer {
            life: it.life.clone(),
            address: it.link.clone(),
        };
        self.citizen.link().meet(others.map(peer).collect());
    }

    /// Serves what the database says is this node's, and nothing else. A claim whose answer was
    /// lost is found here, and a shard that another node was granted.
    fn reconcile(&self, holdings: &[Holding]) {
        let directory = self.citizen.directory();
        let mine: Vec<Fence> = placement::owned(self.citizen.me(), holdings).collect();
        let held = directory.held();
        let lost: Vec<Fence> = held.iter().filter(|it| !mine.contains(it)).copied().collect();
        lost.iter().for_each(|fence| directory.lose_shard(*fence));
        if !lost.is_empty() {
            let why = "another node was granted it, or it was given up before";
            self.citizen.moved(Moved::Lost, &lost, why, Duration::ZERO);
        }
        let new = mine.iter().filter(|it| !held.contains(it));
        let new: Vec<Fence> =
            new.filter(|it| !self.releasing.contains(&it.shard)).copied().collect();
        self.serve(&new, "the database says that it is this node's", Duration::ZERO);
    }

    fn serve(&self, fences: &[Fence], why: &str, took: Duration) {
        if fences.is_empty() {
            return;
        }
        let citizen = &self.citizen;
        fences.iter().for_each(|fence| citizen.directory().open(*fence));
        citizen.moved(Moved::Claimed, fences, why, took);
        citizen.routes().claimed(&citizen.me().name, fences);
        citizen.tell_all(&Note::Claimed(fences.to_vec()));
        tracing::info!(shards = fences.len(), why, "shards are served");
    }

    async fn act(&mut self, view: &View, holdings: &[Holding], me: &Handle<Message>) -> Result<()> {
        let mut claims = vec![];
        for step in placement::steps(self.citizen.me(), view, holdings) {
            match step {
                Step::Claim(shard) => claims.push(shard),
                Step::Release { fence, .. } => self.release(fence, me),
            }
        }
        for some in claims.chunks(self.citizen.config().claims_at_once_max) {
            self.claim(some).await?;
        }
        if !claims.is_empty() {
            // What was claimed is seen with the next look, which must not take it for lost.
            self.look().await?;
        }
        Ok(())
    }

    async fn claim(&self, shards: &[ShardId]) -> Result<()> {
        let began = Instant::now();
        match self.citizen.membership().claim(self.citizen.me(), shards).await {
            Ok(fences) => {
                self.serve(&fences, "nobody living owned it", began.elapsed());
                Ok(())
            }
            Err(Error::NotFound { .. }) => {
                self.citizen.die("the database refused a claim: its lease is over");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Drains a shard and gives it up, beside everything else.
    fn release(&mut self, fence: Fence, me: &Handle<Message>) {
        if !self.releasing.insert(fence.shard) {
            return;
        }
        let citizen = self.citizen.clone();
        let give_up = async move {
            let began = Instant::now();
            let within = citizen.config().drain_deadline();
            citizen.directory().close_shard(fence, within).await;
            let released = citizen.membership().release(citizen.me(), &[fence]).await;
            (released, began.elapsed())
        };
        me.run(
            format!("release-{}", fence.shard.0),
            |_| give_up,
            move |ended| match ended {
                Ok((released, took)) => Message::Released(fence, released, took),
                Err(exit) => {
                    let error = Error::Unavailable { what: format!("a hand-over ended: {exit}") };
                    Message::Released(fence, Err(error), Duration::ZERO)
                }
            },
        );
    }

    fn released(&mut self, fence: Fence, outcome: Result<()>, took: Duration) {
        self.releasing.remove(&fence.shard);
        match outcome {
            Ok(()) => {
                self.citizen.moved(Moved::Released, &[fence], "another node should own it", took);
                self.citizen.routes().released(&[fence]);
                self.citizen.tell_all(&Note::Released(vec![fence]));
                // What was read before does not know it.
                self.read_at = None;
            }
            // It is still this node's by the database: the next round serves it again.
            Err(error) => tracing::warn!(%error, shard = fence.shard.0, "a shard was not given up"),
        }
    }

    /// Says whom this node does not reach, and whom it does again.
    async fn accuse(&mut self) {
        let Some(view) = self.citizen.seen().view else { return };
        let reached = self.citizen.peers().into_iter().filter(|peer| peer.connected);
        let reached: BTreeSet<_> = reached.map(|peer| peer.life).collect();
        let lease = self.citizen.lease();
        for step in self.watch.look(Instant::now(), &lease, &view, &reached) {
            let (membership, me) = (self.citizen.membership(), self.citizen.me());
            match step {
                suspicion::Step::Suspect(other) => {
                    let verdict = self.citizen.config().verdict();
                    match membership.suspect(me, &other, verdict).await {
                        Ok(true) => tracing::warn!(node = %other.name, "a node is taken for dead"),
                        Ok(false) => tracing::warn!(node = %other.name, "a node is not reached"),
                        Err(error) => {
                            tracing::warn!(%error, node = %other.name, "a suspicion was not heard");
                            self.watch.unsaid(&other);
                        }
                    }
                }
                suspicion::Step::Trust(other) => {
                    if let Err(error) = membership.trust(me, &other).await {
                        tracing::warn!(%error, node = %other.name, "a trust was not heard");
                    }
                }
            }
        }
    }

    async fn take_round(&mut self, me: &Handle<Message>) {
        if let Err(error) = self.round(me).await {
            // What was read may be half of it.
            self.read_at = None;
            tracing::warn!(%error, "a look at the cluster was cut short");
        }
    }
}

impl Service for Warden {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.tell_after(Duration::ZERO, Message::Round);
        me.tell_after(Duration::ZERO, Message::Watch);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        match message {
            Message::Round => {
                self.take_round(me).await;
                me.tell_after(self.citizen.config().look_every(), Message::Round);
            }
            Message::Look => self.take_round(me).await,
            Message::Watch => {
                self.accuse().await;
                if self.watch.accuses() {
                    self.take_round(me).await;
                }
                me.tell_after(self.citizen.config().watch_every(), Message::Watch);
            }
            Message::Released(fence, outcome, took) => {
                self.released(fence, outcome, took);
                if self.releasing.is_empty() {
                    me.hint(Message::Look);
                }
            }
        }
        Ok(())
    }

    fn report(&self) -> Report {
        let state = if self.releasing.is_empty() { "watches" } else { "gives shards up" };
        Report { state, bytes: size_of::<Self>() as u64 }
    }
}
