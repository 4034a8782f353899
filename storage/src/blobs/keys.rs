//! Keys of blobs: what may be one, and where the bytes behind it may rest.
//!
//! The table of residency is in the key itself, so that whoever reads, writes or removes a blob
//! knows its bucket without asking anybody, and none can be written to another one by mistake.

use crate::model::{ContentId, Residency, UploadId};
use crate::{Error, Result, files};

/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 1024;
/// First part of every key of a content that rests in Nigeria only.
const NG: &str = "ng";

/// The source of a content, as one upload has brought it.
#[must_use]
pub fn source(residency: Residency, content: ContentId, upload: UploadId) -> String {
    format!("{}/{upload}", sources(residency, content))
}

/// The prefix of every source of a content.
#[must_use]
pub fn sources(residency: Residency, content: ContentId) -> String {
    format!("{}source/{content}", first(residency))
}

/// The prefix of everything that was made of a content.
#[must_use]
pub fn media(residency: Residency, content: ContentId) -> String {
    format!("{}media/{content}", first(residency))
}

/// Where the bytes behind a key may rest.
#[must_use]
pub fn residency(key: &str) -> Residency {
    match key.split_once('/') {
        Some((NG, _)) => Residency::Ng,
        Some(_) | None => Residency::Global,
    }
}

/// Holds a key against the rules.
///
/// # Errors
/// `Invalid` when it is no relative path of safe, visible names.
pub(crate) fn check(key: &str) -> Result<()> {
    if key.len() > KEY_BYTES_MAX || !key.split('/').all(files::is_name) {
        return Err(Error::Invalid(format!(
            "{key:?} is no blob key: at most {KEY_BYTES_MAX} bytes of [A-Za-z0-9._-] parts that \
             do not begin with a dot, separated by `/`"
        )));
    }
    Ok(())
}

fn first(residency: Residency) -> String {
    match residency {
        Residency::Global => String::new(),
        Residency::Ng => format!("{NG}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_content_says_where_it_may_rest() {
        let (content, upload) = (ContentId::new(), UploadId::new());
        for of in [Residency::Global, Residency::Ng] {
            let media = format!("{}/360p/00000-t.m4s", media(of, content));
            for key in [source(of, content, upload), media] {
                assert_eq!(residency(&key), of, "{key}");
                assert!(check(&key).is_ok(), "{key}");
            }
            assert!(source(of, content, upload).starts_with(&sources(of, content)));
        }
        assert_eq!(source(Residency::Ng, content, upload), format!("ng/source/{content}/{upload}"));
        assert_eq!(media(Residency::Global, content), format!("media/{content}"));
    }
}
