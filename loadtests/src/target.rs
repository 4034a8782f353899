//! Where requests go, and what all of them have in common.

use crate::wire::Wire;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::Write;
use std::time::Duration;
use tokio::time::timeout;

/// A server that does not answer a question within so long is as good as gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, and who asks it.
#[derive(Clone)]
pub(crate) struct Target {
    /// `HOST:PORT`.
    pub(crate) address: String,
    /// Bearer token; empty for nobody.
    pub(crate) token: String,
}

impl Target {
    /// From `http://HOST:PORT`.
    ///
    /// # Errors
    /// When it is no such address.
    pub(crate) fn new(server: &str, token: &str) -> anyhow::Result<Self> {
        let address = server.strip_prefix("http://").unwrap_or(server).trim_end_matches('/');
        ensure!(address.contains(':') && !address.contains('/'), "{server} is no http://HOST:PORT");
        Ok(Self { address: address.to_owned(), token: token.trim().to_owned() })
    }

    /// Appends a whole request. `headers` are lines that end with CRLF.
    pub(crate) fn write(&self, line: &str, headers: &str, body: &[u8], into: &mut Vec<u8>) {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let (host, length) = (&self.address, body.len());
        // Writing to a vector does not fail.
        let _ = write!(
            into,
            "{line} HTTP/1.1\r\nHost: {host}\r\n{headers}{kind}Content-Length: {length}\r\n\r\n"
        );
        into.extend_from_slice(body);
    }

    /// The line that says who asks; empty without a token.
    pub(crate) fn bearer(&self) -> String {
        match self.token.as_str() {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        }
    }

    /// One question with the token, on a connection of its own; the answer must be 2xx JSON.
    ///
    /// # Errors
    /// When it is not, or does not come.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut wire = Wire::new(&self.address);
        let text = self.ask(&mut wire, &format!("GET {path}")).await?;
        serde_json::from_str(&text).with_context(|| format!("GET {path} was answered {text}"))
    }

    /// Sends a line with the token; the body of the answer, which must be 2xx.
    ///
    /// # Errors
    /// When it is not, or does not come.
    pub(crate) async fn ask(&self, wire: &mut Wire, line: &str) -> anyhow::Result<String> {
        let mut request = Vec::new();
        self.write(line, &self.bearer(), b"", &mut request);
        let reply = timeout(PATIENCE, wire.ask(&request)).await;
        let reply = reply.with_context(|| format!("{} does not answer {line}", self.address))?;
        let reply = reply.with_context(|| self.address.clone())?;
        let text = String::from_utf8_lossy(reply.body).into_owned();
        ensure!(reply.status / 100 == 2, "{line} was answered {}: {text}", reply.status);
        Ok(text)
    }

    /// The contents that are named, or the newest that are listed; with their lengths in seconds.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn contents(&self, named: &[String]) -> anyhow::Result<Vec<Content>> {
        let mut ids = named.to_vec();
        if ids.is_empty() {
            let list = self.get("/api/v1/content?limit=100").await?;
            let items = list["items"].as_array().context("a list has items")?;
            ids.extend(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)));
        }
        let mut contents = Vec::new();
        for id in ids {
            let duration_s = self.get(&format!("/api/v1/content/{id}")).await?["duration_s"]
                .as_f64()
                .with_context(|| format!("{id} has no length yet"))?;
            contents.push(Content { id, duration_s });
        }
        ensure!(!contents.is_empty(), "nothing is published at {}", self.address);
        Ok(contents)
    }
}

/// What is watched.
#[derive(Clone)]
pub(crate) struct Content {
    /// Its id.
    pub(crate) id: String,
    /// Its length.
    pub(crate) duration_s: f64,
}
