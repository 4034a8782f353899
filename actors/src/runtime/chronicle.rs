//! The last events of an actor's life, over its lives: what an operator reads first.

use super::inspect::view::{EventView, LastExit};
use super::{Exit, clock, trace};
use jiff::Timestamp;
use std::collections::VecDeque;

/// Events that are kept of each actor.
const EVENTS_MAX: usize = 20;
/// Bytes that are kept of a sentence: an error may quote something long.
const DETAIL_BYTES_MAX: usize = 300;

/// The last events of one actor.
#[derive(Clone, Debug, Default)]
pub(super) struct Chronicle {
    events: VecDeque<Event>,
    last_exit: Option<Box<(Exit, Timestamp, u128)>>,
}

/// Something that happens to an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Started,
    Activated,
    Passivated,
    Slow,
    Stuck,
    Recovered,
    Ended,
    Restarting,
    GaveUp,
    StoppedByOperator,
    RestartedByOperator,
}

#[derive(Clone, Debug)]
struct Event {
    at: Timestamp,
    what: Happening,
    detail: Box<str>,
    trace: u128,
}

impl Happening {
    fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Activated => "activated",
            Self::Passivated => "passivated",
            Self::Slow => "slow",
            Self::Stuck => "stuck",
            Self::Recovered => "recovered",
            Self::Ended => "ended",
            Self::Restarting => "restarting",
            Self::GaveUp => "gave_up",
            Self::StoppedByOperator => "stopped_by_operator",
            Self::RestartedByOperator => "restarted_by_operator",
        }
    }
}

impl Chronicle {
    /// Notes an event with one sentence about it, and the request that it came from (0 for none).
    pub(super) fn note(&mut self, what: Happening, detail: &str, trace: u128) {
        let mut end = detail.len().min(DETAIL_BYTES_MAX);
        while !detail.is_char_boundary(end) {
            end -= 1;
        }
        self.push(Event { at: Timestamp::now(), what, detail: detail[..end].into(), trace });
    }

    /// Notes an event at an earlier moment of `clock::ticks`.
    pub(super) fn note_at(&mut self, ticks: u64, what: Happening) {
        self.push(Event { at: clock::wall(ticks), what, detail: "".into(), trace: 0 });
    }

    fn push(&mut self, event: Event) {
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Notes the end of a life. One in order is no news for who asks why the last one ended.
    pub(super) fn ended(&mut self, exit: &Exit, trace: u128) {
        self.note(Happening::Ended, &exit.to_string(), trace);
        if !exit.in_order() {
            self.last_exit = Some(Box::new((exit.clone(), Timestamp::now(), trace)));
        }
    }

    pub(super) fn last_exit(&self) -> Option<LastExit> {
        self.last_exit.as_deref().map(|(exit, at, trace)| LastExit {
            reason: exit.name().to_owned(),
            detail: exit.to_string(),
            at: *at,
            trace_id: trace::text(*trace),
        })
    }

    /// Newest first.
    pub(super) fn events(&self) -> Vec<EventView> {
        let view = |event: &Event| EventView {
            at: event.at,
            event: event.what.name().to_owned(),
            detail: event.detail.to_string(),
            trace_id: trace::text(event.trace),
        };
        self.events.iter().rev().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_kept_newest_first_and_short() {
        let mut chronicle = Chronicle::default();
        for n in 0..25 {
            chronicle.note(Happening::Slow, &format!("{n} {}", "ä".repeat(400)), n);
        }
        let events = chronicle.events();
        assert_eq!((events.len(), events[0].event.as_str()), (20, "slow"));
        assert!(events[0].detail.starts_with("24 ä") && events[0].detail.len() <= 300);
        assert_eq!(events[0].trace_id.as_deref(), Some("00000000000000000000000000000018"));
    }

    #[test]
    fn the_last_exit_is_the_last_that_was_not_in_order() {
        let mut chronicle = Chronicle::default();
        chronicle.ended(&Exit::Failed { error: "no disk".into() }, 0);
        chronicle.ended(&Exit::Stopped, 0);
        let exit = chronicle.last_exit().expect("it failed once");
        assert_eq!((exit.reason.as_str(), exit.detail.as_str()), ("failed", "failed: no disk"));
        assert_eq!(chronicle.events().len(), 2);
    }
}
