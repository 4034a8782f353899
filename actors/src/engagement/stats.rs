//! What the reports of sessions add up to: retention, stops, devices, quality, refusals. Pure.
//!
//! Everything is a sum, so facts may be added in any order. Nothing grows without a bound: parts
//! are hundredths, start-up times fall into fixed buckets, and names that nobody knows are `other`.

use super::{DeviceShare, QualitySummary};
use playhouse_storage::model::{Quality, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Parts of a content: hundredths of its duration.
const PARTS: usize = 100;
/// Kinds of devices.
const DEVICES: [&str; 5] = ["desktop", "mobile", "tablet", "tv", OTHER];
/// Names that are not known.
const OTHER: &str = "other";
/// Reasons of refusal that are told apart: the judge knows about ten.
const REASONS_MAX: usize = 32;

/// Upper bound of the first bucket of start-up times, seconds.
const STARTUP_FIRST_S: f64 = 0.05;
/// Each bucket is so much wider than the one before: a quantile is off by at most 10 %.
const STARTUP_GROWTH: f64 = 1.2;
/// The last bucket holds everything above 51 s.
const STARTUP_BUCKETS: usize = 40;

/// What all reports and refusals of a content add up to. What is empty is not stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Stats {
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) sessions: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    retention: Vec<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stops: Vec<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) devices: BTreeMap<String, DeviceShare>,
    #[serde(skip_serializing_if = "is_default")]
    quality: Totals,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) refused: BTreeMap<String, u64>,
}

/// Sums of what players told of quality.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Totals {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    startups: Vec<u64>,
    stalls: u64,
    stalled_s: f64,
    errors: u64,
    bits: f64,
    bits_s: f64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_default(totals: &Totals) -> bool {
    *totals == Totals::default()
}

impl Stats {
    /// Adds what a session reports.
    pub(super) fn report(&mut self, report: &Report) {
        self.sessions += report.sessions;
        report.parts.iter().for_each(|part| count(&mut self.retention, *part));
        report.stopped_at.iter().for_each(|part| count(&mut self.stops, *part));
        let kind = DEVICES.into_iter().find(|kind| *kind == report.device).unwrap_or(OTHER);
        let device = entry(&mut self.devices, kind);
        device.sessions += report.sessions;
        device.watch_time_s += positive(report.watch_time_s);
        self.quality.add(&report.quality);
    }

    /// Adds a view that does not count.
    pub(super) fn refuse(&mut self, reason: &str) {
        let is_known = self.refused.contains_key(reason);
        let has_room = self.refused.len() < REASONS_MAX;
        *entry(&mut self.refused, if is_known || has_room { reason } else { OTHER }) += 1;
    }

    /// In how many sessions each hundredth was watched.
    pub(super) fn retention(&self) -> Vec<u64> {
        whole(&self.retention)
    }

    /// In how many sessions each hundredth was the last.
    pub(super) fn stops(&self) -> Vec<u64> {
        whole(&self.stops)
    }

    /// Quality of experience; `watch_time_s` is that of the content.
    pub(super) fn quality(&self, watch_time_s: f64) -> QualitySummary {
        let totals = &self.quality;
        let per = |amount: f64, of: f64| if of > 0.0 { amount / of } else { 0.0 };
        QualitySummary {
            startup_p50_s: quantile(&totals.startups, 0.5),
            startup_p95_s: quantile(&totals.startups, 0.95),
            stall_ratio: per(totals.stalled_s, totals.stalled_s + watch_time_s),
            stalls_per_hour: per(totals.stalls as f64, watch_time_s / 3600.0),
            errors: totals.errors,
            bitrate_bps: (totals.bits_s > 0.0).then(|| totals.bits / totals.bits_s),
        }
    }

    /// Bytes behind it, about.
    pub(super) fn weight(&self) -> usize {
        let numbers = self.retention.len() + self.stops.len() + self.quality.startups.len();
        8 * numbers + 64 * (self.devices.len() + self.refused.len())
    }
}

impl Totals {
    fn add(&mut self, quality: &Quality) {
        if let Some(startup_s) = quality.startup_s {
            add_at(&mut self.startups, bucket(positive(startup_s)));
        }
        self.stalls += quality.stalls;
        self.stalled_s += positive(quality.stalled_s);
        self.errors += quality.errors;
        self.bits += positive(quality.bits);
        self.bits_s += positive(quality.bits_s);
    }
}

/// A number that a sum stays sound with.
pub(super) fn positive(number: f64) -> f64 {
    if number.is_finite() { number.max(0.0) } else { 0.0 }
}

/// Without a new text where the name is known.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("it is there or was just put there")
}

fn count(parts: &mut Vec<u64>, part: u8) {
    add_at(parts, usize::from(part).min(PARTS - 1));
}

fn add_at(numbers: &mut Vec<u64>, at: usize) {
    if numbers.len() <= at {
        numbers.resize(at + 1, 0);
    }
    numbers[at] += 1;
}

fn whole(parts: &[u64]) -> Vec<u64> {
    let mut whole = parts.to_vec();
    whole.resize(PARTS, 0);
    whole
}

fn bucket(startup_s: f64) -> usize {
    let above = (startup_s / STARTUP_FIRST_S).ln() / STARTUP_GROWTH.ln();
    (above.ceil().max(0.0) as usize).min(STARTUP_BUCKETS - 1)
}

/// The upper bound of a bucket, seconds.
fn bound(bucket: usize) -> f64 {
    STARTUP_FIRST_S * STARTUP_GROWTH.powf(bucket as f64)
}

/// The time below which this share of the start-ups took; even within a bucket.
fn quantile(startups: &[u64], share: f64) -> Option<f64> {
    let wanted = startups.iter().sum::<u64>() as f64 * share;
    let mut before = 0.0;
    for (at, count) in startups.iter().enumerate().filter(|(_, count)| **count > 0) {
        let count = *count as f64;
        if before + count >= wanted {
            let from = if at == 0 { 0.0 } else { bound(at - 1) };
            return Some(from + (bound(at) - from) * (wanted - before) / count);
        }
        before += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(device: &str, parts: &[u8]) -> Report {
        Report { device: device.into(), parts: parts.to_vec(), ..Report::default() }
    }

    fn of(reports: &[Report]) -> Stats {
        let mut stats = Stats::default();
        reports.iter().for_each(|it| stats.report(it));
        stats
    }

    #[test]
    fn reports_of_one_session_add_up() {
        let stats = of(&[
            Report { sessions: 1, watch_time_s: 60.0, ..report("tv", &[0, 1, 2]) },
            Report { watch_time_s: 30.0, stopped_at: Some(4), ..report("tv", &[3, 4]) },
        ]);
        assert_eq!(stats.sessions, 1);
        assert_eq!(stats.devices["tv"], DeviceShare { sessions: 1, watch_time_s: 90.0 });
        assert_eq!(stats.retention()[..6], [1, 1, 1, 1, 1, 0]);
        assert_eq!((stats.retention().len(), stats.stops()[4], stats.stops().len()), (100, 1, 100));
    }

    #[test]
    fn quality_is_that_of_all_sessions() {
        let quality = |startup_s, stalls, stalled_s| Quality {
            startup_s: Some(startup_s),
            stalls,
            stalled_s,
            errors: 1,
            bits: 6e6,
            bits_s: 2.0,
        };
        let told = (1..=100).map(|tenths| Report {
            quality: quality(f64::from(tenths) / 10.0, 1, 9.0),
            ..Report::default()
        });
        let summary = of(&told.collect::<Vec<_>>()).quality(8_100.0);
        let near = |found: Option<f64>, expected: f64| {
            let found = found.expect("there were start-ups");
            assert!((found / expected - 1.0).abs() < 0.1, "{found}, not {expected}");
        };
        near(summary.startup_p50_s, 5.0);
        near(summary.startup_p95_s, 9.5);
        assert_eq!((summary.stall_ratio, summary.errors), (0.1, 100));
        assert!((summary.stalls_per_hour - 100.0 / 2.25).abs() < 1e-9);
        assert_eq!(summary.bitrate_bps, Some(3e6));
    }

    #[test]
    fn nothing_was_told_is_nothing_and_no_nonsense() {
        assert_eq!(Stats::default().quality(0.0), QualitySummary::default());
        assert_eq!(serde_json::to_string(&Stats::default()).expect("plain data"), "{}");
    }

    #[test]
    fn what_a_client_makes_up_stays_within_bounds() {
        let mut stats = Stats::default();
        for number in 0..1_000 {
            stats.report(&report(&format!("device {number}"), &[255]));
            stats.refuse(&format!("reason {number}"));
        }
        stats.report(&Report { watch_time_s: f64::NAN, ..report("tv", &[]) });
        let wild = Quality { startup_s: Some(f64::INFINITY), bits: -1.0, ..Quality::default() };
        stats.report(&Report { quality: wild, ..report("tv", &[]) });
        assert_eq!(stats.devices.keys().collect::<Vec<_>>(), [OTHER, "tv"]);
        assert_eq!((stats.refused.len(), stats.refused[OTHER]), (REASONS_MAX + 1, 968));
        assert_eq!(stats.retention()[99], 1_000);
        assert_eq!(stats.devices["tv"].watch_time_s, 0.0);
        assert!(stats.quality(1.0).startup_p50_s.is_some_and(f64::is_finite));
    }

    #[test]
    fn what_is_stored_comes_back() {
        let quality = Quality { startup_s: Some(0.4), stalls: 2, ..Quality::default() };
        let mut stats = of(&[Report { quality, ..report("mobile", &[0, 50]) }]);
        stats.refuse("too_old");
        let stored = serde_json::to_value(&stats).expect("plain data");
        assert_eq!(serde_json::from_value::<Stats>(stored).expect("plain data"), stats);
    }
}
