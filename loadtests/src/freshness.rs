//! `loadtests freshness`: how long after its acknowledgement a view shows on another connection.
//!
//! One connection posts views of one content at irregular moments, another one follows its
//! `engagement/stream`; each view is fresh when the number of live views there has reached it.
//! With `--load` events of sessions of other contents (of the same one when there is no other) run
//! beside it.

use crate::at_least_one;
use crate::ingest::{self, Mode, Options as Ingest};
use crate::load::{self, Plan, Tally};
use crate::stream::Stream;
use crate::target::Target;
use crate::wire::Wire;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// A view that does not show within so long is lost to whoever looks.
const LOST_AFTER: Duration = Duration::from_secs(15);
/// Pauses between views lie in this range: longer than the stream's own rhythm, and out of step
/// with it.
const PAUSE_MS: std::ops::Range<u64> = 120..620;

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the node listens.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Bearer token of the content's creator or an administrator.
    #[arg(long, env = "PLAYHOUSE_TOKEN", hide_env_values = true)]
    token: String,
    /// The content whose views are followed; the newest when not given.
    #[arg(long)]
    content: Option<String>,
    /// Views.
    #[arg(long, default_value_t = 200, value_parser = at_least_one())]
    probes: usize,
    /// Events a second meanwhile, in requests of one.
    #[arg(long)]
    load: Option<f64>,
    /// Sessions of those events.
    #[arg(long, default_value_t = 4096)]
    sessions: usize,
    /// Connections of those events.
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs the command; whether every view showed and the load was what it should be.
///
/// # Errors
/// When a view is refused, never shows, or a stream ends.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let target = Target::new(&options.server, &options.token)?;
    let named: Vec<String> = options.content.iter().cloned().collect();
    let content = target.contents(&named).await?.remove(0).id;
    let (shown, load) = match options.load {
        None => (probe(options, &target, &content).await?, None),
        Some(rate) => {
            let (shown, tally) = beside_load(options, &target, &content, rate).await?;
            (shown, Some(tally))
        }
    };
    print(options, shown, load.as_ref());
    Ok(load.is_none_or(|tally| tally.is_good()))
}

/// The same while events come; the views begin when the load does.
async fn beside_load(
    options: &Options,
    target: &Target,
    content: &str,
    rate: f64,
) -> anyhow::Result<(Vec<f64>, Tally)> {
    let others = target.contents(&[]).await?.into_iter().map(|other| other.id);
    let ingest = Ingest {
        server: options.server.clone(),
        mode: Mode::Events,
        token: String::new(),
        contents: others.filter(|other| other != content).collect(),
        sessions: options.sessions,
        batch: 1,
        path: String::new(),
        connections: options.connections,
        seconds: 0,
        warm_up: 0,
        rate: Some(rate),
        then_share: None,
        server_pid: Vec::new(),
        json: false,
    };
    let scripts = ingest::scripts(&ingest, target).await?;
    // As long as the views are expected to take.
    let each_ms = u64::midpoint(PAUSE_MS.start, PAUSE_MS.end) + 250;
    let plan = Plan {
        warm_up: Duration::from_secs(1),
        length: Duration::from_millis(each_ms * options.probes as u64),
        rate: Some(rate),
        pids: Vec::new(),
        progress: false,
    };
    let probes = probe(options, target, content);
    let (shown, loaded) = tokio::join!(probes, load::run(&target.address, scripts, &plan));
    let (tally, scripts) = loaded?;
    ingest::end(target, scripts).await?;
    Ok((shown?, tally))
}

/// Seconds from each acknowledgement to the stream.
async fn probe(options: &Options, target: &Target, content: &str) -> anyhow::Result<Vec<f64>> {
    let path = format!("/api/v1/content/{content}/engagement/stream");
    let mut stream = Stream::open(target, &path).await?;
    let mut live = live_of(&stream.next().await?.1)?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let follow = async move {
        loop {
            let (at, data) = stream.next().await?;
            // Nobody listens any more once the last view has shown.
            if tell.send((at, live_of(&data)?)).is_err() {
                return anyhow::Ok(());
            }
        }
    };
    let ask = async {
        let (mut wire, mut shown) = (Wire::new(&target.address), Vec::new());
        for probe in 0..options.probes {
            tokio::time::sleep(pause(probe)).await;
            while let Ok((_, newer)) = told.try_recv() {
                live = newer;
            }
            let acknowledged = view(target, content, &mut wire).await?;
            let wanted = live + 1;
            let seen = timeout(LOST_AFTER, async {
                loop {
                    let (at, newer) = told.recv().await.context("the stream has ended")?;
                    live = newer;
                    if newer >= wanted {
                        return anyhow::Ok(at);
                    }
                }
            });
            let seen = seen.await.context("a view did not show")??;
            shown.push(seen.saturating_duration_since(acknowledged).as_secs_f64());
        }
        Ok(shown)
    };
    tokio::select! {
        shown = ask => shown,
        ended = follow => Err(ended.err().unwrap_or_else(|| anyhow::anyhow!("nobody listens"))),
    }
}

/// Posts one view; when it was acknowledged.
async fn view(target: &Target, content: &str, wire: &mut Wire) -> anyhow::Result<Instant> {
    let mut request = Vec::new();
    let headers = format!("{}Idempotency-Key: {}\r\n", target.bearer(), Uuid::now_v7());
    target.write(&format!("POST /api/v1/content/{content}/views"), &headers, b"", &mut request);
    let status = wire.ask(&request).await?.status;
    ensure!(status == 202, "a view was answered {status}");
    Ok(Instant::now())
}

fn live_of(data: &str) -> anyhow::Result<u64> {
    let told: Value = serde_json::from_str(data).with_context(|| data.to_owned())?;
    told["views"]["live"].as_u64().with_context(|| data.to_owned())
}

/// Golden-ratio steps through the range: no rhythm of the stream stays in step with them.
fn pause(probe: usize) -> Duration {
    let share = (probe as f64 * 0.618_033_988_749_895).fract();
    let range = (PAUSE_MS.end - PAUSE_MS.start) as f64;
    Duration::from_millis(PAUSE_MS.start + (share * range) as u64)
}

fn print(options: &Options, mut shown: Vec<f64>, load: Option<&Tally>) {
    shown.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let rank = (share * shown.len() as f64).ceil() as usize;
        1000.0 * shown[rank.clamp(1, shown.len()) - 1]
    };
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(quantile);
    if options.json {
        let load = load.map(Tally::json);
        let fresh = json!({ "p50": p50, "p99": p99, "max": max });
        println!("{:#}", json!({ "probes": shown.len(), "fresh_ms": fresh, "load": load }));
        return;
    }
    println!("| beside | views | fresh p50 ms | p99 ms | max ms |\n|---|---|---|---|---|");
    let beside = options.load.map_or("nothing".to_owned(), |rate| format!("{rate:.0} events/s"));
    println!("| {beside} | {} | {p50:.0} | {p99:.0} | {max:.0} |", shown.len());
    if let Some(tally) = load {
        println!("\n{}\n{}", Tally::HEAD, tally.row("the load"));
    }
}
