//! What an event of `playback.events` adds to the sums. Pure: a record in, numbers out.

use jiff::{SignedDuration, Timestamp};
use playhouse_storage::analytics::{Amounts, Part, PlayEvent, minute_of};
use playhouse_storage::eventlog::Delivery;
use playhouse_storage::model::{ContentId, Country};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A fact is at most a day older than its event when players tell it late, and waits to be
/// settled; one that claims another time is counted in the minute of its event.
const BEFORE: SignedDuration = SignedDuration::from_hours(48);
const AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The payload, as far as it is added up; more may come in later versions.
#[derive(Deserialize)]
struct Payload {
    content_id: ContentId,
    facts: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum Told {
    View {
        at: Timestamp,
        #[serde(flatten)]
        place: Place,
    },
    Report {
        at: Timestamp,
        #[serde(flatten)]
        place: Place,
        #[serde(flatten)]
        numbers: Numbers,
    },
    /// A refused view adds nothing, and neither does what this version does not know.
    #[serde(other)]
    Another,
}

#[derive(Deserialize)]
struct Place {
    country: Country,
    device: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Numbers {
    sessions: u64,
    watch_time_s: f64,
    startup_s: Option<f64>,
    stalls: u64,
    stalled_s: f64,
    errors: u64,
    bits: f64,
    bits_s: f64,
}

/// The event of a record.
///
/// # Errors
/// What cannot be read of it.
pub(super) fn event(delivery: Delivery) -> Result<PlayEvent, String> {
    let Delivery { topic, partition, offset, record } = delivery;
    let payload = Payload::deserialize(&record.payload).map_err(|error| error.to_string())?;
    Ok(PlayEvent {
        place: (topic, partition, offset),
        shard: record.shard,
        sequence: record.sequence,
        at: record.at,
        content: payload.content_id,
        parts: parts(&payload.facts, record.at),
        payload: record.payload,
    })
}

fn parts(facts: &[Told], told_at: Timestamp) -> Vec<Part> {
    let mut sums: BTreeMap<(i64, Country, &str), Amounts> = BTreeMap::new();
    for fact in facts {
        let (at, place, amounts) = match fact {
            Told::View { at, place } => (at, place, Amounts { views: 1, ..Amounts::default() }),
            Told::Report { at, place, numbers } => (at, place, numbers.amounts()),
            Told::Another => continue,
        };
        let late = told_at.duration_since(*at);
        let at = if late > BEFORE || -late > AFTER { told_at } else { *at };
        let key = (minute_of(at), place.country, place.device.as_str());
        sums.entry(key).or_default().add(&amounts);
    }
    let part = |((minute, country, device), amounts): ((i64, Country, &str), Amounts)| Part {
        minute,
        country,
        device: device.to_owned(),
        amounts,
    };
    sums.into_iter().map(part).collect()
}

impl Numbers {
    fn amounts(&self) -> Amounts {
        let mut amounts = Amounts {
            sessions: self.sessions,
            watch_ms: millis(self.watch_time_s),
            stalls: self.stalls,
            stalled_ms: millis(self.stalled_s),
            errors: self.errors,
            bits: whole(self.bits),
            bits_ms: millis(self.bits_s),
            ..Amounts::default()
        };
        if let Some(startup_s) = self.startup_s {
            amounts.start_up(millis(startup_s));
        }
        amounts
    }
}

fn millis(seconds: f64) -> u64 {
    whole(seconds * 1e3)
}

/// Nothing that was really watched comes near the bound: sums stay sound.
fn whole(number: f64) -> u64 {
    number.clamp(0.0, 1e15).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::eventlog::Record;
    use serde_json::{Value, json};

    fn read(facts: Value) -> Result<PlayEvent, String> {
        let content = ContentId::default();
        event(Delivery {
            topic: "playback.events".into(),
            partition: 1,
            offset: 2,
            record: Record {
                key: content.to_string(),
                shard: 3,
                sequence: 4,
                at: Timestamp::from_second(1_000_000).expect("a time"),
                schema: 1,
                trace: None,
                payload: json!({ "content_id": content, "facts": facts }),
            },
        })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a time")
    }

    #[test]
    fn facts_add_up_by_minute_country_and_device() {
        let view = |seconds, country| {
            let at = at(seconds);
            json!({ "kind": "view", "at": at, "country": country, "device": "tv" })
        };
        let event = read(json!([
            view(999_999, "NG"),
            view(999_998, "NG"),
            view(999_999, "DE"),
            view(999_900, "NG"),
            { "kind": "refused", "at": at(999_999), "reason": "repeated" },
            { "kind": "a fact of later times", "x": 1 },
            { "kind": "report", "at": at(999_999), "country": "NG", "device": "tv",
              "sessions": 1, "watch_time_s": 12.3456, "startup_s": 0.7, "stalls": 2,
              "stalled_s": 1.5, "errors": 1, "bits": 6e6, "bits_s": 2.0, "later": true },
        ]))
        .expect("it can be read");
        let minute = 999_999 / 60;
        let places: Vec<_> = event
            .parts
            .iter()
            .map(|it| (it.minute, it.country.to_string(), it.amounts.views))
            .collect();
        let expected = [(minute - 1, "NG", 1), (minute, "DE", 1), (minute, "NG", 2)];
        assert_eq!(places, expected.map(|(minute, of, views)| (minute, of.to_owned(), views)));
        let sums = event.parts[2].amounts;
        assert_eq!(
            (sums.sessions, sums.watch_ms, sums.bits, sums.bits_ms),
            (1, 12_346, 6_000_000, 2_000)
        );
        assert_eq!(
            (sums.startups, sums.startup_ms, sums.startups_within),
            (1, 700, [0, 1, 0, 0, 0])
        );
        assert_eq!((sums.stalls, sums.stalled_ms, sums.errors), (2, 1_500, 1));
    }

    #[test]
    fn a_time_that_cannot_be_is_that_of_the_event() {
        for wrong in [0, 1_000_000 - 48 * 3_600 - 1, 1_000_000 + 3_601, 9_000_000] {
            let view =
                json!([{ "kind": "view", "at": at(wrong), "country": "ZZ", "device": "tv" }]);
            assert_eq!(read(view).expect("it can be read").parts[0].minute, 1_000_000 / 60);
        }
    }

    #[test]
    fn what_is_no_event_says_why() {
        let error = read(json!([{ "kind": "view" }])).expect_err("no time");
        assert!(error.contains("at"), "{error}");
    }
}
