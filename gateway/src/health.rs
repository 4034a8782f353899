//! Liveness (the process answers) and readiness (its store answers too).

use crate::App;
use crate::problem::{Answer, Problem};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// Probes of load balancers give up after a second or two; answering later helps nobody.
const PING_DEADLINE: Duration = Duration::from_secs(1);

/// GET `/healthz`.
pub(crate) async fn alive() -> Response {
    answer(r#"{"status":"alive"}"#)
}

/// GET `/readyz`: 503 while the catalog cannot be read and written.
pub(crate) async fn ready(State(app): State<App>) -> Answer {
    let ping = app.platform.engines.catalog.ping();
    match tokio::time::timeout(PING_DEADLINE, ping).await {
        Ok(Ok(())) => Ok(answer(r#"{"status":"ready"}"#)),
        Ok(Err(error)) => Err(not_ready().caused_by(error)),
        Err(_) => Err(not_ready().caused_by("the catalog did not answer within a second")),
    }
}

fn not_ready() -> Problem {
    Problem::unavailable("not-ready", "the catalog does not answer", 2)
}

fn answer(body: &'static str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/json")];
    (headers, body).into_response()
}
