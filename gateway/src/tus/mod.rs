//! The header rules of tus 1.0.0 (tus.io/protocols/resumable-upload), as plain functions.

use axum::extract::Request;
use axum::http::HeaderMap;

mod headers;
mod metadata;

pub(crate) use headers::{
    EXTENSIONS, RESUMABLE, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, Version, content_length,
    expires, is_offset_stream, number, resumable, write_method,
};
pub(crate) use metadata::{encode, has_control, language, metadata, parse};

/// True when a request is about uploads by this protocol.
pub(crate) fn concerns(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/api/v1/uploads") && !path.starts_with("/api/v1/uploads/session")
}

/// Names the version; every answer about uploads does, refusals included (core protocol,
/// `Tus-Resumable`).
pub(crate) fn name_version(headers: &mut HeaderMap) {
    headers.insert(RESUMABLE, Version::TEXT);
}
