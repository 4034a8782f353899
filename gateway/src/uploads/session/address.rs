//! Where a part goes: a URL of the store, or one of this node signed with its own key.
//!
//! The signature covers the session, the number of the part and the end of its time, so a URL is
//! good for that one part only and needs no token beside it.

use super::{bad_parts, in_parts, path_of};
use crate::App;
use crate::auth::Keys;
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use playhouse_actors::upload::parts_of;
use playhouse_storage::model::{Upload, UploadId};
use playhouse_storage::staging::parts::Part;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where a part goes, and what must be sent there.
#[derive(Serialize)]
pub(super) struct Address {
    pub(super) part_number: u32,
    pub(super) offset_bytes: u64,
    pub(super) size_bytes: u64,
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: BTreeMap<&'static str, String>,
    pub(super) expires_at: Timestamp,
}

impl Address {
    pub(super) async fn of(app: &App, upload: &Upload, number: u32) -> Answer<Self> {
        let part = part(upload, number)?;
        let valid = Duration::from_secs(app.config.upload_url_ttl_s);
        let expires_at = expiry(upload, valid);
        let staging = &app.platform.engines.staging;
        let signed = match parts_of(upload) {
            Some(of) => staging.url(&of, part, left(expires_at)).await?,
            None => None,
        };
        let url = signed.unwrap_or_else(|| own(&app.keys, upload.id, number, expires_at));
        Ok(Self {
            part_number: number,
            offset_bytes: part.start,
            size_bytes: part.bytes,
            method: "PUT",
            url,
            headers: BTreeMap::from([("Content-Length", part.bytes.to_string())]),
            expires_at,
        })
    }
}

/// The part of that number.
pub(super) fn part(upload: &Upload, number: u32) -> Answer<Part> {
    let place = in_parts(upload)?.place(number, upload.size_bytes);
    let place = place.ok_or_else(|| bad_parts(format!("the upload has no part {number}")))?;
    Ok(Part { number, start: place.start, bytes: place.end - place.start })
}

/// No URL outlives its session. Whole seconds, as they stand in URLs.
fn expiry(upload: &Upload, valid: Duration) -> Timestamp {
    let valid = SignedDuration::try_from(valid).unwrap_or(SignedDuration::MAX);
    let end = Timestamp::now().saturating_add(valid).unwrap_or(Timestamp::MAX);
    Timestamp::from_second(end.min(upload.expires_at).as_second()).unwrap_or(end)
}

/// At least a second: what has none left is refused by its session.
fn left(expires_at: Timestamp) -> Duration {
    let left = Timestamp::now().duration_until(expires_at).as_secs();
    Duration::from_secs(u64::try_from(left).unwrap_or_default().max(1))
}

/// What stands in the query of a URL of this node.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    expires: i64,
    signature: String,
}

fn own(keys: &Keys, upload: UploadId, number: u32, expires_at: Timestamp) -> String {
    let expires = expires_at.as_second();
    let signature = keys.sign_part(&said(upload, number, expires));
    format!("{}/parts/{number}?expires={expires}&signature={signature}", path_of(upload))
}

/// Holds a URL against its signature and the time.
pub(super) fn check(
    keys: &Keys,
    upload: UploadId,
    number: u32,
    signed: &Signed,
    now: Timestamp,
) -> Answer<()> {
    let refused = |code, detail| Err(Problem::new(StatusCode::FORBIDDEN, code, detail));
    if !keys.is_part_signature(&said(upload, number, signed.expires), &signed.signature) {
        return refused(
            "url-invalid",
            "this URL was not signed here for this part: take the URL of the part as it was given",
        );
    }
    if now.as_second() >= signed.expires {
        return refused(
            "url-expired",
            "the time of this URL is over: ask for another one at POST …/parts of the session",
        );
    }
    Ok(())
}

fn said(upload: UploadId, number: u32, expires: i64) -> String {
    format!("PUT {upload} {number} {expires}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_good_for_its_part_and_its_time_only() {
        let keys = Keys::from_seed([7; 32]);
        let at = |second| Timestamp::from_second(second).unwrap();
        let id = UploadId::new();
        let url = own(&keys, id, 3, at(100));
        let (path, query) = url.split_once('?').unwrap();
        assert_eq!(path, format!("/api/v1/uploads/session/{id}/parts/3"));
        let signature = query.split_once("signature=").unwrap().1.to_owned();
        let signed = Signed { expires: 100, signature };
        let code = |keys: &Keys, id, number, signed: &Signed, second| {
            check(keys, id, number, signed, at(second)).err().map(|problem| problem.code)
        };
        assert_eq!(code(&keys, id, 3, &signed, 99), None);
        assert_eq!(code(&keys, id, 3, &signed, 100), Some("url-expired"));
        assert_eq!(code(&keys, id, 4, &signed, 99), Some("url-invalid"));
        assert_eq!(code(&keys, UploadId::new(), 3, &signed, 99), Some("url-invalid"));
        assert_eq!(code(&Keys::from_seed([8; 32]), id, 3, &signed, 99), Some("url-invalid"));
        let longer = Signed { expires: 200, signature: signed.signature.clone() };
        assert_eq!(code(&keys, id, 3, &longer, 99), Some("url-invalid"));
        for signature in ["", "x", "ä"] {
            let forged = Signed { expires: 100, signature: signature.to_owned() };
            assert_eq!(code(&keys, id, 3, &forged, 99), Some("url-invalid"));
        }
    }
}
