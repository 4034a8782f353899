//! What metrics tell of the actors: sums by kind of entity and by service, since the node started.

use super::census::KindCount;
use super::members;
use super::view::{Role, Status};
use crate::runtime::kind::Kind;
use crate::runtime::ledger::{Ledger, Sums};
use crate::runtime::member::Member;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sums of all actors of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    /// `entity`, `service`, `task` or `supervisor`.
    pub role: &'static str,
    /// Kind of the entities; name of the service or supervisor; of tasks, that of their service.
    pub kind: String,
    /// Those that are there now.
    pub alive: u64,
    /// Of those, how many take too long over a message.
    pub slow: u64,
    /// Of those, how many block their thread.
    pub stuck: u64,
    /// What their mailboxes hold; the message that is handled counts.
    pub mailbox: u64,
    /// Age of the oldest message in any of them, seconds.
    pub oldest_s: f64,
    /// Sums over all lives; none of tasks, which come and go with what they counted.
    pub sums: Option<LifeSums>,
}

/// Sums over all lives of a kind or service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LifeSums {
    /// Lives that began.
    pub starts: u64,
    /// Lives that did not end in order.
    pub crashes: u64,
    /// Entities that were sent to sleep.
    pub passivations: u64,
    /// Messages that were handled.
    pub handled: u64,
    /// Messages that no mailbox had room for.
    pub refused: u64,
    /// Messages that were dropped because nobody waited for the answer any more.
    pub expired: u64,
    /// Messages that were lost with a life.
    pub undelivered: u64,
    /// Time in handlers, seconds.
    pub busy_s: f64,
    /// Messages by the time that they took: as many numbers as bounds were given, and one more
    /// for what took longer than the last.
    pub times: Vec<u64>,
}

impl LifeSums {
    fn of(ledger: &Ledger, sums: &Sums, bounds_s: &[f64]) -> Self {
        Self {
            starts: ledger.lives(),
            crashes: ledger.crashes(),
            passivations: ledger.passivations(),
            handled: sums.handled,
            refused: sums.refused,
            expired: sums.expired,
            undelivered: sums.undelivered,
            busy_s: sums.busy.as_secs_f64(),
            times: ledger.times(bounds_s),
        }
    }
}

/// The meter of a kind of entities.
pub(super) fn of_kind(kind: &Kind, count: &KindCount, bounds_s: &[f64]) -> Meter {
    let sums = kind.sums(count.sums);
    Meter {
        role: "entity",
        kind: kind.name.to_owned(),
        alive: count.residents,
        slow: count.slow,
        stuck: count.stuck,
        mailbox: sums.depth,
        oldest_s: count.oldest_s.unwrap_or(0.0),
        sums: Some(LifeSums::of(&kind.ledger, &sums, bounds_s)),
    }
}

/// The meters of all members below one.
pub(super) fn of_members(root: &Arc<Member>, bounds_s: &[f64]) -> Vec<Meter> {
    let mut found = BTreeMap::new();
    add_children(root, bounds_s, &mut found);
    found.into_values().collect()
}

type Found = BTreeMap<(&'static str, String), Meter>;

fn add_children(parent: &Arc<Member>, bounds_s: &[f64], found: &mut Found) {
    for child in parent.children() {
        match child.role {
            Role::Supervisor => add(&child, "supervisor", &child.name, None, found),
            Role::Service => add(&child, "service", &child.name, Some(bounds_s), found),
            // Their names tell what they work at: there is no end to them.
            Role::Task => add(&child, "task", &parent.name, None, found),
            Role::Node | Role::Kind | Role::Entity => {}
        }
        add_children(&child, bounds_s, found);
    }
}

fn add(
    member: &Arc<Member>,
    role: &'static str,
    kind: &str,
    bounds_s: Option<&[f64]>,
    found: &mut Found,
) {
    let view = members::view(member, Some(""));
    let meter = found.entry((role, kind.to_owned())).or_insert_with(|| Meter {
        role,
        kind: kind.to_owned(),
        alive: 0,
        slow: 0,
        stuck: 0,
        mailbox: 0,
        oldest_s: 0.0,
        sums: None,
    });
    meter.alive += u64::from(!matches!(view.status, Status::Stopped | Status::BackingOff));
    meter.slow += u64::from(view.status == Status::Slow);
    meter.stuck += u64::from(view.status == Status::Stuck);
    meter.mailbox += view.depth;
    meter.oldest_s = meter.oldest_s.max(view.oldest_s.unwrap_or(0.0));
    if let Some(bounds_s) = bounds_s {
        // Services of one name under several supervisors would be told apart by nothing.
        meter.sums = Some(LifeSums::of(&member.ledger, &member.sums(), bounds_s));
    }
}
