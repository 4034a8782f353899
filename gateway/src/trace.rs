//! The trace of a request: its id, its lines in the log, and the problem that names it.
//!
//! The id is the one of a W3C `traceparent` (Trace Context level 1, section 3.2) when it is well
//! formed, else random.

use crate::context::Context;
use crate::metrics;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::Response;
use playhouse_actors::runtime::traced;
use std::convert::Infallible;
use std::fmt;
use tracing::Span;

/// Tells the trace id of an answer.
pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("playhouse-trace-id");

/// The trace of a request, for handlers and for the entities that they ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId(u128);

impl TraceId {
    /// Runs a future as part of the trace: the failures of entities that it asks name it.
    pub(crate) fn around<T>(self, future: impl Future<Output = T>) -> impl Future<Output = T> {
        traced(self.0, future)
    }

    /// 32 hexadecimal digits.
    fn text(self) -> String {
        format!("{:032x}", self.0)
    }

    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
        let given = given.and_then(parent_trace_id);
        Self(given.and_then(|id| u128::from_str_radix(id, 16).ok()).unwrap_or_else(rand::random))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for TraceId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let context = parts.extensions.get::<Context>();
        Ok(context.map_or_else(|| Self::of(&parts.headers), |context| context.trace))
    }
}

/// What is told of a request after it has gone into its handler.
pub(crate) struct Told {
    pub(crate) trace: TraceId,
    method: Method,
    uri: Uri,
}

impl Told {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            trace: TraceId::of(request.headers()),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    /// For whoever looks for more than failures, which get a span when there is one to log: a span
    /// of each request, never looked at, would cost more than many a handler.
    pub(crate) fn span(&self) -> Span {
        let Self { trace, method, uri } = self;
        tracing::debug_span!("http", %method, path = uri.path(), trace_id = %trace)
    }

    /// Renders the problem of an answer and puts the trace id on it.
    pub(crate) fn finish(&self, mut response: Response) -> Response {
        let trace_id = self.trace.text();
        if let Some(problem) = problem_of(&mut response) {
            metrics::problem(problem.code);
            self.log(&problem);
            response = self.render(response, problem.body(&trace_id));
        }
        let status = response.status().as_u16();
        self.span().in_scope(|| tracing::debug!(status, "request answered"));
        if let Ok(value) = HeaderValue::from_str(&trace_id) {
            response.headers_mut().insert(TRACE_HEADER, value);
        }
        response
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
        let Self { trace, method, uri } = self;
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

/// `version-traceid-parentid-flags`, lower-case hex, no field all zero.
fn parent_trace_id(text: &str) -> Option<&str> {
    let mut fields = text.split('-');
    let [version, trace, parent, flags] =
        [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    let hex = |field: &str, length: usize| {
        field.len() == length && field.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let whole = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let known = version != "ff" && (version != "00" || fields.next().is_none());
    let zero = |field: &str| field.bytes().all(|b| b == b'0');
    (whole && known && !zero(trace) && !zero(parent)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::parent_trace_id;

    #[test]
    fn a_given_trace_goes_on() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(parent_trace_id(&format!("00-{id}-00f067aa0ba902b7-01")), Some(id));
        assert_eq!(parent_trace_id(&format!("01-{id}-00f067aa0ba902b7-01-more")), Some(id));
    }

    #[test]
    fn what_is_no_trace_is_not_taken_over() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for text in [
            "",
            "00-xyz-1-01",
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{id}-0000000000000000-01"),
            &format!("00-{id}-00f067aa0ba902b7-01-more"),
            &format!("ff-{id}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
        ] {
            assert_eq!(parent_trace_id(text), None, "{text}");
        }
    }
}
