//! A plain client of the API: what a page or a script would send, nothing more.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use std::time::{Duration, Instant};

/// A caller with or without a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    server: String,
    token: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The `detail` of a problem document (RFC 9457).
    ///
    /// # Panics
    /// When it is no problem document.
    #[must_use]
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        problem["detail"].as_str().expect("a problem has a detail").to_owned()
    }
}

impl Client {
    /// A caller of `server`.
    #[must_use]
    pub fn new(server: &str, token: Option<&str>) -> Self {
        let token = token.map(str::to_owned);
        Self { http: http(), server: server.to_owned(), token }
    }

    /// The token, empty without one.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request to a path or an address.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url =
            if path.starts_with("http") { path.to_owned() } else { self.server.clone() + path };
        let method = Method::from_bytes(method.as_bytes()).expect("a method of HTTP");
        let request = self.http.request(method, url).header("Tus-Resumable", "1.0.0");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    /// A content's document.
    ///
    /// # Panics
    /// When there is none.
    pub async fn content(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/v1/content/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Waits until a content's document is as wanted.
    ///
    /// # Panics
    /// When it is not within the time.
    pub async fn wait_content(
        &self,
        id: &str,
        within: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let began = Instant::now();
        loop {
            let content = self.content(id).await;
            if wanted(&content) {
                return content;
            }
            assert!(began.elapsed() < within, "still {content:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// tus creation: the answer as it is.
    pub async fn create(&self, size_bytes: u64, metadata: &str) -> Answer {
        let request = self.request("POST", "/api/v1/uploads");
        let request = request.header("Upload-Length", size_bytes);
        send(request.header("Upload-Metadata", metadata)).await
    }

    /// tus PATCH: the answer as it is.
    pub async fn append(&self, location: &str, offset: u64, body: Vec<u8>) -> Answer {
        let request = self.request("PATCH", location).header("Upload-Offset", offset);
        let request = request.header("Content-Type", "application/offset+octet-stream");
        send(request.body(body)).await
    }

    /// tus HEAD: `Upload-Offset`.
    ///
    /// # Panics
    /// When it is not told.
    pub async fn offset(&self, location: &str) -> u64 {
        let answer = send(self.request("HEAD", location)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("upload-offset").parse().expect("a number")
    }

    /// Uploads bytes in one go and answers the content's id.
    ///
    /// # Panics
    /// When a step is refused.
    pub async fn upload(&self, bytes: Vec<u8>, metadata: &str) -> String {
        let created = self.create(bytes.len() as u64, metadata).await;
        assert_eq!(created.status, 201, "{}", created.text());
        let appended = self.append(created.header("location"), 0, bytes).await;
        assert_eq!(appended.status, 204, "{}", appended.text());
        created.header("playhouse-content-id").to_owned()
    }
}

/// Sends a request and reads the answer whole.
///
/// # Panics
/// When there is no answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let response: Response = request.send().await.expect("the node answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.expect("the body is whole").to_vec();
    Answer { status, headers, body }
}

/// An HTTP client. The program's TLS is linked into this one too, and wants to be named.
pub(crate) fn http() -> reqwest::Client {
    // Installed already is as good: it is the only provider that is linked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
