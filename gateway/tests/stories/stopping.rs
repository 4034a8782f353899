//! A node that is asked to stop: whoever listens is let go, and no byte that came is lost.

use crate::house::{House, published};
use axum::http::{Method, Request, request::Builder};
use playhouse_gateway::{Config, Role};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Far more than a stop may take, far less than what is left to requests that do not end.
const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinSet<()>,
}

impl Running {
    pub(crate) async fn of(house: &House) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, asked) = oneshot::channel::<()>();
        let config = Config { shutdown_s: 60, ..Config::default() };
        let site = house.site.clone();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let stopped = async { drop(asked.await) };
            playhouse_gateway::serve(listener, site, &config, stopped).await.unwrap();
        });
        Self { address, stop, server }
    }

    pub(crate) async fn stop(mut self) {
        self.stop.send(()).unwrap();
        timeout(SOON, self.server.join_next()).await.expect("it stops soon").unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_open_event_stream_does_not_hold_up_the_end() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    check_ends_with_the_node(&house, &format!("/api/v1/content/{}/events", content.id)).await;
}

#[tokio::test]
async fn an_open_stream_of_the_tree_does_not_hold_up_the_end() {
    check_ends_with_the_node(&House::open().await, "/admin/api/tree/stream").await;
}

async fn check_ends_with_the_node(house: &House, path: &str) {
    let running = Running::of(house).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let token = house.token("root", Role::Admin);
    let ask = format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut first = [0; 512];
    assert!(stream.read(&mut first).await.unwrap() > 0);
    let mut rest = Vec::new();
    let (read, ()) = tokio::join!(stream.read_to_end(&mut rest), running.stop());
    read.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the stream ends whole");
}

/// A client in the middle of sending an upload of ten bytes.
struct Sender {
    path: String,
    token: String,
    stream: TcpStream,
}

impl Sender {
    /// Has sent four bytes, and they have been taken.
    async fn of(house: &House, running: &Running) -> Self {
        let token = house.token("ada", Role::Editor);
        let creation = signed(Method::POST, "/api/v1/uploads", &token).header("upload-length", 10);
        let path = house.send(creation, "").await.header("location").to_owned();
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
             Authorization: {token}\r\nContent-Type: application/offset+octet-stream\r\n\
             Content-Length: 10\r\n\r\n0123"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let id = path.rsplit('/').next().unwrap();
        let staged = house.data().join(format!("blobs/.staging/{id}/data"));
        while std::fs::metadata(&staged).map_or(0, |facts| facts.len()) < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { path, token, stream }
    }
}

fn signed(method: Method, path: &str, token: &str) -> Builder {
    let request = Request::builder().method(method).uri(path);
    request.header("tus-resumable", "1.0.0").header("authorization", token)
}

async fn offset(house: &House, path: &str, token: &str) -> String {
    let look = house.send(signed(Method::HEAD, path, token), "").await;
    look.header("upload-offset").to_owned()
}

#[tokio::test]
async fn an_upload_keeps_what_has_come_when_the_node_stops() {
    let house = House::open().await;
    let running = Running::of(&house).await;
    let Sender { path, token, mut stream } = Sender::of(&house, &running).await;
    let mut answer = String::new();
    let (read, ()) = tokio::join!(stream.read_to_string(&mut answer), running.stop());
    read.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("stopping"), "{answer}");
    assert_eq!(offset(&house, &path, &token).await, "4");
}

#[tokio::test]
async fn an_upload_keeps_what_has_come_when_the_client_is_gone() {
    let house = House::open().await;
    let running = Running::of(&house).await;
    for reset in [false, true] {
        let Sender { path, token, stream } = Sender::of(&house, &running).await;
        if reset {
            stream.set_zero_linger().unwrap();
        }
        drop(stream);
        let kept = async {
            while offset(&house, &path, &token).await != "4" {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, kept).await.expect("it is committed soon");
    }
    running.stop().await;
}
