//! The log's view of actors: one span per message, one line per end. No payload is ever logged.

use super::Exit;
use super::address::Address;
use playhouse_storage::model::ShardId;
use std::future::Future;
use tracing::Span;

tokio::task_local! {
    /// The trace id (W3C Trace Context) of the request that is worked on.
    static TRACE: u128;
}

/// Runs a future as part of a trace: whatever entities it asks, their failures name it. 0 is none.
pub async fn traced<T>(trace_id: u128, future: impl Future<Output = T>) -> T {
    TRACE.scope(trace_id, future).await
}

/// Runs a future as part of a trace, if there is one.
pub(super) async fn within<T>(trace_id: u128, future: impl Future<Output = T>) -> T {
    if trace_id == 0 { future.await } else { traced(trace_id, future).await }
}

/// The trace that this is part of; 0 for none.
pub(super) fn current() -> u128 {
    TRACE.try_with(|id| *id).unwrap_or(0)
}

/// As it is told: 32 hexadecimal digits.
pub(super) fn text(trace_id: u128) -> Option<String> {
    (trace_id != 0).then(|| format!("{trace_id:032x}"))
}

/// The trace that this is part of, as it is told.
pub(crate) fn trace_id() -> Option<String> {
    text(current())
}

/// The span of one message to an entity, within the span of whoever asks.
pub(super) fn entity_message(address: &Address, shard: ShardId) -> Span {
    tracing::debug_span!("message", %address, shard = shard.0)
}

/// The span of one message to a service. It has no parent: a service that keeps telling itself
/// something would otherwise hang every span below the one before, for ever.
pub(super) fn service_message(service: &str) -> Span {
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
