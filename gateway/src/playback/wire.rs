//! Events as players send them: one, a list, or `{"events": […]}`.
//!
//! What is right is read straight into types, since a heartbeat is the commonest request there is.
//! What is not is read a second time by [`super::faults`], which names the event, the field and the
//! way to mend it. Fields that are not known are left out: newer players may tell more.

use super::cmcd::Cmcd;
use super::faults;
use crate::problem::Problem;
use jiff::Timestamp;
use playhouse_actors::playback::{Action, Event};
use serde::Deserialize;
use std::borrow::Cow;

/// Highest position and duration that is believed, seconds: sources last a day at most.
pub(super) const SECONDS_MAX: f64 = 1_000_000.0;
/// Highest bitrate that is believed, bit/s.
pub(super) const BITRATE_MAX: f64 = 100_000_000_000.0;
/// Highest speed of playing that is believed; browsers stop at 16.
pub(super) const RATE_MAX: f64 = 16.0;

/// What one request may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) events_max: usize,
    pub(crate) error_chars_max: usize,
}

/// The events of a body.
pub(crate) fn parse(body: &[u8], bounds: Bounds) -> Result<Vec<Event>, Problem> {
    let wires = typed(body).filter(|wires| (1..=bounds.events_max).contains(&wires.len()));
    match wires.filter(|wires| wires.iter().all(Wire::makes_sense)) {
        Some(wires) => Ok(wires.into_iter().map(|wire| wire.event(bounds)).collect()),
        None => Err(faults::find(body, bounds.events_max)),
    }
}

fn typed(body: &[u8]) -> Option<Vec<Wire<'_>>> {
    let text = body.trim_ascii_start();
    if text.starts_with(b"[") {
        return serde_json::from_slice(text).ok();
    }
    let batch = || serde_json::from_slice::<Batch<'_>>(text).ok().map(|batch| batch.events);
    let first = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    if first.is_some_and(|key| key.starts_with(b"\"events\"")) {
        return batch();
    }
    match serde_json::from_slice(text) {
        Ok(wire) => Some(vec![wire]),
        Err(_) => batch(),
    }
}

/// Why the types refuse a body, in the words of the parser.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    let text = body.trim_ascii_start();
    let error = match text.first() {
        Some(b'[') => serde_json::from_slice::<Vec<Wire<'_>>>(text).err(),
        _ => serde_json::from_slice::<Wire<'_>>(text).err(),
    };
    error.map(|error| error.to_string())
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    events: Vec<Wire<'a>>,
}

/// One event as it is sent.
#[derive(Deserialize)]
struct Wire<'a> {
    seq: u64,
    event: Kind,
    position_s: f64,
    at: Timestamp,
    playing: Option<bool>,
    from_position_s: Option<f64>,
    startup_s: Option<f64>,
    stall_s: Option<f64>,
    bitrate_bps: Option<f64>,
    rate: Option<f64>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    cmcd: Option<Cmcd>,
}

/// What happened, by its name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::EnumString, strum::VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Kind {
    Start,
    Play,
    Pause,
    Seek,
    Buffering,
    Heartbeat,
    Error,
    End,
}

impl Wire<'_> {
    /// The numbers are such as a player can have measured.
    fn makes_sense(&self) -> bool {
        let seconds = [Some(self.position_s), self.from_position_s, self.startup_s, self.stall_s];
        seconds.into_iter().flatten().all(|value| is_within(value, SECONDS_MAX))
            && self.bitrate_bps.is_none_or(|value| is_within(value, BITRATE_MAX))
            && self.rate.is_none_or(|value| is_within(value, RATE_MAX))
    }

    fn event(self, bounds: Bounds) -> Event {
        let action = self.action(bounds.error_chars_max);
        let cmcd = self.cmcd.unwrap_or_default();
        Event {
            seq: self.seq,
            at: self.at,
            position_s: self.position_s,
            action,
            bitrate_bps: self.bitrate_bps.or(cmcd.bitrate_bps),
            rate: self.rate.or(cmcd.rate),
            starved: cmcd.starved,
        }
    }

    fn action(&self, chars_max: usize) -> Action {
        let text = |text: &Option<Cow<'_, str>>| {
            text.as_deref().map(|text| text.chars().take(chars_max).collect())
        };
        match self.event {
            Kind::Start => Action::Start { startup_s: self.startup_s },
            Kind::Play => Action::Play { stall_s: self.stall_s },
            Kind::Pause => Action::Pause,
            Kind::Seek => Action::Seek { from_position_s: self.from_position_s },
            Kind::Buffering => Action::Buffering,
            Kind::Heartbeat => Action::Heartbeat { playing: self.playing.unwrap_or(true) },
            Kind::Error => Action::Error { code: text(&self.code), message: text(&self.message) },
            Kind::End => Action::End,
        }
    }
}

/// From 0 to `most`; not a number is not.
pub(super) fn is_within(value: f64, most: f64) -> bool {
    (0.0..=most).contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { events_max: 3, error_chars_max: 5 };

    fn events(body: &str) -> Vec<Event> {
        parse(body.as_bytes(), BOUNDS).map_err(|problem| problem.detail).unwrap()
    }

    fn one(more: &str) -> Event {
        let at = "2026-01-02T03:04:05Z";
        let mut all = events(&format!(r#"{{"seq":7,"position_s":12.5,"at":"{at}",{more}}}"#));
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_heartbeat_plays_unless_it_says_that_it_does_not() {
        let event = one(r#""event":"heartbeat""#);
        assert_eq!((event.seq, event.position_s), (7, 12.5));
        assert_eq!(event.at.to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(event.action, Action::Heartbeat { playing: true });
        let paused = one(r#""event":"heartbeat","playing":false"#);
        assert_eq!(paused.action, Action::Heartbeat { playing: false });
    }

    #[test]
    fn every_event_has_its_own_fields() {
        for (more, action) in [
            (r#""event":"start","startup_s":0.4"#, Action::Start { startup_s: Some(0.4) }),
            (r#""event":"play","stall_s":null"#, Action::Play { stall_s: None }),
            (r#""event":"play","stall_s":2"#, Action::Play { stall_s: Some(2.0) }),
            (r#""event":"pause""#, Action::Pause),
            (r#""event":"seek","from_position_s":3"#, Action::Seek { from_position_s: Some(3.0) }),
            (r#""event":"buffering""#, Action::Buffering),
            (r#""event":"end","colour":{"of":["the",1]}"#, Action::End),
            (
                r#""event":"error","code":"net","message":"tüm \u00e9 much""#,
                Action::Error { code: Some("net".into()), message: Some("tüm é".into()) },
            ),
        ] {
            assert_eq!(one(more).action, action, "{more}");
        }
    }

    #[test]
    fn cmcd_tells_bitrate_speed_and_starvation_where_the_event_does_not() {
        let event = one(r#""event":"heartbeat","cmcd":"br=3200,bs,pr=2""#);
        assert_eq!((event.bitrate_bps, event.rate), (Some(3_200_000.0), Some(2.0)));
        assert!(event.starved);
        let event = one(r#""event":"heartbeat","cmcd":{"br":3200},"bitrate_bps":5,"rate":1"#);
        assert_eq!((event.bitrate_bps, event.rate), (Some(5.0), Some(1.0)));
        assert!(!event.starved);
    }

    #[test]
    fn a_batch_is_a_list_or_an_object_with_one() {
        let one = r#"{"seq":1,"event":"end","position_s":0,"at":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(events(&format!(" [{one},{one}]")).len(), 2);
        assert_eq!(events(&format!("{{\"events\" : [{one}]}}")).len(), 1);
        assert_eq!(events(&format!("{{\"sent\":1,\"events\":[{one},{one},{one}]}}")).len(), 3);
    }
}
