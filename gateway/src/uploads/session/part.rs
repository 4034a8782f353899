//! PUT of one part to this node, where the store has no URLs of its own: as S3 takes it.
//!
//! The URL is the right to write. The body is streamed to its place in the file; the answer with
//! the ETag comes when the part is on disk. A part that breaks off does not count and is sent
//! again from its beginning.

use super::address::{self, Signed};
use super::refused;
use crate::App;
use crate::extract::{Params, id, stalled};
use crate::problem::{Answer, Problem, revoked};
use crate::stopping::Stopping;
use crate::tus;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use jiff::Timestamp;
use playhouse_actors::metrics::upload_bytes;
use playhouse_actors::upload::{Refusal, Request as Ask, parts_of};
use playhouse_storage::Error as StorageError;
use playhouse_storage::model::{UploadId, UploadState};
use playhouse_storage::staging::parts::{Part, PartBody};
use tokio::time::timeout;

/// PUT.
pub(crate) async fn put(
    State(app): State<App>,
    Path((session, number)): Path<(String, String)>,
    Params(signed): Params<Signed>,
    request: Request,
) -> Answer {
    let (session, number): (UploadId, u32) = (id(&session)?, id(&number)?);
    address::check(&app.keys, session, number, &signed, Timestamp::now())?;
    let (head, body) = request.into_parts();
    let upload = super::super::record(super::ask_session(&app, session, Ask::Look).await?)?;
    match upload.state {
        UploadState::Receiving => {}
        UploadState::Completed => return Err(refused(Refusal::Completed)),
        UploadState::Terminated | UploadState::Expired => return Err(refused(Refusal::Gone)),
    }
    let part = address::part(&upload, number)?;
    check_length(&head.headers, part)?;
    let md5 = content_md5(&head.headers)?;
    let of = parts_of(&upload).ok_or_else(|| refused(Refusal::NotInParts))?;
    let mut into = app.platform.engines.staging.receive(&of, part).await.map_err(told)?;
    fill(&app, &mut *into, body, Stopping::of(&head.extensions)).await?;
    let etag = into.finish(md5).await.map_err(told)?;
    let etag = HeaderValue::from_str(&format!("\"{etag}\"")).expect("hex in quotes");
    Ok((StatusCode::OK, [(header::ETAG, etag)]).into_response())
}

async fn fill(
    app: &App,
    into: &mut dyn PartBody,
    body: Body,
    mut stopping: Stopping,
) -> Answer<()> {
    let mut stream = body.into_data_stream();
    loop {
        let next = tokio::select! {
            next = timeout(app.config.body_stall(), stream.next()) => next,
            () = stopping.asked() => return Err(stops()),
        };
        match next {
            Err(_) => return Err(stalled()),
            Ok(None) => return Ok(()),
            Ok(Some(Ok(bytes))) => {
                let length = bytes.len() as u64;
                into.write(bytes).await.map_err(told)?;
                upload_bytes(length);
            }
            Ok(Some(Err(error))) => {
                let detail = "the connection broke off: send the whole part again";
                return Err(Problem::bad_request("broken-off", detail).caused_by(error));
            }
        }
    }
}

/// A body that announces another length is refused before a byte of it is read.
fn check_length(headers: &HeaderMap, part: Part) -> Answer<()> {
    match tus::content_length(headers)? {
        Some(length) if length != part.bytes => Err(bad_part(format!(
            "part {} has {} bytes, and Content-Length is {length}: send exactly the part",
            part.number, part.bytes
        ))),
        Some(_) | None => Ok(()),
    }
}

/// `Content-MD5` (RFC 1864): what the bytes must hash to.
fn content_md5(headers: &HeaderMap) -> Answer<Option<[u8; 16]>> {
    let Some(value) = headers.get("content-md5") else { return Ok(None) };
    let bytes = STANDARD.decode(value.as_bytes()).ok().and_then(|it| it.try_into().ok());
    bytes.map(Some).ok_or_else(|| {
        Problem::bad_request("header-bad", "Content-MD5 must be the base64 of 16 bytes")
    })
}

/// What the store says of a part, to who sends it.
fn told(error: StorageError) -> Problem {
    match error {
        StorageError::Invalid(why) => bad_part(why),
        StorageError::NotFound { .. } => refused(Refusal::Gone),
        StorageError::Revoked => {
            let code = revoked().code;
            let detail = "another request sends this part now, or the upload has ended";
            Problem::new(StatusCode::CONFLICT, code, detail)
        }
        other => other.into(),
    }
}

fn bad_part(detail: String) -> Problem {
    Problem::bad_request("bad-part", detail)
}

fn stops() -> Problem {
    Problem::unavailable(
        "stopping",
        "the node stops; parts that were answered are kept, send this one again when it is back",
        2,
    )
}
