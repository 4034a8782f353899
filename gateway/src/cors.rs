//! Browsers on other origins (Fetch standard, CORS protocol): they may use the API with a bearer
//! token and play media. Every origin is allowed, since nothing here trusts a cookie with more
//! than a guest's name and credentials are never allowed across origins.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

const ALLOW_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const ALLOW_HEADERS: &str = "Authorization, Content-MD5, Content-Type, Idempotency-Key, \
    If-None-Match, Range, Traceparent, Tus-Resumable, Upload-Length, Upload-Metadata, \
    Upload-Offset, X-HTTP-Method-Override, X-Requested-With";
const EXPOSE_HEADERS: &str = "Content-Range, ETag, Location, Playhouse-Content-Id, \
    Playhouse-Trace-Id, Retry-After, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, \
    Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset";
/// Browsers cut it at two hours (Chromium) or a day (Firefox). Seconds.
const PREFLIGHT_MAX_AGE: &str = "7200";

/// What a request has to do with other origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Nothing: pages and administration are for their own origin.
    No,
    /// Its answer may be read by every origin.
    Yes,
    /// It only asks whether it may be sent (preflight).
    Asked,
}

impl Sharing {
    pub(crate) fn of(request: &Request) -> Self {
        let path = request.uri().path();
        if !path.starts_with("/api/v1/") && !path.starts_with("/media/") {
            Self::No
        } else if is_preflight(request) {
            Self::Asked
        } else {
            Self::Yes
        }
    }

    /// Tells it on the answer.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        match self {
            Self::No => {}
            Self::Yes => allow(headers, false),
            Self::Asked => allow(headers, true),
        }
    }
}

/// The answer to a preflight.
pub(crate) fn agree() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn allow(headers: &mut HeaderMap, preflight: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if preflight {
        set(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW_METHODS);
        set(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
        set(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    } else {
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    }
}
