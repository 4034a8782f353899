//! What the catalog says to a database about facts, views and what is counted.

use super::{Expect, Statement, any, one, placeholders};
use crate::catalog::cell::Cell;
use crate::engagement::Minute;
use crate::model::{ContentId, NewFact};
use jiff::Timestamp;

/// Puts a fact at the end of the queue: `$1` content, `$2` time, `$3` kind.
pub(crate) const FACT: &str = "INSERT INTO fact (content_id, at, kind) VALUES ($1, $2, $3)";
/// Keeps the key of a view: `$1` key, `$2` content, `$3` now. Touches nothing when it is known.
pub(crate) const VIEW_KEY: &str = "INSERT INTO view_key (view_key, content_id, kept_at) \
     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
/// Facts in their order: `$1` above this position, `$2` limit.
pub(crate) const FACTS: &str = "SELECT position, content_id, at, kind FROM fact \
     WHERE position > $1 ORDER BY position LIMIT $2";
/// The first and the last position: `$1` above this one.
pub(crate) const FACTS_SPAN: &str = "SELECT \
     (SELECT position FROM fact WHERE position > $1 ORDER BY position LIMIT 1), \
     (SELECT position FROM fact WHERE position > $1 ORDER BY position DESC LIMIT 1)";
/// Minutes of a content: `$1` content, `$2` from, `$3` to.
pub(crate) const MINUTES: &str = "SELECT minute, views FROM view_minute \
     WHERE content_id = $1 AND minute >= $2 AND minute < $3 ORDER BY minute";
/// Whether a user likes a content: `$1` content, `$2` who.
pub(crate) const LIKES: &str = "SELECT 1 FROM liked WHERE content_id = $1 AND who = $2";
/// Contents by trend: `$1` and `$2` below this trend and id, `$3` limit.
pub(crate) const RANKED: &str = "SELECT content_id, trend, hot FROM counter \
     WHERE trend IS NOT NULL AND (trend, content_id) < ($1, $2) \
     ORDER BY trend DESC, content_id DESC LIMIT $3";
/// How many contents have at least this trend: `$1`.
pub(crate) const RANKED_COUNT: &str =
    "SELECT COUNT(*) FROM counter WHERE trend IS NOT NULL AND trend >= $1";
/// Holds a content: `$1` id.
pub(crate) const HOLD_CONTENT: &str = "UPDATE content SET id = id WHERE id = $1";
/// Contents that are marked as hot: `$1` limit.
pub(crate) const HOT: &str =
    "SELECT content_id, trend, hot FROM counter WHERE hot = 1 ORDER BY content_id LIMIT $1";
/// Forgets old keys of views: `$1` before, `$2` limit.
pub(crate) const VIEW_KEYS_FORGET: &str = "DELETE FROM view_key WHERE (view_key, content_id) IN \
     (SELECT view_key, content_id FROM view_key WHERE kept_at < $1 ORDER BY kept_at LIMIT $2)";
/// Removes old minutes: `$1` before, `$2` limit.
pub(crate) const MINUTES_FORGET: &str = "DELETE FROM view_minute WHERE (content_id, minute) IN \
     (SELECT content_id, minute FROM view_minute WHERE minute < $1 ORDER BY minute LIMIT $2)";

/// Facts that one statement takes off the queue: below the bound on parameters of any engine.
const SETTLED_AT_ONCE: usize = 512;
/// Lists of facts are filled up to one of these lengths, so that there are few statements to keep.
const LENGTHS: [usize; 5] = [2, 8, 32, 128, SETTLED_AT_ONCE];

/// The cells of a fact.
pub(crate) fn fact(fact: &NewFact) -> [Cell; 3] {
    [Cell::text(fact.content), Cell::time(fact.at), Cell::json(&fact.kind)]
}

/// The cells of the key of a view.
pub(crate) fn view_key(key: &str, content: ContentId, now: Timestamp) -> [Cell; 3] {
    [Cell::text(key), Cell::text(content), Cell::time(now)]
}

/// What [`RANKED`] is asked with.
pub(crate) fn ranked(before: Option<(f64, ContentId)>, limit: u32) -> Vec<Cell> {
    // Nothing sorts behind an infinite trend and a letter that is no hexadecimal digit.
    let (trend, id) = before
        .map_or((f64::INFINITY, "z".to_owned()), |(trend, content)| (trend, content.to_string()));
    vec![Cell::Real(trend), Cell::Text(id), Cell::int(limit)]
}

/// Views and heat of some contents.
pub(crate) fn counters(contents: &[ContentId]) -> (String, Vec<Cell>) {
    let sql = format!(
        "SELECT content_id, views, hot FROM counter WHERE content_id IN ({})",
        placeholders(1, contents.len())
    );
    (sql, contents.iter().map(Cell::text).collect())
}

/// Holds a content: where several writers meet, nobody deletes it meanwhile.
pub(super) fn hold_content(content: ContentId) -> Statement {
    one(HOLD_CONTENT, vec![Cell::text(content)], format!("content {content}"))
}

/// Takes facts off the queue; each must still be there.
pub(super) fn settle(positions: &[u64]) -> Vec<Statement> {
    positions.chunks(SETTLED_AT_ONCE).map(settle_some).collect()
}

fn settle_some(positions: &[u64]) -> Statement {
    let (first, last) = (positions.first(), positions.last());
    let is_run = first.zip(last).is_some_and(|(a, b)| b - a + 1 == positions.len() as u64);
    let (filter, params) = match (is_run, first, last) {
        // Facts of one content that came together: one range instead of many names.
        (true, Some(first), Some(last)) => {
            ("position BETWEEN $1 AND $2".to_owned(), vec![Cell::int(*first), Cell::int(*last)])
        }
        _ => {
            let length = LENGTHS.into_iter().find(|length| *length >= positions.len());
            let length = length.unwrap_or(positions.len());
            let filled = positions.iter().chain(last.into_iter().cycle()).take(length);
            let params = filled.map(|position| Cell::int(*position)).collect();
            (format!("position IN ({})", placeholders(1, length)), params)
        }
    };
    let what = "facts that were counted before".to_owned();
    Statement {
        sql: format!("DELETE FROM fact WHERE {filter}"),
        params,
        expect: Expect::Exactly(positions.len(), what),
    }
}

/// Adds views to a minute.
pub(super) fn add_views(content: ContentId, minute: Minute) -> Statement {
    any(
        "INSERT INTO view_minute (content_id, minute, views) VALUES ($1, $2, $3) \
         ON CONFLICT (content_id, minute) DO UPDATE SET views = view_minute.views + excluded.views",
        vec![Cell::text(content), Cell::int(minute.minute), Cell::int(minute.views)],
    )
}

/// Keeps a like.
pub(super) fn insert_like(content: ContentId, who: &str, at: Timestamp) -> Statement {
    one(
        "INSERT INTO liked (content_id, who, at) VALUES ($1, $2, $3)",
        vec![Cell::text(content), Cell::text(who), Cell::time(at)],
        format!("a like of {content}"),
    )
}

/// Forgets a like.
pub(super) fn delete_like(content: ContentId, who: &str) -> Statement {
    one(
        "DELETE FROM liked WHERE content_id = $1 AND who = $2",
        vec![Cell::text(content), Cell::text(who)],
        format!("a like of {content}"),
    )
}
