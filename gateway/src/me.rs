//! `/api/v1/me`: who the token or the cookie says you are.

use crate::App;
use crate::auth::{Caller, Via, Visit};
use crate::content::no_cache;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// GET: `{subject, role, anonymous}`. Makes an anonymous viewer known.
pub(crate) async fn show(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Response {
    match caller.via {
        Via::Token => describe(&caller),
        Via::Cookie | Via::Nothing => {
            let visit = Visit::of(&headers, &app.keys, &app.config);
            let guest = Caller::guest(visit.id);
            (visit, describe(&guest)).into_response()
        }
    }
}

fn describe(caller: &Caller) -> Response {
    no_cache(json!({
        "subject": caller.subject,
        "role": caller.role,
        "anonymous": caller.via != Via::Token,
    }))
}
