//! A node as tests see it: every role and status has one that wears it.

use jiff::{SignedDuration, Timestamp};
use playhouse_actors::runtime::inspect::view::{
    ActorDetail, ActorView, Current, EventView, History, LastExit, Latency, NodeView, PolicyView,
    Role, Status, Totals, TreePage,
};

/// When the example was looked at.
pub(super) fn at() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// A small node in which nothing is wrong.
pub(super) fn node() -> TreePage {
    let mut pool = actor("encode/pool", Role::Service, 1);
    (pool.status, pool.depth, pool.oldest_s) = (Status::Working, 3, Some(0.02));
    pool.current = Some(Current { message: "Claim".to_owned(), for_s: 0.0124, blocked: false });
    let mut task = actor("encode/pool/job-0192aa", Role::Task, 0);
    (task.depth_max, task.handled, task.state) = (0, 41, Some("encoding".to_owned()));
    let mut bridge = actor("events/bridge", Role::Service, 0);
    bridge.restarts = 1;
    let at = at() - SignedDuration::from_mins(12);
    let (reason, detail) = ("panicked".to_owned(), "the log is full".to_owned());
    bridge.last_exit = Some(LastExit { reason, detail, at, trace_id: None });
    let actors = vec![
        actor("", Role::Node, 4),
        actor("events", Role::Supervisor, 1),
        bridge,
        actor("encode", Role::Supervisor, 1),
        pool,
        task,
        actor("entities", Role::Supervisor, 1),
        actor("entities/upload.session", Role::Kind, 12_345),
        actor("http", Role::Service, 0),
    ];
    page(actors)
}

/// A page of these actors.
pub(super) fn page(actors: Vec<ActorView>) -> TreePage {
    let started_at = at() - SignedDuration::from_hours(51);
    let totals = Totals {
        actors: 12_353,
        supervisors: 3,
        services: 3,
        tasks: 1,
        entities: 12_345,
        ..Totals::default()
    };
    let node = NodeView { version: "0.1.0".to_owned(), started_at };
    TreePage { at: at(), node, totals, actors, next_cursor: None }
}

/// An idle actor of so many children, an hour old, which was busy for a hundredth of it.
pub(super) fn actor(path: &str, role: Role, children: u64) -> ActorView {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    ActorView {
        path: path.to_owned(),
        parent: (role != Role::Node).then(|| parent.to_owned()),
        name: name.to_owned(),
        role,
        kind: name.to_owned(),
        status: Status::Idle,
        state: None,
        state_bytes: None,
        children,
        depth: 0,
        depth_max: if matches!(role, Role::Service | Role::Entity) { 64 } else { 0 },
        high_water: 5,
        oldest_s: None,
        received: 1_000,
        handled: 1_000,
        refused: 0,
        expired: 0,
        undelivered: 0,
        restarts: 0,
        busy_s: 36.0,
        last_s: 0.002,
        longest_s: 1.5,
        current: None,
        started_at: Some(at() - SignedDuration::from_hours(1)),
        restart_in_s: None,
        shard: None,
        epoch: None,
        last_exit: None,
    }
}

/// The node with a worker that hangs, an entity that is slow and a listener that is away.
pub(super) fn trouble() -> TreePage {
    let mut page = node();
    (page.totals.stuck, page.totals.slow, page.totals.undelivered) = (1, 2, 7);
    let current = |message: &str, for_s, blocked| {
        Some(Current { message: message.to_owned(), for_s, blocked })
    };
    for actor in &mut page.actors {
        match actor.path.as_str() {
            "encode/pool" => {
                (actor.status, actor.depth, actor.oldest_s) = (Status::Stuck, 64, Some(95.0));
                actor.current = current("SegmentWritten", 95.0, true);
            }
            "encode/pool/job-0192aa" => {
                actor.status = Status::Slow;
                actor.current = current("waits for its worker", 31.0, false);
            }
            "http" => {
                (actor.status, actor.restart_in_s) = (Status::BackingOff, Some(4.2));
                actor.last_exit = Some(exit());
            }
            _ => {}
        }
    }
    page
}

/// Everything that can be told about an actor.
pub(super) fn detail() -> ActorDetail {
    let mut actor = trouble().actors.swap_remove(4);
    (actor.state, actor.state_bytes) = (Some("draining".to_owned()), Some(2_048));
    (actor.shard, actor.epoch, actor.last_exit) = (Some(3), Some(17), Some(exit()));
    let policy = PolicyView {
        restart: "permanent".to_owned(),
        intensity: 5,
        window_s: 60.0,
        backoff_first_s: 0.1,
        backoff_max_s: 30.0,
        strategy: Some("one_for_one".to_owned()),
        report_after_s: 10.0,
        kill_after_s: None,
    };
    let latency = Latency { count: 1_000, p50_s: 0.002, p90_s: 0.04, p99_s: 0.3, max_s: 1.5 };
    let history = History {
        every_s: 5.0,
        handled: vec![0, 4, 12, 9, 0],
        depth: vec![0, 0, 3, 30, 64],
        busy: vec![0.0, 0.1, 0.5, 1.0, 1.0],
    };
    let event = |ago, event: &str, detail: &str| EventView {
        at: at() - SignedDuration::from_secs(ago),
        event: event.to_owned(),
        detail: detail.to_owned(),
        trace_id: None,
    };
    let mut events = vec![
        event(85, "stuck", "SegmentWritten blocks its thread"),
        event(3_600, "started", ""),
        event(3_601, "ended", "panicked: bad index"),
    ];
    events[2].trace_id = Some("4bf92f35".to_owned());
    ActorDetail {
        actor,
        policy: Some(policy),
        latency: Some(latency),
        history: Some(history),
        events,
    }
}

fn exit() -> LastExit {
    LastExit {
        reason: "panicked".to_owned(),
        detail: "index out of bounds".to_owned(),
        at: at() - SignedDuration::from_secs(2),
        trace_id: Some("4bf92f35".to_owned()),
    }
}
