//! `/api/v1/content`: what there is, and what its creator changes.

mod trending;

use crate::App;
use crate::answers;
use crate::auth::{Caller, is_public};
use crate::extract::{Id, Json, Params};
use crate::problem::{Answer, Problem};
use crate::tus;
use crate::view::{self, Rows};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use playhouse_actors::content::{Card, Edit, Reply, Request as Ask};
use playhouse_actors::engagement::Tier;
use playhouse_storage::catalog::ContentQuery;
use playhouse_storage::model::{Content, ContentId, Stage, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use trending::Place;

/// Longest title, bytes; the same as in `Upload-Metadata`.
const TITLE_BYTES_MAX: usize = 500;
/// Longest description, bytes; the same as in `Upload-Metadata`.
const DESCRIPTION_BYTES_MAX: usize = 5_000;

/// The query of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListParams {
    q: Option<String>,
    sort: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
    owner: Option<String>,
}

/// GET: a page of published content; with `owner=me` of the caller's own, with `owner=all` of
/// everybody's, for administrators.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Answer {
    if sort(params.sort.as_deref())? == Sort::Trending {
        return list_trending(&app, &params).await;
    }
    let query = query(&params, &caller, &app.config)?;
    let limit = query.limit as usize - 1;
    // An empty list of statuses means all: the caller's own, or an administrator's view.
    let all = query.statuses.is_empty();
    let mut rows = app.platform.engines.catalog.contents(query).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|content| content.id);
    let counted = counted(&app, &rows).await?;
    let mut items: Vec<Value> = Vec::with_capacity(rows.len());
    for content in rows {
        let counted = counted.get(&content.id).copied().unwrap_or_default();
        // Rows that may not be shown are few; a page may be shorter, its cursor stays right.
        if all && caller.may_see(&content) {
            let rows = with_renditions(&app, &caller, content).await?;
            items.push(view::counted(view::content(&rows), counted));
        } else if is_public(&content) {
            items.push(view::counted(view::summary(&content), counted));
        }
    }
    Ok(no_cache(json!({"items": items, "next_cursor": next_cursor})))
}

/// A page of what is watched most, lately.
async fn list_trending(app: &App, params: &ListParams) -> Answer {
    if params.q.is_some() || params.owner.is_some() {
        let detail = "sort=trending lists all published content: leave q and owner out";
        return Err(Problem::bad_request("bad-query", detail));
    }
    let limit = limit(params, &app.config)?;
    let after = params.cursor.as_deref().map(Place::parse).transpose()?;
    let place = after.map_or_else(|| "top".to_owned(), |place| place.to_string());
    let (key, ttl_s) = (format!("trending:{limit}:{place}"), app.config.answers.trending_s);
    let page = answers::kept(app, &key, ttl_s, make_trending(app, after, limit as usize));
    Ok(no_cache(without_taken_back(app, page.await?).await?))
}

async fn make_trending(app: &App, after: Option<Place>, limit: usize) -> Answer<Value> {
    let page = trending::page(app, after, limit).await?;
    let counted = counted(app, &page.contents).await?;
    let item = |content: &Content| {
        let counted = counted.get(&content.id).copied().unwrap_or_default();
        view::counted(view::summary(content), counted)
    };
    let items: Vec<Value> = page.contents.iter().map(item).collect();
    let next_cursor = page.next.map(|place| place.to_string());
    Ok(json!({"items": items, "next_cursor": next_cursor}))
}

/// The page without what is not public any more since it was made.
async fn without_taken_back(app: &App, mut page: Value) -> Answer<Value> {
    let Some(items) = page["items"].as_array_mut() else { return Ok(page) };
    let mut shown = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let id = item["id"].as_str().and_then(|id| id.parse().ok());
        let Some(id) = id else { continue };
        let card = app.platform.cards.get(id).await?;
        if card.is_some_and(|card| is_public(card.as_ref())) {
            shown.push(item);
        }
    }
    *items = shown;
    Ok(page)
}

/// Views and heat of the contents on a page.
async fn counted(app: &App, page: &[Content]) -> Answer<HashMap<ContentId, (u64, bool)>> {
    let ids: Vec<ContentId> = page.iter().map(|content| content.id).collect();
    let counters = app.platform.engines.engagement.counters(&ids).await?;
    Ok(counters.into_iter().map(|(id, views, hot)| (id, (views, hot))).collect())
}

/// What the store is asked; one row more than the page, to know whether another page follows.
fn query(params: &ListParams, caller: &Caller, config: &crate::Config) -> Answer<ContentQuery> {
    let limit = limit(params, config)?;
    let text = params.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.len() > config.search_bytes_max) {
        let detail = format!("q must have at most {} bytes", config.search_bytes_max);
        return Err(Problem::bad_request("bad-query", detail));
    }
    if text.is_some_and(|text| tus::has_control("q", text)) {
        return Err(Problem::bad_request("bad-query", "q must not have control characters"));
    }
    let bad_cursor = |_| Problem::bad_request("bad-query", "cursor is not one that a list gave");
    let (owner, statuses) = whose(params.owner.as_deref(), caller)?;
    Ok(ContentQuery {
        text: text.map(str::to_owned),
        statuses,
        owner,
        before: params.cursor.as_deref().map(str::parse).transpose().map_err(bad_cursor)?,
        limit: limit + 1,
    })
}

fn limit(params: &ListParams, config: &crate::Config) -> Answer<u32> {
    let limit = params.limit.unwrap_or(config.list_default);
    if limit == 0 || limit > config.list_max {
        let detail = format!("limit must be between 1 and {}", config.list_max);
        return Err(Problem::bad_request("bad-query", detail));
    }
    Ok(limit)
}

/// In which order contents are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Newest,
    Trending,
}

fn sort(wish: Option<&str>) -> Answer<Sort> {
    match wish {
        None | Some("newest") => Ok(Sort::Newest),
        Some("trending") => Ok(Sort::Trending),
        Some(other) => Err(Problem::bad_request(
            "bad-query",
            format!("sort '{other}' is not known: use newest or trending"),
        )),
    }
}

fn whose(wish: Option<&str>, caller: &Caller) -> Answer<(Option<String>, Vec<Status>)> {
    match wish {
        None => Ok((None, vec![Status::Published])),
        Some("me") => caller.with_token().map(|()| (Some(caller.subject.clone()), Vec::new())),
        Some("all") => caller.may_administrate().map(|()| (None, Vec::new())),
        Some(_) => Err(Problem::bad_request("bad-query", "owner can be 'me' or 'all'")),
    }
}

/// GET: one content with its renditions.
pub(crate) async fn show(State(app): State<App>, caller: Caller, Id(id): Id<ContentId>) -> Answer {
    let card = card(&app, &caller, id).await?;
    // What its creator sees is nobody else's business; what is not whole changes by the second.
    if caller.is_creator_of(card.as_ref()) || card.stage != Stage::Done || !is_public(card.as_ref())
    {
        return Ok(no_cache(view::content(&read(&app, &caller, id).await?)));
    }
    let (key, ttl_s) = (format!("content:{id}:{}", card.version), app.config.answers.content_s);
    let make = async { Ok(view::content(&read(&app, &caller, id).await?)) };
    let mut shown = answers::kept(&app, &key, ttl_s, make).await?;
    shown["hot"] = json!(is_hot(&app, id));
    Ok(no_cache(shown))
}

fn is_hot(app: &App, id: ContentId) -> bool {
    app.platform.heat.of(id).tier == Tier::Hot
}

/// The rows of a content that the caller may see.
pub(crate) async fn read(app: &App, caller: &Caller, id: ContentId) -> Answer<Rows> {
    let content = visible(app, caller, id).await?;
    with_renditions(app, caller, content).await
}

async fn with_renditions(app: &App, caller: &Caller, content: Content) -> Answer<Rows> {
    let catalog = &app.platform.engines.catalog;
    let for_creator = caller.is_creator_of(&content);
    let upload = match content.status {
        Status::Uploading if for_creator => catalog.upload(content.upload_id).await?,
        _ => None,
    };
    let renditions = catalog.renditions(content.id).await?;
    let owner_is_me = caller.owns(&content.owner);
    let hot = is_hot(app, content.id);
    Ok(Rows { content, renditions, upload, for_creator, owner_is_me, hot })
}

/// The record of a content that the caller may see; any other is told as not there.
pub(crate) async fn visible(app: &App, caller: &Caller, id: ContentId) -> Answer<Content> {
    let content = app.platform.engines.catalog.content(id).await?;
    content.filter(|content| caller.may_see(content)).ok_or_else(not_there)
}

/// The card of a content that the caller may see, without a look at its record.
pub(crate) async fn card(app: &App, caller: &Caller, id: ContentId) -> Answer<Arc<Card>> {
    let card = app.platform.cards.get(id).await?;
    card.filter(|card| caller.may_see(card.as_ref())).ok_or_else(not_there)
}

/// The card of a content that the caller may play.
pub(crate) async fn playable(app: &App, caller: &Caller, id: ContentId) -> Answer<Arc<Card>> {
    let card = card(app, caller, id).await?;
    match caller.may_play(card.as_ref()) {
        true => Ok(card),
        false => Err(Problem::not_found("this content is blocked and does not play")),
    }
}

fn not_there() -> Problem {
    Problem::not_found("there is no such content, or it is not public")
}

/// The body of a PATCH.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    title: Option<String>,
    description: Option<String>,
    language: Option<String>,
    status: Option<String>,
}

/// PATCH: changes what viewers are shown. Doing it twice changes nothing more.
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    Json(change): Json<Change>,
) -> Answer {
    caller.may_change(&visible(&app, &caller, id).await?)?;
    let edit = edit(change)?;
    match ask(&app, id, Ask::Edit(edit)).await? {
        Reply::Content(_) => show(State(app), caller, Id(id)).await,
        Reply::Refused(refusal) => Err(refusal.into()),
        other @ Reply::Deleted => Err(unexpected(&other)),
    }
}

/// A change in the pipeline's words.
fn edit(change: Change) -> Answer<Edit> {
    let title = change.title.map(|title| title.trim().to_owned());
    if title.as_ref().is_some_and(String::is_empty) {
        return Err(Problem::bad_request("bad-edit", "title must not be empty"));
    }
    check_text("title", title.as_deref(), TITLE_BYTES_MAX)?;
    check_text("description", change.description.as_deref(), DESCRIPTION_BYTES_MAX)?;
    let unlisted = match change.status.as_deref() {
        None => None,
        Some("draft") => Some(true),
        Some("published") => Some(false),
        Some(other) => {
            let detail = format!("status can be set to draft or published, not to '{other}'");
            return Err(Problem::bad_request("bad-edit", detail));
        }
    };
    let language = change.language.as_deref().map(tus::language).transpose()?;
    let edit = Edit { title, description: change.description, language, unlisted };
    if edit == Edit::default() {
        let detail = "nothing to change: send title, description, language or status";
        return Err(Problem::bad_request("bad-edit", detail));
    }
    Ok(edit)
}

/// A text that can be shown, and kept by every engine.
fn check_text(key: &str, value: Option<&str>, bytes_max: usize) -> Answer<()> {
    match value {
        Some(text) if tus::has_control(key, text) => {
            Err(Problem::bad_request("bad-edit", format!("{key} has control characters")))
        }
        Some(text) if text.len() > bytes_max => Err(Problem::bad_request(
            "bad-edit",
            format!("{key} has {} bytes, the limit is {bytes_max}", text.len()),
        )),
        Some(_) | None => Ok(()),
    }
}

/// DELETE: removes the content, its files included. What is gone already is 404.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
) -> Answer {
    caller.may_change(&visible(&app, &caller, id).await?)?;
    match ask(&app, id, Ask::Delete).await? {
        Reply::Deleted => Ok(StatusCode::NO_CONTENT.into_response()),
        Reply::Refused(refusal) => Err(refusal.into()),
        other @ Reply::Content(_) => Err(unexpected(&other)),
    }
}

pub(crate) async fn ask(app: &App, id: ContentId, request: Ask) -> Answer<Reply> {
    Ok(app.platform.pipeline(id).ask(request, app.config.ask_deadline()).await?)
}

pub(crate) fn unexpected(reply: &Reply) -> Problem {
    Problem::internal(format!("the pipeline answered {reply:?}"))
}

/// JSON that depends on the caller and changes by itself.
pub(crate) fn no_cache(value: Value) -> Response {
    no_store(value)
}

/// The same of a type.
pub(crate) fn no_store<T: Serialize>(value: T) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(value)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::auth::Role;
    use crate::auth::Via;

    fn ada() -> Caller {
        Caller { subject: "ada".into(), role: Role::Editor, via: Via::Token }
    }

    fn refusal(params: ListParams) -> String {
        query(&params, &ada(), &Config::default()).unwrap_err().detail
    }

    #[test]
    fn a_list_shows_what_is_published_and_to_its_owner_all() {
        let all = query(&ListParams::default(), &ada(), &Config::default()).unwrap();
        assert_eq!((all.statuses, all.owner, all.limit), (vec![Status::Published], None, 25));
        let params = ListParams { owner: Some("me".into()), ..Default::default() };
        let own = query(&params, &ada(), &Config::default()).unwrap();
        assert_eq!((own.statuses, own.owner.as_deref()), (vec![], Some("ada")));
    }

    #[test]
    fn what_a_list_cannot_do_is_said() {
        assert!(sort(Some("oldest")).unwrap_err().detail.contains("'oldest' is not known"));
        assert!(refusal(ListParams { limit: Some(101), ..Default::default() }).contains("100"));
        let cursor = ListParams { cursor: Some("x".into()), ..Default::default() };
        assert!(refusal(cursor).contains("cursor"));
        let text = ListParams { q: Some("a\0b".into()), ..Default::default() };
        assert!(refusal(text).contains("control characters"));
        let owner = ListParams { owner: Some("bob".into()), ..Default::default() };
        assert!(refusal(owner).contains("'me'"));
        let all = ListParams { owner: Some("all".into()), ..Default::default() };
        assert!(refusal(all).contains("role admin"));
    }

    /// A database that cannot hold the character 0 made an internal error of it.
    #[test]
    fn texts_that_no_engine_could_keep_are_refused() {
        let titled = |title: &str| edit(Change { title: Some(title.into()), ..Default::default() });
        assert!(titled("a\0b").unwrap_err().detail.contains("control characters"));
        assert!(titled("a\nb").is_err() && titled("a b").is_ok());
        let told = |text: &str| Change { description: Some(text.into()), ..Default::default() };
        assert!(edit(told("a\r\n\tb")).is_ok() && edit(told("a\0b")).is_err());
    }

    #[test]
    fn a_status_can_be_set_to_draft_and_back_only() {
        let set = |status: &str| edit(Change { status: Some(status.into()), ..Default::default() });
        assert_eq!(set("draft").unwrap().unlisted, Some(true));
        assert_eq!(set("published").unwrap().unlisted, Some(false));
        assert!(set("blocked").unwrap_err().detail.contains("'blocked'"));
        assert!(edit(Change::default()).unwrap_err().detail.contains("nothing to change"));
    }
}
