//! Extractors whose refusals are problems: ids of paths, queries and JSON bodies.

use crate::App;
use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// The one id of a path. What is no id names nothing, so it is 404, not 400.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr> FromRequestParts<App> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|error| Problem::not_found(error.body_text()))?;
        id(&text).map(Self)
    }
}

/// An id out of its text.
pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found("there is nothing here: the id is no UUID"))
}

/// A query string, every key known.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Query(params) = Query::from_request_parts(parts, app).await?;
        Ok(Self(params))
    }
}

/// A JSON body, bounded in size and in the time that it may stall.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let body = axum::Json::from_request(request, app);
        match tokio::time::timeout(app.config.body_stall(), body).await {
            Ok(json) => json.map(|axum::Json(value)| Self(value)).map_err(Problem::from),
            Err(_) => Err(stalled()),
        }
    }
}

/// A whole body of at most `bytes_max`, bounded in the time that it may stall.
pub(crate) async fn bytes(request: Request, bytes_max: usize, app: &App) -> Result<Bytes, Problem> {
    let body = axum::body::to_bytes(request.into_body(), bytes_max);
    match tokio::time::timeout(app.config.body_stall(), body).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_large(&error) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            format!("the body is over the limit of {bytes_max} bytes: send it in parts"),
        )),
        Ok(Err(error)) => {
            Err(Problem::bad_request("broken-off", "the body broke off").caused_by(error))
        }
        Err(_) => Err(stalled()),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// A body that brings no byte for too long.
pub(crate) fn stalled() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "stalled",
        "no byte of the body came for too long; what had come before is kept, go on from there",
    )
}
