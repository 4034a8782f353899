//! The client side of tus 1.0.0: create, ask for the offset, append from there.
//!
//! Every failure is one of three: the server is away (try again), the upload is gone (begin
//! anew), or it is refused (tell the user). Only the status decides which.

use super::Source;
use super::bars::UploadBar;
use super::memory::Remembered;
use anyhow::{Context, Result};
use base64::Engine;
use futures_util::StreamExt;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use std::io::SeekFrom;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// A connection that takes or gives nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes read from the file at a time: large enough that the disk is not felt.
const CHUNK_BYTES: usize = 256 * 1024;

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Break {
    /// The server is unreachable, overloaded or restarting.
    #[error("{0}")]
    Away(String),
    /// The server does not know the address (any more).
    #[error("{0}")]
    Gone(String),
    /// The server said no, and will say so again.
    #[error("{0}")]
    Refused(String),
}

/// A node as its clients see it.
pub(super) struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

impl Client {
    /// A client of `server` (without a slash at its end).
    pub(super) fn new(server: &str, token: &str) -> Result<Self> {
        // Installed already is as good: it is the only provider that is linked.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(SILENCE)
            .build()
            .context("the HTTP client does not start")?;
        Ok(Self { http, server: server.to_owned(), token: token.to_owned() })
    }

    /// Begins an upload of `size_bytes` (tus "creation").
    pub(super) async fn create(
        &self,
        size_bytes: u64,
        metadata: &[(&str, &str)],
    ) -> Result<Remembered, Break> {
        let url = format!("{}/api/v1/uploads", self.server);
        let request = self
            .request(Method::POST, &url)
            .header("Upload-Length", size_bytes)
            .header("Upload-Metadata", encode_metadata(metadata));
        let response = answer(request).await?;
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value
                .map(str::to_owned)
                .ok_or_else(|| Break::Refused(format!("no {name} in the answer")))
        };
        let location = header("location")?;
        let url = reqwest::Url::parse(&url)
            .and_then(|base| base.join(&location))
            .map_err(|error| Break::Refused(format!("Location {location}: {error}")))?;
        Ok(Remembered { url: url.into(), content_id: header("playhouse-content-id")? })
    }

    /// How many bytes the server has on disk.
    pub(super) async fn offset(&self, url: &str) -> Result<u64, Break> {
        let response = answer(self.request(Method::HEAD, url)).await?;
        let value = response.headers().get("upload-offset").and_then(|value| value.to_str().ok());
        value
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Break::Refused("no Upload-Offset in the answer".to_owned()))
    }

    /// Sends everything from `offset` on; ends early when the connection does.
    pub(super) async fn append(
        &self,
        url: &str,
        source: &Source,
        offset: u64,
        bar: &UploadBar,
    ) -> Result<(), Break> {
        let refused =
            |error: std::io::Error| Break::Refused(format!("{}: {error}", source.path.display()));
        let left = source.size_bytes.saturating_sub(offset);
        let mut file = tokio::fs::File::open(&source.path).await.map_err(refused)?;
        file.seek(SeekFrom::Start(offset)).await.map_err(refused)?;
        let counted = bar.clone();
        let chunks =
            ReaderStream::with_capacity(file.take(left), CHUNK_BYTES).inspect(move |chunk| {
                counted.passed(chunk.as_ref().map_or(0, |bytes| bytes.len() as u64));
            });
        let request = self
            .request(Method::PATCH, url)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", offset)
            .header("Content-Length", left)
            .body(reqwest::Body::wrap_stream(chunks));
        tokio::select! {
            answer = answer(request) => answer.map(drop),
            () = bar.stalled(SILENCE) => Err(Break::Away("the server takes no bytes".to_owned())),
        }
    }

    /// A JSON document of the API.
    pub(super) async fn json(&self, path: &str) -> Result<serde_json::Value, Break> {
        let url = format!("{}{path}", self.server);
        let response = answer(self.request(Method::GET, &url)).await?;
        response.json().await.map_err(|error| away(&error))
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url).header("Tus-Resumable", "1.0.0").bearer_auth(&self.token)
    }
}

/// Sends a request and sorts the answer.
async fn answer(request: RequestBuilder) -> Result<Response, Break> {
    let response = request.send().await.map_err(|error| away(&error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let told = problem(status, &response.text().await.unwrap_or_default());
    Err(match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Break::Gone(told),
        // 409: another request wrote meanwhile; the offset is asked for anew.
        StatusCode::CONFLICT | StatusCode::LOCKED => Break::Away(told),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Break::Away(told),
        StatusCode::INSUFFICIENT_STORAGE => Break::Refused(told),
        status if status.is_server_error() => Break::Away(told),
        _ => Break::Refused(told),
    })
}

/// The innermost cause: "connection refused" says more than "error sending request". A certificate
/// that is not trusted will not be trusted in a minute either.
fn away(error: &reqwest::Error) -> Break {
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
    let document: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = document["detail"].as_str().or(document["title"].as_str());
    text.map_or_else(|| format!("the server answered {status}"), str::to_owned)
}

/// `Upload-Metadata`: key, space, base64; pairs parted by commas.
fn encode_metadata(pairs: &[(&str, &str)]) -> String {
    let encode = |value: &str| base64::engine::general_purpose::STANDARD.encode(value);
    let pairs: Vec<_> =
        pairs.iter().map(|(key, value)| format!("{key} {}", encode(value))).collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_base64_by_key() {
        assert_eq!(
            encode_metadata(&[("filename", "a b.mp4"), ("title", "Ẹ káàsán")]),
            "filename YSBiLm1wNA==,title 4bq4IGvDocOgc8Ohbg=="
        );
    }

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
