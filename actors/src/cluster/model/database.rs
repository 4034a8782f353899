//! What the database does with what reaches it: the rules of the membership port and of the fence,
//! each in one transaction. Faults are planted here and in `node`.

use super::super::lease::Lease;
use super::state::{Breach, Claim, Event, Life, Node, Row, State, Write};
use super::{Cluster, Fault};
use playhouse_storage::model::{Epoch, Holding, Member, NodeLife, Phase, Rules, ShardId, View};
use std::collections::BTreeMap;

/// Moves of shards at one time.
pub(super) const MOVES_MAX: u16 = 2;

impl Cluster {
    /// Which life of the model it is.
    pub(super) fn known(&self, life: &NodeLife) -> Life {
        let node = self.names.iter().position(|name| *name == life.name).expect("a member");
        let narrow = "as narrow as it was made";
        Life {
            node: u8::try_from(node).expect(narrow),
            incarnation: u16::try_from(life.incarnation).expect(narrow),
        }
    }
}

impl State {
    /// The lease of this life is good.
    pub(super) fn is_alive(&self, life: Life) -> bool {
        let row = &self.db.members[usize::from(life.node)];
        row.incarnation == life.incarnation && self.now < row.until
    }

    pub(super) fn view(&self, model: &Cluster) -> View {
        let members = (0..model.world.nodes).map(|node| self.member(model, node));
        View {
            version: 0,
            moves: 0,
            shard_count: model.world.shards,
            members: members.collect(),
            rules: Rules { members_min: 1, moves_max: MOVES_MAX, pins: BTreeMap::new() },
        }
    }

    fn member(&self, model: &Cluster, node: u8) -> Member {
        let Row { incarnation, until, draining, .. } = self.db.members[usize::from(node)];
        let life = Life { node, incarnation };
        let accusers = self.accusers(model, life);
        let name = |accuser: &Life| model.names[usize::from(accuser.node)].clone();
        Member {
            life: model.life(life),
            link: String::new(),
            http: String::new(),
            zone: String::new(),
            weight: 1,
            build: String::new(),
            phase: if draining { Phase::Draining } else { Phase::Up },
            alive: self.is_alive(life),
            lease_left_ms: 1_000 * (i64::from(until) - i64::from(self.now)),
            suspected_by: accusers.iter().map(name).collect(),
        }
    }

    pub(super) fn holdings(&self, model: &Cluster) -> Vec<Holding> {
        let shards = (0..).zip(&self.db.shards);
        let holding = |(number, shard): (u16, &super::state::Shard)| Holding {
            shard: ShardId(number),
            epoch: Epoch(u64::from(shard.epoch)),
            owner: shard.owner.map(|owner| model.life(owner)),
        };
        shards.map(holding).collect()
    }

    /// A lease that is over stays so: another life must join.
    pub(super) fn db_renew(&mut self, model: &Cluster, node: u8, at: usize) {
        let life = self.node(node).renewals[at].life;
        let granted = self.is_alive(life);
        if granted {
            self.db.members[usize::from(node)].until = self.now + ttl(model);
        }
        self.node_mut(node).renewals[at].granted = Some(granted);
    }

    /// A new life, once the lease of the one before is over.
    pub(super) fn join(&mut self, model: &Cluster, node: u8) {
        let row = &mut self.db.members[usize::from(node)];
        row.incarnation += 1;
        (row.until, row.early) = (self.now + ttl(model), false);
        let life = Life { node, incarnation: row.incarnation };
        let missed = self.node(node).missed;
        let before = std::mem::replace(self.node_mut(node), Node::new(model, life, missed));
        let joined = model.at(self.now - missed);
        let now = self.node_mut(node);
        // What the life before had sent may still arrive.
        (now.renewals, now.claim) = (before.renewals, before.claim);
        (now.release, now.write) = (before.release, before.write);
        now.lease = Lease::granted(model.terms(), joined);
    }

    pub(super) fn db_claim(&mut self, model: &Cluster, node: u8) {
        let claim = std::mem::replace(&mut self.node_mut(node).claim, Claim::Nothing);
        let Claim::Sent(life, shards) = claim else { return };
        let alive = self.is_alive(life);
        if !alive && !model.has(Fault::ClaimByTheDead) {
            self.node_mut(node).claim = Claim::Answered(life, None);
            return;
        }
        let fences = shards.into_iter().filter_map(|shard| self.grant(model, life, shard));
        let fences = fences.collect();
        self.node_mut(node).claim = Claim::Answered(life, Some(fences));
        if !alive {
            self.last = Event::Broken(Breach::GrantedToTheDead);
        }
    }

    fn grant(&mut self, model: &Cluster, life: Life, number: u16) -> Option<(u16, u16)> {
        let owner = self.db.shards[usize::from(number)].owner;
        let lives = owner.is_some_and(|owner| self.is_alive(owner));
        if owner == Some(life) || lives && !model.has(Fault::ClaimIgnoresLease) {
            return None;
        }
        self.last = match owner {
            Some(_) if lives => Event::Broken(Breach::TakenFromTheLiving),
            Some(_) => Event::TakenOver,
            None => Event::HandedOver,
        };
        let shard = &mut self.db.shards[usize::from(number)];
        shard.epoch += u16::from(!model.has(Fault::ClaimKeepsEpoch));
        (shard.owner, shard.claimant) = (Some(life), life);
        Some((number, shard.epoch))
    }

    pub(super) fn db_release(&mut self, model: &Cluster, node: u8) {
        let Some((life, fences)) = self.node_mut(node).release.take() else { return };
        for (number, epoch) in fences {
            let shard = &mut self.db.shards[usize::from(number)];
            if shard.owner == Some(life) && shard.epoch == epoch {
                shard.owner = None;
                shard.epoch -= u16::from(model.has(Fault::ReleaseLowersEpoch));
            }
        }
    }

    /// A claim of these shards waits for the commits under way.
    pub(super) fn is_held(&self, model: &Cluster, shards: &[u16]) -> bool {
        let holds = |node: &Node| match node.write {
            Write::Open(_, shard, _) => shards.contains(&shard),
            Write::Nothing | Write::Sent(..) | Write::Accepted(_) => false,
        };
        let unheld = model.has(Fault::NoFence) || model.has(Fault::FenceNotHeld);
        !unheld && self.nodes.iter().any(holds)
    }

    pub(super) fn db_check(&mut self, model: &Cluster, node: u8) {
        let Write::Sent(life, number, epoch) = self.node(node).write else { return };
        let is_its = self.db.shards[usize::from(number)].epoch == epoch;
        if is_its || model.has(Fault::NoFence) {
            self.node_mut(node).write = Write::Open(life, number, epoch);
        } else {
            self.node_mut(node).write = Write::Nothing;
            self.last = Event::RefusedLate;
        }
    }

    pub(super) fn db_commit(&mut self, node: u8) {
        let Write::Open(life, number, epoch) = self.node(node).write else { return };
        let shard = &mut self.db.shards[usize::from(number)];
        let breach = match shard.written {
            Some((before, _)) if epoch < before => Some(Breach::EpochWentBack),
            Some((before, writer)) if epoch == before && writer != life => {
                Some(Breach::TwoWritersInOneEpoch)
            }
            _ if shard.claimant != life => Some(Breach::AcceptedAfterAnotherClaimed),
            _ => None,
        };
        shard.written = Some((epoch, life));
        self.last = breach.map_or(Event::Nothing, Event::Broken);
        let node = self.node_mut(node);
        let learns = node.up && node.life == life;
        node.write = if learns { Write::Accepted(life) } else { Write::Nothing };
    }

    /// Who accuses this life, lives, and said so lately.
    pub(super) fn accusers(&self, model: &Cluster, other: Life) -> Vec<Life> {
        let fresh = model.world.suspicion.map_or(0, |[_, fresh]| fresh);
        let said = self.db.suspicions.iter().filter(|((from, to), said)| {
            *to == other && self.is_alive(*from) && u64::from(self.now - **said) <= fresh
        });
        said.map(|((from, _), _)| *from).collect()
    }

    pub(super) fn db_suspect(&mut self, model: &Cluster, me: Life, other: Life) {
        if !self.is_alive(me) || !self.is_alive(other) {
            return;
        }
        self.db.suspicions.insert((me, other), self.now);
        let by = self.accusers(model, other).len();
        if by >= 2 || model.has(Fault::OneSuspectSuffices) {
            let row = &mut self.db.members[usize::from(other.node)];
            (row.until, row.early) = (self.now, true);
            self.db.suspicions.retain(|(_, to), _| *to != other);
            self.last = match by {
                0 | 1 => Event::Broken(Breach::EndedByOne),
                _ => Event::EndedEarly,
            };
        }
    }

    pub(super) fn db_trust(&mut self, me: Life, other: Life) {
        self.db.suspicions.remove(&(me, other));
    }
}

fn ttl(model: &Cluster) -> u16 {
    u16::try_from(model.world.lease[0]).expect("a short lease")
}
