//! Servers that misbehave in known ways, so that the generator can be seen to notice. Each has a
//! thread and a runtime of its own: what it does is no business of the generator's thread.

use crate::wire::{head_bytes, header};
use anyhow::Context;
use serde_json::json;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// The one content.
const ID: &str = "01900000-0000-7000-8000-000000000000";

/// In which way it misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It does not.
    Prompt,
    /// Answers nothing for the first part of each period.
    Stalls { every: Duration, lasts: Duration },
    /// Closes the connection instead of answering one list in so many.
    Drops { one_in: u64 },
    /// Counts this view twice.
    Doubles { nth: u64 },
    /// Acknowledges this view and forgets it.
    Loses { nth: u64 },
    /// Takes so long for each segment of its film.
    Trudges { segment: Duration },
    /// Never answers who asks for twenty contents.
    Mutes,
}

/// A server that ends with this.
pub(crate) struct Stub {
    pub(crate) address: String,
    shared: Arc<Shared>,
    /// Where the kernel tells the CPU time of its thread.
    stat: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    manner: Manner,
    start: Instant,
    lists: AtomicU64,
    dropped: AtomicU64,
    views: AtomicU64,
    likes: AtomicU64,
    counted: AtomicU64,
    keys: Mutex<HashSet<String>>,
}

impl Stub {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When there is none, or no thread.
    pub(crate) fn start(manner: Manner) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::new(manner));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let inner = Arc::clone(&shared);
        let run = move || {
            let place = std::fs::read_link("/proc/thread-self");
            let ended = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(anyhow::Error::from)
                .and_then(|runtime| {
                    runtime.block_on(async {
                        let listener = TcpListener::bind("127.0.0.1:0").await?;
                        let address = listener.local_addr()?.to_string();
                        // Whoever started it waits for this.
                        let _ = tell.send((address, place?));
                        serve(listener, inner, stopped).await;
                        Ok(())
                    })
                });
            if let Err(error) = ended {
                eprintln!("a stub: {error:#}");
            }
        };
        let thread = std::thread::Builder::new().name("stub".to_owned()).spawn(run)?;
        let (address, place) = told.recv().context("a stub did not start")?;
        let stat = PathBuf::from("/proc").join(place).join("stat");
        Ok(Self { address, shared, stat, stop: Some(stop), thread: Some(thread) })
    }

    /// Connections that it closed without an answer.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }

    /// CPU seconds of its thread (`proc(5)`, fields 14 and 15).
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn cpu_s(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(&self.stat).context("the stub has ended")?;
        let (_, after) = stat.rsplit_once(')').context("a stat line names its thread")?;
        let ticks = after.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let shared = Arc::clone(&shared);
                    // What a client breaks is the client's.
                    connections.spawn(async move { connection(stream, &shared).await.ok() });
                }
            }
            _ = &mut stopped => return,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut heard = Vec::with_capacity(4096);
    loop {
        let head = loop {
            if let Some(head) = head_bytes(&heard) {
                break head;
            }
            if stream.read_buf(&mut heard).await? == 0 {
                return Ok(());
            }
        };
        let length = header(&heard[..head], "content-length").and_then(|text| text.parse().ok());
        let length: usize = length.unwrap_or(0);
        while heard.len() < head + length {
            if stream.read_buf(&mut heard).await? == 0 {
                return Ok(());
            }
        }
        shared.stall(&heard[..head]).await;
        let Some(answer) = shared.answer(&heard[..head]) else { return Ok(()) };
        stream.write_all(answer.as_bytes()).await?;
        heard.drain(..head + length);
    }
}

/// The request line.
fn line(head: &[u8]) -> &str {
    std::str::from_utf8(head).unwrap_or_default().lines().next().unwrap_or_default()
}

fn whole(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A film of eight seconds in four segments, too short to be viewed.
fn film(file: &str) -> String {
    let body = match file {
        "master.m3u8" => "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmedia.m3u8\n".to_owned(),
        "media.m3u8" => {
            let segments = (0..4).map(|at| format!("#EXTINF:2.0,\n{at}.m4s\n"));
            format!("#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n{}", segments.collect::<String>())
        }
        _ => "media".to_owned(),
    };
    whole("200 OK", &body)
}

impl Shared {
    fn new(manner: Manner) -> Self {
        Self {
            manner,
            start: Instant::now(),
            lists: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            views: AtomicU64::new(0),
            likes: AtomicU64::new(0),
            counted: AtomicU64::new(0),
            keys: Mutex::default(),
        }
    }

    /// Waits as its manner is.
    async fn stall(&self, head: &[u8]) {
        let line = line(head);
        match self.manner {
            Manner::Stalls { every, lasts } => self.silence(every, lasts).await,
            Manner::Trudges { segment } if line.contains(".m4s ") => sleep(segment).await,
            Manner::Mutes if line.contains("?limit=20 ") => std::future::pending().await,
            _ => {}
        }
    }

    /// Waits for the end of a silence.
    async fn silence(&self, every: Duration, lasts: Duration) {
        let passed = self.start.elapsed();
        let into = Duration::from_nanos((passed.as_nanos() % every.as_nanos()) as u64);
        if into < lasts {
            sleep_until(self.start + passed - into + lasts).await;
        }
    }

    /// The whole answer; none when the connection is closed instead.
    fn answer(&self, head: &[u8]) -> Option<String> {
        let line = line(head);
        let path = line.split(' ').nth(1).unwrap_or_default();
        if let Some(file) = path.strip_prefix("/media/") {
            return Some(film(file));
        }
        let (status, body) = if line.starts_with("GET /api/v1/content?") {
            let turn = self.lists.fetch_add(1, Relaxed) + 1;
            if matches!(self.manner, Manner::Drops { one_in } if turn.is_multiple_of(one_in)) {
                self.dropped.fetch_add(1, Relaxed);
                return None;
            }
            ("200 OK", json!({ "items": [{ "id": ID }] }))
        } else if path.ends_with("/views") {
            let counted = self.view(header(head, "idempotency-key").unwrap_or_default());
            ("202 Accepted", json!({ "counted": counted }))
        } else if path.ends_with("/like") {
            ("200 OK", json!({ "liked": true, "likes": self.likes.fetch_add(1, Relaxed) + 1 }))
        } else if path.ends_with("/sessions") {
            ("201 Created", json!({ "session_id": ID, "hls": "/media/master.m3u8" }))
        } else if path.ends_with("/events") {
            ("200 OK", json!({ "accepted": 1, "refused": [] }))
        } else if path.ends_with("/engagement") {
            let (views, likes) = (self.counted.load(Relaxed), self.likes.load(Relaxed));
            ("200 OK", json!({ "views": { "live": views, "settled": views }, "likes": likes }))
        } else {
            ("200 OK", json!({ "id": ID, "duration_s": 20.0 }))
        };
        Some(whole(status, &body.to_string()))
    }

    fn view(&self, key: &str) -> bool {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.insert(key.to_owned()) {
            return false;
        }
        let turn = self.views.fetch_add(1, Relaxed) + 1;
        let worth = match self.manner {
            Manner::Doubles { nth } if turn == nth => 2,
            Manner::Loses { nth } if turn == nth => 0,
            _ => 1,
        };
        self.counted.fetch_add(worth, Relaxed);
        true
    }
}
