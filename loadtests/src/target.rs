//! Where requests go, and what all of them have in common.

use crate::wire::{Wire, status};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::Write;

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
    /// When it is not.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut request = Vec::new();
        self.write(&format!("GET {path}"), &self.bearer(), b"", &mut request);
        let mut wire = Wire::new(&self.address);
        let reply = wire.ask(&request).await.with_context(|| self.address.clone())?;
        let text = String::from_utf8_lossy(reply.body);
        ensure!(status(reply.head)? / 100 == 2, "GET {path} was answered {}: {text}", reply.status);
        Ok(serde_json::from_str(&text)?)
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
