//! Two `playhouse worker` processes share one content, over PostgreSQL, S3 and RabbitMQ: one is
//! killed, one is told to go, and the content is whole in the end. The table that is printed says
//! what each cost.

use crate::shared;
use futures_util::StreamExt;
use playhouse_tests::client::Client;
use playhouse_tests::engines::Engines;
use playhouse_tests::media;
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::worker::Worker;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Seconds of the film: ten segments of each rendition.
const FILM_S: u32 = 60;
const SEGMENT_S: f64 = 6.0;
/// What a worker may cost at most, seconds of media.
const LOST_S_MAX: f64 = 30.0;
/// Jobs from this rank on make whole renditions; a content has one at a time.
const LONG_RANK: i64 = 40;
/// A lease runs out soon, so that the story need not wait for a minute, and a watcher of the page
/// is told soon how far it is: an encoder says it each 0.75 s, in which it makes half a segment.
const SOON: [&str; 4] = [
    "actors.encode.lease_s=10",
    "actors.encode.lease_renew_s=3",
    "actors.encode.hints_every_ms=100",
    "gateway.sse_debounce_ms=50",
];
/// What the broker had to tell in this story.
const QUEUES: [&str; 12] = [
    "dead",
    "probe",
    "pictures",
    "encode.opening",
    "encode.audio",
    "encode.video.240p",
    "encode.video.360p",
    "encode.video.480p",
    "encode.video.720p",
    "encode.video.1080p",
    "encode.video.2160p",
    "encode.video.other",
];

/// The stage: a node that encodes nothing itself, and what is known of its one content.
struct Stage<'a> {
    sandbox: &'a Sandbox,
    client: Client,
    token: String,
    settings: Vec<String>,
    content: String,
    /// How far the job under way is, 0 to 1, as a watcher of the page was told last.
    progress: &'a Mutex<f64>,
}

/// What the end of a worker cost.
struct Cost {
    /// Media that was made and not committed, of the rendition that lost most, seconds.
    lost_s: f64,
    /// Until the next segment was committed by somebody else.
    idle: Duration,
}

impl Stage<'_> {
    async fn worker(&self, name: &str) -> Worker {
        let mut settings = self.settings.clone();
        settings.push(format!("worker.node_url={}", self.sandbox.url("")));
        Worker::start(name, self.sandbox.folder(), &self.token, &settings).await
    }

    async fn done(&self) -> Vec<u64> {
        let content = self.client.content(&self.content).await;
        let renditions = content["renditions"].as_array().cloned().unwrap_or_default();
        renditions.iter().map(|it| it["segments_done"].as_u64().unwrap_or(0)).collect()
    }

    /// Waits until every rendition has `segments`, or is further.
    async fn wait_all(&self, segments: u64) -> Vec<u64> {
        let began = Instant::now();
        loop {
            let done = self.done().await;
            if !done.is_empty() && done.iter().all(|it| *it >= segments) {
                return done;
            }
            assert!(began.elapsed() < shared::ENCODED_WITHIN, "still at {done:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What is lost when the worker ends now.
    fn lost_s(&self, done: &[u64]) -> f64 {
        let made_s = *self.progress.lock().expect("nobody panicked") * f64::from(FILM_S);
        let lost = done.iter().map(|segments| made_s - *segments as f64 * SEGMENT_S);
        lost.fold(0.0, f64::max)
    }

    /// Waits until somebody has made more than was committed, as far as a watcher of the page can
    /// tell: what has been committed, and what is lost when the worker ends now.
    async fn in_the_middle(&self) -> (Vec<u64>, f64) {
        let began = Instant::now();
        loop {
            let done = self.done().await;
            let lost_s = self.lost_s(&done);
            if lost_s > 0.0 {
                return (done, lost_s);
            }
            let waited = began.elapsed();
            assert!(waited < shared::ENCODED_WITHIN, "nobody is further than {done:?}: {lost_s} s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for the next segment after `before`.
    async fn goes_on(&self, before: &[u64], since: Instant) -> Duration {
        loop {
            if self.done().await.iter().sum::<u64>() > before.iter().sum() {
                return since.elapsed();
            }
            assert!(since.elapsed() < shared::ENCODED_WITHIN, "nobody goes on after {before:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Follows the page's events for as long as it is polled.
async fn watch(client: &Client, id: &str, progress: &Mutex<f64>) {
    let path = format!("/api/v1/content/{id}/events");
    let answer = client.request("GET", &path).send().await.expect("the stream opens");
    let (mut body, mut text) = (answer.bytes_stream(), String::new());
    while let Some(Ok(bytes)) = body.next().await {
        text.push_str(&String::from_utf8_lossy(&bytes));
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            if field("event:").map(str::trim) == Some("progress") {
                let data: Value = serde_json::from_str(field("data:").unwrap_or_default())
                    .expect("the data of an event is JSON");
                let told = data["progress"].as_f64().expect("how far it is");
                *progress.lock().expect("nobody panicked") = told;
            }
            text = rest.to_owned();
        }
    }
    // It ends with the content's last rendition.
    std::future::pending().await
}

/// The one of the two that makes all renditions, once it does: who holds the lease of the long job.
/// It may have begun a shorter one since.
async fn who_encodes(engines: &Engines, workers: &[&Worker]) -> usize {
    let (database, began) = (engines.client().await, Instant::now());
    let sql = "SELECT holder FROM job WHERE class_rank >= $1 AND token IS NOT NULL";
    loop {
        let held = database.query_opt(sql, &[&LONG_RANK]).await.expect("one at a time");
        let holder: Option<String> = held.map(|row| row.get(0));
        let encodes =
            |worker: &&Worker| Some(worker.id()) == holder && !worker.encoders().is_empty();
        if let Some(at) = workers.iter().position(encodes) {
            return at;
        }
        assert!(began.elapsed() < shared::ENCODED_WITHIN, "nobody encodes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn kill_one(stage: &Stage<'_>, worker: Worker) -> Cost {
    let (before, lost_s) = stage.in_the_middle().await;
    let (encoders, since) = (worker.encoders(), Instant::now());
    worker.kill();
    let idle = stage.goes_on(&before, since).await;
    for encoder in encoders {
        assert!(!lives(encoder, "codec-worker"), "{encoder:?} is left");
    }
    Cost { lost_s, idle }
}

async fn tell_one_to_go(stage: &Stage<'_>, worker: Worker) -> (Cost, Duration) {
    let (before, lost_s) = stage.in_the_middle().await;
    let since = Instant::now();
    let (status, took) = worker.stop().await;
    assert_eq!(status.code(), Some(0), "it ends in order");
    (Cost { lost_s, idle: stage.goes_on(&before, since).await }, took)
}

/// Every segment has one row and one blob.
async fn assert_each_once(engines: &Engines, content: &str) -> (i64, i64) {
    let database = engines.client().await;
    let sql = "SELECT COUNT(*), COUNT(DISTINCT attempt), COUNT(DISTINCT blob_key) FROM segment \
               WHERE content_id = $1";
    let row = database.query_one(sql, &[&content]).await.expect("rows");
    let (rows, attempts, keys): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(rows, keys);
    let left = database.query_one("SELECT COUNT(*) FROM job", &[]).await.expect("rows");
    assert_eq!(left.get::<_, i64>(0), 0, "no job is left");
    (rows, attempts)
}

#[tokio::test]
async fn two_workers_share_a_content_one_is_killed_and_one_told_to_go() {
    let engines = Engines::new().await;
    let settings: Vec<_> = engines.settings().into_iter().chain(SOON.map(str::to_owned)).collect();
    let mut of_node: Vec<_> = settings.iter().map(String::as_str).collect();
    of_node.push("actors.encode.at_node=false");
    let mut sandbox = Sandbox::started(&of_node).await;
    let film = sandbox.folder().join("film.mp4");
    media::make_film(&film, "1280x720", "25", FILM_S);
    let bytes = std::fs::read(&film).expect("the film was made");

    let client = sandbox.admin();
    let content = client.upload(bytes, "filename ZmlsbS5tcDQ=").await;
    let waiting = client.get("/admin/api/jobs").await.json();
    assert_eq!(waiting["total"]["waiting"], 1, "nobody takes it: {waiting}");
    let progress = Mutex::new(0.0);
    let token = sandbox.client("worker", "encoder").token().to_owned();
    let stage = Stage { sandbox: &sandbox, client, token, settings, content, progress: &progress };
    let table = tokio::select! {
        table = story(&stage, &engines) => table,
        () = watch(&stage.client, &stage.content, &progress) => unreachable!("it never ends"),
    };
    println!("{table}");
    drop(stage);
    assert!(sandbox.stop().await.success());
    let left = engines.remove_queues(&QUEUES).await;
    assert_eq!(left, [], "every wake-up was settled, none is dead");
    engines.close().await;
}

async fn story(stage: &Stage<'_>, engines: &Engines) -> String {
    let began = Instant::now();
    let mut workers = vec![stage.worker("one").await, stage.worker("two").await];
    stage.wait_all(2).await;
    let at = who_encodes(engines, &workers.iter().collect::<Vec<_>>()).await;
    let mut shares = Vec::new();
    let mut share = |worker: &Worker| {
        shares.push(format!("{}: {}", worker.name(), worker.jobs().join(", ")));
    };
    share(&workers[at]);
    let killed = kill_one(stage, workers.remove(at)).await;

    let third = stage.worker("three").await;
    workers.push(third);
    let at = who_encodes(engines, &workers.iter().collect::<Vec<_>>()).await;
    let before = stage.done().await.iter().copied().min().unwrap_or(0);
    stage.wait_all(before + 1).await;
    share(&workers[at]);
    let (told, took) = tell_one_to_go(stage, workers.remove(at)).await;

    shared::wait_complete(&stage.client, &stage.content).await;
    let whole_s = began.elapsed().as_secs_f64();
    workers.iter().for_each(&mut share);
    let frames = u64::from(FILM_S) * 25;
    shared::assert_whole(stage.sandbox, &stage.client, &stage.content, frames, 25.0).await;
    let (rows, attempts) = assert_each_once(engines, &stage.content).await;
    for cost in [&killed, &told] {
        assert!(cost.lost_s < LOST_S_MAX, "{} s of media were lost", cost.lost_s);
    }
    let line = |what: &str, cost: &Cost| {
        let (lost_s, idle_s) = (cost.lost_s, cost.idle.as_secs_f64());
        format!("{what:24} {lost_s:5.1} s of media lost, next segment after {idle_s:5.1} s")
    };
    format!(
        "{FILM_S} s of 720p by two workers, {whole_s:.1} s in all, {rows} segments by {attempts} \
         attempts\n{}\n{}; it ended after {:.3} s\n{}",
        line("killed (lease of 10 s)", &killed),
        line("told to go", &told),
        took.as_secs_f64(),
        shares.join("\n")
    )
}

fn lives(process: Pid, called: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.is_ok_and(|stat| stat.contains(called) && !stat.contains(") Z "))
}

#[tokio::test]
async fn a_node_starts_workers_beside_itself_which_end_with_it() {
    let engines = Engines::new().await;
    let mut settings = engines.settings();
    for more in ["encode.at_node=false", "scaling.enabled=true", "scaling.every_s=1"] {
        settings.push(format!("actors.{more}"));
    }
    let settings: Vec<_> = settings.iter().map(String::as_str).collect();
    let mut sandbox = Sandbox::started(&settings).await;
    let client = sandbox.admin();
    let content = client.upload(shared::clip_bytes(), "filename YS5tcDQ=").await;
    shared::wait_complete(&client, &content).await;
    let workers = sandbox.local_workers();
    assert_eq!(workers.len(), 2, "two are always there");

    kill_process(workers[0], Signal::KILL).expect("it runs");
    let began = Instant::now();
    let others = loop {
        let now = sandbox.local_workers();
        if now.len() == 2 && !now.contains(&workers[0]) {
            break now;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it is not replaced: {now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    sandbox.kill();
    let began = Instant::now();
    while others.iter().any(|worker| lives(*worker, "playhouse")) {
        assert!(began.elapsed() < Duration::from_secs(20), "workers outlive their node");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    engines.remove_queues(&QUEUES).await;
    engines.close().await;
}
