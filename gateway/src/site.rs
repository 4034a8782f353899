//! What every request passes on its way in and on its way out, around the routes.
//!
//! Every request has a trace id, every answer carries it, every error leaves through here as a
//! problem, and a handler that panics costs its request only. These are plain calls, not layers:
//! each layer of the router would cost each request a clone of the route and a boxed future.

use crate::context::{Connection, Context};
use crate::problem::Problem;
use crate::trace::Told;
use crate::{cors, tus};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hyper::body::Body as _;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use tower::Service;
use tracing::Instrument;

/// The service of every route. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    routes: Router,
    json_bytes_max: usize,
}

impl Site {
    /// Around these routes; bodies that a handler reads whole have at most so many bytes.
    pub(crate) fn new(routes: Router, json_bytes_max: usize) -> Self {
        Self { routes, json_bytes_max }
    }

    /// Answers a request that came on a connection, or on none.
    pub(crate) async fn answer(
        &self,
        mut request: Request,
        connection: Option<Arc<Connection>>,
    ) -> Response {
        let told = Told::of(&request, connection.as_deref());
        let sharing = cors::Sharing::of(&request);
        let about_uploads = tus::concerns(&request);
        let context = Context { trace: told.trace, connection };
        request.extensions_mut().insert(context);
        let mut response = match sharing {
            cors::Sharing::Asked => cors::agree(),
            cors::Sharing::No | cors::Sharing::Yes => self.route(request, &told).await,
        };
        if about_uploads {
            tus::name_version(response.headers_mut());
        }
        sharing.tell(response.headers_mut());
        told.finish(response)
    }

    async fn route(&self, mut request: Request, told: &Told) -> Response {
        if !request.body().is_end_stream() {
            DefaultBodyLimit::max(self.json_bytes_max).apply(&mut request);
        }
        let answer = self.routes.clone().call(request);
        let answer = AssertUnwindSafe(told.trace.around(answer)).catch_unwind();
        match answer.instrument(told.span()).await {
            Ok(Ok(response)) => response,
            Err(_) => Problem::internal("the handler panicked").into_response(),
        }
    }
}

impl Service<Request> for Site {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let site = self.clone();
        Box::pin(async move { Ok(site.answer(request, None).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::{Method, header};
    use axum::routing::get;

    async fn ask(method: Method, path: &str) -> (Response, Vec<u8>) {
        let panics = || async {
            if true {
                panic!("on purpose")
            }
        };
        let routes = Router::new().route("/panics", get(panics)).route("/", get(|| async { "x" }));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = Site::new(routes, 10).answer(request, None).await;
        assert_eq!(response.headers()["playhouse-trace-id"].len(), 32);
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1_000).await.unwrap();
        (Response::from_parts(parts, Body::empty()), body.to_vec())
    }

    #[tokio::test]
    async fn a_handler_that_panics_costs_its_request_only() {
        let (response, body) = ask(Method::GET, "/panics").await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["trace_id"], response.headers()["playhouse-trace-id"].to_str().unwrap());
        assert_eq!(ask(Method::GET, "/").await.1, b"x");
    }

    #[tokio::test]
    async fn head_is_told_what_get_would_be_without_the_body() {
        for path in ["/", "/nowhere", "/panics"] {
            let (get, body) = ask(Method::GET, path).await;
            let (head, nothing) = ask(Method::HEAD, path).await;
            assert_eq!(head.status(), get.status(), "{path}");
            assert_eq!(head.headers()[header::CONTENT_LENGTH], body.len().to_string(), "{path}");
            assert!(!body.is_empty() && nothing.is_empty(), "{path}");
        }
    }
}
