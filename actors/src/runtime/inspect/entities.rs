//! Entities and their kinds as they are shown.

use super::census::KindCount;
use super::members::{blank, policy_view, put_life, working};
use super::view::{ActorDetail, ActorView, EventView, PolicyView, Role, Status};
use crate::runtime::clock;
use crate::runtime::kind::Kind;
use crate::runtime::population::Population;
use crate::runtime::shard::{Running, Shard};
use std::sync::Arc;
use std::time::Duration;

/// Where the kinds hang in the tree.
pub(super) const BRANCH: &str = "entities";

/// One entity with the shard that it lives in.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) shard: Arc<Shard>,
    pub(super) running: Running,
}

/// The branch of all kinds.
pub(super) fn branch(kinds: usize) -> ActorView {
    let mut view = blank(Some(""), BRANCH, Role::Supervisor);
    view.children = kinds as u64;
    view
}

/// A kind, with the sums of its entities.
pub(super) fn kind_view(kind: &Kind, count: &KindCount) -> ActorView {
    let sums = kind.sums(count.sums);
    let mut view = blank(Some(BRANCH), kind.name, Role::Kind);
    view.children = count.residents;
    view.status = match (count.stuck, count.slow, count.working) {
        (0, 0, 0) => Status::Idle,
        (0, 0, _) => Status::Working,
        (0, ..) => Status::Slow,
        (..) => Status::Stuck,
    };
    view.depth = sums.depth;
    view.depth_max = count.residents * u64::from(count.bound);
    view.oldest_s = count.oldest_s;
    (view.handled, view.received) = (sums.handled, sums.received());
    (view.refused, view.expired) = (sums.refused, sums.expired);
    (view.undelivered, view.busy_s) = (sums.undelivered, sums.busy.as_secs_f64());
    view.restarts = kind.ledger.crashes();
    view
}

/// The rules of a kind.
pub(super) fn kind_policy(kind: &Kind) -> PolicyView {
    policy_view(&kind.rules.restart, Some(kind.rules.watch))
}

/// The path of an entity.
pub(super) fn path(running: &Running) -> String {
    let id = running.resident.address.id();
    [BRANCH, running.resident.address.kind, id.as_str()].join("/")
}

/// The entity of a kind that has this id.
pub(super) fn find(population: &Population, kind: &str, id: &str) -> Option<Found> {
    population.shards().find_map(|shard| Some(Found::new(&shard, &shard.find(kind, id)?)))
}

impl Found {
    pub(super) fn new(shard: &Arc<Shard>, running: &Running) -> Self {
        Self { shard: Arc::clone(shard), running: running.clone() }
    }

    /// Its path.
    pub(super) fn path(&self) -> String {
        path(&self.running)
    }

    pub(super) fn view(&self) -> ActorView {
        let resident = &self.running.resident;
        let vitals = &resident.vitals;
        let parent = format!("{BRANCH}/{}", resident.kind.name);
        let mut view = blank(Some(&parent), &resident.address.id(), Role::Entity);
        resident.kind.name.clone_into(&mut view.kind);
        put_life(&mut view, vitals);
        view.status = working(vitals, resident.kind.rules.watch).unwrap_or(Status::Idle);
        let report = vitals.doing().report;
        view.state = (!report.state.is_empty()).then(|| report.state.to_owned());
        view.state_bytes = (report.bytes > 0).then_some(report.bytes);
        (view.handled, view.expired) = (vitals.handled(), vitals.expired());
        view.refused = u64::from(vitals.gauge.refused());
        view.received = view.handled + view.expired + view.depth;
        view.busy_s = vitals.busy().as_secs_f64();
        view.started_at = Some(clock::wall(vitals.began()));
        view.shard = Some(self.shard.fence.shard.0);
        view.epoch = Some(self.shard.fence.epoch.0);
        let memory = resident.recall(|memory| (memory.restarts, memory.chronicle.last_exit()));
        if let Some((restarts, last_exit)) = memory {
            (view.restarts, view.last_exit) = (restarts, last_exit);
        }
        view
    }

    pub(super) fn detail(&self) -> ActorDetail {
        let resident = &self.running.resident;
        let events = resident.recall(|memory| memory.chronicle.events());
        let activated = || EventView {
            at: clock::wall(resident.vitals.began()),
            event: "activated".to_owned(),
            detail: String::new(),
            trace_id: None,
        };
        ActorDetail {
            actor: self.view(),
            policy: Some(kind_policy(&resident.kind)),
            latency: resident.kind.ledger.latency(),
            history: None,
            events: events.unwrap_or_else(|| vec![activated()]),
        }
    }
}

/// A kind with all that is known about it.
pub(super) fn kind_detail(kind: &Kind, count: &KindCount, every: Duration) -> ActorDetail {
    ActorDetail {
        actor: kind_view(kind, count),
        policy: Some(kind_policy(kind)),
        latency: kind.ledger.latency(),
        history: Some(kind.ledger.history(every)),
        events: vec![],
    }
}
