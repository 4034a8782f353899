//! The trace of a request: its id, its step in the trace, its lines in the log, and the problem
//! that names it.
//!
//! A W3C `traceparent` that is well formed goes on, else the trace begins here. Whether it is
//! sampled is decided by a trusted proxy and by workers, or else by our share: anybody could have
//! every request of theirs kept. Every answer that is our fault is kept, and every request that its
//! client gave up.

mod route;

use crate::context::{Connection, Context};
use crate::metrics::{self, CLIENT_GONE};
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

/// Where a request belongs: where its sender says, or at the beginning of a trace. Of a sender who
/// is not trusted the share is sampled as of others, and not by the id, which is theirs to choose.
fn place(headers: &HeaderMap, uri: &Uri, trusted: bool) -> Place {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    let own = || trace::begin(uri.path().starts_with("/api/v1/uploads"));
    match given.and_then(Place::of_traceparent) {
        Some(given) if trusted => given,
        Some(given) => Place { sampled: own().sampled, ..given },
        None => own(),
    }
}

/// Where workers ask. What they do is part of the traces of uploads.
fn is_of_workers(uri: &Uri) -> bool {
    uri.path().starts_with("/worker/api/")
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
        let own = || Self(place(&parts.headers, &parts.uri, false));
        Ok(context.map_or_else(own, |context| context.trace))
    }
}

/// What is told of a request after it has gone into its handler.
pub(crate) struct Told {
    pub(crate) trace: TraceId,
    /// None once it has ended.
    hop: Option<Hop>,
    method: Method,
    uri: Uri,
}

impl Told {
    pub(crate) fn of(request: &Request, connection: Option<&Connection>) -> Self {
        let (headers, uri) = (request.headers(), request.uri());
        let trusted = connection.is_some_and(|it| it.trusted) || is_of_workers(uri);
        let hop = Hop::below(place(headers, uri, trusted), Instant::now());
        Self {
            trace: TraceId(hop.context()),
            hop: Some(hop),
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
    pub(crate) fn finish(mut self, mut response: Response) -> Response {
        let trace_id = self.trace.text();
        let mut failed = None;
        if let Some(problem) = problem_of(&mut response) {
            metrics::problem(problem.code);
            traced_now(self.trace.0, || self.log(&problem));
            response = self.render(response, problem.body(&trace_id));
            failed = problem.status.is_server_error().then_some(problem);
        }
        let status = response.status().as_u16();
        self.span().in_scope(|| tracing::debug!(status, "request answered"));
        let why = failed.as_ref().map(Problem::why);
        // Who is refused where workers ask is none, and has nothing to decide.
        let refused = is_of_workers(&self.uri) && response.status().is_client_error();
        if let Some(hop) = self.hop.take().filter(|_| !refused) {
            hop.end(why.as_ref().map(|why| why as _), || {
                let span = self.told(status);
                match &failed {
                    Some(problem) => span.with("error.type", problem.code),
                    None => span,
                }
            });
        }
        if let Ok(value) = HeaderValue::from_str(&trace_id) {
            response.headers_mut().insert(TRACE_HEADER, value);
        }
        response
    }

    /// What a trace tells of it (semantic conventions of HTTP servers).
    fn told(&self, status: u16) -> Span {
        let (method, path) = (known(&self.method), self.uri.path());
        let (route, verb) = (route::of(path), method.unwrap_or("HTTP"));
        let name = route.map_or_else(|| verb.to_owned(), |route| format!("{verb} {route}"));
        let span = Span::new(Kind::Server, name)
            .with("http.request.method", method.unwrap_or("_OTHER"))
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

impl Drop for Told {
    /// A client that gives up has waited for something: that is worth a look.
    fn drop(&mut self) {
        let Some(hop) = self.hop.take() else { return };
        let gone = || self.told(CLIENT_GONE).with("error.type", "client-gone");
        hop.end(Some(&"the client has gone"), gone);
    }
}

/// A method that the semantic conventions know; whatever else a client says is no name of a span.
fn known(method: &Method) -> Option<&str> {
    let all = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::CONNECT,
        Method::OPTIONS,
        Method::TRACE,
        Method::PATCH,
    ];
    all.contains(method).then(|| method.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Site;
    use crate::stopping::Stopping;
    use axum::Router;
    use axum::routing::get;
    use futures_util::FutureExt;
    use playhouse_actors::runtime::trace::{Sampling, Sink, Value, install};
    use std::sync::{Arc, Mutex, PoisonError};

    #[derive(Default)]
    struct Kept(Mutex<Vec<Span>>);

    impl Sink for Kept {
        fn has_room(&self) -> bool {
            true
        }

        fn take(&self, span: Span) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
        }
    }

    /// The one sink of this process; tests know their own spans by the trace id.
    fn kept() -> Arc<Kept> {
        static KEPT: Mutex<Option<Arc<Kept>>> = Mutex::new(None);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get_or_insert_with(|| {
            let kept = Arc::new(Kept::default());
            assert!(install(kept.clone(), Sampling::default()), "no other test has a sink");
            kept
        });
        Arc::clone(kept)
    }

    impl Kept {
        fn of(&self, trace_id: u128) -> Vec<Span> {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.iter().filter(|span| span.context.trace_id == trace_id).cloned().collect()
        }
    }

    fn text<'a>(span: &'a Span, key: &str) -> &'a str {
        let found = span.attributes.iter().find(|(known, _)| *known == key);
        match found.map(|(_, value)| value) {
            Some(Value::Text(text)) => text,
            other => panic!("{key} is {other:?}"),
        }
    }

    /// A request whose sender has it sampled.
    fn request(method: &str, path: &str, trace_id: u128) -> Request {
        let parent = format!("00-{trace_id:032x}-00f067aa0ba902b7-01");
        let request = Request::builder().method(method).uri(path).header("traceparent", parent);
        request.body(Body::empty()).unwrap()
    }

    fn connection(trusted: bool) -> Arc<Connection> {
        Arc::new(Connection {
            peer: "192.0.2.7".parse().unwrap(),
            trusted,
            stopping: Stopping::default(),
        })
    }

    #[tokio::test]
    async fn only_who_is_trusted_decides_what_is_sampled() {
        let (kept, site) = (kept(), Site::new(Router::new(), 10));
        let check = async |path: &str, trusted, trace_id, expected: usize| {
            let request = request("GET", path, trace_id);
            let answer = site.answer(request, Some(connection(trusted))).await;
            assert_eq!(answer.headers()[TRACE_HEADER], format!("{trace_id:032x}"));
            assert_eq!(kept.of(trace_id).len(), expected, "{path} {trusted}");
        };
        check("/", true, 0xa1, 1).await;
        check("/", false, 0xa2, 0).await;
        // Here it is answered 404, as to anybody who is no worker.
        check("/worker/api/ask", false, 0xa3, 0).await;
    }

    #[tokio::test]
    async fn a_request_that_its_client_gave_up_leaves_a_span() {
        let (kept, never) = (kept(), || std::future::pending::<()>());
        let site = Site::new(Router::new().route("/healthz", get(never)), 10);
        let answer = site.answer(request("GET", "/healthz", 0xd1), None);
        assert!(answer.now_or_never().is_none(), "its future is dropped");
        let told = kept.of(0xd1);
        let [span] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((span.name.as_str(), text(span, "error.type")), ("GET /healthz", "client-gone"));
        assert_eq!(span.error.as_deref(), Some("the client has gone"));
        let status = ("http.response.status_code", Value::Whole(499));
        assert!(span.attributes.contains(&status), "{span:?}");
    }

    #[test]
    fn what_workers_do_is_sampled_as_they_say() {
        let sampled = |path| Told::of(&request("POST", path, 0xb1), None).trace.0.sampled;
        assert!(sampled("/worker/api/ask") && !sampled("/api/v1/uploads"));
    }

    #[tokio::test]
    async fn a_span_is_short_whatever_a_client_says() {
        let (kept, site) = (kept(), Site::new(Router::new(), 10));
        let (method, path) = ("X".repeat(5_000), format!("/{}", "a".repeat(20_000)));
        site.answer(request(&method, &path, 0xc1), Some(connection(true))).await;
        let told = kept.of(0xc1);
        let [span] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((span.name.as_str(), text(span, "http.request.method")), ("HTTP", "_OTHER"));
        assert_eq!(text(span, "url.path"), &path[..256]);
    }
}
