//! The load: `HEAD` of uploads over connections that are kept, as fast as they are answered.
//!
//! Each request is an ask of an `upload.session` entity that answers from memory. It is written and
//! read as bytes, on a thread of its own, so that the client takes little of the cores that it
//! shares with the node.

use anyhow::{Context, bail, ensure};
use futures_util::future::try_join_all;
use playhouse_tests::sandbox::Sandbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What every answer must be.
#[derive(Clone, Copy)]
pub(super) enum Status {
    /// The upload is there.
    Ok,
    /// It is not.
    NotFound,
}

impl Status {
    fn line(self) -> &'static [u8] {
        match self {
            Self::Ok => b"HTTP/1.1 200 ",
            Self::NotFound => b"HTTP/1.1 404 ",
        }
    }
}

/// What is asked, and of whom.
pub(super) struct Load(Arc<Asked>);

struct Asked {
    address: String,
    token: String,
    ids: Vec<String>,
    status: Status,
}

/// A load under way; it ends when this is dropped.
pub(super) struct Running {
    progress: Arc<Progress>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

#[derive(Default)]
struct Progress {
    started: AtomicUsize,
    answered: AtomicUsize,
    stop: AtomicBool,
}

impl Load {
    /// `HEAD` of these ids, one after the other and from the start again.
    pub(super) fn new(sandbox: &Sandbox, ids: Vec<String>, status: Status) -> Self {
        let address = sandbox.url("").trim_start_matches("http://").to_owned();
        let token = sandbox.admin().token().to_owned();
        Self(Arc::new(Asked { address, token, ids, status }))
    }

    /// Asks for each id once.
    ///
    /// # Errors
    /// When an answer is not as it must be.
    pub(super) async fn once(&self, connections: usize) -> anyhow::Result<()> {
        let most = self.0.ids.len();
        self.begin(connections, most).wait().await
    }

    /// Asks until it is stopped.
    pub(super) fn start(&self, connections: usize) -> Running {
        self.begin(connections, usize::MAX)
    }

    fn begin(&self, connections: usize, most: usize) -> Running {
        let (asked, progress) = (Arc::clone(&self.0), Arc::<Progress>::default());
        let shared = Arc::clone(&progress);
        let thread = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
            let all = (0..connections).map(|_| follow(&asked, &shared, most));
            runtime.block_on(try_join_all(all)).map(drop)
        });
        Running { progress, thread: Some(thread) }
    }
}

impl Running {
    /// Requests that have been answered.
    pub(super) fn answered(&self) -> usize {
        self.progress.answered.load(Relaxed)
    }

    /// Ends it.
    ///
    /// # Errors
    /// When an answer was not as it must be.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.progress.stop.store(true, Relaxed);
        self.wait().await
    }

    async fn wait(mut self) -> anyhow::Result<()> {
        self.thread.take().context("a load ends once")?.await?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.progress.stop.store(true, Relaxed);
    }
}

/// One connection, one request at a time.
async fn follow(asked: &Asked, progress: &Progress, most: usize) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(&asked.address).await?;
    stream.set_nodelay(true)?;
    let mut answer = Vec::new();
    while !progress.stop.load(Relaxed) {
        let turn = progress.started.fetch_add(1, Relaxed);
        if turn >= most {
            break;
        }
        stream.write_all(request(asked, turn).as_bytes()).await?;
        read_head(&mut stream, &mut answer).await?;
        if !answer.starts_with(asked.status.line()) {
            bail!("HEAD was answered {}", String::from_utf8_lossy(&answer));
        }
        progress.answered.fetch_add(1, Relaxed);
    }
    Ok(())
}

fn request(Asked { address, token, ids, .. }: &Asked, turn: usize) -> String {
    let id = &ids[turn % ids.len()];
    format!(
        "HEAD /api/v1/uploads/{id} HTTP/1.1\r\nHost: {address}\r\nTus-Resumable: 1.0.0\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    )
}

/// An answer to HEAD has no body (RFC 9110, section 9.3.2).
async fn read_head(stream: &mut TcpStream, answer: &mut Vec<u8>) -> anyhow::Result<()> {
    answer.clear();
    while !answer.ends_with(b"\r\n\r\n") {
        ensure!(stream.read_buf(answer).await? > 0, "the node closed a connection");
    }
    Ok(())
}
