//! HTTP/1.1 over plain TCP, as lean as it gets: one request is one write, one answer mostly one
//! read.
//!
//! The generator shares its cores with the system that it measures, so what it needs of them is
//! taken from the result. It reads what it needs (RFC 9112: status line, `Content-Length`, body)
//! and treats the rest as opaque; a body without a length is an error.

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Bytes read at once: any answer of the API that a load asks for.
const READ_BYTES: usize = 16 * 1024;
/// Longest body that is kept: far more than any playlist or page of the API.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A connection that is made when it is needed, kept, and made anew after it broke.
pub(crate) struct Wire {
    address: String,
    /// What the kernel takes before it is read; as it likes when not given.
    receive_bytes: Option<u32>,
    stream: Option<TcpStream>,
    heard: Vec<u8>,
    /// Status, head and body of the last answer, within what was heard.
    last: (u16, Range<usize>, Range<usize>),
    sent: bool,
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
        Self {
            address: address.to_owned(),
            receive_bytes: None,
            stream: None,
            heard: Vec::new(),
            last: (0, 0..0, 0..0),
            sent: false,
        }
    }

    /// The same, of a reader whose kernel takes no more than so many bytes before they are read:
    /// what else is on its way stays with the server.
    pub(crate) fn narrow(address: &str, receive_bytes: u32) -> Self {
        Self { receive_bytes: Some(receive_bytes), ..Self::new(address) }
    }

    /// Sends a whole request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no answer with a length.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Reply<'_>> {
        let mut stream = self.begin(request).await?;
        self.last = read(&mut stream, &mut self.heard).await?;
        self.stream = Some(stream);
        Ok(self.last())
    }

    /// The last answer; an empty one before the first.
    pub(crate) fn last(&self) -> Reply<'_> {
        let (status, head, body) = self.last.clone();
        Reply { status, head: &self.heard[head], body: &self.heard[body] }
    }

    /// Sends a whole request and reads no more than the head of the answer: its status, and the
    /// body that is still to be read.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no answer with a length.
    pub(crate) async fn ask_head(&mut self, request: &[u8]) -> Result<(u16, Rest)> {
        let mut stream = self.begin(request).await?;
        let (head, length) = read_head(&mut stream, &mut self.heard).await?;
        let left = length.saturating_sub(self.heard.len() - head);
        Ok((status(&self.heard)?, Rest { stream, left }))
    }

    /// Takes a connection back whose body has been read.
    pub(crate) fn keep(&mut self, rest: Rest) {
        if rest.left == 0 {
            self.stream = Some(rest.stream);
        }
    }

    /// Whether the last request may have reached the server.
    pub(crate) fn was_sent(&self) -> bool {
        self.sent
    }

    /// Breaks the connection.
    pub(crate) fn cut(&mut self) {
        self.stream = None;
    }

    async fn begin(&mut self, request: &[u8]) -> Result<TcpStream> {
        self.sent = false;
        let mut stream = match self.stream.take().filter(is_open) {
            Some(stream) => stream,
            None => match self.receive_bytes {
                Some(bytes) => connect_narrow(&self.address, bytes).await?,
                None => connect(&self.address).await?,
            },
        };
        self.sent = true;
        self.heard.clear();
        self.last = (0, 0..0, 0..0);
        stream.write_all(request).await?;
        Ok(stream)
    }
}

/// A body that is being read and not kept.
pub(crate) struct Rest {
    stream: TcpStream,
    /// Bytes that have not been read.
    pub(crate) left: usize,
}

impl Rest {
    /// Reads at most so many bytes more.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn skip(&mut self, most: usize, scratch: &mut [u8]) -> Result<()> {
        let end = self.left.saturating_sub(most);
        while self.left > end {
            let wanted = scratch.len().min(self.left - end);
            let read = self.stream.read(&mut scratch[..wanted]).await?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.left -= read;
        }
        Ok(())
    }
}

/// False when the other side has closed it meanwhile, as servers do with idle connections: then
/// nothing of a request would be answered.
fn is_open(stream: &TcpStream) -> bool {
    let nothing = stream.try_read(&mut [0]);
    matches!(nothing, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// A connection whose kernel takes no more than so many bytes before they are read.
async fn connect_narrow(address: &str, receive_bytes: u32) -> Result<TcpStream> {
    let address = tokio::net::lookup_host(address).await?.next();
    let address = address.ok_or_else(|| Error::from(ErrorKind::AddrNotAvailable))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(receive_bytes)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
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
    let (head, length) = read_head(stream, heard).await?;
    if length > BODY_BYTES_MAX {
        return Err(Error::new(ErrorKind::InvalidData, "a body that is too long to be kept"));
    }
    while heard.len() < head + length {
        more(stream, heard).await?;
    }
    Ok((status(heard)?, 0..head, head..head + length))
}

/// Reads at least the head: its bytes, and the length of the body.
async fn read_head(stream: &mut TcpStream, heard: &mut Vec<u8>) -> Result<(usize, usize)> {
    loop {
        more(stream, heard).await?;
        let Some(head) = head_bytes(heard) else { continue };
        let length = content_length(&heard[..head]);
        let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no length"))?;
        return Ok((head, length));
    }
}

async fn more(stream: &mut TcpStream, heard: &mut Vec<u8>) -> Result<()> {
    if heard.capacity() - heard.len() < READ_BYTES / 4 {
        heard.reserve(READ_BYTES);
    }
    match stream.read_buf(heard).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
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
