//! One page and one terminal that watch a node.
//!
//! The page asks for what `web/src/admin/feed.ts` asks for: the stream, the heads of two lists, the
//! branch that is open (the kind that is busy), the actor that is selected, and the health beside
//! it. The terminal is `playhouse tree --watch`.

use anyhow::{Context, bail, ensure};
use futures_util::StreamExt;
use futures_util::future::{try_join, try_join_all};
use playhouse_tests::client::Client;
use playhouse_tests::sandbox::Sandbox;
use std::cell::Cell;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

const STREAM: &str = "/admin/api/tree/stream?depth=2&limit=100";
/// What the page asks for beside the stream, and how many seconds lie between two times.
const POLLS: [(&str, u64); 6] = [
    ("/admin/api/tree?sort=oldest&limit=50", 10),
    ("/admin/api/tree?sort=restarts&limit=50", 10),
    ("/healthz", 10),
    ("/readyz", 10),
    ("/admin/api/tree?under=entities%2Fupload.session&depth=1&limit=101", 2),
    ("/admin/api/actors/entities/upload.session", 2),
];

/// Bytes that each of the two was told.
#[derive(Default)]
pub(super) struct Told {
    /// The page's stream.
    pub(super) page: Cell<usize>,
    /// The terminal's picture.
    pub(super) terminal: Cell<usize>,
}

/// Watches until it is dropped.
///
/// # Errors
/// When one of the two cannot go on.
pub(super) async fn watch(sandbox: &Sandbox, told: &Told) -> anyhow::Result<()> {
    let client = sandbox.admin();
    let polls = try_join_all(POLLS.map(|(path, every_s)| poll(&client, path, every_s)));
    let page = try_join(stream(&client, &told.page), polls);
    try_join(page, terminal(sandbox, &told.terminal)).await?;
    bail!("a watcher has ended by itself")
}

async fn stream(client: &Client, told: &Cell<usize>) -> anyhow::Result<()> {
    let answer = client.request("GET", STREAM).header("Accept", "text/event-stream").send().await?;
    ensure!(answer.status() == 200, "the stream was answered {}", answer.status());
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        told.set(told.get() + chunk?.len());
    }
    bail!("the stream has ended")
}

/// The first time is after half of the distance, so that a short round has its share of rare polls.
async fn poll(client: &Client, path: &str, every_s: u64) -> anyhow::Result<()> {
    let every = Duration::from_secs(every_s);
    let mut ticks = interval_at(Instant::now() + every / 2, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let answer = client.get(path).await;
        ensure!(answer.status == 200, "{path} was answered {}", answer.text());
    }
}

async fn terminal(sandbox: &Sandbox, told: &Cell<usize>) -> anyhow::Result<()> {
    let mut command = Command::new(playhouse_tests::binary("playhouse"));
    command.args(["tree", "--watch", "--server", &sandbox.url("")]);
    command.arg("--data").arg(sandbox.data()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    let mut output = child.stdout.take().context("its output is a pipe")?;
    let mut picture = vec![0; 64 * 1024];
    loop {
        match output.read(&mut picture).await? {
            0 => bail!("`playhouse tree --watch` ended: {}", child.wait().await?),
            bytes => told.set(told.get() + bytes),
        }
    }
}
