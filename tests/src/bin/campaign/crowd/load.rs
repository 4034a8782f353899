//! Viewers, a creator and a server that counts views, at a fixed rate whatever they are answered.
//!
//! All of them do what their kind does in earnest: players keep events until they are acknowledged,
//! a view keeps its key, an upload goes on at the offset that the node tells.

use super::book::{Book, Fate, Kind};
use anyhow::Context;
use playhouse_tests::client::Client;
use playhouse_tests::{moment, patient};
use serde_json::{Value, json};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A viewer gives up on an answer after so long.
const PATIENCE: Duration = Duration::from_secs(15);
/// Readers, players that begin and views, each so often.
const EVERY: Duration = Duration::from_millis(100);
/// What a player sends: milliseconds after it began, the event.
const PLAY: [(i64, &str); 4] =
    [(0, "start"), (1500, "heartbeat"), (3000, "heartbeat"), (3000, "end")];

/// A running load.
pub(crate) struct Load {
    pub(crate) book: Arc<Book>,
    pub(crate) client: Client,
    /// Nobody: a player that makes its own identity.
    pub(crate) viewer: Client,
    /// What plays.
    pub(crate) film: Film,
    /// What is only counted.
    pub(crate) counted: String,
    pub(crate) kept: Kept,
    pub(crate) over: AtomicBool,
}

/// A content with the addresses that a player asks for.
#[derive(Clone)]
pub(crate) struct Film {
    pub(crate) id: String,
    pub(crate) playlist: String,
    pub(crate) segment: String,
}

/// What was acknowledged.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) views: AtomicUsize,
    pub(crate) plays: AtomicUsize,
    pub(crate) uploads: Mutex<Vec<String>>,
}

impl Film {
    /// Reads the addresses from the playlists.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn of(client: &Client, id: &str) -> anyhow::Result<Self> {
        let first = |text: String| {
            let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.next().map(str::to_owned)
        };
        let master = client.get(&format!("/media/{id}/master.m3u8")).await.text();
        let name = first(master).context("a master playlist names a rendition")?;
        let playlist = format!("/media/{id}/{name}");
        let name = first(client.get(&playlist).await.text()).context("a playlist has a segment")?;
        let (folder, _) = playlist.rsplit_once('/').context("a path has a folder")?;
        let segment = format!("{folder}/{name}");
        Ok(Self { id: id.to_owned(), playlist, segment })
    }
}

/// Runs everything until the load is over, and each player and view to its end.
pub(crate) async fn run(load: Arc<Load>) {
    let mut crowd = JoinSet::new();
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut beat = 0_u64;
    while !load.is_over() {
        every.tick().await;
        beat += 1;
        crowd.spawn(Arc::clone(&load).read());
        crowd.spawn(Arc::clone(&load).view(beat));
        if beat.is_multiple_of(5) {
            crowd.spawn(Arc::clone(&load).play());
        }
        while crowd.try_join_next().is_some() {}
    }
    while crowd.join_next().await.is_some() {}
}

/// Uploads one clip after the other, as long as the load runs.
pub(crate) async fn uploads(load: Arc<Load>, clip: Vec<u8>) {
    while !load.is_over() {
        if let Err(error) = load.upload(&clip).await {
            eprintln!("an upload was given up: {error:#}");
            load.book.note(Kind::Upload, Instant::now(), Fate::Silent);
        }
    }
}

impl Load {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// A reader looks at a list, another one plays on.
    async fn read(self: Arc<Self>) {
        let get = |path: &str| self.viewer.request("GET", path);
        tokio::join!(
            self.ask(Kind::Manifest, get(&self.film.playlist)),
            self.ask(Kind::Segment, get(&self.film.segment)),
            self.ask(Kind::List, get("/api/v1/content")),
        );
    }

    async fn view(self: Arc<Self>, beat: u64) {
        let key = format!("view-{beat}-{:?}", self.book.now());
        let path = format!("/api/v1/content/{}/views", self.counted);
        let request = || self.client.request("POST", &path).header("Idempotency-Key", &key);
        while self.ask(Kind::View, request()).await.is_none() {
            rest().await;
        }
        self.kept.views.fetch_add(1, Ordering::Relaxed);
    }

    /// Opens a session, plays three seconds, tells everything in the end.
    async fn play(self: Arc<Self>) {
        let open = json!({ "content_id": self.film.id, "device": "campaign" });
        let session = loop {
            let request = self.viewer.request("POST", "/api/v1/playback/sessions").json(&open);
            match self.ask(Kind::Open, request).await {
                Some(told) => break told["session_id"].as_str().unwrap_or_default().to_owned(),
                None => rest().await,
            }
        };
        let (began, began_ms) = (Instant::now(), moment::now_ms());
        let mut told = 0;
        for until in [1, 2, 4] {
            let (after_ms, _) = PLAY[until - 1];
            let due = began + Duration::from_millis(after_ms.unsigned_abs());
            tokio::time::sleep_until(due.into()).await;
            if self.tell(&session, began_ms, told, until).await {
                told = until;
            }
        }
        while told < PLAY.len() && !self.tell(&session, began_ms, told, PLAY.len()).await {
            rest().await;
        }
        self.kept.plays.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells the events of a session from one on, before another; true when they are acknowledged.
    async fn tell(&self, session: &str, began_ms: i64, from: usize, until: usize) -> bool {
        let event = |seq: usize| {
            let (after_ms, name) = PLAY[seq];
            let at = moment::rfc3339(began_ms + after_ms);
            json!({"seq": seq, "event": name, "position_s": after_ms as f64 / 1000.0, "at": at})
        };
        let events: Vec<Value> = (from..until).map(event).collect();
        let path = format!("/api/v1/playback/sessions/{session}/events");
        self.ask(Kind::Event, self.viewer.request("POST", &path).json(&events)).await.is_some()
    }

    async fn upload(&self, clip: &[u8]) -> anyhow::Result<()> {
        let asked = Instant::now();
        let (location, content) = loop {
            match patient::create(&self.client, clip.len()).await {
                Ok(created) => break created,
                Err(_) if asked.elapsed() < 8 * PATIENCE => rest().await,
                Err(error) => return Err(error),
            }
        };
        patient::upload(&self.client, &location, clip, &Cell::new(0)).await?;
        self.book.note(Kind::Upload, asked, Fate::Done);
        self.kept.uploads.lock().expect("nobody panics while pushing").push(content.clone());
        // The next one begins when this one plays: the encoder is kept busy, not flooded.
        while !self.is_over() && !is_published(&self.client, &content).await {
            rest().await;
        }
        Ok(())
    }

    /// The body of a good answer.
    async fn ask(&self, kind: Kind, request: reqwest::RequestBuilder) -> Option<Value> {
        let asked = Instant::now();
        let answer = request.timeout(PATIENCE).send().await;
        let (fate, body) = match answer {
            Ok(answer) => {
                let status = answer.status();
                let later = status == 503 && answer.headers().contains_key("retry-after");
                match answer.bytes().await {
                    Ok(body) if status.is_success() => (Fate::Done, Some(body)),
                    Ok(_) if later => (Fate::Later, None),
                    Ok(_) => (Fate::Wrong(status.as_u16()), None),
                    Err(_) => (Fate::Silent, None),
                }
            }
            Err(_) => (Fate::Silent, None),
        };
        self.book.note(kind, asked, fate);
        body.map(|body| serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// Is it there for viewers, with every rendition?
pub(crate) async fn is_published(client: &Client, content: &str) -> bool {
    let request = client.request("GET", &format!("/api/v1/content/{content}"));
    let Ok(answer) = request.timeout(PATIENCE).send().await else { return false };
    let document: Value = answer.json().await.unwrap_or_default();
    let renditions = document["renditions"].as_array().cloned().unwrap_or_default();
    document["status"] == "published"
        && !renditions.is_empty()
        && renditions.iter().all(|it| it["state"] == "complete")
}

/// What `Retry-After` says.
async fn rest() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}
