//! `/api/v1/uploads`: resumable uploads, tus 1.0.0 with creation, creation-with-upload,
//! termination and expiration.
//!
//! Bytes never enter a mailbox and are never whole in memory: the session grants a token and an
//! offset, [`receive`] streams the body into staging, the session commits durable offsets. The
//! offset that a client is told is on disk.

mod receive;
pub(crate) mod session;

use crate::App;
use crate::auth::Caller;
use crate::extract::{Id, id};
use crate::problem::{Answer, Problem, revoked};
use crate::rates;
use crate::stopping::Stopping;
use crate::tus::{self, UPLOAD_OFFSET};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use playhouse_actors::upload::{Refusal, Reply, Request as Ask};
use playhouse_storage::model::{ContentId, Upload, UploadId, UploadMetadata, UploadState};
use receive::{Grant, receive};

const CONTENT_ID: HeaderName = HeaderName::from_static("playhouse-content-id");

/// OPTIONS: what this server can do.
pub(crate) async fn options(State(app): State<App>) -> Response {
    (
        StatusCode::NO_CONTENT,
        [
            (HeaderName::from_static("tus-version"), tus::Version::TEXT),
            (HeaderName::from_static("tus-extension"), HeaderValue::from_static(tus::EXTENSIONS)),
            (
                HeaderName::from_static("tus-max-size"),
                HeaderValue::from(app.platform.config.upload_bytes_max),
            ),
        ],
    )
        .into_response()
}

/// POST: creates an upload and its content; a body is its first bytes.
pub(crate) async fn create(State(app): State<App>, caller: Caller, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    tus::resumable(&parts.headers)?;
    caller.may_upload()?;
    let wish = Wish::of(&parts.headers, &app)?;
    rates::upload(&app, &caller).await?;
    let upload_id = UploadId::new();
    let ask = Ask::Create {
        content_id: ContentId::new(),
        owner: caller.subject,
        size_bytes: wish.size_bytes,
        metadata: wish.metadata,
        in_parts: false,
    };
    let upload = record(ask_session(&app, upload_id, ask).await?)?;
    let location = format!("/api/v1/uploads/{upload_id}");
    let location = HeaderValue::from_str(&location).expect("a path of ASCII");
    let upload = match wish.with_body {
        false => upload,
        true => write(&app, &upload, 0, body, Stopping::of(&parts.extensions))
            .await
            .map_err(|problem| problem.with(header::LOCATION, location.clone()))?,
    };
    let mut response = told(StatusCode::CREATED, &upload);
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// What a creation asks for.
struct Wish {
    size_bytes: u64,
    metadata: UploadMetadata,
    with_body: bool,
}

impl Wish {
    fn of(headers: &HeaderMap, app: &App) -> Answer<Self> {
        if headers.contains_key("upload-defer-length") {
            return Err(Problem::bad_request(
                "defer-length",
                "Upload-Defer-Length is not supported: send Upload-Length",
            ));
        }
        let size_bytes = tus::number(headers, &tus::UPLOAD_LENGTH)?;
        if size_bytes == 0 {
            return Err(Problem::bad_request(
                "empty-file",
                "Upload-Length is 0: an empty file is no media",
            ));
        }
        if size_bytes > app.platform.config.upload_bytes_max {
            return Err(too_large(size_bytes, app.platform.config.upload_bytes_max));
        }
        let text = match headers.get(tus::UPLOAD_METADATA) {
            None => "",
            Some(value) => value.to_str().map_err(|_| {
                Problem::bad_request(
                    "metadata-bad",
                    "Upload-Metadata must be ASCII: keys and base64",
                )
            })?,
        };
        let metadata = tus::parse(text, app.config.upload_metadata_bytes_max)?;
        let with_body = first_bytes(headers, size_bytes)?;
        Ok(Self { size_bytes, metadata, with_body })
    }
}

/// Whether a creation brings its first bytes.
fn first_bytes(headers: &HeaderMap, size_bytes: u64) -> Answer<bool> {
    let announced = tus::content_length(headers)?;
    if tus::is_offset_stream(headers) {
        fits(announced, size_bytes)?;
        return Ok(announced != Some(0));
    }
    let has_body = announced.unwrap_or(0) > 0 || headers.contains_key(header::TRANSFER_ENCODING);
    if has_body { Err(wrong_type()) } else { Ok(false) }
}

/// HEAD: where the upload stands.
pub(crate) async fn look(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
) -> Answer {
    tus::resumable(&headers)?;
    let upload = own(&app, &caller, id).await?;
    if upload.parts.is_some() {
        return Err(refused(Refusal::InParts));
    }
    let mut response = told(StatusCode::OK, &upload);
    let headers = response.headers_mut();
    headers.insert(tus::UPLOAD_LENGTH, HeaderValue::from(upload.size_bytes));
    let metadata = HeaderValue::from_str(&tus::encode(&upload.metadata));
    if let Ok(metadata) = metadata
        && !metadata.is_empty()
    {
        headers.insert(tus::UPLOAD_METADATA, metadata);
    }
    Ok(response)
}

/// PATCH: more bytes, from the offset on.
pub(crate) async fn append(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    tus::resumable(&parts.headers)?;
    let upload = own(&app, &caller, id).await?;
    if !tus::is_offset_stream(&parts.headers) {
        return Err(wrong_type());
    }
    let offset = tus::number(&parts.headers, &UPLOAD_OFFSET)?;
    let announced = tus::content_length(&parts.headers)?;
    fits(announced, upload.size_bytes.saturating_sub(offset))?;
    let nothing_left = upload.state == UploadState::Completed && offset == upload.size_bytes;
    let upload = match nothing_left {
        // The answer to the last PATCH was lost; the client asks once more with nothing to send.
        true => upload,
        false => write(&app, &upload, offset, body, Stopping::of(&parts.extensions)).await?,
    };
    Ok(told(StatusCode::NO_CONTENT, &upload))
}

/// DELETE: ends the upload and forgets its bytes.
pub(crate) async fn terminate(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
) -> Answer {
    tus::resumable(&headers)?;
    own(&app, &caller, id).await?;
    match ask_session(&app, id, Ask::Terminate).await? {
        Reply::Ended => Ok(StatusCode::NO_CONTENT.into_response()),
        Reply::Refused(refusal) => Err(refused(refusal)),
        other @ (Reply::Upload(_) | Reply::Granted { .. }) => Err(unexpected(&other)),
    }
}

/// POST with `X-HTTP-Method-Override`, for clients behind proxies that know no PATCH or DELETE.
pub(crate) async fn overridden(app: State<App>, caller: Caller, request: Request) -> Answer {
    let text = request.uri().path().rsplit('/').next().unwrap_or_default();
    let upload_id = Id(id(text)?);
    match tus::write_method(request.headers()) {
        Some(Method::PATCH) => append(app, caller, upload_id, request).await,
        Some(Method::DELETE) => terminate(app, caller, upload_id, request.headers().clone()).await,
        _ => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "POST here needs X-HTTP-Method-Override: PATCH or DELETE",
        )
        .with(header::ALLOW, HeaderValue::from_static("OPTIONS, HEAD, PATCH, DELETE"))),
    }
}

/// Takes the right to write and streams the body; answers the record after its last commit.
async fn write(
    app: &App,
    upload: &Upload,
    offset: u64,
    body: Body,
    stopping: Stopping,
) -> Answer<Upload> {
    match ask_session(app, upload.id, Ask::Grant { offset }).await? {
        Reply::Granted { token, offset, size_bytes } => {
            let residency = upload.metadata.residency;
            let grant = Grant { upload: upload.id, residency, token, offset, size_bytes };
            receive(app, grant, body, stopping).await
        }
        Reply::Refused(refusal) => Err(refused(refusal)),
        other @ (Reply::Upload(_) | Reply::Ended) => Err(unexpected(&other)),
    }
}

/// The upload, if it takes bytes (or is complete) and the caller may touch it.
async fn own(app: &App, caller: &Caller, id: UploadId) -> Answer<Upload> {
    caller.may_upload()?;
    let upload = record(ask_session(app, id, Ask::Look).await?)?;
    caller.may_write_to(&upload)?;
    match upload.state {
        UploadState::Receiving | UploadState::Completed => Ok(upload),
        UploadState::Terminated | UploadState::Expired => Err(refused(Refusal::Gone)),
    }
}

async fn ask_session(app: &App, id: UploadId, ask: Ask) -> Answer<Reply> {
    Ok(app.platform.session(id).ask(ask, app.config.ask_deadline()).await?)
}

fn record(reply: Reply) -> Answer<Upload> {
    match reply {
        Reply::Upload(upload) => Ok(*upload),
        Reply::Refused(refusal) => Err(refused(refusal)),
        other @ (Reply::Granted { .. } | Reply::Ended) => Err(unexpected(&other)),
    }
}

/// The headers that every answer about an upload has.
fn told(status: StatusCode, upload: &Upload) -> Response {
    let content_id = HeaderValue::from_str(&upload.content_id.to_string());
    let mut response = (
        status,
        [
            (UPLOAD_OFFSET, HeaderValue::from(upload.offset_bytes)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (CONTENT_ID, content_id.expect("an id is ASCII")),
        ],
    )
        .into_response();
    if upload.state == UploadState::Receiving {
        let name = HeaderName::from_static("upload-expires");
        response.headers_mut().insert(name, tus::expires(upload.expires_at));
    }
    response
}

/// The status of a session's refusal.
fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotFound => Problem::not_found(refusal),
        Refusal::Gone => Problem::new(StatusCode::GONE, "gone", refusal),
        Refusal::WrongOffset { expected } => {
            Problem::new(StatusCode::CONFLICT, "wrong-offset", refusal)
                .with(UPLOAD_OFFSET, HeaderValue::from(expected))
        }
        Refusal::Revoked => revoked(),
        Refusal::TooLarge { size_bytes, limit_bytes } => too_large(size_bytes, limit_bytes),
        Refusal::Completed => Problem::new(StatusCode::CONFLICT, "completed", refusal),
        Refusal::Empty => Problem::bad_request("empty-file", refusal),
        Refusal::InParts => Problem::new(StatusCode::CONFLICT, "in-parts", refusal),
        Refusal::NotInParts => Problem::new(StatusCode::CONFLICT, "not-in-parts", refusal),
        Refusal::BadParts(why) => Problem::bad_request("bad-parts", why),
        Refusal::OtherParts => Problem::new(StatusCode::CONFLICT, "completed", refusal),
        Refusal::PartsLost => Problem::new(StatusCode::GONE, "gone", refusal),
        // The gateway itself says what was written, so this is its own fault.
        Refusal::BadCommit { .. } => Problem::internal(refusal),
    }
}

fn unexpected(reply: &Reply) -> Problem {
    Problem::internal(format!("the session answered {reply:?}"))
}

fn too_large(size_bytes: u64, limit_bytes: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        Refusal::TooLarge { size_bytes, limit_bytes },
    )
}

/// A body that announces more than is left is refused before a byte of it is read.
fn fits(announced: Option<u64>, left: u64) -> Answer<()> {
    match announced {
        Some(length) if length > left => Err(longer(left)),
        Some(_) | None => Ok(()),
    }
}

fn longer(left: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body-too-long",
        format!("the body is longer than the {left} bytes that Upload-Length leaves"),
    )
}

fn wrong_type() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "bytes of an upload are sent with Content-Type: application/offset+octet-stream",
    )
}
