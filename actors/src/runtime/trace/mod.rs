//! What is seen of actors from outside: the trace that their work is part of, and their lines in
//! the log. No payload is ever logged.
//!
//! A [`Context`] travels with every message; a [`Hop`] is one step of a trace, and becomes a
//! [`Span`] for the [`Sink`] only when its trace is sampled or it failed.

mod context;
mod hop;
mod sink;
mod span;

pub(super) use context::text;
pub use context::{Context, Share};
pub use hop::Hop;
pub use sink::{Sampling, Sink, begin, install, note_dropped, note_exported, told};
pub use span::{Kind, Process, Span, Value};

use super::Exit;
use super::address::Address;
use super::resident::Resident;
use playhouse_storage::model::ShardId;
use std::future::Future;
use tokio::time::Instant;

tokio::task_local! {
    /// Where in a trace the work is that this task does.
    static TRACE: Context;
}

/// Runs a future as part of a trace: whatever entities it asks, and whatever it logs, names it.
pub async fn traced<T>(context: Context, future: impl Future<Output = T>) -> T {
    TRACE.scope(context, future).await
}

/// Runs a function as part of a trace.
pub fn traced_now<T>(context: Context, work: impl FnOnce() -> T) -> T {
    TRACE.sync_scope(context, work)
}

/// Runs a future as part of a trace, if there is one.
pub(crate) async fn within<T>(context: Context, future: impl Future<Output = T>) -> T {
    if context.trace_id == 0 { future.await } else { traced(context, future).await }
}

/// The trace that this is part of, and where in it; none outside of any.
#[must_use]
pub fn current() -> Context {
    TRACE.try_with(|context| *context).unwrap_or_default()
}

/// The trace that this is part of, as it is told.
pub(crate) fn trace_id() -> Option<String> {
    current().id()
}

/// The same with the place in it, for what is written down.
pub(crate) fn traceparent() -> Option<String> {
    current().traceparent()
}

/// The span of one message to an entity, within the span of whoever asks.
pub(super) fn entity_message(address: &Address, shard: ShardId) -> tracing::Span {
    tracing::debug_span!("message", %address, shard = shard.0)
}

/// The span of one message to a service. It has no parent: a service that keeps telling itself
/// something would otherwise hang every span below the one before, for ever.
pub(super) fn service_message(service: &str) -> tracing::Span {
    tracing::debug_span!(parent: None, "message", service)
}

/// The one line about the end of an entity, and how many messages were lost with it.
pub(super) fn entity_ended(address: &Address, exit: &Exit, lost: usize) {
    if exit.in_order() {
        tracing::debug!(%address, "entity stopped");
    } else {
        tracing::warn!(%address, %exit, lost, "entity ended");
    }
}

/// The one line about the end of a service.
pub(super) fn service_ended(service: &str, exit: &Exit) {
    if exit.in_order() {
        tracing::debug!(service, "service stopped");
    } else {
        tracing::warn!(service, %exit, "service ended");
    }
}

/// What is told of a message to an entity: `state` is what it was afterwards.
pub(super) fn entity_span(
    address: &Address,
    kind: &'static str,
    message: &'static str,
    (shard, state): (ShardId, &'static str),
) -> Span {
    let span = Span::new(Kind::Internal, format!("{kind} {message}"))
        .with("playhouse.entity.kind", kind)
        .with("playhouse.entity", address.to_string())
        .with("playhouse.message", message)
        .with("playhouse.shard", u64::from(shard.0));
    if state.is_empty() { span } else { span.with("playhouse.entity.state", state) }
}

/// An entity was killed within a message, which can tell nothing itself any more. Other ends are
/// told by the message that met them.
pub(super) fn entity_cut_off(resident: &Resident, exit: &Exit) {
    let cut_off = match exit {
        Exit::Killed | Exit::TimedOut { .. } | Exit::Stuck => resident.vitals.handling(),
        Exit::Stopped
        | Exit::Fenced
        | Exit::Busy
        | Exit::Overtaken
        | Exit::Panicked { .. }
        | Exit::Failed { .. } => None,
    };
    let Some((doing, took)) = cut_off else { return };
    let now = Instant::now();
    let place = Context { trace_id: doing.trace, ..Context::NONE };
    Hop::below(place, now.checked_sub(took).unwrap_or(now)).end(Some(exit), || {
        Span::new(Kind::Internal, format!("{} cut off", doing.message))
            .with("playhouse.entity", resident.address.to_string())
            .with("playhouse.message", doing.message)
    });
}

/// A service has crashed in a message: that is kept, although nobody outside asked for it.
pub(super) fn service_crashed(
    service: &str,
    message: &'static str,
    (began, exit): (Instant, &Exit),
) {
    let describe = || {
        Span::new(Kind::Internal, format!("{service} {message}"))
            .with("playhouse.service", service)
            .with("playhouse.message", message)
    };
    Hop::below(Context::NONE, began).end(Some(exit), describe);
}
