//! What a state of the model holds: the database, the nodes, what is under way, and what came of
//! the last step.

use super::super::lease::{Beat, Lease};
use super::super::placement;
use super::super::suspicion::Watch;
use super::{Action, Cluster};
use playhouse_storage::model::ShardId;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// One life of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Life {
    pub(super) node: u8,
    pub(super) incarnation: u16,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// The clock of the database.
    pub(super) now: u16,
    pub(super) db: Database,
    pub(super) nodes: Vec<Node>,
    /// Nodes that their peers do not reach.
    pub(super) cut: BTreeSet<u8>,
    pub(super) left: Left,
    pub(super) last: Event,
}

/// How much of each mishap may still come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) writes: u16,
    pub(super) deaths: u16,
    pub(super) stops: u16,
    pub(super) cuts: u16,
    pub(super) drains: u16,
}

/// What came of a step, for the properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Event {
    Nothing,
    TakenOver,
    HandedOver,
    RefusedLate,
    FencedItself,
    Acknowledged,
    CommittedInSilence,
    FoundItsOwn,
    EndedEarly,
    Broken(Breach),
}

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Breach {
    TwoWritersInOneEpoch,
    EpochWentBack,
    AcceptedAfterAnotherClaimed,
    TakenFromTheLiving,
    GrantedToTheDead,
    ToldAfterItsLease,
    EndedByOne,
}

/// What the database has written down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Database {
    pub(super) members: Vec<Row>,
    pub(super) shards: Vec<Shard>,
    /// Who accuses whom, since when.
    pub(super) suspicions: BTreeMap<(Life, Life), u16>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) incarnation: u16,
    /// The lease is good before this.
    pub(super) until: u16,
    /// Peers ended it.
    pub(super) early: bool,
    pub(super) draining: bool,
}

/// A shard. What follows `owner` is known to the properties only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shard {
    pub(super) epoch: u16,
    pub(super) owner: Option<Life>,
    /// Whom the last claim was granted to.
    pub(super) claimant: Life,
    /// Epoch and writer of the last commit that was accepted.
    pub(super) written: Option<(u16, Life)>,
}

/// A node and what it has under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) life: Life,
    /// Its process runs, and believes in its life.
    pub(super) up: bool,
    /// Ticks that its clock has missed.
    pub(super) missed: u16,
    pub(super) lease: Lease,
    pub(super) renewals: Vec<Renewal>,
    pub(super) watch: Option<Watch>,
    /// By shard: at which epoch it believes to own it.
    pub(super) owns: Vec<Option<u16>>,
    pub(super) claim: Claim,
    pub(super) release: Option<(Life, Vec<(u16, u16)>)>,
    pub(super) write: Write,
}

/// A renewal on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Renewal {
    pub(super) life: Life,
    pub(super) sent: Instant,
    /// What the database answered.
    pub(super) granted: Option<bool>,
}

/// A claim on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Claim {
    Nothing,
    Sent(Life, Vec<u16>),
    /// Shards and epochs; nothing: the database says that it is dead.
    Answered(Life, Option<Vec<(u16, u16)>>),
}

/// A transaction that writes to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Write {
    Nothing,
    /// On its way to the database: writer, shard, epoch.
    Sent(Life, u16, u16),
    /// The fence was good; the shard's row is held.
    Open(Life, u16, u16),
    /// It is committed, which the node may learn.
    Accepted(Life),
}

impl State {
    /// All nodes have just joined, and every shard is where it should be.
    pub(super) fn new(model: &Cluster) -> Self {
        let world = model.world;
        let life = |node| Life { node, incarnation: 1 };
        let ttl = u16::try_from(world.lease[0]).expect("a short lease");
        let row = Row { incarnation: 1, until: ttl, early: false, draining: false };
        let shard = Shard { epoch: 0, owner: None, claimant: life(0), written: None };
        let mut state = Self {
            now: 0,
            db: Database {
                members: vec![row; usize::from(world.nodes)],
                shards: vec![shard; usize::from(world.shards)],
                suspicions: BTreeMap::new(),
            },
            nodes: (0..world.nodes).map(|node| Node::new(model, life(node), 0)).collect(),
            cut: BTreeSet::new(),
            left: Left {
                writes: world.writes,
                deaths: world.deaths,
                stops: world.stops,
                cuts: world.cuts,
                drains: world.drains,
            },
            last: Event::Nothing,
        };
        let view = state.view(model);
        for shard in 0..world.shards {
            let owner = placement::desired(ShardId(shard), &view).expect("all are able");
            let owner = model.known(&owner.life);
            let row = &mut state.db.shards[usize::from(shard)];
            (row.epoch, row.owner, row.claimant) = (1, Some(owner), owner);
            state.nodes[usize::from(owner.node)].owns[usize::from(shard)] = Some(1);
        }
        state
    }

    /// A node whose clock runs, and whose lease nobody ended, believes in it no longer than the
    /// database does.
    pub(super) fn is_silent_in_time(model: &Cluster, state: &State) -> bool {
        state.nodes.iter().all(|node| {
            let row = &state.db.members[usize::from(node.life.node)];
            let is_its = row.incarnation == node.life.incarnation && !row.early;
            let believes = node.up && state.beat(model, node) != Beat::Fence;
            !believes || !is_its || node.missed > 0 || state.now < row.until
        })
    }

    pub(super) fn node(&self, node: u8) -> &Node {
        &self.nodes[usize::from(node)]
    }

    pub(super) fn node_mut(&mut self, node: u8) -> &mut Node {
        &mut self.nodes[usize::from(node)]
    }

    /// What a node's own clock says.
    pub(super) fn clock(&self, model: &Cluster, node: &Node) -> Instant {
        model.at(self.now - node.missed)
    }

    pub(super) fn beat(&self, model: &Cluster, node: &Node) -> Beat {
        node.lease.beat(self.clock(model, node))
    }

    /// Carries out a step.
    pub(super) fn take(&mut self, model: &Cluster, action: Action) {
        match action {
            Action::Tick(stopped) => self.tick(stopped),
            Action::Renew(node) => self.renew(model, node),
            Action::RenewArrives(node, at) => self.db_renew(model, node, at),
            Action::RenewAnswered(node, at) => self.hear_renewal(model, node, at),
            Action::Look(node) => self.look(model, node),
            Action::ClaimArrives(node) => self.db_claim(model, node),
            Action::ClaimAnswered(node) => self.hear_claim(node),
            Action::ReleaseArrives(node) => self.db_release(model, node),
            Action::Write(node, shard) => self.send_write(node, shard),
            Action::CheckArrives(node) => self.db_check(model, node),
            Action::CommitArrives(node) => self.db_commit(node),
            Action::Abort(node) => self.node_mut(node).write = Write::Nothing,
            Action::Acknowledge(node) => self.acknowledge(model, node),
            Action::Fence(node) => {
                self.node_mut(node).end();
                self.last = Event::FencedItself;
            }
            Action::Die(node) => {
                self.left.deaths -= 1;
                self.node_mut(node).end();
            }
            Action::Restart(node) => self.join(model, node),
            Action::CutOff(node) => {
                self.left.cuts -= 1;
                self.cut.insert(node);
            }
            Action::Heal(node) => {
                self.cut.remove(&node);
            }
            Action::Drain(node) => {
                self.left.drains -= 1;
                self.db.members[usize::from(node)].draining = true;
            }
        }
    }

    fn tick(&mut self, stopped: Option<u8>) {
        self.now += 1;
        if let Some(node) = stopped {
            self.left.stops -= 1;
            self.node_mut(node).missed += 1;
        }
    }
}
