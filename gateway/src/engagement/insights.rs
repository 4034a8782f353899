//! GET `/api/v1/content/{id}/insights`: the statistics of a content, for its creator and operators.

use super::{ask, unexpected};
use crate::App;
use crate::auth::Caller;
use crate::content::no_cache;
use crate::extract::{Id, Params};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use playhouse_actors::content::Card;
use playhouse_actors::engagement::{
    Hotness, Insights, QualitySummary, Reply, Request, UNIQUE_ERROR,
};
use playhouse_storage::engagement::Minute;
use playhouse_storage::model::ContentId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Time that is looked at when the caller does not say.
const DEFAULT: SignedDuration = SignedDuration::from_hours(24);
/// Widths of a point that people can read, minutes.
const WIDTHS: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440];
/// Parts that retention and stops are told by.
const PARTS: f64 = 100.0;

/// The query.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Points of views: whole minutes, the first bucket from `first` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Buckets {
    /// Minute since 1970 at which the first begins.
    first: i64,
    /// How many.
    count: i64,
    /// Minutes of each.
    width: i64,
}

/// GET.
pub(crate) async fn insights(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    Params(span): Params<Span>,
) -> Answer {
    let card = readable(&app, &caller, id).await?;
    let (from, to) = checked(&span, app.platform.config.engagement.history_days)?;
    let buckets = Buckets::over(from, to, app.config.playback.insights_points_max.into());
    let insights = match ask(&app, id, Request::Insights).await? {
        Reply::Insights(insights) => insights,
        other @ (Reply::Engagement(_) | Reply::Unknown) => return Err(unexpected(&other)),
    };
    let end = buckets.first + buckets.count * buckets.width;
    let engagement = &app.platform.engines.engagement;
    let minutes = engagement.minutes(id, buckets.first, end).await?;
    let hotness = app.platform.heat.of(id);
    let views = json!({"bucket_s": buckets.width * 60, "points": buckets.points(&minutes)});
    let mut body = body(&card, &insights, hotness);
    body["from"] = json!(from);
    body["to"] = json!(to);
    body["views"] = views;
    Ok(no_cache(body))
}

/// The card of a content whose statistics the caller may read.
pub(super) async fn readable(app: &App, caller: &Caller, id: ContentId) -> Answer<Arc<Card>> {
    let none = || Problem::not_found("there is no such content, or it is not public");
    let card = app.platform.cards.get(id).await?.ok_or_else(none)?;
    if caller.is_creator_of(card.as_ref()) || caller.may_operate().is_ok() {
        return Ok(card);
    }
    if !caller.may_see(card.as_ref()) {
        return Err(none());
    }
    caller.with_token()?;
    Err(Problem::forbidden("the statistics of a content are for its creator and operators"))
}

fn checked(span: &Span, days_max: u32) -> Answer<(Timestamp, Timestamp)> {
    let bad = |detail: String| Err(Problem::bad_request("bad-query", detail));
    let to = span.to.unwrap_or_else(Timestamp::now);
    let from = match span.from {
        Some(from) => from,
        None => to.checked_sub(DEFAULT).unwrap_or(Timestamp::MIN),
    };
    if from >= to {
        return bad("from must be before to".to_owned());
    }
    if to.duration_since(from) > SignedDuration::from_hours(24 * i64::from(days_max)) {
        return bad(format!(
            "from and to may be {days_max} days apart: views are kept for so long"
        ));
    }
    Ok((from, to))
}

impl Buckets {
    /// As narrow as `points_max` of them allow.
    fn over(from: Timestamp, to: Timestamp, points_max: i64) -> Self {
        let first = from.as_second().div_euclid(60);
        // The minute that `to` lies in is shown too, as far as it has come.
        let last = (to.as_second() - 1).div_euclid(60).max(first);
        let of = |width: i64| last.div_euclid(width) - first.div_euclid(width) + 1;
        let known = WIDTHS.into_iter().find(|width| of(*width) <= points_max);
        // Beyond the widest: as many days as it takes.
        let width = known.unwrap_or_else(|| {
            let day = 1_440;
            day * (of(day) / points_max + 1)
        });
        Self { first: first.div_euclid(width) * width, count: of(width), width }
    }

    fn points(self, minutes: &[Minute]) -> Vec<Value> {
        let mut sums = vec![0_u64; usize::try_from(self.count).unwrap_or(0)];
        for minute in minutes {
            let place = (minute.minute - self.first).div_euclid(self.width);
            if let Some(sum) = usize::try_from(place).ok().and_then(|place| sums.get_mut(place)) {
                *sum += minute.views;
            }
        }
        let at = |place: usize| {
            let minute = self.first + place as i64 * self.width;
            Timestamp::from_second(minute * 60).unwrap_or_default()
        };
        let point = |(place, views)| json!({"at": at(place), "views": views});
        sums.into_iter().enumerate().map(point).collect()
    }
}

/// Of the sessions that have reported, and by what they reported: the time that has just come in
/// belongs to sessions that have not.
fn average_watch_s(insights: &Insights) -> f64 {
    let reported: f64 = insights.devices.values().map(|share| share.watch_time_s).sum();
    if insights.sessions == 0 { 0.0 } else { reported / insights.sessions as f64 }
}

fn body(card: &Card, insights: &Insights, hotness: Hotness) -> Value {
    let engagement = &insights.engagement;
    let average_watch_s = average_watch_s(insights);
    let tier: &'static str = hotness.tier.into();
    let bucket_s = card.duration_s.map(|duration_s| duration_s / PARTS);
    let devices = insights.devices.iter().map(|(kind, share)| {
        json!({"kind": kind, "sessions": share.sessions, "watch_time_s": share.watch_time_s})
    });
    json!({
        "content_id": card.id,
        "title": card.title,
        "duration_s": card.duration_s,
        "totals": {
            "views": engagement.views,
            "viewers_now": engagement.viewers_now,
            "unique_viewers": engagement.unique_viewers,
            "unique_exact": insights.unique_exact,
            "unique_error": UNIQUE_ERROR,
            "likes": engagement.likes,
            "watch_time_s": engagement.watch_time_s,
            "average_watch_s": average_watch_s,
            "sessions": insights.sessions,
        },
        "retention": {"bucket_s": bucket_s, "watched": insights.retention},
        "stops": {"bucket_s": bucket_s, "count": insights.stops},
        "devices": devices.collect::<Vec<_>>(),
        "qoe": quality(&insights.quality, insights.sessions),
        "refused": insights.refused,
        "trending": {
            "score": insights.score,
            "share": hotness.score,
            "tier": tier,
        },
    })
}

fn quality(of: &QualitySummary, sessions: u64) -> Value {
    json!({
        "sessions": sessions,
        "startup_s": {"p50": of.startup_p50_s, "p95": of.startup_p95_s},
        "stall_ratio": of.stall_ratio,
        "stalls_per_hour": of.stalls_per_hour,
        "errors": of.errors,
        "bitrate_bps": of.bitrate_bps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_actors::engagement::{DeviceShare, Engagement, QualitySummary};
    use std::collections::BTreeMap;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn buckets(from: &str, to: &str) -> (i64, i64, String) {
        let buckets = Buckets::over(at(from), at(to), 360);
        let first = Timestamp::from_second(buckets.first * 60).unwrap();
        (buckets.width, buckets.count, first.to_string())
    }

    #[test]
    fn a_chart_has_as_many_points_as_it_may_and_no_more() {
        let day = "2026-01-02T00:00:00Z";
        for (from, to, width, count, first) in [
            ("2026-01-01T23:00:00Z", day, 1, 60, "2026-01-01T23:00:00Z"),
            ("2026-01-01T18:00:00Z", day, 1, 360, "2026-01-01T18:00:00Z"),
            ("2026-01-01T17:59:59Z", day, 2, 181, "2026-01-01T17:58:00Z"),
            ("2026-01-01T00:00:00Z", day, 5, 288, "2026-01-01T00:00:00Z"),
            ("2025-12-03T00:00:00Z", day, 120, 360, "2025-12-03T00:00:00Z"),
            ("2026-01-01T23:59:59Z", day, 1, 1, "2026-01-01T23:59:00Z"),
            ("2020-01-01T00:00:00Z", day, 10_080, 315, "2019-12-26T00:00:00Z"),
        ] {
            assert_eq!(buckets(from, to), (width, count, first.to_owned()), "{from}");
        }
    }

    #[test]
    fn views_fall_into_the_point_of_their_minute_and_empty_points_are_told() {
        let buckets = Buckets::over(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"), 360);
        let first = buckets.first;
        let minutes = [(0, 1), (4, 2), (5, 3), (1_439, 4)]
            .map(|(minute, views)| Minute { minute: first + minute, views });
        let points = buckets.points(&minutes);
        assert_eq!(points.len(), 288);
        assert_eq!(points[0], json!({"at": "2026-01-01T00:00:00Z", "views": 3}));
        assert_eq!(points[1], json!({"at": "2026-01-01T00:05:00Z", "views": 3}));
        assert_eq!(points[2]["views"], 0);
        assert_eq!(points[287]["views"], 4);
    }

    /// A crowd that had only just begun made the one session that was over look like hours.
    #[test]
    fn who_has_just_begun_does_not_count_into_the_average() {
        let share = |sessions, watch_time_s| DeviceShare { sessions, watch_time_s };
        let devices = [("desktop", share(1, 4.0)), ("tv", share(1, 8.0))];
        let mut insights = Insights {
            engagement: Engagement { watch_time_s: 9_000.0, ..Engagement::default() },
            unique_exact: true,
            sessions: 2,
            retention: vec![],
            stops: vec![],
            devices: devices.map(|(kind, share)| (kind.to_owned(), share)).into(),
            quality: QualitySummary::default(),
            refused: BTreeMap::new(),
            score: 0.0,
            hot: false,
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(average_watch_s(&insights), 6.0);
        insights.sessions = 0;
        assert_eq!(average_watch_s(&insights), 0.0);
    }

    #[test]
    fn a_span_that_cannot_be_shown_is_told() {
        let span = |from: &str, to: &str| Span { from: Some(at(from)), to: Some(at(to)) };
        let bad = |span: Span| checked(&span, 30).unwrap_err().detail;
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        assert_eq!(bad(span(new, old)), "from must be before to");
        assert!(bad(span(old, new)).contains("30 days"));
        let (from, to) = checked(&Span::default(), 30).unwrap();
        assert_eq!(to.duration_since(from), DEFAULT);
    }
}
