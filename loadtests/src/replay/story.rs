//! What a player tells of itself, and what of it must count: kept beside the node's own judgement,
//! by the same published rules.
//!
//! The time between two neighbouring events is worth what both clock and position have moved;
//! the view is decided by the event with which enough was watched. Events stay until they are
//! acknowledged: a batch that is sent again changes nothing.

use crate::clock::Clock;
use std::io::Write;

/// Watching ends at this distance of what is needed, or needs no more: times are rounded.
const ROUNDING_MS: i64 = 3;
/// Positions may move so much faster than the clock, and so much by jitter.
const SPEED_MAX: i64 = 4;
const JITTER_MS: i64 = 1000;
/// Events in one request.
const BATCH_MAX: usize = 500;
const HOUR_MS: i64 = 3_600_000;

/// What happens to a player.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Event {
    Start {
        startup_s: f64,
    },
    Heartbeat {
        playing: bool,
    },
    /// It has run dry.
    Buffering,
    /// It goes on after so long without a picture.
    Play {
        stall_s: f64,
    },
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not sent, or sent and not answered.
    Open,
    /// The node has it.
    Taken,
    /// The node will not have it.
    Refused,
}

#[derive(Clone, Debug)]
struct Line {
    event: Event,
    at_ms: i64,
    position_ms: i64,
    state: State,
}

/// The events of one session, in order of `seq`.
#[derive(Default)]
pub(crate) struct Story {
    lines: Vec<Line>,
    /// All before it have been answered.
    answered: usize,
    /// Up to where they have been sent at least once.
    sent: usize,
    clock: Clock,
}

/// Whether a session was watched for long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    No,
    /// In this clock hour.
    Yes(i64),
    /// It depends on what was not answered, or on how milliseconds are rounded.
    Maybe(i64),
}

impl Story {
    /// Something has happened.
    pub(crate) fn add(&mut self, event: Event, at_ms: i64, position_ms: i64) {
        // Neighbours in `seq` are neighbours in time.
        let at_ms = self.lines.last().map_or(at_ms, |last| at_ms.max(last.at_ms));
        self.lines.push(Line { event, at_ms, position_ms, state: State::Open });
    }

    /// Writes what was not acknowledged as a body; false when there is nothing.
    pub(crate) fn batch(&mut self, into: &mut Vec<u8>) -> bool {
        let end = self.lines.len().min(self.answered + BATCH_MAX);
        for seq in self.answered..end {
            into.push(if seq == self.answered { b'[' } else { b',' });
            let line = &self.lines[seq];
            line.write(seq, &mut self.clock, into);
        }
        self.sent = self.sent.max(end);
        let any = end > self.answered;
        if any {
            into.push(b']');
        }
        any
    }

    /// The node has answered the last batch with 202; `refused` when it would not have all of it.
    pub(crate) fn acknowledged(&mut self, refused: bool) {
        let state = if refused { State::Refused } else { State::Taken };
        let end = self.lines.len().min(self.answered + BATCH_MAX).min(self.sent);
        self.lines[self.answered..end].iter_mut().for_each(|line| line.state = state);
        self.answered = end;
    }

    /// Whether it is a view, when so much watching makes one.
    pub(crate) fn view(&self, needed_ms: i64) -> View {
        let sent = &self.lines[..self.sent];
        let certain = decided(sent, needed_ms + ROUNDING_MS, |line| line.state == State::Taken);
        let possible = decided(sent, needed_ms - ROUNDING_MS, |_| true);
        match (certain, possible) {
            (Some(hour), Some(other)) if hour == other => View::Yes(hour),
            (_, Some(hour)) => View::Maybe(hour),
            (_, None) => View::No,
        }
    }
}

/// In which hour enough was watched, by events that are taken for true.
fn decided(lines: &[Line], needed_ms: i64, is_true: impl Fn(&Line) -> bool) -> Option<i64> {
    let mut watched = 0;
    for two in lines.windows(2) {
        if is_true(&two[0]) && is_true(&two[1]) {
            watched += two[1].worth(&two[0]);
        }
        if watched >= needed_ms {
            return Some(two[1].at_ms.div_euclid(HOUR_MS));
        }
    }
    None
}

impl Line {
    /// Milliseconds that were watched since the event before.
    fn worth(&self, before: &Self) -> i64 {
        let plays = match before.event {
            Event::Start { .. } | Event::Play { .. } => true,
            Event::Heartbeat { playing } => playing,
            Event::Buffering | Event::End => false,
        };
        let passed = self.at_ms - before.at_ms;
        let moved = self.position_ms - before.position_ms;
        if !plays || moved <= 0 || moved > passed * SPEED_MAX + JITTER_MS {
            return 0;
        }
        passed.clamp(0, moved)
    }

    fn write(&self, seq: usize, clock: &mut Clock, into: &mut Vec<u8>) {
        let (seconds, rest) = (self.position_ms / 1000, self.position_ms % 1000);
        // Writing to a vector does not fail.
        let _ = write!(into, r#"{{"seq":{seq},"position_s":{seconds}.{rest:03},"#);
        let _ = match self.event {
            Event::Start { startup_s } => {
                write!(into, r#""event":"start","startup_s":{startup_s:.3}"#)
            }
            Event::Heartbeat { playing } => {
                write!(into, r#""event":"heartbeat","playing":{playing}"#)
            }
            Event::Buffering => write!(into, r#""event":"buffering""#),
            Event::Play { stall_s } => write!(into, r#""event":"play","stall_s":{stall_s:.3}"#),
            Event::End => write!(into, r#""event":"end""#),
        };
        into.extend_from_slice(br#","at":""#);
        clock.write(self.at_ms, into);
        into.extend_from_slice(b"\"}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const AT: i64 = 1_795_282_336_000;
    const HOUR: i64 = AT / HOUR_MS;

    fn story(beats: &[(i64, i64)]) -> Story {
        let mut story = Story::default();
        story.add(Event::Start { startup_s: 0.25 }, AT, 0);
        for (after, position) in beats {
            story.add(Event::Heartbeat { playing: true }, AT + after, *position);
        }
        story
    }

    fn batch(story: &mut Story) -> Value {
        let mut body = Vec::new();
        story.batch(&mut body);
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }

    #[test]
    fn what_was_not_acknowledged_is_told_again_with_its_seq() {
        let mut story = story(&[]);
        assert_eq!(batch(&mut story)[0]["startup_s"], 0.25);
        story.add(Event::Play { stall_s: 1.5 }, AT + 1500, 1000);
        let both = batch(&mut story);
        assert_eq!((&both[1]["seq"], &both[1]["stall_s"]), (&1.into(), &1.5.into()));
        story.acknowledged(false);
        assert_eq!(batch(&mut story), Value::Null);
        story.add(Event::End, AT + 2000, 1500);
        let last = batch(&mut story);
        assert_eq!((&last[0]["seq"], &last[0]["position_s"]), (&2.into(), &1.5.into()));
    }

    #[test]
    fn enough_that_was_acknowledged_is_a_view_and_what_was_lost_may_be_one() {
        let mut long = story(&[(6000, 6000), (12_000, 12_000)]);
        assert_eq!(long.view(10_000), View::No, "nothing was sent");
        batch(&mut long);
        assert_eq!(long.view(10_000), View::Maybe(HOUR));
        long.acknowledged(false);
        assert_eq!(long.view(10_000), View::Yes(HOUR));
        assert_eq!(long.view(12_000), View::Maybe(HOUR), "a rounding away");
        assert_eq!(long.view(12_010), View::No);
        let mut refused = story(&[(12_000, 12_000)]);
        batch(&mut refused);
        refused.acknowledged(true);
        assert_eq!(refused.view(10_000), View::Maybe(HOUR));
    }

    #[test]
    fn a_stall_a_jump_and_a_pause_are_not_watched() {
        let mut dry = story(&[(4000, 4000)]);
        dry.add(Event::Buffering, AT + 5000, 5000);
        dry.add(Event::Play { stall_s: 4.0 }, AT + 9000, 5000);
        dry.add(Event::End, AT + 12_000, 8000);
        batch(&mut dry);
        dry.acknowledged(false);
        assert_eq!((dry.view(7990), dry.view(8010)), (View::Yes(HOUR), View::No));
        let mut jump = story(&[(1000, 1000), (1100, 60_000)]);
        batch(&mut jump);
        jump.acknowledged(false);
        assert_eq!(jump.view(1010), View::No);
    }
}
