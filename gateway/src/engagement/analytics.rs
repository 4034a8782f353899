//! GET `/api/v1/content/{id}/analytics`: what was added up by the minute, by time, country and
//! device, for the content's creator and operators.

use super::insights::readable;
use crate::App;
use crate::auth::Caller;
use crate::content::no_cache;
use crate::extract::{Id, Params};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::analytics::{
    Amounts, Point, STARTUP_BOUNDS_MS, SeriesQuery, Split, minute_of,
};
use playhouse_storage::model::ContentId;
use serde::Deserialize;
use serde_json::{Value, json};

/// Time that is looked at when the caller does not say.
const DEFAULT: SignedDuration = SignedDuration::from_hours(24);
/// Longer than any span: one point for all of it.
const WHOLE: i64 = 1 << 40;

/// The query.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    by: Option<By>,
    split: Option<Of>,
}

/// What one point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
enum By {
    Minute,
    Hour,
    Day,
    Total,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    Country,
    Device,
}

/// A query that can be asked.
#[derive(Debug, PartialEq)]
struct Wanted {
    from: Timestamp,
    to: Timestamp,
    by: By,
}

/// GET.
pub(crate) async fn analytics(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    Params(query): Params<Query>,
) -> Answer {
    readable(&app, &caller, id).await?;
    let limits = &app.config.playback;
    let days_max = app.platform.config.analytics.sums_keep_days;
    let wanted = wanted(&query, days_max, limits.insights_points_max.into())?;
    let split = query.split.map(|of| match of {
        Of::Country => Split::Country,
        Of::Device => Split::Device,
    });
    let rows_max = limits.analytics_rows_max;
    let asked = SeriesQuery {
        content: id,
        from: minute_of(wanted.from),
        // The minute that `to` lies in is shown too, as far as it has come.
        to: (wanted.to.as_second() - 1).div_euclid(60) + 1,
        step: wanted.by.minutes().unwrap_or(WHOLE),
        split,
        limit: rows_max + 1,
    };
    let points = app.platform.engines.analytics.series(&asked).await?;
    if points.len() > rows_max as usize {
        return Err(bad(format!(
            "that is more than {rows_max} rows: a shorter time, or longer points, are wanted"
        )));
    }
    let name: &'static str = wanted.by.into();
    let of = split.map(|split| if split == Split::Country { "country" } else { "device" });
    Ok(no_cache(json!({
        "content_id": id,
        "from": wanted.from,
        "to": wanted.to,
        "by": name,
        "split": of,
        "points": points.iter().map(|it| point(it, &wanted, of)).collect::<Vec<_>>(),
    })))
}

fn wanted(query: &Query, days_max: u32, points_max: i64) -> Answer<Wanted> {
    let to = query.to.unwrap_or_else(Timestamp::now);
    let from = match query.from {
        Some(from) => from,
        None => to.checked_sub(DEFAULT).unwrap_or(Timestamp::MIN),
    };
    if from >= to {
        return Err(bad("from must be before to".to_owned()));
    }
    let span = to.duration_since(from);
    if span > SignedDuration::from_hours(24 * i64::from(days_max)) {
        return Err(bad(format!(
            "from and to may be {days_max} days apart: sums are kept for so long"
        )));
    }
    let count = |by: By| by.minutes().map_or(1, |step| span.as_secs() / (60 * step) + 1);
    let fits = |by: &By| count(*by) <= points_max;
    let by = match query.by {
        Some(by) if fits(&by) => by,
        Some(by) => {
            let (name, count): (&'static str, _) = (by.into(), count(by));
            return Err(bad(format!(
                "by={name} gives {count} points of at most {points_max}: a shorter time is wanted"
            )));
        }
        None => [By::Minute, By::Hour, By::Day].into_iter().find(fits).unwrap_or(By::Total),
    };
    Ok(Wanted { from, to, by })
}

impl By {
    fn minutes(self) -> Option<i64> {
        match self {
            Self::Minute => Some(1),
            Self::Hour => Some(60),
            Self::Day => Some(1_440),
            Self::Total => None,
        }
    }
}

fn point(point: &Point, wanted: &Wanted, of: Option<&str>) -> Value {
    let at = match wanted.by {
        By::Total => wanted.from,
        _ => Timestamp::from_second(point.minute * 60).unwrap_or_default(),
    };
    let mut told = numbers(&point.amounts);
    told["at"] = json!(at);
    if let Some(of) = of {
        told[of] = json!(point.of);
    }
    told
}

fn numbers(of: &Amounts) -> Value {
    let seconds = |ms: u64| ms as f64 / 1e3;
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let within = STARTUP_BOUNDS_MS.iter().zip(of.startups_within);
    let mut histogram: Vec<_> =
        within.map(|(bound, count)| json!({"upto_s": seconds(*bound), "count": count})).collect();
    let slower = of.startups.saturating_sub(of.startups_within.iter().sum());
    histogram.push(json!({"upto_s": null, "count": slower}));
    json!({
        "views": of.views,
        "sessions": of.sessions,
        "watch_time_s": seconds(of.watch_ms),
        "startup": {
            "count": of.startups,
            "mean_s": share(of.startup_ms, of.startups).map(|ms| ms / 1e3),
            "histogram": histogram,
        },
        "stalls": of.stalls,
        "stalled_s": seconds(of.stalled_ms),
        "stall_ratio": share(of.stalled_ms, of.stalled_ms + of.watch_ms),
        "bitrate_bps": share(of.bits, of.bits_ms).map(|rate| rate * 1e3),
        "errors": of.errors,
    })
}

fn bad(detail: String) -> Problem {
    Problem::bad_request("bad-query", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str, by: Option<By>) -> Query {
        let at = |text: &str| Some(text.parse().unwrap());
        Query { from: at(from), to: at(to), by, split: None }
    }

    #[test]
    fn points_are_as_narrow_as_a_chart_shows() {
        let day = "2026-01-02T00:00:00Z";
        for (from, expected) in [
            ("2026-01-01T20:00:00Z", By::Minute),
            ("2026-01-01T00:00:00Z", By::Hour),
            ("2025-12-02T00:00:00Z", By::Day),
            ("2024-02-01T00:00:00Z", By::Total),
        ] {
            assert_eq!(wanted(&span(from, day, None), 730, 360).unwrap().by, expected, "{from}");
        }
    }

    #[test]
    fn what_cannot_be_shown_is_told() {
        let check = |from: &str, to: &str, by, words: &str| {
            let told = wanted(&span(from, to, by), 730, 360).unwrap_err().detail;
            assert!(told.contains(words), "{told}");
        };
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z");
        check(new, old, None, "from must be before to");
        check(old, new, Some(By::Minute), "2881 points of at most 360");
        check("2020-01-01T00:00:00Z", new, None, "730 days");
    }

    #[test]
    fn numbers_of_nothing_are_no_nonsense() {
        let nothing = numbers(&Amounts::default());
        assert_eq!(
            (&nothing["stall_ratio"], &nothing["bitrate_bps"]),
            (&Value::Null, &Value::Null)
        );
        let mut some = Amounts { bits: 6_000_000, bits_ms: 2_000, ..Amounts::default() };
        some.start_up(700);
        some.start_up(9_300);
        let told = numbers(&some);
        assert_eq!((&told["bitrate_bps"], &told["startup"]["mean_s"]), (&json!(3e6), &json!(5.0)));
        let last = json!({"upto_s": null, "count": 1});
        assert_eq!(told["startup"]["histogram"].as_array().unwrap().last(), Some(&last));
    }
}
