//! Supervisors, services and tasks as they are shown.

use super::view::{ActorView, Current, PolicyView, Role, Status};
use crate::runtime::Watch;
use crate::runtime::member::{Member, Now, Standing};
use crate::runtime::restart::{Restart, RestartPolicy, Strategy};
use crate::runtime::vitals::Vitals;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An actor of which nothing is known but its place.
pub(super) fn blank(parent: Option<&str>, name: &str, role: Role) -> ActorView {
    let path = match parent {
        None => String::new(),
        Some("") => name.to_owned(),
        Some(parent) => format!("{parent}/{name}"),
    };
    ActorView {
        path,
        parent: parent.map(str::to_owned),
        name: name.to_owned(),
        role,
        kind: name.to_owned(),
        status: Status::Idle,
        state: None,
        state_bytes: None,
        children: 0,
        depth: 0,
        depth_max: 0,
        high_water: 0,
        oldest_s: None,
        received: 0,
        handled: 0,
        refused: 0,
        expired: 0,
        undelivered: 0,
        restarts: 0,
        busy_s: 0.0,
        last_s: 0.0,
        longest_s: 0.0,
        current: None,
        started_at: None,
        restart_in_s: None,
        shard: None,
        epoch: None,
        last_exit: None,
    }
}

/// A member below `parent`.
pub(super) fn view(member: &Arc<Member>, parent: Option<&str>) -> ActorView {
    let sums = member.sums();
    let mut view = blank(parent, &member.name, member.role);
    view.children = member.children().len() as u64;
    (view.handled, view.received) = (sums.handled, sums.received());
    (view.refused, view.expired) = (sums.refused, sums.expired);
    (view.undelivered, view.busy_s) = (sums.undelivered, sums.busy.as_secs_f64());
    view.started_at = member.started_at();
    let now = member.now();
    if let Some(life) = &now.life {
        put_life(&mut view, &life.vitals);
        let report = life.vitals.doing().report;
        view.state = (!report.state.is_empty()).then(|| report.state.to_owned());
        view.state_bytes = (report.bytes > 0).then_some(report.bytes);
    }
    if let Some(says) = &now.says {
        view.state = Some(says.clone());
    }
    view.status = status(member, &now);
    view.restarts = now.restarts;
    view.last_exit = now.chronicle.last_exit();
    if let Standing::BackingOff(due) = now.standing {
        view.restart_in_s = Some(due.saturating_duration_since(Instant::now()).as_secs_f64());
    }
    view
}

/// What a life shows, into the view of whom it belongs to.
pub(super) fn put_life(view: &mut ActorView, vitals: &Vitals) {
    let gauge = &vitals.gauge;
    view.depth = gauge.inside() as u64;
    view.depth_max = u64::from(gauge.bound());
    view.high_water = u64::from(gauge.high_water());
    view.oldest_s = gauge.oldest_s();
    view.last_s = vitals.last().as_secs_f64();
    view.longest_s = vitals.longest().as_secs_f64();
    view.current = vitals.handling().map(|(doing, age)| Current {
        message: doing.message.to_owned(),
        for_s: age.as_secs_f64(),
        blocked: vitals.blocked_for().is_some_and(|blocked| blocked >= BLOCKED),
    });
}

/// A handler that has been on its thread for so long is shown as blocking it: one poll of a
/// handler takes microseconds.
const BLOCKED: Duration = Duration::from_millis(500);

fn status(member: &Member, now: &Now) -> Status {
    match now.standing {
        Standing::Starting => Status::Starting,
        Standing::BackingOff(_) => Status::BackingOff,
        Standing::Stopped => Status::Stopped,
        Standing::Up => {
            let life = now.life.as_ref().zip(member.rules.watch);
            let busy = match member.role {
                Role::Task => Status::Working,
                Role::Node | Role::Supervisor | Role::Service | Role::Kind | Role::Entity => {
                    Status::Idle
                }
            };
            life.map_or(busy, |(life, watch)| working(&life.vitals, watch).unwrap_or(busy))
        }
    }
}

/// How one who handles a message is; none for one who does not.
pub(super) fn working(vitals: &Vitals, watch: Watch) -> Option<Status> {
    if vitals.blocked_for().is_some_and(|blocked| blocked >= watch.report_after) {
        return Some(Status::Stuck);
    }
    let (_, age) = vitals.handling()?;
    Some(if age >= watch.report_after { Status::Slow } else { Status::Working })
}

/// The rules of a member, if it has any.
pub(super) fn policy(member: &Member) -> Option<PolicyView> {
    let restart = member.rules.restart?;
    let mut view = policy_view(&restart, member.rules.watch);
    view.strategy = member.rules.strategy.map(|strategy| {
        let name = match strategy {
            Strategy::OneForOne => "one_for_one",
            Strategy::OneForAll => "one_for_all",
            Strategy::RestForOne => "rest_for_one",
        };
        name.to_owned()
    });
    view.restart = match restart.restart {
        Restart::Permanent => "permanent",
        Restart::Transient => "transient",
        Restart::Temporary => "temporary",
    }
    .to_owned();
    Some(view)
}

/// Rules as they are shown; an entity's restart is `on_message`.
pub(super) fn policy_view(policy: &RestartPolicy, watch: Option<Watch>) -> PolicyView {
    PolicyView {
        restart: "on_message".to_owned(),
        intensity: policy.intensity,
        window_s: policy.window.as_secs_f64(),
        backoff_first_s: policy.backoff.first.as_secs_f64(),
        backoff_max_s: policy.backoff.most.as_secs_f64(),
        strategy: None,
        report_after_s: watch.map_or(0.0, |watch| watch.report_after.as_secs_f64()),
        kill_after_s: watch.and_then(|watch| watch.kill_after).map(|it| it.as_secs_f64()),
    }
}
