//! One actor on one screen: every field, its policy, its times, and what happened to it.

use super::branches::whole;
use super::text::{Line, Tone, clean};
use super::units::{self, NONE, count, duration, time};
use super::{attention, sample};
use jiff::Timestamp;
use playhouse_actors::runtime::inspect::view::{
    ActorDetail, ActorView, EventView, History, LastExit, Latency, PolicyView, Role,
};

/// Columns of the names of fields.
const FIELD: usize = 14;

/// Draws an actor as it was at `now`.
pub(super) fn draw(detail: &ActorDetail, now: Timestamp) -> Vec<Line> {
    let actor = &detail.actor;
    let mut lines = head(actor, now);
    lines.extend(mailbox(actor));
    lines.extend(life(actor, now));
    lines.extend(actor.last_exit.iter().flat_map(|exit| last_exit(exit, now)));
    lines.extend(detail.policy.iter().flat_map(policy));
    lines.extend(detail.latency.iter().map(latency));
    lines.extend(detail.history.iter().flat_map(history));
    if !detail.events.is_empty() {
        lines.extend([Line::default(), Line::new(Tone::Bold, "last events")]);
        lines.extend(detail.events.iter().map(event));
    }
    lines
}

fn head(actor: &ActorView, now: Timestamp) -> Vec<Line> {
    let mut status =
        field("status", "").and(attention::tone(actor.status), attention::name(actor.status));
    if let Some(reason) = attention::reason(actor, now) {
        status = status.and(Tone::Plain, format!(": {reason}"));
    }
    let doing = actor
        .current
        .as_ref()
        .map(|current| format!("{} for {}", clean(&current.message), duration(current.for_s)));
    let size = actor.state_bytes.map(|bytes| format!("{} bytes", count(bytes)));
    let state: Vec<_> = [actor.state.as_deref().map(clean), size].into_iter().flatten().collect();
    vec![
        Line::new(Tone::Bold, whole(actor)),
        field("role", format!("{} {}", role(actor.role), clean(&actor.kind))),
        status,
        field("doing", doing.as_deref().unwrap_or(NONE)),
        field("state", if state.is_empty() { NONE.to_owned() } else { state.join(", ") }),
        field("children", count(actor.children)),
    ]
}

fn mailbox(actor: &ActorView) -> Vec<Line> {
    let inside = format!(
        "{} of {}, {} at most in this life, oldest {}",
        count(actor.depth),
        count(actor.depth_max),
        count(actor.high_water),
        actor.oldest_s.map_or(NONE.to_owned(), duration),
    );
    let messages = format!(
        "{} received, {} handled, {} refused, {} expired, {} undelivered",
        count(actor.received),
        count(actor.handled),
        count(actor.refused),
        count(actor.expired),
        count(actor.undelivered),
    );
    let handlers = format!(
        "{} busy, last {}, longest {}",
        duration(actor.busy_s),
        duration(actor.last_s),
        duration(actor.longest_s)
    );
    vec![field("inside", inside), field("messages", messages), field("handlers", handlers)]
}

fn life(actor: &ActorView, now: Timestamp) -> Vec<Line> {
    let since = actor.started_at.map_or(NONE.to_owned(), |at| {
        format!("{} ({} ago)", time(at), duration(units::since(now, at)))
    });
    let mut lines = vec![field("started", since), field("restarts", count(actor.restarts))];
    lines.extend(actor.restart_in_s.map(|wait| field("restart in", duration(wait))));
    if let Some(shard) = actor.shard {
        let epoch = actor.epoch.map_or(NONE.to_owned(), |epoch| epoch.to_string());
        lines.push(field("shard", format!("{shard}, epoch {epoch}")));
    }
    lines
}

fn last_exit(exit: &LastExit, now: Timestamp) -> [Line; 2] {
    let ago = duration(units::since(now, exit.at));
    let trace =
        exit.trace_id.as_deref().map_or(String::new(), |id| format!(", trace {}", clean(id)));
    [
        field(
            "last exit",
            format!("{} at {} ({ago} ago){trace}", clean(&exit.reason), time(exit.at)),
        ),
        field("", clean(&exit.detail)),
    ]
}

fn policy(policy: &PolicyView) -> Vec<Line> {
    let strategy =
        policy.strategy.as_deref().map_or(String::new(), |name| format!(", {}", clean(name)));
    let kill = policy
        .kill_after_s
        .map_or("never killed".to_owned(), |after| format!("killed after {}", duration(after)));
    vec![
        field(
            "policy",
            format!(
                "{}{strategy}, at most {} restarts in {}, after {} to {}",
                clean(&policy.restart),
                policy.intensity,
                duration(policy.window_s),
                duration(policy.backoff_first_s),
                duration(policy.backoff_max_s),
            ),
        ),
        field(
            "",
            format!("a handler is reported after {}, {kill}", duration(policy.report_after_s)),
        ),
    ]
}

fn latency(latency: &Latency) -> Line {
    let text = format!(
        "{} timed: p50 {}, p90 {}, p99 {}, max {}",
        count(latency.count),
        duration(latency.p50_s),
        duration(latency.p90_s),
        duration(latency.p99_s),
        duration(latency.max_s),
    );
    field("latency", text)
}

/// The newest values only: as many as a terminal shows.
fn history(history: &History) -> Vec<Line> {
    const MOST: usize = 4 * sample::TREND;
    let row = |name: &str, values: Vec<f64>, most: String| {
        let newest = &values[values.len().saturating_sub(MOST)..];
        field("", format!("{name:<8}"))
            .and(Tone::Good, units::spark(newest.iter().copied()))
            .and(Tone::Plain, format!("  up to {most}"))
    };
    let whole = |values: &[u64]| values.iter().map(|n| *n as f64).collect::<Vec<_>>();
    let highest = |values: &[u64]| count(values.iter().copied().max().unwrap_or(0));
    let busiest = history.busy.iter().copied().fold(0.0, f64::max);
    vec![
        field("history", format!("every {}, newest right", duration(history.every_s))),
        row("handled", whole(&history.handled), highest(&history.handled)),
        row("inside", whole(&history.depth), highest(&history.depth)),
        row("busy", history.busy.clone(), units::percent(busiest)),
    ]
}

fn event(event: &EventView) -> Line {
    let tone = match event.event.as_str() {
        "slow" | "stuck" | "gave_up" => Tone::Bad,
        "ended" | "restarting" => Tone::Warn,
        _ => Tone::Plain,
    };
    let trace =
        event.trace_id.as_deref().map_or(String::new(), |id| format!("  trace {}", clean(id)));
    Line::new(Tone::Dim, format!("  {}  ", time(event.at)))
        .and(tone, format!("{:<21}", clean(&event.event).replace('_', " ")))
        .and(Tone::Plain, format!("  {}", clean(&event.detail)))
        .and(Tone::Dim, trace)
}

fn field(name: &str, text: impl Into<String>) -> Line {
    Line::new(Tone::Dim, format!("  {name:<FIELD$}")).and(Tone::Plain, text)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Node => "node",
        Role::Supervisor => "supervisor",
        Role::Service => "service",
        Role::Task => "task of",
        Role::Kind => "all entities of kind",
        Role::Entity => "entity of kind",
    }
}
