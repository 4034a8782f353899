//! `/admin/api/logs`: what this node logs, and another filter while it runs.
//!
//! A change is in the audit log before it is made. It holds for this process: the filter of the
//! configuration is back after a restart.

use super::{Admin, Reader, orders};
use crate::App;
use crate::content::no_cache;
use crate::extract::Json;
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use crate::trace::TraceId;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::Timestamp;
use playhouse_storage::model::{AuditEntry, AuditId, AuditOutcome};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Longest time that a filter may be asked for, seconds: a day.
const FOR_S_MAX: u64 = 86_400;

/// What is to be logged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    filter: String,
    for_s: Option<u64>,
}

/// GET: the filter in force.
pub(crate) async fn look(_: Reader, State(app): State<App>) -> Answer {
    Ok(no_cache(json!(app.levels.look())).into_response())
}

/// PUT: another filter, for a while if it says so.
pub(crate) async fn change(
    admin: Admin,
    State(app): State<App>,
    trace: TraceId,
    stopping: Stopping,
    Json(order): Json<Order>,
) -> Answer {
    checked(&app, &order)?;
    let entry = written_down(admin.0.subject, &order, trace);
    let (levels, within) = (Arc::clone(&app.levels), order.for_s.map(Duration::from_secs));
    let change =
        async move { levels.change(&order.filter, within).map(drop).map_err(Problem::internal) };
    orders::carry_out(&app, entry, change, trace, stopping).await?;
    Ok(no_cache(json!(app.levels.look())).into_response())
}

/// What cannot be carried out is no order, and is not written down.
fn checked(app: &App, order: &Order) -> Answer<()> {
    let bad = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-filter", why);
    app.levels.check(&order.filter).map_err(|why| bad(format!("filter: {why}")))?;
    match order.for_s {
        Some(for_s) if !(1..=FOR_S_MAX).contains(&for_s) => {
            Err(bad(format!("for_s must be from 1 to {FOR_S_MAX}, or left out")))
        }
        Some(_) | None => Ok(()),
    }
}

fn written_down(subject: String, order: &Order, trace: TraceId) -> AuditEntry {
    let how_long = order.for_s.map_or_else(String::new, |for_s| format!(" for {for_s} s"));
    AuditEntry {
        id: AuditId::new(),
        at: Timestamp::now(),
        subject,
        action: "set-log-filter".to_owned(),
        path: "logs".to_owned(),
        reason: Some(format!("{}{how_long}", order.filter)),
        outcome: AuditOutcome::Asked,
        trace_id: Some(trace.to_string()),
    }
}
