//! What has been counted of one content, and how facts add to it. Pure: facts in, rows out.
//!
//! A change is made here first and committed after; when the commit fails the actor ends and loads
//! what is on disk, so what is held here is never ahead of it for longer than one message.

use super::live::Amount;
use super::stats::{Stats, positive};
use super::uniques::Uniques;
use super::{Engagement, Insights, trend};
use jiff::Timestamp;
use playhouse_storage::analytics::{day_of, minute_of};
use playhouse_storage::catalog::Write;
use playhouse_storage::engagement::Minute;
use playhouse_storage::model::{ContentId, Counter, Fact, FactKind, ViewerId};
use playhouse_storage::{Error, Result};
use std::collections::BTreeMap;

/// The counted record of a content, decoded.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    content: ContentId,
    pub(super) views: u64,
    pub(super) likes: u64,
    pub(super) watch_time_s: f64,
    pub(super) trend: Option<f64>,
    pub(super) hot: bool,
    /// The last day on which it was watched, in days since 1970.
    watched_day: i64,
    pub(super) uniques: Uniques,
    pub(super) stats: Stats,
    /// 0 before the first write.
    row_version: u64,
}

impl Tally {
    /// Of a content that nobody has watched.
    pub(super) fn new(content: ContentId) -> Self {
        Self {
            content,
            views: 0,
            likes: 0,
            watch_time_s: 0.0,
            trend: None,
            hot: false,
            watched_day: 0,
            uniques: Uniques::default(),
            stats: Stats::default(),
            row_version: 0,
        }
    }

    /// What is stored.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn read(row: Counter) -> Result<Self> {
        let corrupt = |why: String| Error::Corrupt { what: format!("{}: {why}", row.content_id) };
        let uniques = Uniques::decode(&row.uniques).map_err(|why| corrupt(why.to_string()))?;
        let stats = serde_json::from_value(row.stats).map_err(|why| corrupt(why.to_string()))?;
        Ok(Self {
            content: row.content_id,
            views: row.views,
            likes: row.likes,
            watch_time_s: row.watch_time_s,
            trend: row.trend,
            hot: row.hot,
            watched_day: row.watched_day,
            uniques,
            stats,
            row_version: row.row_version,
        })
    }

    /// True once there is a row of it.
    pub(super) fn is_stored(&self) -> bool {
        self.row_version > 0
    }

    /// What ingresses tell beside it.
    pub(super) fn settled(&self) -> Amount {
        Amount { views: self.views as f64, watched_s: self.watch_time_s }
    }

    /// Adds facts, and answers the views of each minute.
    pub(super) fn add(&mut self, facts: &[Fact], half_life_s: f64) -> Vec<Minute> {
        let mut minutes = BTreeMap::new();
        for fact in facts {
            match &fact.kind {
                FactKind::View { .. } => {
                    self.views += 1;
                    self.watched_day = self.watched_day.max(day_of(fact.at));
                    self.trend = trend::add(self.trend, seconds(fact.at), 1, half_life_s);
                    *minutes.entry(minute_of(fact.at)).or_default() += 1;
                }
                FactKind::Refused { reason } => self.stats.refuse(reason),
                FactKind::Report(report) => {
                    self.watch_time_s += positive(report.watch_time_s);
                    if report.watch_time_s > 0.0 {
                        self.watched_day = self.watched_day.max(day_of(fact.at));
                    }
                    self.stats.report(report);
                }
            }
        }
        self.uniques.extend(facts.iter().filter_map(viewer));
        minutes.into_iter().map(|(minute, views)| Minute { minute, views }).collect()
    }

    /// Writes it: what it is now becomes the next version of its row.
    pub(super) fn write(&mut self) -> Vec<Write> {
        self.row_version += 1;
        let row = Box::new(self.row());
        match self.row_version {
            // The first row only of a content that is there: else it would outlive it.
            1 => vec![Write::HoldContent(self.content), Write::InsertCounter(row)],
            _ => vec![Write::UpdateCounter(row)],
        }
    }

    fn row(&self) -> Counter {
        Counter {
            content_id: self.content,
            views: self.views,
            likes: self.likes,
            watch_time_s: self.watch_time_s,
            trend: self.trend,
            hot: self.hot,
            watched_day: self.watched_day,
            uniques: self.uniques.encode(),
            stats: serde_json::to_value(&self.stats).expect("it has text keys only"),
            row_version: self.row_version,
        }
    }

    /// The number of views, each halved for every half-life of its age.
    pub(super) fn score(&self, now: Timestamp, half_life_s: f64) -> f64 {
        trend::score(self.trend, seconds(now), half_life_s)
    }

    /// The statistics for its creator.
    pub(super) fn insights(
        &self,
        engagement: Engagement,
        now: Timestamp,
        half_life_s: f64,
    ) -> Insights {
        Insights {
            engagement,
            unique_exact: self.uniques.is_exact(),
            sessions: self.stats.sessions,
            retention: self.stats.retention(),
            stops: self.stats.stops(),
            devices: self.stats.devices.clone(),
            quality: self.stats.quality(self.watch_time_s),
            refused: self.stats.refused.clone(),
            score: self.score(now, half_life_s),
            hot: self.hot,
            at: now,
        }
    }

    /// Bytes behind it, about.
    pub(super) fn weight(&self) -> usize {
        self.uniques.weight() + self.stats.weight()
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1_000.0
}

fn viewer(fact: &Fact) -> Option<ViewerId> {
    match &fact.kind {
        FactKind::View { viewer, .. } => *viewer,
        FactKind::Refused { .. } | FactKind::Report(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::{Origin, Report};

    const DAY: f64 = 86_400.0;

    fn fact(at_s: i64, kind: FactKind) -> Fact {
        let at = Timestamp::from_second(at_s).expect("a time");
        Fact { position: 1, content: ContentId::default(), at, kind }
    }

    fn view(at_s: i64, viewer: u64) -> Fact {
        let viewer = Some(ViewerId::new(viewer));
        fact(at_s, FactKind::View { key: String::new(), viewer, origin: Origin::default() })
    }

    #[test]
    fn views_count_in_their_own_minute_however_late() {
        let mut tally = Tally::new(ContentId::default());
        let minutes = tally.add(&[view(600, 1), view(59, 2), view(60, 1), view(659, 3)], DAY);
        let found: Vec<_> = minutes.iter().map(|it| (it.minute, it.views)).collect();
        assert_eq!(found, [(0, 1), (1, 1), (10, 2)]);
        assert_eq!((tally.views, tally.uniques.count()), (4, 3));
        let score = tally.score(Timestamp::from_second(600).expect("a time"), DAY);
        assert!((score - 4.0).abs() < 0.01, "{score}");
    }

    #[test]
    fn the_last_day_is_kept_in_whatever_order_facts_come() {
        let mut tally = Tally::new(ContentId::default());
        let watched = |at_s, watch_time_s| {
            let report = Report { watch_time_s, ..Report::default() };
            fact(at_s, FactKind::Report(Box::new(report)))
        };
        tally.add(&[view(3 * 86_400, 1), view(86_400, 1)], DAY);
        assert_eq!(tally.row().watched_day, 3);
        tally.add(&[watched(5 * 86_400 - 1, 1.0), watched(6 * 86_400, 0.0)], DAY);
        tally.add(&[fact(7 * 86_400, FactKind::Refused { reason: "late".into() })], DAY);
        assert_eq!(tally.row().watched_day, 4, "only watching counts");
    }

    #[test]
    fn reports_and_refusals_are_no_views() {
        let mut tally = Tally::new(ContentId::default());
        let report = Report { watch_time_s: 12.5, ..Report::default() };
        let refused = FactKind::Refused { reason: "repeated".into() };
        let facts = [fact(0, FactKind::Report(report.into())), fact(0, refused)];
        assert_eq!(tally.add(&facts, DAY), []);
        assert_eq!((tally.views, tally.trend, tally.watch_time_s), (0, None, 12.5));
        assert_eq!(tally.stats.refused["repeated"], 1);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut tally = Tally::new(ContentId::default());
        tally.add(&[view(600, 1), view(601, 2)], DAY);
        assert!(matches!(tally.write()[..], [Write::HoldContent(_), Write::InsertCounter(_)]));
        tally.hot = true;
        let [Write::UpdateCounter(row)] = &tally.write()[..] else { panic!("no update") };
        let read = Tally::read((**row).clone()).expect("it was written");
        assert_eq!(read.row(), tally.row());
        assert_eq!((read.views, read.hot, read.row_version), (2, true, 2));
    }

    #[test]
    fn a_row_that_is_broken_is_said_to_be() {
        let row = Counter { uniques: vec![9], ..Tally::new(ContentId::default()).row() };
        let error = Tally::read(row).expect_err("it is broken");
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    }
}
