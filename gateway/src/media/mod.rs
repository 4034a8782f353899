//! `/media/{id}/…`: playlists, MPDs, segments and pictures to players.
//!
//! What is served never changes under its name except a growing manifest, so segments are cached
//! for a day and manifests carry a validator. Caches shared by viewers keep only what everybody
//! may see.

mod cache;
mod gzip;
mod range;
mod validator;
mod whole;

use crate::App;
use crate::auth::{Caller, is_public};
use crate::content;
use crate::extract::id;
use crate::metrics::media_sent;
use crate::problem::Answer;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cache::Served;
use playhouse_actors::content::{Card, Manifest};
use playhouse_storage::model::ContentId;
use range::{Conditions, Wanted, wanted};
use std::sync::Arc;
use whole::Whole;

const HLS: &str = "application/vnd.apple.mpegurl";
const DASH: &str = "application/dash+xml";

/// GET `/media/{id}/master.m3u8`.
pub(crate) async fn multivariant(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let content = playable(&app, &caller, &text).await?;
    let manifest = app.platform.manifests.multivariant(&content).await?;
    Ok(manifest_answer(&app, &manifest, HLS, &content, &headers))
}

/// GET `/media/{id}/manifest.mpd`.
pub(crate) async fn mpd(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let content = playable(&app, &caller, &text).await?;
    let manifest = app.platform.manifests.mpd(&content).await?;
    Ok(manifest_answer(&app, &manifest, DASH, &content, &headers))
}

/// GET `/media/{id}/{rendition}/index.m3u8`.
pub(crate) async fn playlist(
    State(app): State<App>,
    caller: Caller,
    Path((text, rendition)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let content = playable(&app, &caller, &text).await?;
    let manifest = app.platform.manifests.media(&content, &rendition).await?;
    Ok(manifest_answer(&app, &manifest, HLS, &content, &headers))
}

/// GET `/media/{id}/{rendition}/{file}`: init segments and segments.
pub(crate) async fn segment(
    State(app): State<App>,
    caller: Caller,
    Path((text, rendition, file)): Path<(String, String, String)>,
    Conditions(headers): Conditions,
) -> Answer {
    let content = playable(&app, &caller, &text).await?;
    blob(&app, &content, &format!("{rendition}/{file}"), &headers).await
}

/// GET `/media/{id}/{picture}`.
pub(crate) async fn picture(
    State(app): State<App>,
    caller: Caller,
    Path((text, file)): Path<(String, String)>,
    Conditions(headers): Conditions,
) -> Answer {
    let content = playable(&app, &caller, &text).await?;
    blob(&app, &content, &file, &headers).await
}

async fn playable(app: &App, caller: &Caller, text: &str) -> Answer<Arc<Card>> {
    content::playable(app, caller, id::<ContentId>(text)?).await
}

fn manifest_answer(
    app: &App,
    manifest: &Manifest,
    media_type: &'static str,
    content: &Card,
    request: &HeaderMap,
) -> Response {
    let gzip = gzip::accepted(request);
    let etag = match gzip {
        true => format!("\"{}-gz\"", manifest.etag),
        false => format!("\"{}\"", manifest.etag),
    };
    let served = if manifest.ended { Served::Ended } else { Served::Growing };
    let mut headers = head(media_type, &etag, &cache_control(app, content, served));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if validator::matches(request, &etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    media_sent("manifest", manifest.body.len() as u64);
    if !gzip {
        return (headers, manifest.body.clone()).into_response();
    }
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    (headers, manifest.compressed(gzip::compress)).into_response()
}

async fn blob(app: &App, content: &Card, path: &str, request: &HeaderMap) -> Answer {
    let blobs = &app.platform.engines.blobs;
    let key = app.platform.manifests.blob_key(content.id, path).await?;
    let size = blobs.size(&key).await?;
    let etag = validator::of_key(&key, size);
    let served = if path.ends_with(".jpg") { Served::Picture } else { Served::Segment };
    let mut headers = head(media_type(path), &etag, &cache_control(app, content, served));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if validator::matches(request, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let (status, range) = match wanted(request, &etag, size) {
        Wanted::Whole => (StatusCode::OK, None),
        Wanted::Part(range) => {
            headers.insert(header::CONTENT_RANGE, range::content_range(&range, size));
            (StatusCode::PARTIAL_CONTENT, Some(range))
        }
        Wanted::Nothing => return Err(range::unsatisfiable(size)),
    };
    let length = range.as_ref().map_or(size, |range| range.end - range.start);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    media_sent(if served == Served::Picture { "picture" } else { "segment" }, length);
    let body = Body::from_stream(Whole::new(blobs.read(&key, range).await?, length));
    Ok((status, headers, body).into_response())
}

fn head(media_type: &'static str, etag: &str, cache_control: &str) -> HeaderMap {
    let text = |value: &str| HeaderValue::from_str(value).expect("validators are visible ASCII");
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::ETAG, text(etag)),
        (header::CACHE_CONTROL, text(cache_control)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ])
}

fn cache_control(app: &App, content: &Card, served: Served) -> String {
    let tier = app.platform.heat.of(content.id).tier;
    cache::control(served, is_public(content), tier)
}

/// RFC 8216 section 3.3 and ISO/IEC 23009-1 name these; segments have the type of their file.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("mp4") => "video/mp4",
        Some("m4s") => "video/iso.segment",
        Some("jpg") => "image/jpeg",
        Some("vtt") => "text/vtt",
        _ => "application/octet-stream",
    }
}
