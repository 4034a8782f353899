//! `/admin/api`: what an operator looks at and does. One file per resource.
//!
//! Reading needs the role operator or admin, changing anything needs admin. The role is asked for
//! before anything else, so that nobody else learns which of their parameters was wrong.

mod actors;
mod audit;
mod cluster;
mod dead_letters;
mod jobs;
mod logs;
mod nodes;
mod orders;
mod tree;

#[cfg(test)]
pub(crate) use actors::ORDERS;
pub(crate) use actors::{node, order, show};
pub(crate) use audit::list as audit;
pub(crate) use cluster::{cluster, route, shards};
pub(crate) use dead_letters::{list as dead_letters, replay};
pub(crate) use jobs::counts as jobs;
pub(crate) use logs::{change as change_logs, look as logs};
pub(crate) use nodes::{drain, resume};
pub(crate) use orders::Orders;
pub(crate) use tree::{page as tree, watch as watch_tree};

use crate::App;
use crate::auth::Caller;
use crate::problem::{Answer, Problem};
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use playhouse_actors::runtime::Inspector;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

/// Somebody who may look at everything here. The first among a handler's extractors.
pub(crate) struct Reader;

/// Somebody who may change what is here. The first among a handler's extractors.
pub(crate) struct Admin(pub(crate) Caller);

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Caller::from_request_parts(parts, app).await?.may_operate()?;
        Ok(Self)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.may_administrate()?;
        Ok(Self(caller))
    }
}

/// Looks at the actors and writes down what is seen, on a thread that no request waits for: a look
/// over 100,000 entities takes some 20 ms. The permit is held until the thread is free, also when
/// nobody waits for the answer any more.
async fn look<T: Serialize>(
    app: &App,
    permit: OwnedSemaphorePermit,
    how: impl FnOnce(&Inspector) -> Answer<T> + Send + 'static,
) -> Answer<String> {
    let inspector = app.platform.inspector.clone();
    let look = move || {
        let _permit = permit;
        serde_json::to_string(&how(&inspector)?).map_err(Problem::internal)
    };
    tokio::task::spawn_blocking(look).await.map_err(Problem::internal)?
}

/// A place among the looks, for a request that does not wait for one.
fn place(app: &App) -> Answer<OwnedSemaphorePermit> {
    app.looks.clone().try_acquire_owned().map_err(|_| {
        Problem::unavailable("busy", "too many look at the actors of this node, try again", 1)
    })
}

/// JSON that is out of date with the next second.
fn fresh(json: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (kind, json).into_response()
}

/// A number of a query within its bounds, refused by name.
fn within(name: &str, value: u32, bounds: std::ops::RangeInclusive<u32>) -> Answer<u32> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    let (least, most) = bounds.into_inner();
    Err(Problem::bad_request("bad-query", format!("{name} must be {least} to {most}")))
}

/// A text of a query that is no longer than allowed, refused by name.
fn at_most(name: &str, text: &str, bytes_max: usize) -> Answer<()> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    Err(Problem::bad_request("bad-query", format!("{name} must have at most {bytes_max} bytes")))
}
