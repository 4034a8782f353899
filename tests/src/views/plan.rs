//! What one player sends: the same three seconds of watching, told in different ways.
//!
//! Three seconds are past the threshold of a view of the repository's clip, half of its length.
//! Heartbeats come one by one, out of order, or late in one request; an `end` is always last, so
//! that the viewer is free for another session.

use crate::moment::rfc3339;
use crate::random::Random;
use std::fmt::Write;

/// Length of what is watched, milliseconds.
pub(super) const WATCHED_MS: i64 = 3000;

/// One event: `seq`, name, milliseconds after the session began.
type Event = (u64, &'static str, i64);

const START: Event = (0, "start", 0);
const EARLY: Event = (1, "heartbeat", 1500);
const LATE: Event = (2, "heartbeat", WATCHED_MS);
const END: Event = (3, "end", WATCHED_MS);

/// One request of a player: when it is sent, and what it says.
pub(super) struct Part {
    /// Milliseconds after the session began.
    pub(super) after_ms: i64,
    events: &'static [Event],
}

/// Every way to tell it.
const SHAPES: [&[Part]; 4] = [
    // One by one.
    &[
        Part { after_ms: 0, events: &[START] },
        Part { after_ms: 1500, events: &[EARLY] },
        Part { after_ms: WATCHED_MS, events: &[LATE, END] },
    ],
    // The heartbeats change places.
    &[
        Part { after_ms: 0, events: &[START] },
        Part { after_ms: WATCHED_MS, events: &[LATE] },
        Part { after_ms: WATCHED_MS, events: &[EARLY] },
        Part { after_ms: WATCHED_MS, events: &[END] },
    ],
    // The line was away: all at once.
    &[Part { after_ms: WATCHED_MS + 400, events: &[START, EARLY, LATE, END] }],
    // The same, in the wrong order.
    &[
        Part { after_ms: WATCHED_MS, events: &[LATE, START, EARLY] },
        Part { after_ms: WATCHED_MS + 100, events: &[END] },
    ],
];

/// One of the ways.
pub(super) fn shape(random: &mut Random) -> &'static [Part] {
    SHAPES[super::choice::place(random, SHAPES.len())]
}

impl Part {
    /// The body for a session that began at that moment (milliseconds since 1970): one event as an
    /// object, more as a list.
    pub(super) fn body(&self, began_ms: i64) -> String {
        let mut text = String::new();
        for (seq, event, after_ms) in self.events {
            let (position_s, at) = (*after_ms as f64 / 1000.0, rfc3339(began_ms + after_ms));
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a text does not fail.
            let _ = write!(
                text,
                r#"{comma}{{"seq":{seq},"event":"{event}","position_s":{position_s},"at":"{at}"}}"#
            );
        }
        if self.events.len() == 1 { text } else { format!("[{text}]") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn every_way_tells_the_same_events_and_ends_last() {
        for shape in SHAPES {
            let mut seqs: Vec<_> = shape.iter().flat_map(|part| part.events).collect();
            assert_eq!(seqs.last(), Some(&&END));
            seqs.sort_unstable();
            assert_eq!(seqs, [&START, &EARLY, &LATE, &END]);
        }
    }

    #[test]
    fn bodies_are_those_of_the_interface() {
        let body = SHAPES[0][2].body(1_795_282_336_123);
        let wanted = json!([
            { "seq": 2, "event": "heartbeat", "position_s": 3, "at": "2026-11-21T17:32:19.123Z" },
            { "seq": 3, "event": "end", "position_s": 3, "at": "2026-11-21T17:32:19.123Z" },
        ]);
        assert_eq!(serde_json::from_str::<Value>(&body).expect("JSON"), wanted);
        assert_eq!(rfc3339(951_868_799_999), "2000-02-29T23:59:59.999Z");
    }
}
