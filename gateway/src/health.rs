//! Liveness (the process answers) and readiness (its catalog answers too).

use crate::App;
use crate::extract::Params;
use crate::problem::{Answer, Problem};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use playhouse_actors::cluster::Citizen;
use playhouse_storage::Result;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// Probes of load balancers give up after a second or two; answering later helps nobody.
const PING_DEADLINE: Duration = Duration::from_secs(1);
/// A node has work without the other engines, so their slowness must not look like its own.
const ASIDE_DEADLINE: Duration = Duration::from_millis(300);

const UP: &str = "up";
const AWAY: &str = "away";

/// GET `/healthz`.
pub(crate) async fn alive() -> Response {
    answer(r#"{"status":"alive"}"#)
}

/// The query of a check.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadyParams {
    /// The status of a node that was told to go, for proxies to which 503 means that whatever is
    /// under way there is lost: HAProxy lets it finish after 404 (`http-check disable-on-404`).
    leaving: Option<u16>,
}

/// GET `/readyz`: which engines answer; 503 while the catalog cannot be read and written, and when
/// the node was told to go. Without the other engines a node still has work to take.
pub(crate) async fn ready(State(app): State<App>, Params(params): Params<ReadyParams>) -> Answer {
    let status = match params.leaving {
        None | Some(503) => StatusCode::SERVICE_UNAVAILABLE,
        Some(404) => StatusCode::NOT_FOUND,
        Some(_) => return Err(Problem::bad_request("bad-query", "leaving is 404 or 503")),
    };
    if app.platform.citizen.as_ref().is_some_and(Citizen::is_leaving) {
        let why = "this node was told to go: the others take over what it owns";
        return Err(Problem::new(status, "leaving", why));
    }
    let engines = &app.platform.engines;
    let (catalog, blobs, events, cache, jobs) = tokio::join!(
        state("catalog", PING_DEADLINE, engines.catalog.ping()),
        state("blobs", ASIDE_DEADLINE, engines.blobs.ping()),
        state("events", ASIDE_DEADLINE, engines.eventlog.ping()),
        state("cache", ASIDE_DEADLINE, engines.cache.ping()),
        state("jobs", ASIDE_DEADLINE, engines.wakes.ping()),
    );
    let states = json!({
        "catalog": catalog,
        "blobs": blobs,
        "events": events,
        "cache": cache,
        "jobs": jobs,
    });
    if catalog == AWAY {
        let problem = Problem::unavailable("not-ready", "the catalog does not answer", 2);
        return Err(problem.telling("engines", states));
    }
    Ok(answer(json!({"status": "ready", "engines": states}).to_string()))
}

/// What the answer says of an engine.
async fn state(
    engine: &'static str,
    deadline: Duration,
    ping: impl Future<Output = Result<()>>,
) -> &'static str {
    let why = match tokio::time::timeout(deadline, ping).await {
        Ok(Ok(())) => return UP,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} ms", deadline.as_millis()),
    };
    tracing::debug!(engine, why, "an engine is away");
    AWAY
}

fn answer(body: impl IntoResponse) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/json")];
    (headers, body).into_response()
}
