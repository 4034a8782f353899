//! Which peers a node accuses of being dead, so that their leases end before their time: two that
//! say so suffice (`suspects_needed`), since one alone may be the one that is cut off.
//!
//! A suspicion is never proof: a member whose lease was ended wrongly loses time, never data, since
//! the epoch of each transaction still decides. What a wrong one costs is held down here: a node
//! accuses nobody while it is on the smaller side of what it sees, while its own lease is short, or
//! for time in which it did not look itself.

use super::lease::Lease;
use playhouse_storage::model::{Member, NodeLife, NodeName, View};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// What a node says about a peer to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has not been reached for too long; said again for as long as that holds.
    Suspect(NodeLife),
    /// It is reached again.
    Trust(NodeLife),
}

/// What one node remembers about whom it reaches. Times are its own, by a clock that only goes
/// forward: that a wall clock is set proves nothing about a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Watch {
    me: NodeLife,
    after: Duration,
    repeat: Duration,
    looked: Option<Instant>,
    away: BTreeMap<NodeLife, Away>,
}

/// A peer that is not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Away {
    since: Instant,
    said: Option<Instant>,
}

impl Watch {
    /// A peer is accused when it is not reached for `after`. What the database hears counts for
    /// `fresh`, so it is said again after half of that.
    #[must_use]
    pub fn new(me: NodeLife, after: Duration, fresh: Duration) -> Self {
        Self { me, after, repeat: fresh / 2, looked: None, away: BTreeMap::new() }
    }

    /// What to say now. `reached` are the lives to which a connection stands, `view` is the last
    /// that was read.
    pub fn look(
        &mut self,
        now: Instant,
        lease: &Lease,
        view: &View,
        reached: &BTreeSet<NodeLife>,
    ) -> Vec<Step> {
        let living: Vec<_> = view.members.iter().filter(|it| it.alive).collect();
        self.note(now, &living, reached);
        let is_one = living.iter().any(|member| member.life == self.me);
        if !is_one || lease.is_short(now) {
            return Vec::new();
        }
        let mut steps = self.trusted(&living, reached);
        if self.may_accuse(&living, reached) {
            steps.extend(self.accused(now));
        }
        steps
    }

    /// The database did not hear of it: it is said again with the next look.
    pub fn unsaid(&mut self, life: &NodeLife) {
        if let Some(away) = self.away.get_mut(life) {
            away.said = None;
        }
    }

    /// A peer is accused just now: the view may change any moment, and is worth reading often.
    #[must_use]
    pub fn accuses(&self) -> bool {
        self.away.values().any(|away| away.said.is_some())
    }

    /// Notes who is away, from now for those who were reached, or unknown, until now. After a time
    /// without looks longer than what makes a suspicion all begin anew: this node was away itself.
    fn note(&mut self, now: Instant, living: &[&Member], reached: &BTreeSet<NodeLife>) {
        let was_away = self.looked.is_some_and(|looked| now - looked >= self.after);
        self.looked = Some(now);
        let before = match was_away {
            true => BTreeMap::new(),
            false => std::mem::take(&mut self.away),
        };
        let others = living.iter().map(|member| &member.life).filter(|life| **life != self.me);
        let away = others.filter(|life| !reached.contains(life)).map(|life| {
            let new = Away { since: now, said: None };
            (life.clone(), before.get(life).copied().unwrap_or(new))
        });
        self.away = away.collect();
    }

    /// Whom this node accuses by the database, although it is reached.
    fn trusted(&self, living: &[&Member], reached: &BTreeSet<NodeLife>) -> Vec<Step> {
        let wrongly = living.iter().filter(|member| {
            member.suspected_by.contains(&self.me.name) && reached.contains(&member.life)
        });
        wrongly.map(|member| Step::Trust(member.life.clone())).collect()
    }

    /// This node reaches somebody, and those whom it reaches are with it the larger side of the
    /// living; of two equal sides it is the one that has the first name. Else it may well be the
    /// one that is cut off, and the others are the ones to say so.
    fn may_accuse(&self, living: &[&Member], reached: &BTreeSet<NodeLife>) -> bool {
        let is_here = |member: &&Member| member.life == self.me || reached.contains(&member.life);
        let here: Vec<_> = living.iter().copied().filter(is_here).collect();
        let name = |member: &&Member| -> NodeName { member.life.name.clone() };
        let first = |members: &[&Member]| members.iter().map(name).min();
        let (ours, theirs) = (here.len(), living.len() - here.len());
        ours > 1 && (ours > theirs || ours == theirs && first(&here) == first(living))
    }

    fn accused(&mut self, now: Instant) -> Vec<Step> {
        let (after, repeat) = (self.after, self.repeat);
        let due = self.away.iter_mut().filter(|(_, away)| {
            now - away.since >= after && away.said.is_none_or(|said| now - said >= repeat)
        });
        let say = |(life, away): (&NodeLife, &mut Away)| {
            away.said = Some(now);
            Step::Suspect(life.clone())
        };
        due.map(say).collect()
    }
}

#[cfg(test)]
mod tests;
