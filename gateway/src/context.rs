//! What is known of a request beside its bytes: its trace, and the connection that it came on.
//!
//! One extension holds all of it: each further one costs every request an allocation.

use crate::stopping::Stopping;
use crate::trace::TraceId;
use axum::http::Extensions;
use std::net::IpAddr;
use std::sync::Arc;

/// What the listener knows of a connection, for all its requests.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Who opened it: a client, or the proxy in front of it.
    pub(crate) peer: IpAddr,
    /// That is a proxy which may say what it likes.
    pub(crate) trusted: bool,
    /// Word that the node stops.
    pub(crate) stopping: Stopping,
}

/// What is known of a request. Where there is no listener there is no connection.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) trace: TraceId,
    pub(crate) connection: Option<Arc<Connection>>,
}

/// The connection of a request.
pub(crate) fn connection(extensions: &Extensions) -> Option<&Connection> {
    extensions.get::<Context>()?.connection.as_deref()
}
