//! HTTP/1.1 as bytes over a kept connection, for campaigns of millions of requests.
//!
//! Nothing is tried again in secret: whoever kills nodes must know which request was cut.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request that is not answered within so long is cut.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A connection that is made when it is needed, and made anew after it broke.
pub struct Wire {
    address: String,
    stream: Option<TcpStream>,
}

/// An answer with a body of known length.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    head: String,
    /// Body as text.
    pub body: String,
}

impl Reply {
    /// A header's value; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        values.next().map_or("", |(_, value)| value.trim())
    }
}

impl Wire {
    /// To a server `http://HOST:PORT`; nothing is sent yet.
    #[must_use]
    pub fn new(server: &str) -> Self {
        Self { address: server.trim_start_matches("http://").to_owned(), stream: None }
    }

    /// A whole request. `headers` are lines that end with CRLF.
    #[must_use]
    pub fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let length = body.len();
        let lines = format!("{headers}{kind}Content-Length: {length}");
        format!("{line} HTTP/1.1\r\nHost: playhouse\r\n{lines}\r\n\r\n{body}").into_bytes()
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// When the connection breaks or nothing is answered: whether the request was carried out is
    /// not known then.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Reply> {
        let stream = self.stream.take();
        let exchange = async {
            let mut stream = match stream {
                Some(stream) => stream,
                None => TcpStream::connect(&self.address).await?,
            };
            stream.set_nodelay(true)?;
            stream.write_all(request).await?;
            let reply = read(&mut stream).await?;
            Result::Ok((stream, reply))
        };
        let late = |_| Error::from(ErrorKind::TimedOut);
        let (stream, reply) =
            tokio::time::timeout(ANSWERED_WITHIN, exchange).await.map_err(late)??;
        self.stream = Some(stream);
        Ok(reply)
    }
}

async fn read(stream: &mut TcpStream) -> Result<Reply> {
    let mut heard = Vec::with_capacity(2048);
    loop {
        if stream.read_buf(&mut heard).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let end = heard.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else { continue };
        let head = String::from_utf8_lossy(&heard[..end]).into_owned();
        let mut reply = Reply { status: 0, head, body: String::new() };
        let invalid = || Error::new(ErrorKind::InvalidData, "no answer with a length");
        let length: usize = reply.header("content-length").parse().map_err(|_| invalid())?;
        if heard.len() >= end + 4 + length {
            let status = reply.head.split(' ').nth(1).and_then(|text| text.parse().ok());
            reply.status = status.ok_or_else(invalid)?;
            reply.body = String::from_utf8_lossy(&heard[end + 4..end + 4 + length]).into_owned();
            return Ok(reply);
        }
    }
}
