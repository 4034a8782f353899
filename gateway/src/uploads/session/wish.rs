//! What a session is begun with, and the key by which a beginning that is sent again is known.

use super::super::too_large;
use crate::App;
use crate::problem::{Answer, Problem};
use crate::tus;
use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::model::{Upload, UploadId, UploadMetadata};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Longest key, characters: a UUID with words around it.
const KEY_CHARS_MAX: usize = 128;
/// How long a key is known.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24);
const DAY_MS: i64 = 86_400_000;

/// The body that begins a session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    size_bytes: u64,
    filename: Option<String>,
    content_type: Option<String>,
    title: Option<String>,
    description: Option<String>,
    language: Option<String>,
    residency: Option<String>,
    protection: Option<String>,
}

/// The same, held against the rules.
pub(super) struct Wish {
    pub(super) size_bytes: u64,
    pub(super) metadata: UploadMetadata,
}

impl Body {
    pub(super) fn checked(self, app: &App) -> Answer<Wish> {
        let limit = app.platform.config.upload_bytes_max;
        if self.size_bytes == 0 {
            let told = "size_bytes is 0: an empty file is no media";
            return Err(Problem::bad_request("empty-file", told));
        }
        if self.size_bytes > limit {
            return Err(too_large(self.size_bytes, limit));
        }
        let said = [
            ("filename", self.filename),
            ("filetype", self.content_type),
            ("title", self.title),
            ("description", self.description),
            ("language", self.language),
            ("residency", self.residency),
            ("protection", self.protection),
        ];
        let said = said.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Ok(Wish { size_bytes: self.size_bytes, metadata: tus::metadata(said)? })
    }
}

impl Wish {
    /// The session that the same key has begun, if it was for the same file.
    pub(super) fn repeats(self, upload: Upload) -> Answer<Upload> {
        if upload.size_bytes == self.size_bytes && upload.metadata == self.metadata {
            return Ok(upload);
        }
        Err(Problem::new(
            axum::http::StatusCode::CONFLICT,
            "key-reused",
            "this Idempotency-Key has begun the upload of another file: send another key",
        ))
    }
}

/// The key that a client names its beginning with.
pub(super) fn key(headers: &HeaderMap) -> Answer<Option<&str>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if !(1..=KEY_CHARS_MAX).contains(&text.len()) || !text.bytes().all(|it| it.is_ascii_graphic()) {
        return Err(Problem::bad_request(
            "header-bad",
            format!("Idempotency-Key must have 1 to {KEY_CHARS_MAX} visible ASCII characters"),
        ));
    }
    Ok(Some(text))
}

/// The ids that a key has on this day and on the one before: any node finds what another has begun,
/// and the session's own row is the judge.
pub(super) fn ids(subject: &str, key: &str, now: Timestamp) -> [UploadId; 2] {
    let today = now.as_millisecond().div_euclid(DAY_MS);
    [today, today - 1].map(|day| {
        let mut hash = Sha256::new();
        hash.update((subject.len() as u64).to_be_bytes());
        hash.update(subject);
        hash.update(key);
        let hash: [u8; 32] = hash.finalize().into();
        let mut random = [0; 10];
        random.copy_from_slice(&hash[..10]);
        let millis = u64::try_from(day * DAY_MS).unwrap_or_default();
        UploadId(uuid_of(millis, &random))
    })
}

fn uuid_of(millis: u64, random: &[u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

/// Whether the key of this session still names it.
pub(super) fn is_recent(upload: &Upload, now: Timestamp) -> bool {
    now.duration_since(upload.created_at) <= KNOWN_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_id_a_day_for_each_creator() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (morning, evening) = (at("2026-11-21T00:00:01Z"), at("2026-11-21T23:59:59Z"));
        let next = at("2026-11-22T00:00:00Z");
        let first = ids("ada", "k", morning);
        assert_eq!(first, ids("ada", "k", evening));
        assert_eq!(first[0], ids("ada", "k", next)[1], "known on the next day");
        let others = [ids("ada", "l", morning), ids("bob", "k", morning), ids("ad", "ak", morning)];
        for other in others {
            assert!(other.iter().all(|id| !first.contains(id)));
        }
    }
}
