//! Requests by route: how many, how they ended, how long they took until the head of the answer.
//!
//! Names and labels are those of the semantic conventions of OpenTelemetry for HTTP servers. A
//! handler is wrapped where the route table is made: no look-up of a route, no boxed future.

use crate::App;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::Response;
use pin_project_lite::pin_project;
use playhouse_storage::metrics::{Counters, Level, SECONDS, times_calls};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

static REQUESTS: LazyLock<Family<[(&'static str, String); 3], Histogram>> =
    LazyLock::new(|| Family::new_with_constructor(|| Histogram::new(SECONDS)));
static ACTIVE: LazyLock<Level> = LazyLock::new(Level::default);
static PROBLEMS: LazyLock<Counters<1>> = LazyLock::new(Counters::default);

/// Nobody waits for the answer any more (the convention of nginx).
pub(crate) const CLIENT_GONE: u16 = 499;
const PANICKED: u16 = 500;

pub(super) fn register(registry: &mut Registry) {
    registry.register_with_unit(
        "http_server_request_duration",
        "Requests until the head of their answer",
        Unit::Seconds,
        REQUESTS.clone(),
    );
    registry.register(
        "http_server_active_requests",
        "Requests without the head of an answer yet",
        ACTIVE.clone(),
    );
    registry.register(
        "playhouse_http_problems",
        "Problems that clients were told, by the last part of their type",
        PROBLEMS.clone(),
    );
}

/// A client is told of a problem.
pub(crate) fn problem(code: &'static str) {
    PROBLEMS.get_or_create(&[("problem", code)]).inc();
}

/// What is counted of one row of the route table.
pub(crate) struct Route {
    method: Method,
    path: &'static str,
    /// The status that was answered first, most likely the usual one: the look-up is spared it.
    usual: OnceLock<(u16, Histogram)>,
}

impl Route {
    pub(crate) fn new(method: Method, path: &'static str) -> Arc<Self> {
        Arc::new(Self { method, path, usual: OnceLock::new() })
    }

    fn ended(&self, began: Instant, status: u16) {
        let took_s = began.elapsed().as_secs_f64();
        let (usual, histogram) = self.usual.get_or_init(|| (status, self.histogram(status)));
        match *usual == status {
            true => histogram.observe(took_s),
            false => self.histogram(status).observe(took_s),
        }
    }

    fn histogram(&self, status: u16) -> Histogram {
        REQUESTS.get_or_create_owned(&[
            ("http_request_method", self.method.to_string()),
            ("http_route", self.path.to_owned()),
            ("http_response_status_code", status.to_string()),
        ])
    }
}

/// A handler whose requests are counted.
pub(crate) fn measured<H>(handler: H, route: Arc<Route>) -> Measured<H> {
    Measured { handler, route }
}

#[derive(Clone)]
pub(crate) struct Measured<H> {
    handler: H,
    route: Arc<Route>,
}

impl<T, H: Handler<T, App>> Handler<T, App> for Measured<H> {
    type Future = Answering<H::Future>;

    fn call(self, request: Request, app: App) -> Self::Future {
        let under_way = times_calls().then(|| UnderWay::begin(self.route));
        Answering { inner: self.handler.call(request, app), under_way }
    }
}

pin_project! {
    /// A request on its way to an answer.
    pub(crate) struct Answering<F> {
        #[pin]
        inner: F,
        under_way: Option<UnderWay>,
    }
}

impl<F: Future<Output = Response>> Future for Answering<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        let response = ready!(this.inner.poll(context));
        if let Some(under_way) = this.under_way {
            under_way.status = Some(response.status().as_u16());
        }
        Poll::Ready(response)
    }
}

/// Counts when it goes, so that a request is counted however it ends.
struct UnderWay {
    route: Arc<Route>,
    began: Instant,
    status: Option<u16>,
}

impl UnderWay {
    fn begin(route: Arc<Route>) -> Self {
        ACTIVE.inc();
        Self { route, began: Instant::now(), status: None }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        ACTIVE.dec();
        let none = if std::thread::panicking() { PANICKED } else { CLIENT_GONE };
        self.route.ended(self.began, self.status.unwrap_or(none));
    }
}
