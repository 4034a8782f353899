//! `/admin/api/audit`: what operators have ordered, and what came of it.

use super::{Reader, within};
use crate::App;
use crate::content::no_cache;
use crate::extract::Params;
use crate::problem::Answer;
use crate::view;
use axum::extract::State;
use playhouse_storage::model::AuditId;
use serde::Deserialize;
use serde_json::{Value, json};

/// The query of a list of orders.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParams {
    cursor: Option<AuditId>,
    limit: Option<u32>,
}

/// GET: orders, newest first.
pub(crate) async fn list(
    _: Reader,
    State(app): State<App>,
    Params(params): Params<PageParams>,
) -> Answer {
    let limit = params.limit.unwrap_or(app.config.list_default);
    let limit = within("limit", limit, 1..=app.config.list_max)?;
    let catalog = &app.platform.engines.catalog;
    let mut entries = catalog.audit(params.cursor, limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next_cursor = entries.last().filter(|_| more).map(|entry| entry.id);
    let items: Vec<Value> = entries.iter().map(view::audit).collect();
    Ok(no_cache(json!({"items": items, "next_cursor": next_cursor})))
}
