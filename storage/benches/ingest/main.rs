//! `cargo bench -p playhouse-storage --bench ingest`: what the embedded catalog takes of viewers.
//!
//! Every write is on disk before the next of its sender: heartbeats (a session's state), views (a
//! fact with a unique key), and for comparison bare rows through the same writer. 64 and 512
//! senders; rates by wall clock, processor time by the whole process.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench that fails says so by a panic")]

use jiff::Timestamp;
use playhouse_storage::engagement::NewView;
use playhouse_storage::model::{ContentId, Fence, SessionId, ViewerId};
use playhouse_storage::playback::{PutViewer, ViewerState};
use playhouse_storage::{Config, Stores};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SENDERS: [usize; 2] = [64, 512];
const LASTS: Duration = Duration::from_secs(3);
const VIEWERS_PER_SENDER: u64 = 200;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("| what | senders | writes a second | processor time of one |");
    println!("|---|---:|---:|---:|");
    for senders in SENDERS {
        let folder = TempDir::new().unwrap();
        let stores = Arc::new(Stores::open(&Config::default(), folder.path()).await.unwrap());
        let fences = Arc::new(stores.catalog.claim_shards(16).await.unwrap());
        measure("heartbeats", senders, |sender| heartbeats(&stores, &fences, sender)).await;
        measure("views", senders, |sender| views(&stores, sender)).await;
    }
}

/// Runs a sender as often as it is asked and prints how often they were acknowledged.
async fn measure<F>(what: &str, senders: usize, send: impl Fn(u64) -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    let (began, used) = (Instant::now(), processor_time());
    let mut running = tokio::task::JoinSet::new();
    for sender in 0..senders as u64 {
        running.spawn(send(sender));
    }
    let done: u64 = running.join_all().await.into_iter().sum();
    let rate = done as f64 / began.elapsed().as_secs_f64();
    let each = (processor_time() - used) / done as f64 * 1e6;
    println!("| {what} | {senders} | {rate:.0} | {each:.1} µs |");
}

fn heartbeats(
    stores: &Arc<Stores>,
    fences: &Arc<Vec<Fence>>,
    sender: u64,
) -> impl Future<Output = u64> + use<> {
    let (stores, fences) = (Arc::clone(stores), Arc::clone(fences));
    let state = "{\"c\":\"01a1ff26-d8d6-75f8-bc64-5fe795153d49\",\"r\":[[0,99]]}".repeat(5);
    async move {
        let (until, mut done) = (Instant::now() + LASTS, 0);
        while Instant::now() < until {
            let viewer = ViewerId::new(sender * VIEWERS_PER_SENDER + done % VIEWERS_PER_SENDER);
            let session = SessionId::of(viewer, Timestamp::UNIX_EPOCH, 0);
            let put = PutViewer {
                fence: fences[usize::from(viewer.shard(16).0)],
                viewer,
                row_version: done / VIEWERS_PER_SENDER + 1,
                state: ViewerState::Sessions(vec![(session, state.clone())]),
                facts: vec![],
                events: vec![],
            };
            stores.playback.put(put).await.unwrap();
            done += 1;
        }
        done
    }
}

fn views(stores: &Arc<Stores>, _sender: u64) -> impl Future<Output = u64> + use<> {
    let stores = Arc::clone(stores);
    let content = ContentId::new();
    async move {
        let (until, mut done) = (Instant::now() + LASTS, 0);
        while Instant::now() < until {
            let key = format!("k:bench:{}", uuid::Uuid::now_v7());
            let view = NewView { content, at: Timestamp::now(), key, viewer: None };
            assert!(stores.engagement.view(view).await.unwrap());
            done += 1;
        }
        done
    }
}

/// Seconds that this process has used of all processors.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    // The unit of these fields is 1/100 s on every Linux that this runs on (proc(5), USER_HZ).
    ticks / 100.0
}
