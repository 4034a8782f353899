//! POST `/api/v1/content/{id}/views`: a view that a trusted server tells, once for each key.
//!
//! The key (the header Idempotency-Key of draft-ietf-httpapi-idempotency-key-header) belongs to
//! its caller and content; it is kept as long as late views are taken. The view is on disk when it
//! is answered, so a caller that heard nothing sends it again.

use crate::App;
use crate::auth::Caller;
use crate::content::{self, no_store};
use crate::extract::{self, Id};
use crate::playback::full;
use crate::problem::{Answer, Problem};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::IntoResponse;
use jiff::{SignedDuration, Timestamp};
use playhouse_actors::content::Card;
use playhouse_storage::engagement::NewView;
use playhouse_storage::model::ContentId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key, characters: a UUID with words around it.
const KEY_CHARS_MAX: usize = 128;
/// Longest name of a viewer, bytes.
const VIEWER_BYTES_MAX: usize = 256;

/// The body; all of it may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Told {
    /// When it was watched; now unless told.
    at: Option<Timestamp>,
    /// The caller's name for the viewer, for unique viewers.
    viewer: Option<String>,
}

#[derive(Serialize)]
struct Counted {
    counted: bool,
}

/// POST.
pub(crate) async fn count(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    request: Request,
) -> Answer {
    caller.with_token()?;
    let card = content::playable(&app, &caller, id).await?;
    check_caller(&caller, &card)?;
    let key = key(&caller, request.headers())?;
    if app.platform.cells.is_full() {
        return Err(full(&app));
    }
    let told = body(request, &app).await?;
    let at = time(&app, told.at)?;
    let viewer = told.viewer.map(|name| named(&app, &caller, &name)).transpose()?;
    let view = NewView { content: id, at, key, viewer };
    let counted = app.platform.engines.engagement.view(view).await?;
    if counted {
        app.platform.cells.view(id);
        playhouse_actors::metrics::view_told();
    }
    Ok((StatusCode::ACCEPTED, no_store(Counted { counted })).into_response())
}

fn check_caller(caller: &Caller, card: &Card) -> Answer<()> {
    if caller.is_creator_of(card) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "views are told with a token of the content's creator or of an administrator; players \
         tell what they do at /api/v1/playback/sessions",
    ))
}

/// What names the view: of fixed length, and telling nothing of the caller to who reads it.
fn key(caller: &Caller, headers: &HeaderMap) -> Answer<String> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Err(Problem::bad_request(
            "header-missing",
            "send Idempotency-Key: a text that names this view and no other, the same when you \
             send it again",
        ));
    };
    let text = value.as_bytes();
    if !(1..=KEY_CHARS_MAX).contains(&text.len()) || !text.iter().all(u8::is_ascii_graphic) {
        return Err(Problem::bad_request(
            "header-bad",
            format!("Idempotency-Key must have 1 to {KEY_CHARS_MAX} visible ASCII characters"),
        ));
    }
    let mut hash = Sha256::new();
    hash.update((caller.subject.len() as u64).to_be_bytes());
    hash.update(&caller.subject);
    hash.update(text);
    let mut key = String::with_capacity(34);
    key.push_str("k:");
    for byte in hash.finalize().iter().take(16) {
        write!(key, "{byte:02x}").expect("memory has room");
    }
    Ok(key)
}

/// JSON, or nothing at all.
async fn body(request: Request, app: &App) -> Answer<Told> {
    let bytes = extract::bytes(request, app.config.json_body_bytes_max, app).await?;
    if bytes.trim_ascii().is_empty() {
        return Ok(Told::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let detail = format!("send nothing, or JSON with at (RFC 3339) and viewer: {error}");
        Problem::bad_request("bad-json", detail)
    })
}

/// Counted in the minute of this; its key is not known any more when it is too old.
fn time(app: &App, at: Option<Timestamp>) -> Answer<Timestamp> {
    let limits = &app.platform.config.playback;
    let now = Timestamp::now();
    let Some(at) = at else { return Ok(now) };
    let seconds = |count: u64| SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX));
    let age = now.duration_since(at);
    if age > seconds(limits.event_age_max_s) {
        let detail = format!("at is more than {} seconds ago", limits.event_age_max_s);
        return Err(Problem::bad_request("bad-view", detail));
    }
    if -age > seconds(limits.event_ahead_max_s) {
        let detail = format!("at is more than {} seconds ahead", limits.event_ahead_max_s);
        return Err(Problem::bad_request("bad-view", detail));
    }
    Ok(at)
}

fn named(app: &App, caller: &Caller, name: &str) -> Answer<playhouse_storage::model::ViewerId> {
    match name.len() {
        1..=VIEWER_BYTES_MAX => Ok(caller.viewer_named(name, app)),
        _ => Err(Problem::bad_request(
            "bad-view",
            format!("viewer must have 1 to {VIEWER_BYTES_MAX} bytes"),
        )),
    }
}
