//! The web pages, embedded in the binary: shells and assets, nothing made per request. What they
//! show comes through the API with the visitor's own token.

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}

use crate::App;
use crate::auth::Visit;
use crate::problem::{Answer, Problem};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// For the built pages: scripts and styles from here only, media through MediaSource (`blob:`).
const PAGE_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; \
    worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";
/// For pages that the server writes itself: one inline style, no script at all.
const PLAIN_CSP: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// GET `/`.
pub(crate) async fn index(State(app): State<App>, headers: HeaderMap) -> Answer {
    shell(&app, &headers, "index.html")
}

/// GET `/watch/{id}`.
pub(crate) async fn watch(State(app): State<App>, headers: HeaderMap) -> Answer {
    shell(&app, &headers, "watch.html")
}

/// GET `/insights/{id}`.
pub(crate) async fn insights(State(app): State<App>, headers: HeaderMap) -> Answer {
    shell(&app, &headers, "insights.html")
}

/// GET `/upload`.
pub(crate) async fn upload(State(app): State<App>, headers: HeaderMap) -> Answer {
    shell(&app, &headers, "upload.html")
}

/// GET `/admin`.
pub(crate) async fn admin(State(app): State<App>, headers: HeaderMap) -> Answer {
    shell(&app, &headers, "admin.html")
}

/// GET `/assets/{*path}`: names carry a hash of the content, so a name never changes its bytes.
pub(crate) async fn asset(Path(path): Path<String>) -> Answer {
    let name = format!("assets/{path}");
    let age = "public, max-age=31536000, immutable";
    Ok((secured(PAGE_CSP), file(&name, age)?).into_response())
}

/// GET `/favicon.ico`, `/favicon.svg`.
pub(crate) async fn favicon() -> Answer {
    const FALLBACK: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\
        <rect width=\"32\" height=\"32\" rx=\"7\" fill=\"#b3122b\"/>\
        <path d=\"M12 9l12 7-12 7z\" fill=\"#fff\"/></svg>";
    let age = "public, max-age=86400";
    let found = file("favicon.svg", age).or_else(|_| file("assets/favicon.svg", age));
    let own = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, age)];
    Ok(found.unwrap_or_else(|_| (own, FALLBACK).into_response()))
}

fn shell(app: &App, headers: &HeaderMap, name: &str) -> Answer {
    let visit = Visit::of(headers, &app.keys, &app.config);
    let csp = if embedded::BUILT { PAGE_CSP } else { PLAIN_CSP };
    Ok((visit, secured(csp), file(name, "no-cache")?).into_response())
}

/// A page that the server wrote itself.
pub(crate) fn plain(html: String) -> Response {
    let kind =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (secured(PLAIN_CSP), kind, html).into_response()
}

fn file(name: &str, cache_control: &'static str) -> Answer {
    let found = embedded::FILES.iter().find(|(known, _)| *known == name);
    let (_, bytes) = found.ok_or_else(|| Problem::not_found("there is no such page or file"))?;
    let kind = [(header::CONTENT_TYPE, media_type(name)), (header::CACHE_CONTROL, cache_control)];
    Ok((kind, *bytes).into_response())
}

fn secured(csp: &'static str) -> [(HeaderName, HeaderValue); 5] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(csp)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
        ),
    ]
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
