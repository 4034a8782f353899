//! `loadtests sessions`: very many sessions on one node, each of its own viewer.
//!
//! Tells how fast they are opened, what the node's memory is while it keeps some in memory and
//! the others on disk, and how long it takes to wake one that sleeps, beside one that is awake.

use crate::at_least_one;
use crate::process::{Memory, folder_bytes, memory};
use crate::script::{Session, open_request};
use crate::target::{Content, Target};
use crate::wire::{Wire, text};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The node counts its residents about once a second.
const COUNTED_WITHIN: Duration = Duration::from_millis(2500);

/// Where the tree counts those who hold sessions.
const VIEWERS: &str = "entities/playback.viewer";

/// How many sessions, where.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the node listens.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Bearer token of an administrator or operator, who may look at the actors.
    #[arg(long, env = "PLAYHOUSE_TOKEN", hide_env_values = true)]
    token: String,
    /// The node's process.
    #[arg(long)]
    server_pid: u32,
    /// Ids of contents; the newest that are listed when none is named.
    #[arg(long, value_delimiter = ',')]
    contents: Vec<String>,
    /// Sessions.
    #[arg(long, default_value_t = 1_000_000, value_parser = at_least_one())]
    count: usize,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Looks at the node's memory on the way.
    #[arg(long, default_value_t = 20)]
    looks: usize,
    /// Sessions that are woken, and as many that are awake.
    #[arg(long, default_value_t = 2000)]
    wakes: usize,
    /// The node's data folder, to tell what a session takes on disk.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Prints JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// What the node keeps after so many sessions.
struct Look {
    opened: usize,
    seconds: f64,
    memory: Memory,
    resident: u64,
    disk: u64,
}

/// Runs the command; always good when it comes to its end.
///
/// # Errors
/// When a session is refused or an event is not taken.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let target = Target::new(&options.server, &options.token)?;
    let contents = Arc::new(target.contents(&options.contents).await?);
    let mut looks = vec![look(options, &target, 0, 0.0).await?];
    let (mut spent, mut ids) = (Duration::ZERO, Vec::with_capacity(options.count));
    for turn in 1..=options.looks.max(1) {
        let places = ids.len()..options.count * turn / options.looks.max(1);
        let began = Instant::now();
        ids.extend(open(options, &target, &contents, places).await?);
        spent += began.elapsed();
        let now = look(options, &target, ids.len(), spent.as_secs_f64()).await?;
        let resident_mb = megabytes(now.memory.now);
        eprintln!("{} sessions, {} resident, {resident_mb:.0} MB", now.opened, now.resident);
        looks.push(now);
    }
    let content = &contents[0];
    let wakes = options.wakes.min(options.count / 4).max(1);
    let (oldest, newest) = (&ids[..wakes], &ids[ids.len() - wakes..]);
    // The newest are in memory for certain once they were asked; the oldest have slept longest.
    ask_each(&target, content, newest, 0).await?;
    let asleep = ask_each(&target, content, oldest, 0).await?;
    let awake = ask_each(&target, content, newest, 1).await?;
    print(options, &looks, &[("awake", awake), ("asleep", asleep)]);
    Ok(true)
}

/// Opens sessions side by side, each as a viewer that nobody knows; their ids.
async fn open(
    options: &Options,
    target: &Target,
    contents: &Arc<Vec<Content>>,
    places: Range<usize>,
) -> anyhow::Result<Vec<String>> {
    let next = Arc::new(AtomicUsize::new(places.start));
    let mut lines = JoinSet::new();
    for _ in 0..options.connections {
        let (next, target, contents) = (Arc::clone(&next), target.clone(), Arc::clone(contents));
        let end = places.end;
        lines.spawn(async move {
            let (mut wire, mut request) = (Wire::new(&target.address), Vec::new());
            let mut ids = Vec::new();
            loop {
                let place = next.fetch_add(1, Relaxed);
                if place >= end {
                    return anyhow::Ok(ids);
                }
                request.clear();
                let content = &contents[place % contents.len()];
                open_request(&target, content, "load", &mut request);
                let reply = wire.ask(&request).await?;
                let told = || String::from_utf8_lossy(reply.body).into_owned();
                ensure!(reply.status == 201, "opening: {}: {}", reply.status, told());
                ids.push(text(reply.body, "session_id").with_context(told)?.to_owned());
            }
        });
    }
    let mut ids = Vec::with_capacity(places.len());
    while let Some(opened) = lines.join_next().await {
        ids.extend(opened??);
    }
    Ok(ids)
}

async fn look(
    options: &Options,
    target: &Target,
    opened: usize,
    seconds: f64,
) -> anyhow::Result<Look> {
    tokio::time::sleep(COUNTED_WITHIN).await;
    let tree = target.get("/admin/api/tree?depth=2").await?;
    let actors = tree["actors"].as_array().context("the tree has actors")?;
    let viewers = actors.iter().find(|actor| actor["path"] == VIEWERS);
    // Before the first of them, a kind may not be there.
    let resident = viewers.and_then(|kind| kind["children"].as_u64()).unwrap_or(0);
    let disk = options.data.as_deref().map_or(0, folder_bytes);
    Ok(Look { opened, seconds, memory: memory(options.server_pid)?, resident, disk })
}

/// Event number `seq` of each session, one at a time: milliseconds, in order of length.
async fn ask_each(
    target: &Target,
    content: &Content,
    ids: &[String],
    seq: u64,
) -> anyhow::Result<Vec<f64>> {
    let event = if seq == 0 { "start" } else { "heartbeat" };
    let (mut wire, mut request) = (Wire::new(&target.address), Vec::new());
    let mut times = Vec::with_capacity(ids.len());
    for id in ids {
        request.clear();
        Session::of(id, content).after(seq).single(target, event, &mut request);
        let began = Instant::now();
        let status = wire.ask(&request).await?.status;
        times.push(1000.0 * began.elapsed().as_secs_f64());
        ensure!(status == 202, "`{event}` was answered {status}");
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn quantile(times: &[f64], share: f64) -> f64 {
    let rank = (share * times.len() as f64).ceil() as usize;
    times[rank.clamp(1, times.len()) - 1]
}

/// Bytes that a session takes while it is in memory, and while it sleeps: from the looks at which
/// all were in memory, and from those at which more and more were not.
fn bytes_each(looks: &[Look]) -> (Option<f64>, Option<f64>) {
    let first = &looks[0];
    let all_awake = |look: &&Look| look.opened > 0 && look.resident >= look.opened as u64;
    let slope = |from: &Look, to: &Look| {
        let grown = to.memory.now as f64 - from.memory.now as f64;
        grown / (to.opened as f64 - from.opened as f64)
    };
    let resident = looks.iter().rfind(all_awake).map(|look| slope(first, look));
    let full: Vec<_> = looks.iter().filter(|look| look.resident < look.opened as u64).collect();
    let asleep = match full.as_slice() {
        [from, .., to] => Some(slope(from, to)),
        _ => None,
    };
    (resident, asleep)
}

fn print(options: &Options, looks: &[Look], times: &[(&str, Vec<f64>)]) {
    let last = &looks[looks.len() - 1];
    let (resident, asleep) = bytes_each(looks);
    let rate = last.opened as f64 / last.seconds;
    let passivated = (last.opened as u64).saturating_sub(last.resident);
    let disk_each = (last.disk.saturating_sub(looks[0].disk)) as f64 / last.opened as f64;
    if options.json {
        let wakes = times.iter().map(|(name, times)| {
            json!({ "of": name, "p50_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99) })
        });
        let told = json!({
            "opened": last.opened, "opens_per_s": rate, "rss": last.memory.now,
            "rss_peak": last.memory.peak, "resident": last.resident, "passivated": passivated,
            "bytes_resident": resident, "bytes_passivated": asleep, "disk_bytes_each": disk_each,
            "first_event": wakes.collect::<Vec<Value>>(),
        });
        println!("{told:#}");
        return;
    }
    println!("| sessions | after s | resident | RSS MB | peak MB | disk MB |");
    println!("|---|---|---|---|---|---|");
    for Look { opened, seconds, memory, resident, disk } in looks {
        let [now, peak, disk] = [memory.now, memory.peak, *disk].map(megabytes);
        println!("| {opened} | {seconds:.1} | {resident} | {now:.0} | {peak:.0} | {disk:.0} |");
    }
    let each = |bytes: Option<f64>| bytes.map_or("-".to_owned(), |bytes| format!("{bytes:.0}"));
    println!("\n{rate:.0} opens a second; {} resident, {passivated} asleep", last.resident);
    println!(
        "bytes of memory for each resident {}, for each asleep {}; on disk {disk_each:.0}\n",
        each(resident),
        each(asleep)
    );
    println!("| an event of a session that is | p50 ms | p99 ms | max ms |\n|---|---|---|---|");
    for (name, times) in times {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| quantile(times, share));
        println!("| {name} | {p50:.2} | {p99:.2} | {max:.2} |");
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(opened: usize, resident: u64, bytes: u64) -> Look {
        Look { opened, seconds: 1.0, memory: Memory { now: bytes, peak: bytes }, resident, disk: 0 }
    }

    #[test]
    fn those_in_memory_and_those_asleep_are_told_apart() {
        let looks = [
            look(0, 0, 1000),
            look(10, 10, 2000),
            look(20, 20, 3000),
            look(30, 25, 3600),
            look(40, 25, 3610),
        ];
        assert_eq!(bytes_each(&looks), (Some(100.0), Some(1.0)));
        assert_eq!(bytes_each(&looks[..2]), (Some(100.0), None));
    }
}
