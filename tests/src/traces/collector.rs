//! A collector that keeps what it is sent: `POST /v1/traces`, nothing else.

use super::{Span, of_request};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest body that is read: far more than a batch has.
const BODY_MAX: usize = 64 << 20;

/// A collector on loopback, until the process ends.
#[derive(Clone)]
pub struct Collector {
    url: String,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    /// Listens at an address; port 0 is any that is free.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn start(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let url = format!("http://{}", listener.local_addr()?);
        let collector = Self { url, requests: Arc::default() };
        let kept = collector.clone();
        // It owns nothing that anybody waits for, and ends with the process.
        let accept = move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                let serve = move || kept.serve(&stream);
                if thread::Builder::new().spawn(serve).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("collector".to_owned()).spawn(accept)?;
        Ok(collector)
    }

    /// What `telemetry.otlp_endpoint` is to say.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it was sent since it was asked last, as it came.
    #[must_use]
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every span so far of a trace.
    #[must_use]
    pub fn trace(&self, id: &str) -> Vec<Span> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().flat_map(of_request).filter(|span| span.trace == id).collect()
    }

    /// Waits until a trace is as wanted.
    ///
    /// # Panics
    /// When it is not within the time.
    pub async fn wait(
        &self,
        id: &str,
        within: Duration,
        wanted: impl Fn(&[Span]) -> bool,
    ) -> Vec<Span> {
        let began = Instant::now();
        loop {
            let spans = self.trace(id);
            if wanted(&spans) {
                return spans;
            }
            assert!(began.elapsed() < within, "still {}", super::draw(&spans));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Ok(Some(body)) = request(&mut reader) {
            let known = serde_json::from_slice(&body).map(|request| {
                self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            });
            let status = if known.is_ok() { "200 OK" } else { "400 Bad Request" };
            let head = "Content-Type: application/json\r\nContent-Length: 2";
            let mut stream = stream;
            if write!(stream, "HTTP/1.1 {status}\r\n{head}\r\n\r\n{{}}").is_err() {
                return;
            }
        }
    }
}

/// The body of the next request; none at the end of the connection.
fn request(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0;
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    if length > BODY_MAX {
        return Err(io::Error::other("a body that is too long"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(body))
}
