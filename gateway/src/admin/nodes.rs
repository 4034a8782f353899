//! `/admin/api/nodes/{id}/drain` and `/resume`: a member gives its shards away, or owns some again.
//!
//! The order is in the audit log before it is carried out. It changes what the members are to do;
//! they do it within seconds, and `/admin/api/cluster` shows how far they are.

use super::{Admin, orders};
use crate::App;
use crate::content::no_cache;
use crate::extract::{self, Id};
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use crate::trace::TraceId;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::Timestamp;
use playhouse_actors::cluster::{Citizen, PhaseError, turned};
use playhouse_storage::model::{AuditEntry, AuditId, AuditOutcome, NodeName, Phase};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

/// What comes with an order to a node; there may be no body at all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    reason: Option<String>,
}

/// POST: the member gives its shards away and owns none until it is resumed.
pub(crate) async fn drain(
    admin: Admin,
    State(app): State<App>,
    trace: TraceId,
    stopping: Stopping,
    request: Request,
) -> Answer {
    order(admin, &app, (trace, stopping), request, Phase::Draining).await
}

/// POST: the member may own shards again.
pub(crate) async fn resume(
    admin: Admin,
    State(app): State<App>,
    trace: TraceId,
    stopping: Stopping,
    request: Request,
) -> Answer {
    order(admin, &app, (trace, stopping), request, Phase::Up).await
}

async fn order(
    admin: Admin,
    app: &App,
    (trace, stopping): (TraceId, Stopping),
    request: Request,
    phase: Phase,
) -> Answer {
    let (name, request) = named(request, app).await?;
    let order = read(request, app).await?;
    let citizen = app.platform.citizen.clone().ok_or_else(alone)?;
    let known = timeout(app.config.ask_deadline(), is_member(&citizen, &name)).await;
    known.unwrap_or_else(|_| Err(unanswered()))?;
    let action = match phase {
        Phase::Draining => "drain",
        Phase::Up => "resume",
    };
    let entry = AuditEntry {
        id: AuditId::new(),
        at: Timestamp::now(),
        subject: admin.0.subject,
        action: action.to_owned(),
        path: format!("nodes/{name}"),
        reason: order.reason.filter(|reason| !reason.is_empty()),
        outcome: AuditOutcome::Asked,
        trace_id: Some(trace.to_string()),
    };
    let answer = json!({"audit_id": entry.id, "path": entry.path, "action": action});
    let turn = async move { citizen.turn(&name, phase).await.map_err(Problem::from) };
    orders::carry_out(app, entry, turn, trace, stopping).await?;
    Ok((StatusCode::ACCEPTED, no_cache(answer)).into_response())
}

/// The node of the address. What cannot be a node's name names none.
async fn named(request: Request, app: &App) -> Answer<(NodeName, Request)> {
    use axum::extract::FromRequestParts;
    let (mut parts, body) = request.into_parts();
    let Id(name) = Id::<NodeName>::from_request_parts(&mut parts, app)
        .await
        .map_err(|_| Problem::not_found("there is no member of this name"))?;
    Ok((name, Request::from_parts(parts, body)))
}

async fn read(request: Request, app: &App) -> Answer<Order> {
    let body = extract::bytes(request, app.config.json_body_bytes_max, app).await?;
    if body.is_empty() {
        return Ok(Order::default());
    }
    let order: Order = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request("bad-json", format!("the body: {error}")))?;
    let chars_max = app.config.inspector.reason_chars_max;
    if order.reason.as_ref().is_some_and(|reason| reason.chars().count() > chars_max) {
        let why = format!("reason must have at most {chars_max} characters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-order", why));
    }
    Ok(order)
}

/// An order to who is not there is none, and is not written down.
async fn is_member(citizen: &Citizen, name: &NodeName) -> Answer<()> {
    let view = citizen.membership().view(citizen.config().suspicion_fresh()).await?;
    match turned(&view, name, Phase::Up) {
        Err(error @ PhaseError::NotAMember(_)) => Err(error.into()),
        _ => Ok(()),
    }
}

fn unanswered() -> Problem {
    let why = "the database does not answer now, nothing was ordered, try again";
    Problem::unavailable("unavailable", why, 2)
}

fn alone() -> Problem {
    let why = "this node is alone: it has nobody to give its shards to, and stops by SIGTERM";
    Problem::new(StatusCode::CONFLICT, "not-clustered", why)
}
