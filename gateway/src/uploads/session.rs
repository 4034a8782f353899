//! `/api/v1/uploads/session`: uploads in parts, sent in any order and side by side.
//!
//! A session says how the file is cut and where each part goes: to a URL that is signed for that
//! one part and needs no token. In buckets these are URLs of the service, so that bytes go past
//! this node; on a local disk they are URLs of this node ([`part`]). Complete, it goes the way of
//! every other upload.

mod address;
mod part;
mod wish;

pub(crate) use part::put;

use super::{ask_session, refused, unexpected};
use crate::App;
use crate::auth::Caller;
use crate::extract::{self, Id, Json};
use crate::problem::{Answer, Problem};
use crate::rates;
use address::Address;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use playhouse_actors::upload::{Refusal, Reply, Request as Ask, parts_of};
use playhouse_storage::Error as StorageError;
use playhouse_storage::model::{ContentId, Upload, UploadId, UploadParts, UploadState};
use playhouse_storage::staging::parts::{Claimed, PARTS_MAX, Received};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Longest ETag that anybody gives, bytes.
const ETAG_BYTES_MAX: usize = 128;

/// What is told of a session.
#[derive(Serialize)]
struct Told {
    session_id: UploadId,
    content_id: ContentId,
    state: &'static str,
    /// Where it stands, and below it where it goes on.
    upload_url: String,
    size_bytes: u64,
    part_size_bytes: u64,
    parts_total: u32,
    expires_at: Timestamp,
}

impl Told {
    fn of(upload: &Upload, parts: &UploadParts) -> Self {
        Self {
            session_id: upload.id,
            content_id: upload.content_id,
            state: upload.state.into(),
            upload_url: path_of(upload.id),
            size_bytes: upload.size_bytes,
            part_size_bytes: parts.part_size_bytes,
            parts_total: parts.total(upload.size_bytes),
            expires_at: upload.expires_at,
        }
    }
}

#[derive(Serialize)]
struct Begun {
    #[serde(flatten)]
    session: Told,
    /// Where part 1 goes: the whole file when there is no other.
    presigned_url: String,
    /// The same with all that belongs to it.
    part: Address,
}

#[derive(Serialize)]
struct Standing {
    #[serde(flatten)]
    session: Told,
    /// Whole parts that are there.
    received: Vec<Whole>,
    missing: Vec<u32>,
}

#[derive(Serialize)]
struct Whole {
    part_number: u32,
    size_bytes: u64,
    /// Null where the store does not tell it again.
    etag: Option<String>,
}

/// The body that asks where parts go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbers {
    part_numbers: Vec<u32>,
}

#[derive(Serialize)]
struct Addresses {
    parts: Vec<Address>,
    expires_at: Timestamp,
}

/// The body that completes a session.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    parts: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    part_number: u32,
    etag: String,
}

/// POST: begins a session, and its content with it.
pub(crate) async fn begin(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<wish::Body>,
) -> Answer {
    caller.may_upload()?;
    let wish = body.checked(&app)?;
    let upload_id = match wish::key(&headers)? {
        None => None,
        Some(key) => Some(begun_before(&app, &caller, key).await?),
    };
    let upload = match upload_id {
        Some(Known::Upload(upload)) => wish.repeats(*upload)?,
        Some(Known::Not(id)) => create(&app, caller, id, wish).await?,
        None => create(&app, caller, UploadId::new(), wish).await?,
    };
    let parts = in_parts(&upload)?;
    let part = Address::of(&app, &upload, 1).await?;
    let begun = Begun { session: Told::of(&upload, parts), presigned_url: part.url.clone(), part };
    let location = HeaderValue::from_str(&path_of(upload.id)).expect("a path of ASCII");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], fresh(begun)).into_response())
}

async fn create(app: &App, caller: Caller, id: UploadId, wish: wish::Wish) -> Answer<Upload> {
    rates::upload(app, &caller).await?;
    let ask = Ask::Create {
        content_id: ContentId::new(),
        owner: caller.subject,
        size_bytes: wish.size_bytes,
        metadata: wish.metadata,
        in_parts: true,
    };
    super::record(ask_session(app, id, ask).await?)
}

/// What a key has begun.
enum Known {
    Upload(Box<Upload>),
    /// Nothing yet; it will have this id.
    Not(UploadId),
}

/// Looks for the session of a key: its id is made of the key and the day.
async fn begun_before(app: &App, caller: &Caller, key: &str) -> Answer<Known> {
    let now = Timestamp::now();
    let [today, yesterday] = wish::ids(&caller.subject, key, now);
    for id in [today, yesterday] {
        match ask_session(app, id, Ask::Look).await? {
            Reply::Upload(upload) if wish::is_recent(&upload, now) => {
                return Ok(Known::Upload(upload));
            }
            Reply::Upload(_) | Reply::Refused(Refusal::NotFound) => {}
            Reply::Refused(refusal) => return Err(refused(refusal)),
            other @ (Reply::Granted { .. } | Reply::Ended) => return Err(unexpected(&other)),
        }
    }
    Ok(Known::Not(today))
}

/// GET: which parts are there.
pub(crate) async fn look(State(app): State<App>, caller: Caller, Id(id): Id<UploadId>) -> Answer {
    let upload = own(&app, &caller, id).await?;
    let parts = in_parts(&upload)?;
    let (received, total) = match upload.state {
        UploadState::Receiving => (received(&app, &upload).await?, parts.total(upload.size_bytes)),
        UploadState::Completed | UploadState::Terminated | UploadState::Expired => (vec![], 0),
    };
    let there: BTreeSet<u32> = received.iter().map(|part| part.number).collect();
    let told = received.into_iter().map(|part| Whole {
        part_number: part.number,
        size_bytes: part.bytes,
        etag: part.etag,
    });
    let standing = Standing {
        session: Told::of(&upload, parts),
        received: told.collect(),
        missing: (1..=total).filter(|number| !there.contains(number)).collect(),
    };
    Ok(fresh(standing).into_response())
}

async fn received(app: &App, upload: &Upload) -> Answer<Vec<Received>> {
    let Some(of) = parts_of(upload) else { return Ok(vec![]) };
    match app.platform.engines.staging.received(&of).await {
        Ok(received) => Ok(received),
        // Just ended, or made a file and not yet acknowledged.
        Err(StorageError::NotFound { .. }) => Ok(vec![]),
        Err(error) => Err(error.into()),
    }
}

/// POST `…/parts`: where parts go.
pub(crate) async fn announce(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
    Json(Numbers { part_numbers }): Json<Numbers>,
) -> Answer {
    own(&app, &caller, id).await?;
    let most = app.config.upload_urls_max;
    if part_numbers.is_empty() || part_numbers.len() > most {
        let found = part_numbers.len();
        return Err(bad_parts(format!(
            "part_numbers has {found} numbers: send 1 to {most}, and ask again for more"
        )));
    }
    let ask = Ask::Announce { numbers: part_numbers.clone() };
    let upload = super::record(ask_session(&app, id, ask).await?)?;
    let mut parts = Vec::with_capacity(part_numbers.len());
    for number in part_numbers {
        parts.push(Address::of(&app, &upload, number).await?);
    }
    Ok(fresh(Addresses { parts, expires_at: upload.expires_at }).into_response())
}

/// POST `…/complete`: the file is whole. Sent again, it is answered the same.
pub(crate) async fn complete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
    request: Request,
) -> Answer {
    own(&app, &caller, id).await?;
    let bytes = extract::bytes(request, app.config.upload_complete_bytes_max, &app).await?;
    let list: List = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::bad_request(
            "bad-json",
            format!("send {{parts: [{{part_number, etag}}]}}: {error}"),
        )
    })?;
    let parts = claimed(list)?;
    let (ask, deadline) = (Ask::Complete { parts }, app.config.finish_deadline());
    let upload = super::record(app.platform.session(id).ask(ask, deadline).await?)?;
    Ok(fresh(Told::of(&upload, in_parts(&upload)?)).into_response())
}

fn claimed(list: List) -> Answer<Vec<Claimed>> {
    if list.parts.len() > PARTS_MAX as usize {
        return Err(bad_parts(format!("more than {PARTS_MAX} parts: no upload has as many")));
    }
    list.parts.into_iter().map(claim).collect()
}

fn claim(item: Item) -> Answer<Claimed> {
    let etag = item.etag.trim().trim_matches('"');
    if etag.is_empty() || etag.len() > ETAG_BYTES_MAX || !etag.bytes().all(is_etag) {
        return Err(bad_parts(format!(
            "part {}: the etag is that of the header ETag which the part's PUT was answered",
            item.part_number
        )));
    }
    Ok(Claimed { number: item.part_number, etag: etag.to_owned() })
}

/// What may stand in an ETag and in XML as it is.
fn is_etag(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'&' | b'\'')
}

/// DELETE: ends the session and forgets its bytes.
pub(crate) async fn abort(State(app): State<App>, caller: Caller, Id(id): Id<UploadId>) -> Answer {
    in_parts(&own(&app, &caller, id).await?)?;
    match ask_session(&app, id, Ask::Terminate).await? {
        Reply::Ended => Ok(StatusCode::NO_CONTENT.into_response()),
        Reply::Refused(refusal) => Err(refused(refusal)),
        other @ (Reply::Upload(_) | Reply::Granted { .. }) => Err(unexpected(&other)),
    }
}

/// The session, if the caller may touch it and it has not ended without a file.
async fn own(app: &App, caller: &Caller, id: UploadId) -> Answer<Upload> {
    let upload = super::own(app, caller, id).await?;
    in_parts(&upload)?;
    Ok(upload)
}

fn in_parts(upload: &Upload) -> Answer<&UploadParts> {
    upload.parts.as_ref().ok_or_else(|| refused(Refusal::NotInParts))
}

fn path_of(id: UploadId) -> String {
    format!("/api/v1/uploads/session/{id}")
}

fn bad_parts(detail: String) -> Problem {
    Problem::bad_request("bad-parts", detail)
}

/// An answer that no cache may keep: it names secrets, and changes.
fn fresh(told: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(told)).into_response()
}
