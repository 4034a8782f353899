//! `/admin/api/tree`: a bounded part of the actor tree, once or each second.
//!
//! A stream makes its next page when the client has taken the one before, so a slow client misses
//! pages and never makes the node hold more than one. The number of streams, the number of looks
//! at once and the size of a page are bounded.

use super::{Reader, at_most, fresh, look, place, within};
use crate::App;
use crate::config::InspectorLimits;
use crate::extract::Params;
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use playhouse_actors::runtime::Inspector;
use playhouse_actors::runtime::inspect::view::{Sort, TreePage, TreeQuery};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Levels that are shown to who does not say: branches and their children, kinds without entities.
const DEPTH: u32 = 2;

/// Which part of the tree is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TreeParams {
    under: Option<String>,
    depth: Option<u32>,
    sort: Option<Sort>,
    q: Option<String>,
    limit: Option<u32>,
    /// As it was told; a request's head bounds its length.
    cursor: Option<String>,
}

impl TreeParams {
    fn query(self, limits: &InspectorLimits) -> Answer<TreeQuery> {
        let under = self.under.unwrap_or_default();
        at_most("under", &under, limits.path_bytes_max)?;
        let search = self.q.filter(|text| !text.is_empty());
        at_most("q", search.as_deref().unwrap_or_default(), limits.search_bytes_max)?;
        let limit = self.limit.unwrap_or(limits.limit_default);
        Ok(TreeQuery {
            under,
            depth: within("depth", self.depth.unwrap_or(DEPTH), 0..=limits.depth_max)?,
            sort: self.sort,
            search,
            limit: within("limit", limit, 1..=limits.limit_max)? as usize,
            cursor: self.cursor,
        })
    }
}

/// GET: one page.
pub(crate) async fn page(
    _: Reader,
    State(app): State<App>,
    Params(params): Params<TreeParams>,
) -> Answer {
    let query = params.query(&app.config.inspector)?;
    Ok(fresh(look(&app, place(&app)?, move |inspector| seen(inspector, &query)).await?))
}

/// GET: event `tree`, a page, at once and then each second.
pub(crate) async fn watch(
    _: Reader,
    State(app): State<App>,
    Params(params): Params<TreeParams>,
    stopping: Stopping,
) -> Answer {
    let query = params.query(&app.config.inspector)?;
    let permit = Arc::clone(&app.tree_streams).try_acquire_owned().map_err(|_| {
        Problem::unavailable("too-many-streams", "too many watch the actors, try again", 5)
    })?;
    let asked = query.clone();
    let first = look(&app, place(&app)?, move |inspector| seen(inspector, &asked)).await?;
    let every = Duration::from_millis(app.config.inspector.stream_every_ms);
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let keepalive = Duration::from_secs(app.config.sse_keepalive_s);
    let until = Instant::now() + Duration::from_secs(app.config.sse_lifetime_s);
    let watch = Watch { app, query, stopping, ticks, until, _permit: permit };
    let sse = Sse::new(events(watch, first)).keep_alive(KeepAlive::new().interval(keepalive));
    Ok(([("x-accel-buffering", "no")], sse).into_response())
}

/// One open stream.
struct Watch {
    app: App,
    query: TreeQuery,
    stopping: Stopping,
    ticks: Interval,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

fn events(watch: Watch, first: String) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((watch, Some(first)), |(mut watch, first)| async move {
        let page = match first {
            Some(page) => page,
            None => watch.next().await?,
        };
        Some((Ok(Event::default().event("tree").data(page)), (watch, None)))
    })
}

impl Watch {
    /// The next page; none when the stream's time is over, or the node stops.
    async fn next(&mut self) -> Option<String> {
        let Self { app, query, stopping, ticks, until, .. } = self;
        let turn = async {
            let now = ticks.tick().await;
            // Streams wait for their turn: a page may be late, a request may not.
            let permit = app.looks.clone().acquire_owned().await.ok()?;
            (now < *until).then_some(permit)
        };
        let permit = tokio::select! {
            permit = turn => permit?,
            () = stopping.asked() => return None,
        };
        let query = query.clone();
        // Who watched a part that is gone sees that it is empty now.
        look(app, permit, move |inspector| Ok(inspector.tree(&query)))
            .await
            .inspect_err(Problem::log)
            .ok()
    }
}

fn seen(inspector: &Inspector, query: &TreeQuery) -> Answer<TreePage> {
    if !query.under.is_empty() && inspector.actor(&query.under).is_none() {
        return Err(super::actors::unknown(&query.under));
    }
    Ok(inspector.tree(query))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(params: TreeParams) -> Result<TreeQuery, String> {
        params.query(&InspectorLimits::default()).map_err(|problem| problem.detail)
    }

    #[test]
    fn who_says_nothing_sees_two_levels() {
        let asked = query(TreeParams::default()).unwrap();
        assert_eq!((asked.under.as_str(), asked.depth, asked.limit), ("", 2, 100));
        let empty = TreeParams { q: Some(String::new()), ..TreeParams::default() };
        assert_eq!(query(empty).unwrap().search, None);
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let refused = |params| query(params).unwrap_err();
        let none = TreeParams::default;
        assert_eq!(refused(TreeParams { depth: Some(9), ..none() }), "depth must be 0 to 8");
        assert_eq!(refused(TreeParams { limit: Some(0), ..none() }), "limit must be 1 to 1000");
        assert_eq!(refused(TreeParams { limit: Some(1_001), ..none() }), "limit must be 1 to 1000");
        let long = TreeParams { q: Some("x".repeat(101)), ..none() };
        assert_eq!(refused(long), "q must have at most 100 bytes");
        let far = TreeParams { under: Some("x".repeat(513)), ..none() };
        assert_eq!(refused(far), "under must have at most 512 bytes");
    }
}
