//! GET `/metrics`: what the node tells of itself in numbers, as OpenMetrics text
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec>).
//!
//! Read without a token from this machine, the trusted proxies themselves and the networks of
//! `gateway.metrics_networks`; from elsewhere by those who may operate.

mod http;

pub(crate) use http::{CLIENT_GONE, Route, measured, problem};

use crate::App;
use crate::auth::{Caller, whole_address, within};
use crate::problem::{Answer, Problem};
use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use playhouse_actors::metrics::{self as actors, CacheMeter, Reading};
use playhouse_storage::metrics::{self as storage, Counters, Gauges};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Adds what only the process knows: its memory, its disk, its version.
pub type Telling = Arc<dyn Fn(&mut Registry) + Send + Sync>;

/// Answers that are kept.
pub(crate) static ANSWERS: CacheMeter = CacheMeter::new("answers");

static MEDIA: LazyLock<Counters<1>> = LazyLock::new(Counters::default);

/// Bodies of media that broke off.
pub(crate) static BROKEN: LazyLock<Counters<1>> = LazyLock::new(Counters::default);

/// Media of a kind were sent, or will be unless the client goes away.
pub(crate) fn media_sent(what: &'static str, bytes: u64) {
    MEDIA.get_or_create(&[("what", what)]).inc_by(bytes);
}

/// A body of media broke off: its store has `failed`, or it was `short`.
pub(crate) fn media_broke(cause: &'static str) {
    BROKEN.get_or_create(&[("cause", cause)]).inc();
}

/// Somebody who may read the metrics.
pub(crate) struct Scraper;

impl FromRequestParts<App> for Scraper {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let address = whole_address(parts, app);
        let is_near = |it| within(it, &app.config.metrics_networks);
        if address.is_none_or(is_near) {
            return Ok(Self);
        }
        Caller::from_request_parts(parts, app).await?.may_operate()?;
        Ok(Self)
    }
}

/// GET.
pub(crate) async fn show(_: Scraper, State(app): State<App>) -> Answer {
    let reading = Reading::of(&app.platform).await;
    let mut registry = Registry::default();
    storage::register(&mut registry);
    actors::register(&mut registry, reading);
    register(&mut registry, &app);
    (app.telling)(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(Problem::internal)?;
    let headers = [(header::CONTENT_TYPE, OPENMETRICS), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

fn register(registry: &mut Registry, app: &App) {
    http::register(registry);
    registry.register_with_unit(
        "playhouse_media",
        "Bytes of media that clients were sent",
        Unit::Bytes,
        MEDIA.clone(),
    );
    storage::begin_at_zero(&BROKEN, "cause", &["failed", "short"]);
    registry.register(
        "playhouse_media_bodies_broken",
        "Bodies of media that broke off after their head was sent",
        BROKEN.clone(),
    );
    let streams = Gauges::<1>::default();
    let (config, inspector) = (&app.config, &app.config.inspector);
    let open = |most: usize, free: &Semaphore| (most - free.available_permits().min(most)) as f64;
    for (stream, count) in [
        ("content", open(config.sse_streams_max, &app.streams)),
        ("engagement", open(config.playback.streams_max, &app.number_streams)),
        ("tree", open(inspector.streams_max, &app.tree_streams)),
    ] {
        streams.get_or_create(&[("stream", stream)]).set(count);
    }
    registry.register(
        "playhouse_event_streams",
        "Server-sent event streams that are open",
        streams,
    );
}
