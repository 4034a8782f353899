//! PUT and DELETE `/api/v1/content/{id}/like`: a set, so doing it twice changes nothing more.

use super::numbers;
use crate::App;
use crate::auth::{Caller, Watcher};
use crate::content::{self, no_store};
use crate::extract::Id;
use crate::problem::Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use playhouse_actors::engagement::Request;
use playhouse_storage::model::ContentId;
use serde::Serialize;

#[derive(Serialize)]
struct Liked {
    liked: bool,
    likes: u64,
}

/// PUT: the caller likes it.
pub(crate) async fn like(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    headers: HeaderMap,
) -> Answer {
    set(&app, &caller, id, &headers, true).await
}

/// DELETE: the caller does not.
pub(crate) async fn unlike(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    headers: HeaderMap,
) -> Answer {
    set(&app, &caller, id, &headers, false).await
}

async fn set(
    app: &App,
    caller: &Caller,
    id: ContentId,
    headers: &HeaderMap,
    liked: bool,
) -> Answer {
    content::card(app, caller, id).await?;
    let Watcher { id: viewer, visit } = caller.watcher(headers, app);
    let request = Request::Like { who: viewer.to_string(), likes: liked };
    let engagement = numbers(app, id, request).await?;
    Ok((visit, no_store(Liked { liked, likes: engagement.likes })).into_response())
}
