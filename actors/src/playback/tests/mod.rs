//! Stories about sessions without a node: the record, a disk that keeps what a store would, and
//! players who do what people do.

mod crashes;
mod disk;
mod orders;
mod player;
mod rules;
mod sizes;

use super::record::Record;
use super::{Config, Device, DeviceKind, Event, Open};
use jiff::Timestamp;
use playhouse_storage::model::{ContentId, Country, FactKind, NewFact};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

/// Five minutes past an hour, so that an honest story stays within it.
const START: i64 = 1_790_000_000_000 / 3_600_000 * 3_600_000 + 300_000;

/// Runs a story with some random seeds, or with the one in `SEED`.
fn with_seeds(story: impl Fn(&mut StdRng)) {
    let given = std::env::var("SEED").ok().map(|seed| seed.parse().expect("a whole number"));
    let seeds: Vec<u64> = match given {
        Some(seed) => vec![seed],
        None => std::iter::repeat_with(rand::random).take(100).collect(),
    };
    for seed in seeds {
        // Shown when the story fails; SEED=… tells it again.
        println!("SEED={seed}");
        story(&mut StdRng::seed_from_u64(seed));
    }
}

fn open(content: ContentId, device: &str, duration_s: Option<f64>) -> Open {
    let device = Device { id: device.to_owned(), name: None, kind: DeviceKind::Desktop };
    Open { content, duration_s, device, address: None, country: Country::UNKNOWN }
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).expect("a time")
}

/// Everything that counts in the end: what facts add up to, and what the sessions say of it.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    views: u64,
    refused: BTreeMap<String, u64>,
    sessions: u64,
    watched_ms: i64,
    /// How often each part was reached, and was the last.
    parts: BTreeMap<u8, u64>,
    stops: BTreeMap<u8, u64>,
    startups_ms: i64,
    stalls: u64,
    stalled_ms: i64,
    errors: u64,
    bits: f64,
    rated_ms: i64,
}

fn sums<'a>(facts: impl IntoIterator<Item = &'a NewFact>) -> Sums {
    let ms = |seconds: f64| (seconds * 1e3).round() as i64;
    let mut sums = Sums::default();
    for fact in facts {
        match &fact.kind {
            FactKind::View { .. } => sums.views += 1,
            FactKind::Refused { reason } => *sums.refused.entry(reason.clone()).or_default() += 1,
            FactKind::Report(report) => {
                sums.sessions += report.sessions;
                sums.watched_ms += ms(report.watch_time_s);
                for part in &report.parts {
                    *sums.parts.entry(*part).or_default() += 1;
                }
                if let Some(part) = report.stopped_at {
                    *sums.stops.entry(part).or_default() += 1;
                }
                let quality = &report.quality;
                sums.startups_ms += ms(quality.startup_s.unwrap_or_default());
                sums.stalls += quality.stalls;
                sums.stalled_ms += ms(quality.stalled_s);
                sums.errors += quality.errors;
                sums.bits += quality.bits;
                sums.rated_ms += ms(quality.bits_s);
            }
        }
    }
    sums
}

/// What a record says of its sessions, without what depends on when it heard of them.
fn told(record: &Record, config: &Config) -> Vec<String> {
    let told = |session: &super::session::Session| {
        let it = session.explain(START, config);
        let counted = session.view.map(|view| view.refused);
        let (watched, seen) = (&it.watched, &it.seen);
        let (time, accepted, quality) = (it.watch_time_s, it.accepted, &it.quality);
        format!("{time} {accepted} {counted:?} {watched:?} {seen:?} {quality:?}")
    };
    record.sessions.iter().map(told).collect()
}

/// Events that are told in order at one time.
fn event(seq: u64, at: i64, position_s: f64, action: super::Action) -> Event {
    Event { seq, at: time(at), position_s, action, bitrate_bps: None, rate: None, starved: false }
}
