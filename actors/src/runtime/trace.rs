//! The log's view of actors: one span per message, one line per end. No payload is ever logged.

use super::Exit;
use playhouse_storage::model::ShardId;
use tracing::Span;

/// The span of one message to an entity, within the span of whoever asks.
pub(super) fn entity_message(kind: &'static str, id: &str, shard: ShardId) -> Span {
    tracing::debug_span!("message", kind, id, shard = shard.0)
}

/// The span of one message to a service. It has no parent: a service that keeps telling itself
/// something would otherwise hang every span below the one before, for ever.
pub(super) fn service_message(service: &'static str) -> Span {
    tracing::debug_span!(parent: None, "message", service)
}

/// The one line about the end of an entity.
pub(super) fn entity_ended(kind: &'static str, id: &str, exit: &Exit) {
    match exit {
        Exit::Stopped => tracing::debug!(kind, id, "entity stopped"),
        Exit::Fenced | Exit::Busy | Exit::Panicked { .. } | Exit::Failed { .. } | Exit::Killed => {
            tracing::warn!(kind, id, %exit, "entity ended");
        }
    }
}

/// The one line about the end of a service.
pub(super) fn service_ended(service: &'static str, exit: &Exit) {
    match exit {
        Exit::Stopped => tracing::debug!(service, "service stopped"),
        Exit::Fenced | Exit::Busy | Exit::Panicked { .. } | Exit::Failed { .. } | Exit::Killed => {
            tracing::warn!(service, %exit, "service ended");
        }
    }
}
