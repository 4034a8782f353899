//! One byte range of a request (RFC 9110 section 14). Several ranges are answered with the whole,
//! as the standard allows: no player sends them.

use super::validator;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::convert::Infallible;
use std::ops::Range;

/// The headers of a request for a blob, without a range where that has no meaning: it is defined
/// for GET alone (RFC 9110 section 14.2).
pub(crate) struct Conditions(pub(crate) HeaderMap);

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut headers = parts.headers.clone();
        if parts.method != Method::GET {
            headers.remove(header::RANGE);
        }
        Ok(Self(headers))
    }
}

/// What of a blob is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that are not there.
    Nothing,
}

pub(crate) fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Wanted::Whole;
    };
    match validator::range_holds(headers, etag) {
        true => parse(text, size),
        false => Wanted::Whole,
    }
}

fn parse(text: &str, size: u64) -> Wanted {
    let Some(spec) = text.strip_prefix("bytes=").map(str::trim) else { return Wanted::Whole };
    let Some((first, last)) = spec.split_once('-') else { return Wanted::Whole };
    if spec.contains(',') || !(digits(first) && digits(last)) {
        return Wanted::Whole;
    }
    match (first.parse::<u64>().ok(), last.parse::<u64>().ok()) {
        (Some(first), _) if first >= size => Wanted::Nothing,
        (Some(first), Some(last)) if last < first => Wanted::Whole,
        (Some(first), Some(last)) => Wanted::Part(first..last.saturating_add(1).min(size)),
        (Some(first), None) => Wanted::Part(first..size),
        (None, Some(suffix)) if suffix == 0 || size == 0 => Wanted::Nothing,
        (None, Some(suffix)) => Wanted::Part(size.saturating_sub(suffix)..size),
        (None, None) => Wanted::Whole,
    }
}

fn digits(text: &str) -> bool {
    text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit())
}

pub(crate) fn content_range(range: &Range<u64>, size: u64) -> HeaderValue {
    let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    HeaderValue::from_str(&text).expect("numbers are ASCII")
}

/// 416 with the size, so that the client can ask again (RFC 9110 section 15.5.17).
pub(crate) fn unsatisfiable(size: u64) -> Problem {
    let name: HeaderName = header::CONTENT_RANGE;
    let value = HeaderValue::from_str(&format!("bytes */{size}")).expect("numbers are ASCII");
    Problem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range",
        format!("the range begins behind the last of {size} bytes"),
    )
    .with(name, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, size: u64, expected: Wanted) {
        assert_eq!(parse(text, size), expected, "{text} of {size}");
    }

    #[tokio::test]
    async fn a_range_is_for_get_alone() {
        for (method, expected) in [(Method::GET, Wanted::Part(0..5)), (Method::HEAD, Wanted::Whole)]
        {
            let request =
                axum::http::Request::builder().method(method).header("range", "bytes=0-4");
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            let Ok(conditions) = Conditions::from_request_parts(&mut parts, &()).await;
            assert_eq!(wanted(&conditions.0, "\"a\"", 10), expected);
        }
    }

    #[test]
    fn a_range_is_cut_at_the_end() {
        check("bytes=0-0", 10, Wanted::Part(0..1));
        check("bytes=2-5", 10, Wanted::Part(2..6));
        check("bytes=2-", 10, Wanted::Part(2..10));
        check("bytes=2-99", 10, Wanted::Part(2..10));
        check("bytes=-3", 10, Wanted::Part(7..10));
        check("bytes=-99", 10, Wanted::Part(0..10));
    }

    #[test]
    fn a_range_behind_the_end_cannot_be_had() {
        check("bytes=10-", 10, Wanted::Nothing);
        check("bytes=-0", 10, Wanted::Nothing);
        check("bytes=0-", 0, Wanted::Nothing);
        check("bytes=-5", 0, Wanted::Nothing);
    }

    #[test]
    fn what_is_no_single_range_is_answered_with_the_whole() {
        for text in [
            "",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=a-b",
            "bytes=99999999999999999999-",
        ] {
            check(text, 10, Wanted::Whole);
        }
    }
}
