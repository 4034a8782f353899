//! Entity tags and the conditions that clients put on them (RFC 9110 sections 8.8.3 and 13).

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

/// The strong tag of a blob: its key never names other bytes, and is not for clients to see.
pub(crate) fn of_key(key: &str, size: u64) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{short}-{size:x}\"")
}

/// `If-None-Match` holds the tag: the client has it already. Weak comparison.
pub(crate) fn matches(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// A range holds without `If-Range`, or when that names the same bytes. Strong comparison; a date
/// never matches, since no `Last-Modified` is sent.
pub(crate) fn range_holds(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_client_that_has_it_is_told_so() {
        let of = |value| {
            HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))])
        };
        assert!(matches(&of("\"a\", \"b\""), "\"b\""));
        assert!(matches(&of("W/\"b\""), "\"b\""));
        assert!(matches(&of("*"), "\"b\""));
        assert!(!matches(&of("\"a\""), "\"b\""));
        assert!(!matches(&HeaderMap::new(), "\"b\""));
    }

    #[test]
    fn a_range_of_other_bytes_does_not_hold() {
        let of =
            |value| HeaderMap::from_iter([(header::IF_RANGE, HeaderValue::from_static(value))]);
        assert!(range_holds(&of("\"b\""), "\"b\""));
        assert!(!range_holds(&of("W/\"b\""), "\"b\""));
        assert!(!range_holds(&of("Sun, 06 Nov 1994 08:49:37 GMT"), "\"b\""));
    }
}
