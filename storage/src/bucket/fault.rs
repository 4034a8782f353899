//! What an answer of S3 means, by its status and code: whether to try again is decided on it.

use crate::Error;
use crate::metrics::OK;
use s3::error::S3Error;

/// Longest message of the service that is told on, characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// Why a request did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No such object or upload.
    Missing,
    /// The object is there already.
    Taken,
    /// The range begins behind the end.
    Beyond,
    /// No room, or the quota is used up.
    Full,
    /// This service does not do that.
    NotOffered(String),
    /// May succeed when it is tried again.
    Passing(String),
    /// Will not succeed by trying again.
    Refused(String),
}

impl Fault {
    /// The word that it is counted under.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            // What the service had to say: it works.
            Self::Missing | Self::Beyond | Self::Taken => OK,
            Self::Full => "full",
            Self::Passing(_) => "unavailable",
            Self::NotOffered(_) | Self::Refused(_) => "other",
        }
    }

    /// As an error of the store, about `what`.
    pub(crate) fn error(self, what: &str) -> Error {
        match self {
            Self::Missing | Self::Beyond => Error::NotFound { what: what.to_owned() },
            Self::Taken => Error::Exists { what: what.to_owned() },
            Self::Full => Error::Full,
            Self::Passing(why) => Error::Unavailable { what: format!("S3 on {what}: {why}") },
            Self::NotOffered(why) => {
                Error::Engine(format!("S3 on {what}: the service does not offer it: {why}"))
            }
            Self::Refused(why) => Error::Engine(format!("S3 on {what}: {why}")),
        }
    }
}

impl From<S3Error> for Fault {
    fn from(error: S3Error) -> Self {
        match error {
            S3Error::HttpFailWithBody(status, body) => of_answer(status, &body),
            S3Error::Reqwest(error) => {
                // The URL may carry a signature.
                Self::Passing(with_causes(&error.without_url()))
            }
            S3Error::Io(error) => Self::Passing(error.to_string()),
            other => Self::Refused(other.to_string()),
        }
    }
}

fn of_answer(status: u16, body: &str) -> Fault {
    let code = element(body, "Code").unwrap_or_default();
    let message: String =
        element(body, "Message").unwrap_or_default().chars().take(MESSAGE_CHARS_MAX).collect();
    let told = format!("HTTP {status} {code} {message}").trim_end().to_owned();
    match (status, code) {
        (_, "NoSuchBucket") => {
            Fault::Refused(format!("{told}: make the bucket, or name another in cluster.toml"))
        }
        (_, "NotImplemented") | (501, _) => Fault::NotOffered(told),
        (_, "QuotaExceeded" | "XMinioStorageFull") | (507, _) => Fault::Full,
        (_, "InternalError" | "SlowDown" | "ServiceUnavailable" | "RequestTimeout")
        | (408 | 409 | 429 | 500 | 502 | 503 | 504, _) => Fault::Passing(told),
        (404, _) => Fault::Missing,
        (412, _) => Fault::Taken,
        (416, _) => Fault::Beyond,
        (401 | 403, _) => Fault::Refused(format!(
            "{told}: look at storage.s3.access_key and secret_key (or AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY), the policy of the bucket, and this machine's clock"
        )),
        _ => Fault::Refused(told),
    }
}

/// The text of the first element of that name, as it stands there.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// An error with those behind it: the outermost of an HTTP client says little.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        told = format!("{told}: {cause}");
        next = cause.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: &str, expected: fn(&Fault) -> bool) {
        let body = format!("<Error><Code>{code}</Code><Message>why</Message></Error>");
        let fault = of_answer(status, &body);
        assert!(expected(&fault), "{status} {code}: {fault:?}");
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let passing = |fault: &Fault| matches!(fault, Fault::Passing(_));
        check(503, "SlowDown", passing);
        check(200, "InternalError", passing);
        check(409, "ConditionalRequestConflict", passing);
        check(404, "NoSuchKey", |fault| *fault == Fault::Missing);
        check(404, "NoSuchUpload", |fault| *fault == Fault::Missing);
        check(412, "PreconditionFailed", |fault| *fault == Fault::Taken);
        check(416, "InvalidRange", |fault| *fault == Fault::Beyond);
        check(507, "", |fault| *fault == Fault::Full);
        check(501, "NotImplemented", |fault| matches!(fault, Fault::NotOffered(_)));
        check(400, "InvalidPart", |fault| matches!(fault, Fault::Refused(_)));
    }

    #[test]
    fn what_an_operator_can_mend_says_how() {
        check(
            403,
            "SignatureDoesNotMatch",
            |fault| matches!(fault, Fault::Refused(told) if told.contains("storage.s3.access_key")),
        );
        check(
            404,
            "NoSuchBucket",
            |fault| matches!(fault, Fault::Refused(told) if told.contains("make the bucket")),
        );
    }

    #[test]
    fn a_long_message_is_cut() {
        let body = format!("<Error><Message>{}</Message></Error>", "x".repeat(10_000));
        assert!(matches!(of_answer(400, &body), Fault::Refused(told) if told.len() < 300));
    }
}
