//! The client side of tus 1.0.0: create, ask for the offset, append from there.
//!
//! A 404 means that the upload is gone: it is begun anew. What else can fail is sorted in `remote`.

use super::Source;
use super::bars::UploadBar;
use super::memory::Remembered;
use crate::remote::{self, Break, answer};
use anyhow::Result;
use base64::Engine;
use futures_util::StreamExt;
use reqwest::{Method, RequestBuilder};
use std::io::SeekFrom;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// A connection that takes or gives nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes read from the file at a time: large enough that the disk is not felt.
const CHUNK_BYTES: usize = 256 * 1024;

/// A node as its clients see it.
pub(super) struct Client {
    /// For questions, which are answered soon.
    asking: reqwest::Client,
    /// For bytes. Its answer comes when all are sent, so silence is judged by their progress.
    sending: reqwest::Client,
    silence: Duration,
    server: String,
    token: String,
}

impl Client {
    /// A client of `server` (without a slash at its end).
    pub(super) fn new(server: &str, token: &str) -> Result<Self> {
        Self::patient_for(SILENCE, server, token)
    }

    fn patient_for(silence: Duration, server: &str, token: &str) -> Result<Self> {
        let asking = remote::http(Some(silence))?;
        let sending = remote::http(None)?;
        let (server, token) = (server.to_owned(), token.to_owned());
        Ok(Self { asking, sending, silence, server, token })
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
            .signed(self.sending.request(Method::PATCH, url))
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", offset)
            .header("Content-Length", left)
            .body(reqwest::Body::wrap_stream(chunks));
        tokio::select! {
            answer = answer(request) => answer.map(drop),
            () = bar.stalled(self.silence) => {
                Err(Break::Away("the server takes no bytes".to_owned()))
            }
        }
    }

    /// A JSON document of the API.
    pub(super) async fn json(&self, path: &str) -> Result<serde_json::Value, Break> {
        let url = format!("{}{path}", self.server);
        let response = answer(self.request(Method::GET, &url)).await?;
        response.json().await.map_err(|error| remote::away(&error))
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.signed(self.asking.request(method, url))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("Tus-Resumable", "1.0.0").bearer_auth(&self.token)
    }
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
    use tokio::io::AsyncWriteExt;

    #[test]
    fn metadata_is_base64_by_key() {
        assert_eq!(
            encode_metadata(&[("filename", "a b.mp4"), ("title", "Ẹ káàsán")]),
            "filename YSBiLm1wNA==,title 4bq4IGvDocOgc8Ohbg=="
        );
    }

    /// Takes the bytes of one request in five pieces, a pause after each, then answers.
    async fn take_slowly(listener: tokio::net::TcpListener, size: usize, pause: Duration) {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut taken = vec![0; 64 * 1024];
        let mut all = Vec::new();
        while !all.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut taken).await.expect("a head");
            all.extend_from_slice(&taken[..read]);
        }
        let head = all.windows(4).position(|end| end == b"\r\n\r\n").expect("just seen") + 4;
        let (mut body, mut next) = (all.len() - head, 0);
        while body < size {
            if body >= next {
                next += size / 5;
                tokio::time::sleep(pause).await;
            }
            let read = stream.read(&mut taken).await.expect("bytes");
            assert!(read > 0, "the client has cut itself off after {body} bytes");
            body += read;
        }
        let answer = b"HTTP/1.1 204 No Content\r\nUpload-Offset: 0\r\n\r\n";
        stream.write_all(answer).await.expect("the client waits");
    }

    #[tokio::test]
    async fn an_upload_that_goes_on_is_not_cut_off_however_long_it_takes() {
        const SIZE: usize = 40 << 20;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("film.mp4");
        std::fs::write(&path, vec![7; SIZE]).expect("a file");
        let source = Source { path, size_bytes: SIZE as u64, modified_ns: 0 };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = format!("http://{}", listener.local_addr().expect("an address"));
        let silence = Duration::from_millis(1_000);
        let client = Client::patient_for(silence, &server, "token").expect("a client");
        let bar = super::super::Bars::new().upload("film", SIZE as u64);
        let url = format!("{server}/upload");
        let sent = client.append(&url, &source, 0, &bar);
        let taken = take_slowly(listener, SIZE, silence.mul_f64(0.4));
        let (sent, ()) = tokio::join!(sent, taken);
        assert!(sent.is_ok(), "{sent:?}");
    }
}
