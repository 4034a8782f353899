//! The header rules of tus 1.0.0 (tus.io/protocols/resumable-upload), as plain functions.

mod headers;
mod metadata;

pub(crate) use headers::{
    EXTENSIONS, RESUMABLE, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, Version, content_length,
    expires, is_offset_stream, number, resumable, write_method,
};
pub(crate) use metadata::{encode, language, parse};
