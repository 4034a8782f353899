//! `sort=trending`: contents by their views, each of which weighs half after every half-life.
//!
//! Ranks do not change with time but with views, so a place among them is a cursor. Contents that
//! rank and are not public are passed over; how far is bounded.

use crate::App;
use crate::auth::is_public;
use crate::problem::{Answer, Problem};
use futures_util::future::try_join_all;
use playhouse_storage::engagement::Ranked;
use playhouse_storage::model::{Content, ContentId};
use std::fmt;
use std::str::FromStr;

/// A place among the ranks: whoever ranks below it comes after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    trend: f64,
    content: ContentId,
}

/// A page and where the next one begins.
pub(super) struct Page {
    pub(super) contents: Vec<Content>,
    pub(super) next: Option<Place>,
}

/// A page of at most `limit` public contents below a place.
pub(super) async fn page(app: &App, after: Option<Place>, limit: usize) -> Answer<Page> {
    let engines = &app.platform.engines;
    let (mut contents, mut last) = (Vec::with_capacity(limit), after);
    let rows = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    for _ in 0..app.config.playback.trending_rounds_max {
        let before = last.map(|place| (place.trend, place.content));
        let ranked = engines.engagement.ranked(before, rows).await?;
        let ended = ranked.len() <= limit;
        let reads = ranked.iter().map(|one| engines.catalog.content(one.content));
        for (rank, content) in ranked.iter().zip(try_join_all(reads).await?) {
            let Some(content) = content.filter(|content| is_public(content)) else {
                last = Some(Place::of(rank));
                continue;
            };
            // One more than the page: so another page follows.
            if contents.len() == limit {
                return Ok(Page { contents, next: last });
            }
            last = Some(Place::of(rank));
            contents.push(content);
        }
        if ended {
            return Ok(Page { contents, next: None });
        }
    }
    Ok(Page { contents, next: last })
}

impl Place {
    fn of(rank: &Ranked) -> Self {
        Self { trend: rank.trend, content: rank.content }
    }

    /// The place of a cursor.
    pub(super) fn parse(text: &str) -> Answer<Self> {
        let bad = || Problem::bad_request("bad-query", "cursor is not one that this list gave");
        text.parse().map_err(|()| bad())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:032x}", self.trend.to_bits(), self.content.0.as_u128())
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (trend, content) = text.split_at_checked(16).ok_or(())?;
        let trend = f64::from_bits(u64::from_str_radix(trend, 16).map_err(|_| ())?);
        let content = match content.len() {
            32 => content.parse().map_err(|_| ())?,
            _ => return Err(()),
        };
        if trend.is_finite() { Ok(Self { trend, content }) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_the_place_it_was_made_of() {
        for trend in [0.0, -3.25, 20_512.123_456_789] {
            let place = Place { trend, content: ContentId::new() };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let good = Place { trend: f64::NAN, content: ContentId::new() }.to_string();
        for text in ["", "x", &good, &good[1..], "ééééééééééé", &"0".repeat(47)] {
            assert_eq!(text.parse::<Place>(), Err(()), "{text}");
        }
    }
}
