//! `/admin/api/actors/{path}`: one actor, and orders to it.
//!
//! A path has slashes of its own, so the last part of a POST's address is the order. Whoever orders
//! repeats the actor's name; the order is on disk before it is carried out ([`super::orders`]).

use super::{Admin, Reader, fresh, look, place};
use crate::App;
use crate::content::no_cache;
use crate::extract::Json;
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use crate::trace::TraceId;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use jiff::Timestamp;
use playhouse_actors::runtime::Inspector;
use playhouse_storage::model::{AuditEntry, AuditId, AuditOutcome};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What an actor is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Restart,
    Stop,
}

/// Every order with its name in the address.
pub(crate) const ORDERS: [(&str, Action); 2] =
    [("restart", Action::Restart), ("stop", Action::Stop)];

/// An order's body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    confirm: String,
    reason: Option<String>,
}

/// The path of an actor, decoded. One that is too long names nobody.
pub(crate) struct ActorPath(String);

impl FromRequestParts<App> for ActorPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(path) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|error| Problem::not_found(error.body_text()))?;
        let bytes_max = app.config.inspector.path_bytes_max;
        if path.len() > bytes_max {
            let why = format!("no actor has a path of more than {bytes_max} bytes");
            return Err(Problem::not_found(why));
        }
        Ok(Self(path))
    }
}

/// GET: all that is known about an actor.
pub(crate) async fn show(_: Reader, State(app): State<App>, path: ActorPath) -> Answer {
    detail(&app, path.0).await
}

/// GET: all that is known about the node itself, whose path is empty.
pub(crate) async fn node(_: Reader, State(app): State<App>) -> Answer {
    detail(&app, String::new()).await
}

async fn detail(app: &App, path: String) -> Answer {
    let seen = look(app, place(app)?, move |inspector| {
        inspector.actor(&path).ok_or_else(|| unknown(&path))
    });
    Ok(fresh(seen.await?))
}

/// POST: an order.
pub(crate) async fn order(
    admin: Admin,
    State(app): State<App>,
    trace: TraceId,
    stopping: Stopping,
    ActorPath(address): ActorPath,
    request: Request,
) -> Answer {
    let (path, name) = address.rsplit_once('/').unwrap_or(("", &address));
    #[cfg(debug_assertions)]
    if name == "fault" {
        return faults::order(&app, path, request).await;
    }
    let Some((_, action)) = ORDERS.into_iter().find(|(known, _)| *known == name) else {
        return Err(Problem::not_found("an order to an actor ends with /restart or /stop"));
    };
    let Json(order) = Json::<Order>::from_request(request, &app).await?;
    check(&app, path, &order)?;
    let entry = AuditEntry {
        id: AuditId::new(),
        at: Timestamp::now(),
        subject: admin.0.subject,
        action: name.to_owned(),
        path: path.to_owned(),
        reason: order.reason.filter(|reason| !reason.is_empty()),
        outcome: AuditOutcome::Asked,
        trace_id: Some(trace.to_string()),
    };
    let answer = json!({"audit_id": entry.id, "path": path, "action": action});
    let work = obeyed(app.platform.inspector.clone(), path.to_owned(), action);
    super::orders::carry_out(&app, entry, work, trace, stopping).await?;
    Ok((StatusCode::ACCEPTED, no_cache(answer)).into_response())
}

async fn obeyed(inspector: Inspector, path: String, action: Action) -> Answer<()> {
    let done = match action {
        Action::Restart => inspector.restart(&path).await,
        Action::Stop => inspector.stop(&path).await,
    };
    Ok(done?)
}

/// Whether an order is meant: the actor is there and its name was repeated.
fn check(app: &App, path: &str, order: &Order) -> Answer<()> {
    let detail = app.platform.inspector.actor(path).ok_or_else(|| unknown(path))?;
    let unprocessable =
        |code, why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, why);
    let name = detail.actor.name;
    if order.confirm != name {
        return Err(unprocessable("confirm", format!("confirm must be the actor's name: {name}")));
    }
    let chars_max = app.config.inspector.reason_chars_max;
    if order.reason.as_ref().is_some_and(|reason| reason.chars().count() > chars_max) {
        let why = format!("reason must have at most {chars_max} characters");
        return Err(unprocessable("bad-order", why));
    }
    Ok(())
}

pub(super) fn unknown(path: &str) -> Problem {
    Problem::not_found(format!("there is no actor '{path}'"))
}

/// Faults on order, in builds with debug assertions: what the chaos story uses.
#[cfg(debug_assertions)]
mod faults {
    use super::*;
    use playhouse_actors::runtime::Fault;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        fault: Name,
    }

    #[derive(Clone, Copy, Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Name {
        Panic,
        Kill,
        Hang,
        /// Milliseconds.
        Block(u16),
    }

    pub(super) async fn order(app: &App, path: &str, request: Request) -> Answer {
        let Json(body) = Json::<Body>::from_request(request, app).await?;
        let fault = match body.fault {
            Name::Panic => Fault::Panic,
            Name::Kill => Fault::Kill,
            Name::Hang => Fault::Hang,
            Name::Block(ms) => Fault::Block(ms),
        };
        app.platform.inspector.fault(path, fault)?;
        tracing::warn!(path, ?fault, "a fault was ordered");
        Ok((StatusCode::ACCEPTED, no_cache(json!({"path": path}))).into_response())
    }
}
