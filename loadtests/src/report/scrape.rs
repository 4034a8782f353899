//! Asks one server for `/metrics` on one kept connection, within bounds of time and bytes.
//!
//! The generator's own connections know no bound of bytes; here the answer comes from whatever
//! listens at an address, and is read while the load runs.

use crate::target::Target;
use crate::wire::{connect, head_bytes, header, status};
use anyhow::{Context, ensure};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server under load is seen late rather than not at all; one that takes longer is as good as
/// gone.
const WITHIN: Duration = Duration::from_secs(5);
/// Some ten thousand lines: more than a node tells with its bounded labels.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// What servers of HTTP allow each other.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The text of `/metrics`.
    Metrics(String),
    /// The server answers, but not that, or not so that it can be read within the bounds.
    Other(u16),
}

/// A server and the connection to it.
pub(crate) struct Scraper {
    target: Target,
    stream: Option<TcpStream>,
}

impl Scraper {
    /// Nothing is sent yet.
    pub(crate) fn new(target: &Target) -> Self {
        Self { target: target.clone(), stream: None }
    }

    /// Asks once. A kept connection that the server has closed meanwhile is made anew.
    ///
    /// # Errors
    /// When the server does not answer in time, or answers no HTTP.
    pub(crate) async fn ask(&mut self) -> anyhow::Result<Answer> {
        let asked = async {
            if let Some(stream) = self.stream.take()
                && let Ok(answer) = self.exchange(stream).await
            {
                return Ok(answer);
            }
            let stream = connect(&self.target.address).await?;
            self.exchange(stream).await
        };
        timeout(WITHIN, asked).await.context("no answer in time")?
    }

    async fn exchange(&mut self, mut stream: TcpStream) -> anyhow::Result<Answer> {
        let mut bytes = Vec::new();
        self.target.write("GET /metrics", &self.target.bearer(), b"", &mut bytes);
        stream.write_all(&bytes).await?;
        bytes.clear();
        let head = head(&mut stream, &mut bytes).await?;
        let status = status(&bytes)?;
        let length = header(&bytes[..head], "content-length").and_then(|text| text.parse().ok());
        // Without a length, or with too great a one, the rest is not read: nor is the connection
        // used again.
        let Some(length) = length.filter(|length: &usize| *length <= BYTES_MAX) else {
            return Ok(Answer::Other(status));
        };
        while bytes.len() < head + length {
            more(&mut stream, &mut bytes).await?;
        }
        self.stream = Some(stream);
        Ok(match status {
            200 => Answer::Metrics(String::from_utf8(bytes[head..head + length].to_vec())?),
            other => Answer::Other(other),
        })
    }
}

/// Reads to the end of the header lines.
async fn head(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> anyhow::Result<usize> {
    loop {
        if let Some(head) = head_bytes(bytes) {
            return Ok(head);
        }
        ensure!(bytes.len() <= HEAD_BYTES_MAX, "more than {HEAD_BYTES_MAX} bytes of header lines");
        more(stream, bytes).await?;
    }
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    let read = stream.read_buf(bytes).await?;
    ensure!(read > 0, "the connection ended in the middle of an answer");
    Ok(())
}
