//! Server-sent events, as far as a measurement needs them: the data of each event, and when it
//! came.
//!
//! The body comes in chunks (RFC 9112, section 7.1); an event ends with an empty line (HTML,
//! section 9.2.6). A connection of its own, so that no other answer stands before an event.

use crate::target::Target;
use crate::wire::{connect, head_bytes, status};
use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// An open stream.
pub(crate) struct Stream {
    stream: TcpStream,
    chunks: Vec<u8>,
    text: Vec<u8>,
}

impl Stream {
    /// Opens a stream; the answer must be 200.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) async fn open(target: &Target, path: &str) -> anyhow::Result<Self> {
        let mut stream = connect(&target.address).await?;
        let mut request = Vec::new();
        let headers = format!("{}Accept: text/event-stream\r\n", target.bearer());
        target.write(&format!("GET {path}"), &headers, b"", &mut request);
        stream.write_all(&request).await?;
        let mut chunks = Vec::new();
        let head = loop {
            ensure!(stream.read_buf(&mut chunks).await? > 0, "{path} was not answered");
            if let Some(head) = head_bytes(&chunks) {
                break head;
            }
        };
        let status = status(&chunks)?;
        ensure!(status == 200, "{path} was answered {status}");
        chunks.drain(..head);
        Ok(Self { stream, chunks, text: Vec::new() })
    }

    /// The data of the next event, and when its last byte was read.
    ///
    /// # Errors
    /// When the stream ends.
    pub(crate) async fn next(&mut self) -> anyhow::Result<(Instant, String)> {
        loop {
            while let Some(chunk) = take_chunk(&mut self.chunks)? {
                self.text.extend_from_slice(&chunk);
            }
            if let Some(data) = take_event(&mut self.text) {
                return Ok((Instant::now(), data));
            }
            ensure!(self.stream.read_buf(&mut self.chunks).await? > 0, "the stream has ended");
        }
    }
}

/// Takes one whole chunk.
fn take_chunk(chunks: &mut Vec<u8>) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(line) = chunks.windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
    let size = std::str::from_utf8(&chunks[..line])?.split(';').next().unwrap_or_default();
    let size = usize::from_str_radix(size.trim(), 16).context("a chunk begins with its size")?;
    let end = line + 2 + size;
    if chunks.len() < end + 2 {
        return Ok(None);
    }
    let chunk = chunks[line + 2..end].to_vec();
    chunks.drain(..end + 2);
    Ok(Some(chunk))
}

/// Takes events up to the first that has data; comments have none.
fn take_event(text: &mut Vec<u8>) -> Option<String> {
    loop {
        let end = text.windows(2).position(|two| two == b"\n\n")?;
        let event: Vec<u8> = text.drain(..end + 2).collect();
        let event = String::from_utf8_lossy(&event);
        let data: Vec<_> = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
        if !data.is_empty() {
            return Some(data.join("\n").trim_start().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_they_are_cut() {
        let mut chunks =
            b"8\r\n: hello\n\r\n1\r\n\n\r\n20\r\nevent: engagement\ndata: {\"a\":".to_vec();
        let mut text = Vec::new();
        let mut seen = Vec::new();
        for more in [&b"1}\n"[..], b"\r\n1\r\n\n\r\n"] {
            while let Some(chunk) = take_chunk(&mut chunks).expect("chunks") {
                text.extend_from_slice(&chunk);
            }
            chunks.extend_from_slice(more);
            seen.extend(take_event(&mut text));
        }
        while let Some(chunk) = take_chunk(&mut chunks).expect("chunks") {
            text.extend_from_slice(&chunk);
        }
        seen.extend(take_event(&mut text));
        assert_eq!(seen, ["{\"a\":1}"]);
    }
}
