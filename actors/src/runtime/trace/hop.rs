//! One step of a trace, from its begin to its end: a request, a message, a job.
//!
//! A hop costs a new span id and no more as long as it is neither sampled nor failed. What is kept
//! is described at the end, and only then.

use super::{Context, Span, sink};
use std::fmt::Display;
use std::time::SystemTime;
use tokio::time::Instant;

/// One step of a trace that is under way.
#[derive(Clone, Copy, Debug)]
pub struct Hop {
    context: Context,
    parent: u64,
    link: Option<Context>,
    began: Instant,
}

impl Hop {
    /// A step below a place in a trace, or of none.
    #[must_use]
    pub fn below(parent: Context, began: Instant) -> Self {
        Self { context: parent.below(), parent: parent.span_id, link: None, began }
    }

    /// The place of whatever is done within it.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// It is part of work that has a trace of its own: then it belongs there, and links to where it
    /// came from.
    pub fn join(&mut self, own: Option<Context>) {
        let Some(own) = own.filter(|own| own.trace_id != self.context.trace_id) else { return };
        self.link = (self.context.trace_id != 0)
            .then_some(Context { span_id: self.parent, ..self.context })
            .filter(|link| link.span_id != 0);
        self.parent = own.span_id;
        self.context = own.below();
    }

    /// It has ended. It is told of when its trace is sampled, or when it failed.
    pub fn end(self, error: Option<&dyn Display>, describe: impl FnOnce() -> Span) {
        if self.context.sampled || error.is_some() {
            self.tell(error, describe);
        }
    }

    #[cold]
    fn tell(mut self, error: Option<&dyn Display>, describe: impl FnOnce() -> Span) {
        let Some(sink) = sink::with_room() else { return };
        if self.context.trace_id == 0 {
            // A failure of work that nobody asked for begins a trace, so that it can be found.
            let fresh = Context::fresh(super::Share::default());
            self.context = Context { sampled: true, ..fresh.below() };
        }
        let ended = SystemTime::now();
        let took = self.began.elapsed();
        let described = describe();
        let span = Span {
            context: self.context,
            parent: self.parent,
            link: self.link,
            began: ended.checked_sub(took).unwrap_or(ended),
            ended,
            error: error.map(ToString::to_string).or(described.error),
            ..described
        };
        sink.take(span.cut());
    }
}
