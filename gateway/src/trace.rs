//! The outermost layer: every request has a trace id, every answer carries it, every error leaves
//! through here as a problem. A handler that panics costs its request only.
//!
//! The id is the one of a W3C `traceparent` (Trace Context level 1, section 3.2) when it is well
//! formed, else random.

use crate::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use playhouse_actors::runtime::traced;
use std::fmt;
use std::panic::AssertUnwindSafe;
use tracing::Instrument;

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

pub(crate) async fn layer(mut request: Request, next: Next) -> Response {
    let trace_id = TraceId::of(request.headers());
    request.extensions_mut().insert(trace_id);
    let span = tracing::info_span!(
        "http",
        method = %request.method(),
        path = request.uri().path(),
        trace_id = %trace_id,
    );
    let answer = AssertUnwindSafe(trace_id.around(next.run(request))).catch_unwind();
    async move {
        let response = answer
            .await
            .unwrap_or_else(|_| Problem::internal("the handler panicked").into_response());
        tracing::debug!(status = response.status().as_u16(), "request answered");
        finish(response, &trace_id.to_string())
    }
    .instrument(span)
    .await
}

/// Renders the problem of an answer and puts the trace id on it.
fn finish(mut response: Response, trace_id: &str) -> Response {
    if let Some(problem) = problem_of(&mut response) {
        problem.log();
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts
            .headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response = Response::from_parts(parts, problem.body(trace_id).into());
    }
    if let Ok(value) = HeaderValue::from_str(trace_id) {
        response.headers_mut().insert(TRACE_HEADER, value);
    }
    response
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
