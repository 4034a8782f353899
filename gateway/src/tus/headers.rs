//! Numbers, versions and methods out of tus headers.

use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;

pub(crate) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(crate) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(crate) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(crate) const EXTENSIONS: &str = "creation,creation-with-upload,termination,expiration";
const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// The one version that is spoken.
pub(crate) struct Version;

impl Version {
    pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("1.0.0");
}

/// Every request but OPTIONS names the version (core protocol, `Tus-Resumable`).
pub(crate) fn resumable(headers: &HeaderMap) -> Result<(), Problem> {
    let detail = match headers.get(RESUMABLE) {
        Some(version) if *version == Version::TEXT => return Ok(()),
        Some(_) => "this server speaks tus 1.0.0 only",
        None => "the header Tus-Resumable: 1.0.0 is missing",
    };
    let version = HeaderName::from_static("tus-version");
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, "tus-version", detail)
        .with(version, Version::TEXT))
}

/// A header that must be a non-negative decimal number.
pub(crate) fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Problem> {
    optional_number(headers, name)?
        .ok_or_else(|| Problem::bad_request("header-missing", format!("{name} is missing")))
}

/// The length that the body announces, if it does.
pub(crate) fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    optional_number(headers, &header::CONTENT_LENGTH)
}

fn optional_number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, Problem> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return match headers.contains_key(name) {
            true => Err(bad_number(name, "is there more than once")),
            false => Ok(None),
        };
    };
    let text = value.to_str().unwrap_or_default();
    // `parse` alone would take a leading plus.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad_number(name, "must be a non-negative whole number of bytes"));
    }
    text.parse().map(Some).map_err(|_| bad_number(name, "is larger than any file"))
}

fn bad_number(name: &HeaderName, why: &str) -> Problem {
    Problem::bad_request("header-bad", format!("{name} {why}"))
}

pub(crate) fn is_offset_stream(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    text.is_some_and(|text| {
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/offset+octet-stream")
    })
}

/// The method that a POST to an upload stands for (`X-HTTP-Method-Override`).
pub(crate) fn write_method(headers: &HeaderMap) -> Option<Method> {
    match headers.get(OVERRIDE)?.to_str().ok()?.to_ascii_uppercase().as_str() {
        "PATCH" => Some(Method::PATCH),
        "DELETE" => Some(Method::DELETE),
        _ => None,
    }
}

/// `Upload-Expires`: an HTTP date (RFC 9110 section 5.6.7, IMF-fixdate).
pub(crate) fn expires(at: Timestamp) -> HeaderValue {
    let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).expect("a date is visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn lengths_are_whole_numbers_or_named() {
        assert_eq!(number(&headers(&[("upload-length", "0")]), &UPLOAD_LENGTH).unwrap(), 0);
        assert_eq!(number(&headers(&[("upload-length", "42")]), &UPLOAD_LENGTH).unwrap(), 42);
        for bad in ["", "-1", "+1", "1.5", "0x10", "18446744073709551616"] {
            let problem = number(&headers(&[("upload-length", bad)]), &UPLOAD_LENGTH).unwrap_err();
            assert_eq!(problem.status, 400, "{bad}");
            assert!(problem.detail.contains("upload-length"), "{}", problem.detail);
        }
        let twice = headers(&[("upload-length", "1"), ("upload-length", "2")]);
        assert!(number(&twice, &UPLOAD_LENGTH).unwrap_err().detail.contains("more than once"));
    }

    #[test]
    fn another_version_is_told_ours() {
        assert!(resumable(&headers(&[("tus-resumable", "1.0.0")])).is_ok());
        assert_eq!(resumable(&headers(&[("tus-resumable", "0.2.2")])).unwrap_err().status, 412);
        assert_eq!(resumable(&HeaderMap::new()).unwrap_err().status, 412);
    }

    #[test]
    fn a_method_can_be_overridden_to_the_two_of_tus_only() {
        let of = |value| write_method(&headers(&[("x-http-method-override", value)]));
        assert_eq!(of("patch"), Some(Method::PATCH));
        assert_eq!(of("DELETE"), Some(Method::DELETE));
        assert_eq!(of("PUT"), None);
    }

    #[test]
    fn dates_are_http_dates() {
        let at: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        assert_eq!(expires(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn the_content_type_may_have_parameters_but_not_another_name() {
        let of = |value| is_offset_stream(&headers(&[("content-type", value)]));
        assert!(of("application/offset+octet-stream"));
        assert!(of("Application/Offset+Octet-Stream; charset=binary"));
        assert!(!of("application/octet-stream"));
    }
}
