//! What is wrong with a body of events: which event, which field, and how to mend it.
//!
//! Read from the whole JSON, and only when the events could not be read: nothing of such a body is
//! carried out, so a player can mend it and send all of it again.

use super::cmcd::Cmcd;
use super::wire::{self, BITRATE_MAX, Kind, RATE_MAX, SECONDS_MAX, is_within};
use crate::problem::Problem;
use jiff::Timestamp;
use serde_json::Value;
use std::str::FromStr;
use strum::VariantNames;

/// One field of an event.
struct Field {
    name: &'static str,
    required: bool,
    holds: fn(&Value) -> bool,
    /// What it must be, after its name.
    must: &'static str,
}

const SECONDS: &str = "must be a number of seconds from 0 to 1000000";

const FIELDS: [Field; 13] = [
    required("seq", Value::is_u64, "must be a whole number from 0, one more with each event"),
    required("event", is_event, "must be one of"),
    required("position_s", is_seconds, SECONDS),
    required("at", is_time, "must be an RFC 3339 time such as 2026-01-02T03:04:05.678Z"),
    optional("playing", Value::is_boolean, "must be true or false"),
    optional("from_position_s", is_seconds, SECONDS),
    optional("startup_s", is_seconds, SECONDS),
    optional("stall_s", is_seconds, SECONDS),
    optional("bitrate_bps", is_bitrate, "must be a number of bits per second from 0"),
    optional("rate", is_rate, "must be a speed from 0 to 16"),
    optional("code", Value::is_string, "must be a text"),
    optional("message", Value::is_string, "must be a text"),
    optional("cmcd", is_cmcd, "must be a CMCD text such as br=3200,bs or an object of its keys"),
];

const fn required(name: &'static str, holds: fn(&Value) -> bool, must: &'static str) -> Field {
    Field { name, required: true, holds, must }
}

const fn optional(name: &'static str, holds: fn(&Value) -> bool, must: &'static str) -> Field {
    Field { name, required: false, holds, must }
}

/// Names the first fault of a body.
pub(super) fn find(body: &[u8], events_max: usize) -> Problem {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => {
            return Problem::bad_request("bad-json", format!("the body is no JSON: {error}"));
        }
    };
    let detail = match events(&value) {
        None => "send one event, a list of events, or {\"events\": [...]}".to_owned(),
        Some([]) => "the list of events is empty: send at least one".to_owned(),
        Some(all) if all.len() > events_max => {
            format!("{} events are too many: send at most {events_max} at once", all.len())
        }
        Some(all) => first(all).unwrap_or_else(|| repeated(body)),
    };
    Problem::bad_request("bad-event", detail)
}

fn events(body: &Value) -> Option<&[Value]> {
    match body {
        Value::Array(all) => Some(all),
        Value::Object(fields) => match fields.get("events") {
            Some(events) => events.as_array().map(Vec::as_slice),
            None => Some(std::slice::from_ref(body)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn first(all: &[Value]) -> Option<String> {
    all.iter().enumerate().find_map(|(index, event)| {
        if !event.is_object() {
            return Some(format!("event {index} must be an object"));
        }
        let field = FIELDS.iter().find(|field| field.is_bad_in(event))?;
        let names = if field.name == "event" { names() } else { String::new() };
        let missing = if event.get(field.name).is_none() { " is missing:" } else { "" };
        let subject = if missing.is_empty() { "" } else { " it" };
        Some(format!("event {index}: {}{missing}{subject} {}{names}", field.name, field.must))
    })
}

/// What every field allows and the types refuse: a field that stands there twice.
fn repeated(body: &[u8]) -> String {
    wire::refusal(body).unwrap_or_else(|| "an event cannot be read".to_owned())
}

fn names() -> String {
    format!(" {}", Kind::VARIANTS.join(", "))
}

impl Field {
    fn is_bad_in(&self, event: &Value) -> bool {
        match event.get(self.name) {
            None | Some(Value::Null) => self.required,
            Some(value) => !(self.holds)(value),
        }
    }
}

fn is_event(value: &Value) -> bool {
    value.as_str().is_some_and(|name| Kind::from_str(name).is_ok())
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok())
}

fn is_seconds(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| is_within(number, SECONDS_MAX))
}

fn is_bitrate(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| is_within(number, BITRATE_MAX))
}

fn is_rate(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| is_within(number, RATE_MAX))
}

fn is_cmcd(value: &Value) -> bool {
    serde_json::from_value::<Cmcd>(value.clone()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Bounds, parse};

    fn check(body: &str, expected: &str) {
        let bounds = Bounds { events_max: 3, error_chars_max: 5 };
        let problem = parse(body.as_bytes(), bounds).expect_err(body);
        assert_eq!((problem.status.as_u16(), problem.detail.as_str()), (400, expected), "{body}");
    }

    fn with(field: &str, value: &str) -> String {
        let good = [
            ("seq", "1"),
            ("event", "\"heartbeat\""),
            ("position_s", "0"),
            ("at", "\"2026-01-02T03:04:05Z\""),
        ];
        let mut fields: Vec<_> = good.into_iter().filter(|(name, _)| *name != field).collect();
        fields.push((field, value));
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    }

    #[test]
    fn a_bad_field_is_named_with_its_event_and_how_to_mend_it() {
        let seconds = "must be a number of seconds from 0 to 1000000";
        for (field, value, says) in [
            ("seq", "-1", "must be a whole number from 0, one more with each event"),
            ("seq", "1.5", "must be a whole number from 0, one more with each event"),
            ("seq", "\"1\"", "must be a whole number from 0, one more with each event"),
            (
                "event",
                "\"watch\"",
                "must be one of start, play, pause, seek, buffering, heartbeat, error, end",
            ),
            ("position_s", "-0.1", seconds),
            ("position_s", "null", seconds),
            ("position_s", "1e7", seconds),
            ("stall_s", "\"long\"", seconds),
            ("at", "\"yesterday\"", "must be an RFC 3339 time such as 2026-01-02T03:04:05.678Z"),
            ("playing", "1", "must be true or false"),
            ("bitrate_bps", "-1", "must be a number of bits per second from 0"),
            ("rate", "17", "must be a speed from 0 to 16"),
            ("code", "5", "must be a text"),
            ("cmcd", "5", "must be a CMCD text such as br=3200,bs or an object of its keys"),
        ] {
            check(&with(field, value), &format!("event 0: {field} {says}"));
        }
    }

    #[test]
    fn the_first_bad_event_of_a_batch_is_named_by_its_place() {
        let good = with("rate", "1");
        let bad = with("rate", "true");
        check(&format!("[{good},{bad}]"), "event 1: rate must be a speed from 0 to 16");
        check(&format!("{{\"events\":[{good},7]}}"), "event 1 must be an object");
        let seq = "event 0: seq is missing: it must be a whole number from 0, one more with each \
                   event";
        check("{}", seq);
    }

    #[test]
    fn a_body_that_is_no_batch_is_told_what_would_be() {
        let shape = "send one event, a list of events, or {\"events\": [...]}";
        for body in ["7", "null", "\"x\"", r#"{"events":{}}"#] {
            check(body, shape);
        }
        check("[]", "the list of events is empty: send at least one");
        let good = with("rate", "1");
        let four = format!("[{good},{good},{good},{good}]");
        check(&four, "4 events are too many: send at most 3 at once");
        let broken = "the body is no JSON: EOF while parsing an object at line 1 column 1";
        check("{", broken);
    }

    #[test]
    fn a_field_that_stands_there_twice_is_told_as_such() {
        let twice = with("rate", "1,\"rate\":2");
        let bounds = Bounds { events_max: 3, error_chars_max: 5 };
        let detail = parse(twice.as_bytes(), bounds).unwrap_err().detail;
        assert!(detail.starts_with("duplicate field `rate`"), "{detail}");
    }
}
