//! The header rules of tus 1.0.0 (tus.io/protocols/resumable-upload), as plain functions.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

mod headers;
mod metadata;

pub(crate) use headers::{
    EXTENSIONS, RESUMABLE, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, Version, content_length,
    expires, is_offset_stream, number, resumable, write_method,
};
pub(crate) use metadata::{encode, language, parse};

/// Names the version on every answer about uploads, refusals included (core protocol,
/// `Tus-Resumable`).
pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let about_uploads = request.uri().path().starts_with("/api/v1/uploads");
    let mut response = next.run(request).await;
    if about_uploads {
        response.headers_mut().insert(RESUMABLE, Version::TEXT);
    }
    response
}
