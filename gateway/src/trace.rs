//! The trace of a request: its id, its step in the trace, its lines in the log, and the problem
//! that names it.
//!
//! A W3C `traceparent` that is well formed goes on, and its sender decides whether it is sampled;
//! else the trace begins here. Every answer that is our fault is kept.

mod route;

use crate::context::Context;
use crate::metrics;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::Response;
use playhouse_actors::runtime::trace::{
    self, Context as Place, Hop, Kind, Span, traced, traced_now,
};
use std::convert::Infallible;
use std::fmt;
use tokio::time::Instant;

/// Tells the trace id of an answer.
pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("playhouse-trace-id");

/// The trace of a request, for handlers and for the entities that they ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId(Place);

impl TraceId {
    /// Runs a future as part of the trace: the failures of entities that it asks name it.
    pub(crate) fn around<T>(self, future: impl Future<Output = T>) -> impl Future<Output = T> {
        traced(self.0, future)
    }

    /// 32 hexadecimal digits.
    fn text(self) -> String {
        format!("{:032x}", self.0.trace_id)
    }
}

/// Where a request belongs: where its sender says, or at the beginning of a trace.
fn place(headers: &HeaderMap, uri: &Uri) -> Place {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    let given = given.and_then(Place::of_traceparent);
    given.unwrap_or_else(|| trace::begin(uri.path().starts_with("/api/v1/uploads")))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0.trace_id)
    }
}

impl<S: Sync> FromRequestParts<S> for TraceId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let context = parts.extensions.get::<Context>();
        let own = || Self(place(&parts.headers, &parts.uri));
        Ok(context.map_or_else(own, |context| context.trace))
    }
}

/// What is told of a request after it has gone into its handler.
pub(crate) struct Told {
    pub(crate) trace: TraceId,
    hop: Hop,
    method: Method,
    uri: Uri,
}

impl Told {
    pub(crate) fn of(request: &Request) -> Self {
        let hop = Hop::below(place(request.headers(), request.uri()), Instant::now());
        Self {
            trace: TraceId(hop.context()),
            hop,
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    /// For whoever looks for more than failures, which get a span when there is one to log: a span
    /// of each request, never looked at, would cost more than many a handler.
    pub(crate) fn span(&self) -> tracing::Span {
        let Self { trace, method, uri, .. } = self;
        tracing::debug_span!("http", %method, path = uri.path(), trace_id = %trace)
    }

    /// Renders the problem of an answer and puts the trace id on it.
    pub(crate) fn finish(&self, mut response: Response) -> Response {
        let trace_id = self.trace.text();
        let mut failed = None;
        if let Some(problem) = problem_of(&mut response) {
            metrics::problem(problem.code);
            traced_now(self.hop.context(), || self.log(&problem));
            response = self.render(response, problem.body(&trace_id));
            failed = problem.status.is_server_error().then_some(problem);
        }
        let status = response.status().as_u16();
        self.span().in_scope(|| tracing::debug!(status, "request answered"));
        let why = failed.as_ref().map(Problem::why);
        self.hop.end(why.as_ref().map(|why| why as _), || {
            let span = self.told(status);
            match &failed {
                Some(problem) => span.with("error.type", problem.code),
                None => span,
            }
        });
        if let Ok(value) = HeaderValue::from_str(&trace_id) {
            response.headers_mut().insert(TRACE_HEADER, value);
        }
        response
    }

    /// What a trace tells of it (semantic conventions of HTTP servers).
    fn told(&self, status: u16) -> Span {
        let (method, path) = (self.method.as_str(), self.uri.path());
        let route = route::of(path);
        let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
        let span = Span::new(Kind::Server, name)
            .with("http.request.method", method)
            .with("url.path", path)
            .with("url.scheme", "http")
            .with("http.response.status_code", u64::from(status));
        match route {
            Some(route) => span.with("http.route", route),
            None => span,
        }
    }

    fn render(&self, response: Response, body: String) -> Response {
        const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
        let (mut parts, _) = response.into_parts();
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        parts.headers.insert(header::CONTENT_TYPE, PROBLEM);
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // What HEAD is told is what GET would be, without the body (RFC 9110 section 9.3.2).
        let body = if self.method == Method::HEAD { Body::empty() } else { Body::from(body) };
        Response::from_parts(parts, body)
    }

    /// Logs a problem within what it is about.
    fn log(&self, problem: &Problem) {
        let Self { trace, method, uri, .. } = self;
        let span = match problem.is_ours() {
            true => tracing::error_span!("http", %method, path = uri.path(), trace_id = %trace),
            false => self.span(),
        };
        span.in_scope(|| problem.log());
    }
}

fn problem_of(response: &mut Response) -> Option<Problem> {
    let status = response.status();
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => Some(problem),
        None if status.is_client_error() || status.is_server_error() => {
            Some(Problem::of_status(status))
        }
        None => None,
    }
}
