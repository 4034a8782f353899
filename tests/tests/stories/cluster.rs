//! Three nodes on one set of engines are one platform: bytes may come to any of them, everybody
//! shows the same, and one may be told to go, be killed, or stand still past its lease, and nothing
//! that was acknowledged is lost or counted twice.

use crate::shared;
use playhouse_tests::client::{Client, send};
use playhouse_tests::engines::Engines;
use playhouse_tests::history::{self, Finding};
use playhouse_tests::sandbox::Sandbox;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Leases run out soon, so that the story need not wait for long.
const LEASE: [&str; 3] = [
    "actors.cluster.lease_ttl_ms=4000",
    "actors.cluster.renew_every_ms=1000",
    "actors.cluster.lease_margin_ms=500",
];
/// Why a node that was told to go is not ready.
const LEAVING: &str = "/docs#problem-leaving";
/// Others serve what a node owned within this time, by its lease at the latest.
const TAKEN_WITHIN: Duration = Duration::from_secs(12);

struct Cluster {
    engines: Engines,
    nodes: Vec<Sandbox>,
    sql: tokio_postgres::Client,
}

impl Cluster {
    async fn of_three() -> Self {
        let engines = Engines::new().await;
        let mut nodes: Vec<Sandbox> = (1..=3).map(|_| Sandbox::new(&[])).collect();
        let secret = nodes[0].folder().join("secret");
        std::fs::write(&secret, "0123456789abcdef".repeat(4)).expect("the sandbox can be written");
        for (number, node) in (1..).zip(&mut nodes) {
            let link = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
            let link = link.local_addr().expect("an address");
            let name = format!("node-{number}");
            let mut settings = engines.named_settings(&name);
            settings.extend([
                "cluster.name=story".to_owned(),
                format!("cluster.node={name}"),
                format!("cluster.listen={link}"),
                format!("cluster.secret={}", secret.display()),
                "node.shard_count=64".to_owned(),
            ]);
            let settings: Vec<&str> = settings.iter().map(String::as_str).chain(LEASE).collect();
            node.set(&settings);
        }
        nodes[0].start().await;
        let sql = engines.client().await;
        history::keep(&sql).await.expect("the first node has made its tables");
        for node in &mut nodes[1..] {
            node.start().await;
        }
        let cluster = Self { engines, nodes, sql };
        cluster.wait_shares(3).await;
        cluster
    }

    /// Shards that a node owns by the database.
    async fn share(&self, node: &str) -> i64 {
        let sql = "SELECT COUNT(*) FROM shard WHERE owner = $1";
        self.sql.query_one(sql, &[&node]).await.expect("a number").get(0)
    }

    /// Waits until every shard has an owner, and so many nodes have some.
    async fn wait_shares(&self, nodes: i64) -> Duration {
        let began = Instant::now();
        let sql = "SELECT COUNT(owner), COUNT(DISTINCT owner) FROM shard";
        loop {
            let row = self.sql.query_one(sql, &[]).await.expect("two numbers");
            if (row.get::<_, i64>(0), row.get::<_, i64>(1)) == (64, nodes) {
                return began.elapsed();
            }
            assert!(began.elapsed() < TAKEN_WITHIN, "{}", self.nodes[0].log_end());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn wait_gone(&self, node: &str) {
        let began = Instant::now();
        while self.share(node).await > 0 {
            assert!(began.elapsed() < TAKEN_WITHIN, "{node} still owns something");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn client(&self, node: usize) -> Client {
        self.nodes[node].admin()
    }
}

/// Contents in many shards, made at every node.
async fn contents(cluster: &Cluster, count: usize) -> Vec<String> {
    let mut ids = vec![];
    for number in 0..count {
        let made = cluster.client(number % 3).create(100, "").await;
        assert_eq!(made.status, 201, "{}", made.text());
        ids.push(made.header("playhouse-content-id").to_owned());
    }
    ids
}

/// Posts a view of each content by each client, every one twice; answers how long until all were
/// taken. Each is sent again until it is.
async fn views(clients: &[Client], ids: &[String], name: &str) -> Duration {
    let began = Instant::now();
    for id in ids {
        let path = format!("/api/v1/content/{id}/views");
        for (number, client) in clients.iter().chain(clients).enumerate() {
            let key = format!("{name}-{}", number % clients.len());
            while !view(client, &path, &key).await {
                assert!(began.elapsed() < 2 * TAKEN_WITHIN, "a view of {id} is not taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    began.elapsed()
}

async fn view(client: &Client, path: &str, key: &str) -> bool {
    let request = client.request("POST", path).header("Idempotency-Key", key).json(&json!({}));
    let answer = send(request).await;
    assert!(matches!(answer.status, 202 | 503), "{}: {}", answer.status, answer.text());
    answer.status == 202
}

/// Waits until every content has settled exactly so many views.
async fn wait_settled(client: &Client, ids: &[String], views: u64) {
    let began = Instant::now();
    for id in ids {
        loop {
            let shown: Value = client.get(&format!("/api/v1/content/{id}/engagement")).await.json();
            let settled = shown["views"]["settled"].as_u64();
            assert!(settled.is_none_or(|settled| settled <= views), "{id}: {shown}");
            if settled == Some(views) {
                break;
            }
            assert!(began.elapsed() < 2 * TAKEN_WITHIN, "{id}: {shown}, not {views}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Likes every content through these clients for as long as it is polled; none is refused.
async fn like_on(clients: &[Client], ids: &[String]) {
    loop {
        for (client, id) in clients.iter().cycle().zip(ids) {
            let answer = send(client.request("PUT", &format!("/api/v1/content/{id}/like"))).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
}

/// A node that was told to go tells proxies, in the way that each of them understands.
async fn says_it_leaves(client: &Client) {
    let began = Instant::now();
    while client.get("/readyz").await.status == 200 {
        assert!(began.elapsed() < TAKEN_WITHIN, "it is ready although it goes");
    }
    for (path, status) in [("/readyz", 503), ("/readyz?leaving=404", 404)] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.json()["type"].as_str()), (status, Some(LEAVING)));
    }
}

/// Uploads the clip with a third of its bytes to each node.
async fn upload_everywhere(cluster: &Cluster) -> String {
    let bytes = shared::clip_bytes();
    let created = cluster.client(0).create(bytes.len() as u64, "").await;
    assert_eq!(created.status, 201, "{}", created.text());
    let location = created.header("location").to_owned();
    let path = &location[location.find("/api/").expect("a path of the API")..];
    let mut offset = 0;
    for (number, part) in bytes.chunks(bytes.len().div_ceil(3)).enumerate() {
        let client = cluster.client(number);
        assert_eq!(client.offset(path).await, offset, "what another node took is known");
        let appended = client.append(path, offset, part.to_vec()).await;
        assert_eq!(appended.status, 204, "{}", appended.text());
        offset += part.len() as u64;
    }
    created.header("playhouse-content-id").to_owned()
}

/// No entity had two effective writers at any time; a write that is late is shown to be found.
async fn one_writer_at_a_time(cluster: &Cluster) -> history::Summary {
    let kept = history::kept(&cluster.sql).await.expect("a history");
    let (summary, findings) = history::check(&kept);
    assert_eq!(findings, []);
    assert!(summary.moved > 0, "{summary}");

    let fenced = |it: &&history::Record| it.entity.starts_with("counter/") && it.epoch > 1;
    let last = kept.iter().rfind(fenced).expect("a counter was written by a second owner");
    let (shard, epoch) = (last.shard, last.epoch - 1);
    let id = last.entity.trim_start_matches("counter/");
    let late = format!(
        "SET playhouse.fence = '{shard}.{epoch}'; \
         UPDATE counter SET row_version = row_version + 1 WHERE content_id = '{id}'"
    );
    cluster.sql.batch_execute(&late).await.expect("no fence is looked at");
    let kept = history::kept(&cluster.sql).await.expect("a history");
    let (_, findings) = history::check(&kept);
    assert!(matches!(findings[..], [Finding::EpochBelow(_)]), "{findings:?}");
    summary
}

#[tokio::test]
async fn three_nodes_are_one_platform_whoever_dies() {
    let mut cluster = Cluster::of_three().await;
    let film = upload_everywhere(&cluster).await;
    shared::wait_complete(&cluster.client(2), &film).await;
    let master = format!("/media/{film}/master.m3u8");
    let first = cluster.client(0).get(&master).await.text();
    for node in 1..3 {
        assert_eq!(cluster.client(node).get(&master).await.text(), first, "the same everywhere");
    }
    let ids = contents(&cluster, 12).await;
    let all: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    views(&all, &ids, "quiet").await;
    wait_settled(&all[1], &ids, 3).await;

    // One is killed: the others serve what it owned, and count on.
    cluster.nodes[1].kill();
    let survivors = [cluster.client(0), cluster.client(2)];
    let waited = views(&survivors, &ids, "killed").await;
    cluster.wait_gone("node-2").await;
    wait_settled(&survivors[0], &ids, 5).await;
    cluster.nodes[1].start().await;
    let back = cluster.wait_shares(3).await;

    // One is told to go: nobody notices.
    let others = [cluster.client(1), cluster.client(2)];
    let began = Instant::now();
    let own = cluster.client(0);
    let told = async { tokio::join!(cluster.nodes[0].stop(), says_it_leaves(&own)) };
    let (ended, ()) = tokio::select! {
        ended = told => ended,
        () = like_on(&others, &ids) => unreachable!("it goes on"),
    };
    let drained = began.elapsed();
    assert!(ended.success(), "{}", cluster.nodes[0].log_end());
    assert_eq!(cluster.share("node-1").await, 0);
    cluster.nodes[0].start().await;
    cluster.wait_shares(3).await;

    // One stands still past its lease: it ends by itself as soon as it goes on.
    let still = cluster.nodes[2].pid();
    kill_process(still, Signal::STOP).expect("a child can be stopped");
    let awake = [cluster.client(0), cluster.client(1)];
    views(&awake, &ids, "still").await;
    cluster.wait_gone("node-3").await;
    kill_process(still, Signal::CONT).expect("a child goes on");
    let ended = cluster.nodes[2].wait_ended(TAKEN_WITHIN).await;
    assert_eq!(ended.code(), Some(1));
    let log = cluster.nodes[2].log_end();
    assert!(log.contains("no member of its cluster any more"), "{log}");
    wait_settled(&awake[0], &ids, 7).await;
    let history = one_writer_at_a_time(&cluster).await;

    println!(
        "{history}; views of 12 contents taken {:.1} s after a kill; it owned shards again {:.1} s \
         after its start; told to go: ended after {:.1} s",
        waited.as_secs_f64(),
        back.as_secs_f64(),
        drained.as_secs_f64()
    );
    drop(cluster.nodes);
    cluster.engines.close().await;
}
