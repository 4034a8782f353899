//! Carries out what the crowd wants: each request again and again until it is acknowledged.

use super::crowd::{Crowd, Next, Player, Task, wait_for_hour};
use crate::moment::now_ms;
use crate::wire::{Reply, Wire};
use anyhow::{Context, bail, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Before a request that was cut or put off is sent again. `Retry-After` says a second; a crowd
/// that asks sooner makes it harder for the node.
const REST: Duration = Duration::from_millis(25);
/// The node is never away for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was sent.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) repeats: u64,
}

/// One connection.
struct Line<'a> {
    crowd: &'a Crowd,
    wire: Wire,
    bearer: String,
    contents: &'a [String],
    counts: &'a Cell<Counts>,
}

/// Until the crowd has nothing left to do.
///
/// # Errors
/// When the node refuses what it must take, or stays away.
pub(super) async fn all(
    crowd: &Crowd,
    server: &str,
    token: &str,
    options: &super::Options,
) -> anyhow::Result<Counts> {
    let counts = Cell::new(Counts::default());
    let lines = (0..options.connections).map(|_| {
        let mut line = Line {
            crowd,
            wire: Wire::new(server),
            bearer: format!("Authorization: Bearer {token}\r\n"),
            contents: &options.contents,
            counts: &counts,
        };
        async move { line.follow().await }
    });
    try_join_all(lines).await?;
    Ok(counts.get())
}

impl Line<'_> {
    async fn follow(&mut self) -> anyhow::Result<()> {
        loop {
            match self.crowd.next() {
                Next::Do(task) => {
                    self.carry(task).await?;
                    self.crowd.done();
                }
                Next::Wait(pause) => tokio::time::sleep(pause).await,
                Next::End => return Ok(()),
            }
        }
    }

    async fn carry(&mut self, task: Task) -> anyhow::Result<()> {
        match task {
            Task::Meet(player) => self.meet(player).await,
            Task::Open(player) => self.open(player).await,
            Task::Play(player, part) => self.play(player, part).await,
            Task::Post(content, reader) => self.post(content, reader).await,
            Task::Again(request) => self.deliver(&request).await.map(drop),
        }
    }

    /// A cookie makes an identity; who has one keeps it.
    async fn meet(&mut self, player: Player) -> anyhow::Result<()> {
        if self.crowd.cookie(player.viewer).is_empty() {
            let reply = self.deliver(&Wire::request("GET /api/v1/me", "", "")).await?;
            let cookie = reply.header("set-cookie").split(';').next().unwrap_or_default();
            ensure!(!cookie.is_empty(), "/api/v1/me makes nobody known");
            self.crowd.meet(player.viewer, cookie);
        }
        let wait = wait_for_hour(now_ms());
        self.crowd.order(wait, Task::Open(player));
        Ok(())
    }

    /// A session that was opened and not heard of is ended by the next one of the same device.
    async fn open(&mut self, mut player: Player) -> anyhow::Result<()> {
        let content = &self.contents[player.content];
        let body = json!({ "content_id": content, "device": "crowd" }).to_string();
        let cookie = format!("Cookie: {}\r\n", self.crowd.cookie(player.viewer));
        let request = Wire::request("POST /api/v1/playback/sessions", &cookie, &body);
        if self.crowd.opens_twice() {
            self.deliver(&request).await?;
            self.count(|counts| counts.repeats += 1);
        }
        let reply = self.deliver(&request).await?;
        let told: Value = serde_json::from_str(&reply.body)?;
        player.session = told["session_id"].as_str().context("a session has an id")?.to_owned();
        player.began_ms = now_ms();
        self.crowd.opened(&player)?;
        self.order_part(player, 0);
        Ok(())
    }

    async fn play(&mut self, player: Player, part: usize) -> anyhow::Result<()> {
        let line = format!("POST /api/v1/playback/sessions/{}/events", player.session);
        let request = Wire::request(&line, "", &player.parts[part].body(player.began_ms));
        self.maybe_again(&request);
        let reply = self.deliver(&request).await?;
        let told: Value = serde_json::from_str(&reply.body)?;
        let refused = told["refused"].as_array().is_some_and(|refused| !refused.is_empty());
        ensure!(!refused, "an honest event was refused: {told}");
        if part + 1 < player.parts.len() {
            self.order_part(player, part + 1);
        } else {
            self.crowd.played(&player);
        }
        Ok(())
    }

    async fn post(&mut self, content: usize, reader: Option<u32>) -> anyhow::Result<()> {
        let line = format!("POST /api/v1/content/{}/views", self.contents[content]);
        let headers = format!("{}Idempotency-Key: {}\r\n", self.bearer, Uuid::now_v7());
        let name = |reader| json!({ "viewer": format!("reader-{reader}") }).to_string();
        let request = Wire::request(&line, &headers, &reader.map(name).unwrap_or_default());
        self.maybe_again(&request);
        self.deliver(&request).await?;
        self.crowd.posted(content, reader);
        Ok(())
    }

    fn order_part(&self, player: Player, part: usize) {
        let due_ms = player.began_ms + player.parts[part].after_ms - now_ms();
        let wait = Duration::from_millis(u64::try_from(due_ms).unwrap_or(0));
        self.crowd.order(wait, Task::Play(player, part));
    }

    fn maybe_again(&self, request: &[u8]) {
        if self.crowd.maybe_again(request) {
            self.count(|counts| counts.repeats += 1);
        }
    }

    fn count(&self, change: impl Fn(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    /// Until it is acknowledged. What was cut may have been carried out: it is sent again as it is.
    async fn deliver(&mut self, request: &[u8]) -> anyhow::Result<Reply> {
        let began = Instant::now();
        loop {
            match self.wire.ask(request).await {
                Ok(reply) if reply.status / 100 == 2 => {
                    self.count(|counts| counts.requests += 1);
                    return Ok(reply);
                }
                Ok(reply) if reply.status / 100 != 5 => {
                    let text = String::from_utf8_lossy(request);
                    let line = text.lines().next().unwrap_or_default().to_owned();
                    bail!("{line} was answered {}: {}", reply.status, reply.body);
                }
                Ok(_) | Err(_) => self.count(|counts| counts.retries += 1),
            }
            ensure!(began.elapsed() < PATIENCE, "the node stays away for {PATIENCE:?}");
            tokio::time::sleep(REST).await;
        }
    }
}
