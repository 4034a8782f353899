//! What a node does by itself, and which steps are open to it. Its decisions are the program's own
//! functions.

use super::super::lease::{Beat, Lease};
use super::super::placement::{self, Step};
use super::super::suspicion::{self, Watch};
use super::state::{Breach, Claim, Event, Life, Node, Renewal, State, Write};
use super::{Action, Cluster, Fault};
use playhouse_storage::model::{Fence, NodeLife, View};
use std::collections::BTreeSet;
use std::time::Duration;

impl Node {
    pub(super) fn new(model: &Cluster, life: Life, missed: u16) -> Self {
        let watch = model.world.suspicion.map(|ticks| {
            let [after, fresh] = ticks.map(Duration::from_secs);
            Watch::new(model.life(life), after, fresh)
        });
        Self {
            life,
            up: true,
            missed,
            lease: Lease::granted(model.terms(), model.at(0)),
            renewals: Vec::new(),
            watch,
            owns: vec![None; usize::from(model.world.shards)],
            claim: Claim::Nothing,
            release: None,
            write: Write::Nothing,
        }
    }

    /// This life ends; what it has sent stays under way, what it waited for reaches nobody.
    pub(super) fn end(&mut self) {
        self.up = false;
        self.owns.fill(None);
        self.renewals.retain(|renewal| renewal.granted.is_none());
        if matches!(self.claim, Claim::Answered(..)) {
            self.claim = Claim::Nothing;
        }
        if matches!(self.write, Write::Accepted(_)) {
            self.write = Write::Nothing;
        }
    }
}

impl Cluster {
    /// Steps that a node takes by itself.
    pub(super) fn actions_of(&self, state: &State, number: u8, actions: &mut Vec<Action>) {
        let node = state.node(number);
        if !node.up {
            return;
        }
        let beat = state.beat(self, node);
        let now = state.clock(self, node);
        for (at, renewal) in node.renewals.iter().enumerate() {
            actions.extend(renewal.granted.map(|_| Action::RenewAnswered(number, at)));
        }
        if matches!(node.write, Write::Accepted(_)) {
            actions.push(Action::Acknowledge(number));
        }
        if beat == Beat::Fence {
            actions.push(Action::Fence(number));
            return;
        }
        if matches!(beat, Beat::Renew(_)) && node.renewals.iter().all(|it| it.sent != now) {
            actions.push(Action::Renew(number));
        }
        actions.push(Action::Look(number));
        if matches!(node.claim, Claim::Answered(..)) {
            actions.push(Action::ClaimAnswered(number));
        }
        if node.write == Write::Nothing && state.left.writes > 0 {
            let mine = (0..).zip(&node.owns).filter(|(_, epoch)| epoch.is_some());
            actions.extend(mine.map(|(shard, _)| Action::Write(number, shard)));
        }
    }

    /// What happens to a node, and to what it has sent.
    pub(super) fn actions_on(&self, state: &State, number: u8, actions: &mut Vec<Action>) {
        let node = state.node(number);
        for (at, renewal) in node.renewals.iter().enumerate() {
            if renewal.granted.is_none() {
                actions.push(Action::RenewArrives(number, at));
            }
        }
        if let Claim::Sent(_, shards) = &node.claim
            && !state.is_held(self, shards)
        {
            actions.push(Action::ClaimArrives(number));
        }
        actions.extend(node.release.as_ref().map(|_| Action::ReleaseArrives(number)));
        match node.write {
            Write::Sent(..) => actions.push(Action::CheckArrives(number)),
            Write::Open(..) => {
                actions.extend([Action::CommitArrives(number), Action::Abort(number)]);
            }
            Write::Nothing | Write::Accepted(_) => {}
        }
        let row = &state.db.members[usize::from(number)];
        let lives = state.now < row.until;
        if !node.up && !lives && row.incarnation < self.world.lives {
            actions.push(Action::Restart(number));
        }
        if node.up && state.left.deaths > 0 {
            actions.push(Action::Die(number));
        }
        if state.cut.contains(&number) {
            actions.push(Action::Heal(number));
        } else if state.left.cuts > 0 {
            actions.push(Action::CutOff(number));
        }
        if state.left.drains > 0 && !row.draining {
            actions.push(Action::Drain(number));
        }
    }
}

impl State {
    pub(super) fn renew(&mut self, model: &Cluster, number: u8) {
        self.send_renewal(model, number);
        if number >= model.world.late {
            self.db_renew(model, number, 0);
            self.hear_renewal(model, number, 0);
        }
    }

    fn send_renewal(&mut self, model: &Cluster, number: u8) {
        let sent = self.clock(model, self.node(number));
        let node = self.node_mut(number);
        if node.renewals.len() == model.world.renewals {
            node.renewals.remove(0);
        }
        node.renewals.push(Renewal { life: node.life, sent, granted: None });
    }

    pub(super) fn hear_renewal(&mut self, model: &Cluster, number: u8, at: usize) {
        let now = self.clock(model, self.node(number));
        let node = self.node_mut(number);
        let Renewal { life, sent, granted } = node.renewals.remove(at);
        if life != node.life {
            return;
        }
        let counts_from = if model.has(Fault::DeadlineFromAnswer) { now } else { sent };
        match granted {
            Some(true) => node.lease = node.lease.renewed(counts_from),
            // The database says that it is dead.
            _ => node.end(),
        }
    }

    pub(super) fn look(&mut self, model: &Cluster, number: u8) {
        let (view, holdings) = (self.view(model), self.holdings(model));
        let life = self.node(number).life;
        if !self.is_alive(life) {
            return self.node_mut(number).end();
        }
        self.accuse(model, number, &view);
        let me = model.life(life);
        self.settle(number, placement::owned(&me, &holdings).collect());
        let (mut claims, mut releases) = (Vec::new(), Vec::new());
        for step in placement::steps(&me, &view, &holdings) {
            match step {
                Step::Claim(shard) => claims.push(shard.0),
                Step::Release { fence, .. } => releases.push(plain(fence)),
            }
        }
        let node = self.node_mut(number);
        for (shard, _) in &releases {
            node.owns[usize::from(*shard)] = None;
        }
        // What is sent anew takes the place of what is under way still: that is lost.
        if !claims.is_empty() {
            node.claim = Claim::Sent(life, claims);
        }
        if !releases.is_empty() {
            node.release = Some((life, releases));
        }
    }

    fn accuse(&mut self, model: &Cluster, number: u8, view: &View) {
        let reached = self.reached(model, number);
        let node = self.node(number);
        let (life, lease, now) = (node.life, node.lease, self.clock(model, node));
        let Some(watch) = &mut self.node_mut(number).watch else { return };
        for step in watch.look(now, &lease, view, &reached) {
            match step {
                suspicion::Step::Suspect(other) => {
                    self.db_suspect(model, life, model.known(&other));
                }
                suspicion::Step::Trust(other) => self.db_trust(life, model.known(&other)),
            }
        }
    }

    fn reached(&self, model: &Cluster, number: u8) -> BTreeSet<NodeLife> {
        let linked = |node: &&Node| {
            let cut = self.cut.contains(&number) || self.cut.contains(&node.life.node);
            node.up && !cut
        };
        self.nodes.iter().filter(linked).map(|node| model.life(node.life)).collect()
    }

    /// Believes what the database says about what it owns.
    fn settle(&mut self, number: u8, owned: Vec<Fence>) {
        let node = self.node_mut(number);
        let before = node.owns.clone();
        node.owns.fill(None);
        for (shard, epoch) in owned.into_iter().map(plain) {
            node.owns[usize::from(shard)] = Some(epoch);
        }
        let found = before.iter().zip(&node.owns).any(|it| matches!(it, (None, Some(_))));
        if found && self.last == Event::Nothing {
            self.last = Event::FoundItsOwn;
        }
    }

    pub(super) fn hear_claim(&mut self, number: u8) {
        let node = self.node_mut(number);
        let claim = std::mem::replace(&mut node.claim, Claim::Nothing);
        let Claim::Answered(life, answer) = claim else { return };
        match answer {
            _ if life != node.life => {}
            None => node.end(),
            Some(fences) => {
                for (shard, epoch) in fences {
                    node.owns[usize::from(shard)] = Some(epoch);
                }
            }
        }
    }

    pub(super) fn send_write(&mut self, number: u8, shard: u16) {
        self.left.writes -= 1;
        let node = self.node_mut(number);
        if let Some(epoch) = node.owns[usize::from(shard)] {
            node.write = Write::Sent(node.life, shard, epoch);
        }
    }

    /// The commit is known; whether the user may know it is up to the lease.
    pub(super) fn acknowledge(&mut self, model: &Cluster, number: u8) {
        let node = self.node(number);
        let silent = self.beat(model, node) == Beat::Fence;
        let row = &self.db.members[usize::from(number)];
        let over = self.now >= row.until && !row.early && node.missed == 0;
        self.last = if silent && !model.has(Fault::LateAcknowledgement) {
            Event::CommittedInSilence
        } else if over {
            Event::Broken(Breach::ToldAfterItsLease)
        } else {
            Event::Acknowledged
        };
        self.node_mut(number).write = Write::Nothing;
    }
}

fn plain(fence: Fence) -> (u16, u16) {
    (fence.shard.0, u16::try_from(fence.epoch.0).expect("as narrow as it was made"))
}
