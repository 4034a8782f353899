//! That an event was told, as the last step of the trace that made it true.

use crate::runtime::trace::{Context, Hop, Kind, Span};
use playhouse_storage::Error;
use tokio::time::Instant;

/// The sampled traces of one batch. Others are only told of when their batch fails.
#[derive(Default)]
pub(super) struct Traces(Vec<Context>);

/// The trace id that goes onto the log, and where in the trace the event was made true.
pub(super) fn read(text: Option<String>) -> (Option<String>, Context) {
    match text.as_deref().and_then(Context::of_traceparent) {
        Some(place) => (place.id(), place),
        None => (text, Context::NONE),
    }
}

impl Traces {
    /// One more event.
    pub(super) fn note(&mut self, place: Context) {
        if place.sampled {
            self.0.push(place);
        }
    }

    /// The batch was appended since `began`, or could not be.
    pub(super) fn told(&self, topic: &str, began: Instant, error: Option<&Error>) {
        let describe = || {
            Span::new(Kind::Producer, format!("send {topic}"))
                .with("messaging.operation.type", "send")
                .with("messaging.operation.name", "append")
                .with("messaging.destination.name", topic)
                .with("messaging.system", "playhouse.outbox")
        };
        let error = error.map(|error| error as _);
        if self.0.is_empty() {
            Hop::below(Context::NONE, began).end(error, describe);
        }
        for place in &self.0 {
            Hop::below(*place, began).end(error, describe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_the_id_whatever_the_outbox_says() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let (told, place) = read(Some(format!("00-{id}-00f067aa0ba902b7-01")));
        assert_eq!((told.as_deref(), place.sampled), (Some(id), true));
        assert_eq!(read(Some(id.to_owned())), (Some(id.to_owned()), Context::NONE));
        assert_eq!(read(None), (None, Context::NONE));
    }
}
