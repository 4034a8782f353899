//! What a session adds to the statistics of its content, always what is new since its last report.

use super::Config;
use super::credit::Totals;
use super::ranges::Parts;
use super::session::{Reported, Session};
use super::view::timestamp;
use playhouse_storage::model::{FactKind, NewFact, Quality, Report};

impl Session {
    /// The report of a session that was last heard of at `before` (milliseconds since it was
    /// opened), when one has come due since, or it has ended. It goes by time and not by what was
    /// watched, or a player that stands still would tell nothing. One that has shown nothing waits
    /// with its first report, which says whether it ever did. One that has timed out may be in the
    /// middle of telling late what it did.
    pub(super) fn report_due(&mut self, before: i64, config: &Config) -> Option<NewFact> {
        if self.has_ended() {
            return self.report(true);
        }
        let periods = |heard: i64| heard.unsigned_abs() / config.report_every_ms();
        let due = self.has_shown() && periods(self.heard) > periods(before);
        due.then(|| self.report(false)).flatten()
    }

    /// What has not been reported; none when that is nothing. With the last report of a session
    /// comes where it stopped, once: one that goes on after it has stopped there all the same.
    pub(super) fn report(&mut self, last: bool) -> Option<NewFact> {
        // Who has opened a page and shown nothing of it has not watched.
        self.runs.top()?;
        let before = self.reported.unwrap_or_default();
        let stopped_at = self.stop().filter(|_| last && !before.stop);
        let startup_ms = self.startup_ms.filter(|_| !before.startup);
        let (totals, parts) = (self.worth(), self.watched.parts(self.duration_ms));
        let new = totals.since(before.totals);
        let nothing_new = new == Totals::default() && startup_ms.is_none() && stopped_at.is_none();
        if self.reported.is_some() && nothing_new {
            return None;
        }
        let kind: &'static str = self.device.kind.into();
        let report = Report {
            sessions: u64::from(self.reported.is_none()),
            device: kind.to_owned(),
            country: self.country,
            watch_time_s: seconds(new.watched_ms),
            parts: parts.without(before.parts),
            stopped_at,
            quality: quality(new, startup_ms),
        };
        self.reported = Some(Reported {
            // A wait may have been told shorter than it was measured: what was reported stands.
            totals: before.totals.plus(new),
            parts: parts.with(before.parts),
            startup: before.startup || startup_ms.is_some(),
            stop: before.stop || stopped_at.is_some(),
        });
        let at = timestamp(self.alive());
        Some(NewFact { content: self.content, at, kind: FactKind::Report(Box::new(report)) })
    }

    /// The part of the content at which it is, if any of it was watched.
    fn stop(&self) -> Option<u8> {
        let position = self.position().filter(|_| !self.watched.is_empty())?;
        Parts::at(position, self.duration_ms)
    }

    /// Quality of experience of all of it.
    pub(super) fn quality(&self) -> Quality {
        quality(self.worth(), self.startup_ms)
    }
}

fn quality(totals: Totals, startup_ms: Option<u32>) -> Quality {
    Quality {
        startup_s: startup_ms.map(|ms| seconds(ms.into())),
        stalls: totals.stalls,
        stalled_s: seconds(totals.stalled_ms),
        errors: totals.errors,
        bits: totals.bits as f64,
        bits_s: seconds(totals.rated_ms),
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1e3
}
