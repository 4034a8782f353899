//! HTTP/1.1 over plain TCP, as lean as it gets: one request is one write, one answer mostly one
//! read.
//!
//! The generator shares its cores with the system that it measures, so what it needs of them is
//! taken from the result. It reads what it needs (RFC 9112: status line, `Content-Length`, body)
//! and treats the rest as opaque; a body without a length is an error.

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes read at once: any answer of the API that a load asks for.
const READ_BYTES: usize = 16 * 1024;

/// A connection that is made when it is needed, kept, and made anew after it broke.
pub(crate) struct Wire {
    address: String,
    stream: Option<TcpStream>,
    heard: Vec<u8>,
}

/// An answer; it borrows what was read.
pub(crate) struct Reply<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    /// Status line and header lines.
    pub(crate) head: &'a [u8],
    /// Body.
    pub(crate) body: &'a [u8],
}

impl Wire {
    /// To `HOST:PORT`; nothing is sent yet.
    pub(crate) fn new(address: &str) -> Self {
        let heard = Vec::with_capacity(READ_BYTES);
        Self { address: address.to_owned(), stream: None, heard }
    }

    /// Sends a whole request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no answer with a length.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Reply<'_>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.address).await?,
        };
        stream.write_all(request).await?;
        self.heard.clear();
        let (status, head, body) = read(&mut stream, &mut self.heard).await?;
        self.stream = Some(stream);
        let heard = &self.heard;
        Ok(Reply { status, head: &heard[head], body: &heard[body] })
    }
}

/// A connection that sends small writes at once.
///
/// # Errors
/// When nobody listens.
pub(crate) async fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read(
    stream: &mut TcpStream,
    heard: &mut Vec<u8>,
) -> Result<(u16, Range<usize>, Range<usize>)> {
    loop {
        if heard.capacity() - heard.len() < READ_BYTES / 4 {
            heard.reserve(READ_BYTES);
        }
        if stream.read_buf(heard).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let Some(head) = head_bytes(heard) else { continue };
        let length = content_length(&heard[..head]);
        let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no length"))?;
        if heard.len() >= head + length {
            return Ok((status(heard)?, 0..head, head..head + length));
        }
    }
}

/// Bytes up to and with the empty line.
pub(crate) fn head_bytes(heard: &[u8]) -> Option<usize> {
    heard.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// `HTTP/1.1 202 …`
///
/// # Errors
/// When it is no status line.
pub(crate) fn status(heard: &[u8]) -> Result<u16> {
    let digits = heard.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    let status = digits.and_then(|digits| digits.parse().ok());
    status.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no status line"))
}

/// The length of the body; answers that have none by their status need no header (RFC 9110,
/// section 8.6).
fn content_length(head: &[u8]) -> Option<usize> {
    let told = header(head, "content-length").and_then(|value| value.parse().ok());
    told.or_else(|| matches!(status(head), Ok(204 | 304)).then_some(0))
}

/// The value of a header.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    let fits = |line: &&[u8]| {
        line.get(name.len()) == Some(&b':')
            && line[..name.len()].eq_ignore_ascii_case(name.as_bytes())
    };
    let mut values = lines.filter(fits).map(|line| &line[name.len() + 1..]);
    values.next().and_then(|value| std::str::from_utf8(value).ok()).map(str::trim)
}

/// The text after `"key":"` of a flat JSON object; loads read one id of an answer, not its whole.
pub(crate) fn text<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, after) = body.split_once(&format!("\"{key}\":"))?;
    after.trim_start().strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] =
        b"HTTP/1.1 202 Accepted\r\nContent-Type: a/b\r\ncontent-LENGTH: 12 \r\n\r\n";

    #[test]
    fn what_a_load_needs_is_read_from_an_answer() {
        let heard = [HEAD, b"{\"a\":\"b c\"}x"].concat();
        assert_eq!(status(&heard).expect("a status line"), 202);
        assert_eq!(head_bytes(&heard), Some(HEAD.len()));
        assert_eq!(content_length(HEAD), Some(12));
        assert_eq!(header(HEAD, "content-type"), Some("a/b"));
        assert_eq!(text(&heard[HEAD.len()..], "a"), Some("b c"));
        assert_eq!(content_length(b"HTTP/1.1 204 No Content\r\n\r\n"), Some(0));
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
