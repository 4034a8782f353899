//! Word that the node stops, for requests that would else go on for long: event streams end, and
//! uploads commit what has come.
//!
//! It comes with the connection of a request. Where there is no listener nothing ever stops.

use crate::context;
use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use std::convert::Infallible;
use tokio::sync::watch;

/// Tells when the listener has been asked to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopping(Option<watch::Receiver<bool>>);

impl Stopping {
    /// Word from the listener.
    pub(crate) fn from(listener: &watch::Sender<bool>) -> Self {
        Self(Some(listener.subscribe()))
    }

    /// The word on a request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        context::connection(extensions).map(|of| of.stopping.clone()).unwrap_or_default()
    }

    /// Ready when the node stops. May be dropped and asked again.
    pub(crate) async fn asked(&mut self) {
        match &mut self.0 {
            // A listener that is gone has stopped.
            Some(asked) => drop(asked.wait_for(|asked| *asked).await),
            None => std::future::pending().await,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Stopping {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}
