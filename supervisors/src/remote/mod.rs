//! What every command that talks to a node over HTTP shares: where it is, who asks, what an answer
//! means.
//!
//! Every failure is one of three: the server is away (try again), the thing is gone, or it is
//! refused (tell the user). Only the status decides which.

mod access;
mod patience;

pub(crate) use access::Access;
pub(crate) use patience::Patience;

use anyhow::{Context, Result};
use reqwest::{RequestBuilder, Response, StatusCode};
use std::time::Duration;

/// A server that does not take a connection for so long is away.
const CONNECT: Duration = Duration::from_secs(5);

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Break {
    /// The server is unreachable, overloaded or restarting.
    #[error("{0}")]
    Away(String),
    /// The server does not know what was asked for (any more).
    #[error("{0}")]
    Gone(String),
    /// The server said no, and will say so again.
    #[error("{0}")]
    Refused(String),
}

/// An HTTP client; a connection that gives nothing for `silence` is broken.
///
/// # Errors
/// When the certificates of the system cannot be used.
pub(crate) fn http(silence: Option<Duration>) -> Result<reqwest::Client> {
    // Installed already is as good: it is the only provider that is linked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder().connect_timeout(CONNECT);
    if let Some(silence) = silence {
        builder = builder.read_timeout(silence);
    }
    builder.build().context("the HTTP client does not start")
}

/// Sends a request and sorts the answer.
///
/// # Errors
/// [`Break`], with what the server says about it.
pub(crate) async fn answer(request: RequestBuilder) -> Result<Response, Break> {
    let response = request.send().await.map_err(|error| away(&error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let told = problem(status, &response.text().await.unwrap_or_default());
    Err(match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Break::Gone(told),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Break::Refused(format!("the token is not accepted: {told}"))
        }
        // 409: another request wrote meanwhile; what is there is asked for anew.
        StatusCode::CONFLICT | StatusCode::LOCKED => Break::Away(told),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Break::Away(told),
        StatusCode::INSUFFICIENT_STORAGE => Break::Refused(told),
        status if status.is_server_error() => Break::Away(told),
        _ => Break::Refused(told),
    })
}

/// The innermost cause: "connection refused" says more than "error sending request". A certificate
/// that is not trusted will not be trusted in a minute either.
pub(crate) fn away(error: &reqwest::Error) -> Break {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = inner(cause) {
        cause = inner;
    }
    match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(why)) => {
            Break::Refused(format!("the server's certificate is not trusted: {why}"))
        }
        _ => Break::Away(cause.to_string()),
    }
}

/// An I/O error that wraps another one names that one's source as its own: the one between counts.
fn inner<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a (dyn std::error::Error + 'static)> {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| error.source())
}

/// What a problem document (RFC 9457) says, or the status.
fn problem(status: StatusCode, body: &str) -> String {
    coded_problem(status, body).1
}

/// The same with the code of its kind; empty when there is none.
pub(crate) fn coded_problem(status: StatusCode, body: &str) -> (String, String) {
    let document: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = document["detail"].as_str().or(document["title"].as_str());
    let text = text.map_or_else(|| format!("the server answered {status}"), str::to_owned);
    let kind = document["type"].as_str().and_then(|kind| kind.split_once("#problem-"));
    (kind.map_or_else(String::new, |(_, code)| code.to_owned()), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_speaks_for_the_server() {
        let body = r#"{"title":"Too large","detail":"9 bytes are over the limit of 5"}"#;
        assert_eq!(problem(StatusCode::PAYLOAD_TOO_LARGE, body), "9 bytes are over the limit of 5");
        assert_eq!(
            problem(StatusCode::BAD_GATEWAY, "<html>"),
            "the server answered 502 Bad Gateway"
        );
    }
}
