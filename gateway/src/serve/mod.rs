//! The listener: HTTP/1.1 with a bound on everything that a client can hold open.
//!
//! Beyond `connections_max` the listener does not accept, so the kernel's queue and then the
//! client waits; heads are bounded in bytes, lines and time; a connection on which nothing moves
//! is closed ([`idle`]). On shutdown no connection is taken any more, requests under way are told
//! ([`Stopping`]) and finish within `shutdown_s`, and what then still runs is dropped: connections
//! live in this future.

mod heads;
mod idle;

use crate::auth::within;
use crate::context::Connection;
use crate::stopping::Stopping;
use crate::{Config, Site};
use axum::body::Body;
use axum::extract::Request;
use heads::HeadTimer;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use idle::Idle;
use ipnet::IpNet;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// The kernel is out of descriptors or memory: wait for connections to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `site` until `shutdown` is ready, then lets requests under way finish.
///
/// # Errors
/// None at present: what goes wrong with one connection is that connection's.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    config: &Config,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut server = Server::new(site, config);
    let permits = Arc::new(Semaphore::new(config.connections_max));
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &permits) => match accepted {
                Ok((stream, peer, permit)) => server.open(stream, peer, permit),
                Err(error) => pause(&error).await,
            },
            Some(ended) = server.connections.join_next() => note(ended),
        }
    }
    drop(listener);
    server.close().await;
    Ok(())
}

/// How much of a body is read at once. Bytes: large enough for a fast disk, small enough that ten
/// thousand connections fit in memory.
const READ_AT_ONCE: usize = 128 * 1024;

struct Server {
    site: Site,
    http: http1::Builder,
    trusted: Vec<IpNet>,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
    idle: Duration,
    linger: Duration,
    shutdown: Duration,
    stopping: watch::Sender<bool>,
}

impl Server {
    fn new(site: Site, config: &Config) -> Self {
        let mut http = http1::Builder::new();
        http.header_read_timeout(Duration::from_secs(config.header_read_s))
            .max_header_size(config.header_bytes_max)
            .max_buf_size(READ_AT_ONCE.max(2 * config.header_bytes_max))
            .max_headers(config.headers_max);
        Self {
            site,
            http,
            trusted: config.trusted_proxies.clone(),
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
            idle: Duration::from_secs(config.connection_idle_s),
            linger: Duration::from_millis(config.connection_linger_ms),
            shutdown: Duration::from_secs(config.shutdown_s),
            stopping: watch::Sender::new(false),
        }
    }

    fn open(&mut self, stream: TcpStream, peer: IpAddr, permit: OwnedSemaphorePermit) {
        // Playlists and events are small and must not wait for more. Without it all still works.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(Idle::new(stream, self.idle, self.linger));
        let trusted = within(peer.to_canonical(), &self.trusted);
        let stopping = Stopping::from(&self.stopping);
        let connection = Arc::new(Connection { peer, trusted, stopping });
        let site = self.site.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (site, connection) = (site.clone(), Arc::clone(&connection));
            async move {
                Ok::<_, Infallible>(site.answer(request.map(Body::new), Some(connection)).await)
            }
        });
        let mut http = self.http.clone();
        let connection = http.timer(HeadTimer::default()).serve_connection(io, service);
        let connection = self.graceful.watch(connection);
        self.connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended early");
            }
            drop(permit);
        });
    }

    async fn close(mut self) {
        self.stopping.send_replace(true);
        let finished = tokio::time::timeout(self.shutdown, self.graceful.shutdown()).await;
        if finished.is_err() {
            tracing::warn!(open = self.connections.len(), "connections cut at shutdown");
        }
        self.connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await;
    let permit = permit.expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer.ip(), permit))
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "connection task failed");
    }
}

async fn pause(error: &io::Error) {
    match error.kind() {
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {}
        _ => {
            tracing::error!(%error, "accept failed");
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    /// A server on a free port, its shutdown, and its end.
    struct Running {
        address: std::net::SocketAddr,
        stop: Option<oneshot::Sender<()>>,
        tasks: JoinSet<io::Result<()>>,
    }

    async fn start(config: Config) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/refuse", post(|| async { axum::http::StatusCode::PAYLOAD_TOO_LARGE }));
        let site = Site::new(routes, config.json_body_bytes_max);
        let mut tasks = JoinSet::new();
        tasks.spawn(
            async move { serve(listener, site, &config, async { drop(stopped.await) }).await },
        );
        Running { address, stop: Some(stop), tasks }
    }

    async fn say(address: std::net::SocketAddr, text: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut_off() {
        let running = start(Config { header_read_s: 1, ..Config::default() }).await;
        let answer = say(running.address, b"GET / HTTP/1.1\r\nHost: a\r\n").await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_with_too_many_lines_or_bytes_is_refused() {
        let running = start(Config::default()).await;
        let lines = "a: b\r\n".repeat(101);
        let many = format!("GET / HTTP/1.1\r\n{lines}\r\n");
        assert!(say(running.address, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
        let long = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(40_000));
        assert!(say(running.address, long.as_bytes()).await.starts_with("HTTP/1.1 431"));
    }

    #[tokio::test]
    async fn a_refusal_reaches_a_client_that_is_still_sending() {
        let running = start(Config::default()).await;
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let size = 8 * 1024 * 1024;
        let head = format!("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![0; size]).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 413"));
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed() {
        let config = Config { connection_idle_s: 1, header_read_s: 30, ..Config::default() };
        let running = start(config).await;
        let answer = say(running.address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(answer.ends_with("here"), "{answer}");
    }

    #[tokio::test]
    async fn shutdown_ends_idle_connections_and_takes_no_more() {
        let mut running = start(Config::default()).await;
        let mut open = TcpStream::connect(running.address).await.unwrap();
        open.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        open.read_exact(&mut first).await.unwrap();
        running.stop.take().unwrap().send(()).unwrap();
        running.tasks.join_next().await.unwrap().unwrap().unwrap();
        assert!(TcpStream::connect(running.address).await.is_err());
    }
}
