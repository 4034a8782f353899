//! `/admin/api/dead-letters`: work that gave up, and another chance for it.

use super::{Admin, Reader};
use crate::App;
use crate::content::{ask, no_cache, unexpected};
use crate::extract::{Id, Params};
use crate::problem::{Answer, Problem};
use crate::view;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use playhouse_actors::content::{Reply, Request as Ask};
use playhouse_storage::model::{DeadLetter, DeadLetterId};
use serde::Deserialize;
use serde_json::{Value, json};

/// The query of a list of dead letters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParams {
    cursor: Option<DeadLetterId>,
    limit: Option<u32>,
}

/// GET: work that gave up, newest first.
pub(crate) async fn list(
    _: Reader,
    State(app): State<App>,
    Params(params): Params<PageParams>,
) -> Answer {
    let limit = params.limit.unwrap_or(app.config.list_default).clamp(1, app.config.list_max);
    let catalog = &app.platform.engines.catalog;
    let mut letters = catalog.dead_letters(params.cursor, limit + 1).await?;
    let more = letters.len() > limit as usize;
    letters.truncate(limit as usize);
    let next_cursor = letters.last().filter(|_| more).map(|letter| letter.id);
    let items: Vec<Value> = letters.iter().map(view::dead_letter).collect();
    Ok(no_cache(json!({"items": items, "next_cursor": next_cursor})))
}

/// POST: puts the work back in the queue. A letter that was replayed already stays so.
pub(crate) async fn replay(_: Admin, State(app): State<App>, Id(id): Id<DeadLetterId>) -> Answer {
    let letter = letter(&app, id).await?;
    if letter.replayed_at.is_none() {
        match ask(&app, letter.content_id, Ask::Replay(id)).await? {
            Reply::Content(_) => {}
            Reply::Refused(refusal) => return Err(refusal.into()),
            other @ Reply::Deleted => return Err(unexpected(&other)),
        }
    }
    let letter = self::letter(&app, id).await?;
    Ok((StatusCode::ACCEPTED, no_cache(view::dead_letter(&letter))).into_response())
}

async fn letter(app: &App, id: DeadLetterId) -> Answer<DeadLetter> {
    let letter = app.platform.engines.catalog.dead_letter(id).await?;
    letter.ok_or_else(|| Problem::not_found("there is no such dead letter"))
}
