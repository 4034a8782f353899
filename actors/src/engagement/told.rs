//! What of the facts that a counter has settled is told on `playback.events`. Pure.
//!
//! The events are written in the transaction that counts the facts, so each fact is in exactly one
//! event, at one place of it: `(shard, sequence, index)` names it for ever. One event carries
//! several facts of one content, which saves a row for each. Who watched is not told.

use super::stats::positive;
use crate::events::topics::PLAYBACK;
use playhouse_storage::catalog::NewEvent;
use playhouse_storage::model::{ContentId, Country, Fact, FactKind, Report};
use serde_json::{Value, json};

/// The events of some facts, all of one content.
pub(super) fn events(content: ContentId, facts: &[Fact], facts_max: usize) -> Vec<NewEvent> {
    let event = |facts: &[Fact]| NewEvent {
        topic: PLAYBACK.to_owned(),
        key: content.to_string(),
        payload: json!({
            "content_id": content,
            "facts": facts.iter().map(told).collect::<Vec<_>>(),
        }),
        trace: None,
    };
    facts.chunks(facts_max.max(1)).map(event).collect()
}

fn told(fact: &Fact) -> Value {
    let mut told = match &fact.kind {
        FactKind::View { origin, .. } => at_place("view", origin.country, &origin.device),
        FactKind::Refused { reason } => json!({ "kind": "refused", "reason": reason }),
        FactKind::Report(report) => reported(report),
    };
    told["at"] = json!(fact.at);
    told
}

fn reported(report: &Report) -> Value {
    let quality = &report.quality;
    let mut told = at_place("report", report.country, &report.device);
    told["sessions"] = json!(report.sessions);
    told["watch_time_s"] = json!(positive(report.watch_time_s));
    told["stalls"] = json!(quality.stalls);
    told["stalled_s"] = json!(positive(quality.stalled_s));
    told["errors"] = json!(quality.errors);
    told["bits"] = json!(positive(quality.bits));
    told["bits_s"] = json!(positive(quality.bits_s));
    if let Some(startup_s) = quality.startup_s {
        told["startup_s"] = json!(positive(startup_s));
    }
    told
}

fn at_place(kind: &str, country: Country, device: &str) -> Value {
    let known = ["desktop", "mobile", "tablet", "tv"].contains(&device);
    json!({ "kind": kind, "country": country, "device": if known { device } else { "other" } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::schemas;
    use jiff::Timestamp;
    use playhouse_storage::model::{Origin, Quality};

    #[test]
    fn what_is_told_keeps_to_its_schema() {
        let quality = Quality { startup_s: Some(0.5), bits: f64::INFINITY, ..Quality::default() };
        let report = Report { sessions: 1, watch_time_s: -1.0, quality, ..Report::default() };
        let origin = Origin { country: Country::of("ng").expect("a country"), device: "tv".into() };
        let kinds = [
            FactKind::View { key: "k".into(), viewer: None, origin },
            FactKind::View { key: "k".into(), viewer: None, origin: Origin::default() },
            FactKind::Refused { reason: "repeated".into() },
            FactKind::Report(Box::new(report)),
        ];
        let fact = |(position, kind)| Fact {
            position,
            content: ContentId::default(),
            at: Timestamp::UNIX_EPOCH,
            kind,
        };
        let facts: Vec<_> = (0..).zip(kinds).map(fact).collect();
        events(ContentId::default(), &facts, 100).iter().for_each(schemas::check);
    }

    #[test]
    fn every_fact_is_in_one_event_and_events_are_bounded() {
        let fact = |position| Fact {
            position,
            content: ContentId::default(),
            at: Timestamp::UNIX_EPOCH,
            kind: FactKind::Refused { reason: position.to_string() },
        };
        let facts: Vec<_> = (0..7).map(fact).collect();
        let events = events(ContentId::default(), &facts, 3);
        let reasons: Vec<Vec<&str>> = events
            .iter()
            .map(|event| event.payload["facts"].as_array().expect("a list"))
            .map(|facts| facts.iter().filter_map(|it| it["reason"].as_str()).collect())
            .collect();
        assert_eq!(reasons, [vec!["0", "1", "2"], vec!["3", "4", "5"], vec!["6"]]);
    }

    #[test]
    fn what_a_client_makes_up_is_told_as_a_number_and_a_known_device() {
        let report =
            Report { watch_time_s: f64::NAN, device: "fridge".into(), ..Report::default() };
        let told = reported(&report);
        assert_eq!((&told["watch_time_s"], &told["device"]), (&json!(0.0), &json!("other")));
        assert_eq!(told["country"], "ZZ");
    }
}
