//! `/worker/api`: what `playhouse worker` processes ask of the entities of this node, and tell its
//! watchers. Which requests pass is decided behind the door, in `actors`.

use crate::App;
use crate::auth::Caller;
use crate::extract::Json;
use crate::problem::{Answer, Problem};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use playhouse_actors::encode::{self, DoorError};
use playhouse_actors::runtime::Letter;
use serde_json::Value;

/// Somebody who works for this node. The first among a handler's extractors.
pub(crate) struct Worker;

impl FromRequestParts<App> for Worker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Caller::from_request_parts(parts, app).await?.may_work()?;
        Ok(Self)
    }
}

/// POST `/worker/api/ask`: passes a letter on to its entity and answers what that answers.
pub(crate) async fn ask(_: Worker, State(app): State<App>, Json(letter): Json<Letter>) -> Answer {
    let reply = encode::pass(&app.platform, letter).await?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, reply.to_string()).into_response())
}

/// POST `/worker/api/hints`: how far jobs are. None is an ask whether the token is accepted.
pub(crate) async fn hints(
    _: Worker,
    State(app): State<App>,
    Json(note): Json<Value>,
) -> Answer<Response> {
    encode::take_note(&app.platform, note)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<DoorError> for Problem {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::Forbidden { .. } => Self::forbidden(error),
            DoorError::Unreadable { .. } => Self::bad_request("bad-letter", error),
            DoorError::Ask(error) => error.into(),
        }
    }
}
