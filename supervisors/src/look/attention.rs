//! Who needs a hand, and why: the few lines that an operator reads first.

use super::branches::whole;
use super::text::{Line, Tone, clean};
use super::units;
use jiff::Timestamp;
use playhouse_actors::runtime::inspect::view::{ActorView, Role, Status, TreePage};

/// Slow and stuck actors that the node counts and the page does not have: they are entities of a
/// kind that is not open, or further down than asked for.
pub(super) fn unseen(page: &TreePage, elsewhere: &[ActorView]) -> u64 {
    let seen = all(page, elsewhere).filter(|actor| {
        matches!(actor.status, Status::Slow | Status::Stuck) && counts_for_itself(actor)
    });
    (page.totals.slow + page.totals.stuck).saturating_sub(seen.count() as u64)
}

/// One line each, at most `most`; then one that says how many more there are.
pub(super) fn lines(page: &TreePage, elsewhere: &[ActorView], most: usize) -> Vec<Line> {
    let mut items: Vec<_> = all(page, elsewhere)
        .filter_map(|actor| Some((rank(actor.status)?, actor)))
        .filter(|(_, actor)| counts_for_itself(actor))
        .collect();
    items.sort_by_key(|(rank, _)| *rank);
    let unseen = unseen(page, elsewhere);
    if items.is_empty() && unseen == 0 {
        return Vec::new();
    }
    let mut lines = vec![Line::new(Tone::Bold, "needs attention")];
    lines.extend(items.iter().take(most).map(|(_, actor)| item(actor, page.at)));
    let more = items.len().saturating_sub(most) as u64 + unseen;
    if more > 0 {
        let hint = format!("  {more} more: playhouse tree --sort oldest lists them");
        lines.push(Line::new(Tone::Dim, hint));
    }
    lines
}

/// Why an actor needs a hand; none when it does not.
pub(super) fn reason(actor: &ActorView, now: Timestamp) -> Option<String> {
    match actor.status {
        Status::Stuck => Some(handler(actor, "has blocked its thread")),
        Status::Slow => Some(handler(actor, "has not ended")),
        Status::BackingOff => Some(backing_off(actor, now)),
        Status::Starting | Status::Idle | Status::Working | Status::Stopped => None,
    }
}

fn handler(actor: &ActorView, fault: &str) -> String {
    let Some(current) = &actor.current else { return format!("a handler {fault}") };
    let (message, time) = (clean(&current.message), units::duration(current.for_s));
    match actor.role {
        // A task has no messages: it tells what it does instead.
        Role::Task => format!("{message}, for {time} now"),
        Role::Node | Role::Supervisor | Role::Service | Role::Kind | Role::Entity => {
            format!("{message} {fault} for {time}")
        }
    }
}

fn backing_off(actor: &ActorView, now: Timestamp) -> String {
    let next = actor.restart_in_s.map_or_else(
        || "starts again soon".to_owned(),
        |wait| format!("starts again in {}", units::duration(wait)),
    );
    let Some(exit) = &actor.last_exit else { return next };
    let ago = units::duration(units::since(now, exit.at));
    let trace = exit.trace_id.as_deref().map(clean);
    let trace = trace.map_or_else(String::new, |trace| format!(", trace {trace}"));
    format!("{next}; {} {ago} ago: {}{trace}", clean(&exit.reason), clean(&exit.detail))
}

fn item(actor: &ActorView, now: Timestamp) -> Line {
    Line::new(Tone::Plain, "  ")
        .and(tone(actor.status), format!("{:<11}", name(actor.status)))
        .and(Tone::Plain, format!("  {}  ", whole(actor)))
        .and(Tone::Plain, reason(actor, now).unwrap_or_default())
}

/// The name of a status for people.
pub(super) fn name(status: Status) -> &'static str {
    match status {
        Status::Starting => "starting",
        Status::Idle => "idle",
        Status::Working => "working",
        Status::Slow => "slow",
        Status::Stuck => "stuck",
        Status::BackingOff => "backing off",
        Status::Stopped => "stopped",
    }
}

/// How a status looks.
pub(super) fn tone(status: Status) -> Tone {
    match status {
        Status::Stuck | Status::Slow => Tone::Bad,
        Status::BackingOff | Status::Starting => Tone::Warn,
        Status::Working => Tone::Good,
        Status::Idle | Status::Stopped => Tone::Dim,
    }
}

/// The worst first.
fn rank(status: Status) -> Option<u8> {
    match status {
        Status::Stuck => Some(0),
        Status::Slow => Some(1),
        Status::BackingOff => Some(2),
        Status::Starting | Status::Idle | Status::Working | Status::Stopped => None,
    }
}

/// The node and kinds only pass on how those below them are.
fn counts_for_itself(actor: &ActorView) -> bool {
    match actor.role {
        Role::Supervisor | Role::Service | Role::Task | Role::Entity => true,
        Role::Node | Role::Kind => false,
    }
}

/// The actors of the page, then those from elsewhere that it does not have.
fn all<'a>(page: &'a TreePage, elsewhere: &'a [ActorView]) -> impl Iterator<Item = &'a ActorView> {
    let missing = |actor: &&ActorView| page.actors.iter().all(|seen| seen.path != actor.path);
    page.actors.iter().chain(elsewhere.iter().filter(missing))
}
