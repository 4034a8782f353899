//! An ask of an entity on another node beside the same ask of one on this node, in the same run:
//! `cargo bench -p playhouse-actors --bench link` prints one table. Both nodes are in this process,
//! over loopback and without TLS; with `-- AUTHORITY CERTIFICATE KEY CERTIFICATE KEY` (of nodes `a`
//! and `b`, from ops/certs) with it. Nothing is written anywhere.
//!
//! Without cargo's `--bench` all numbers are a hundredth, which shows that it runs and no more.

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use playhouse_actors::cluster::link::{Config, Files, Link, Secret, Security};
use playhouse_actors::cluster::{Answer, Door, Envelope, Peer, Peers, envelope::VERSION};
use playhouse_actors::runtime::{Directory, Entity, EntityId, Exit};
use playhouse_storage::model::{Epoch, Fence, NodeLife, NodeName, ShardId};
use serde::{Deserialize, Serialize};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As many asks at one time as the encoders and viewers of a busy node have.
const IN_FLIGHT: usize = 64;
const WITHIN: Duration = Duration::from_secs(10);

/// Answers what it is asked.
struct Echo;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Name(String);

#[derive(Clone, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
enum Request {
    Say(u64),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl EntityId for Name {
    fn shard(&self, _: u16) -> ShardId {
        ShardId(0)
    }
}

impl Entity<()> for Echo {
    const KIND: &'static str = "echo";
    type Id = Name;
    type Request = Request;
    type Reply = u64;

    async fn load(_: Name, _: Fence, (): ()) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, Request::Say(number): Request) -> Result<u64, Exit> {
        Ok(number)
    }
}

/// The entities of a node, behind its door.
struct House(Directory<()>);

impl House {
    async fn ask(&self, number: u64) -> u64 {
        let entity = self.0.entity::<Echo>(Name("film".to_owned()));
        entity.ask(Request::Say(number), WITHIN).await.expect("an answer")
    }
}

#[async_trait]
impl Door for House {
    async fn asked(&self, _: &NodeName, envelope: Envelope) -> Answer {
        let Request::Say(number) = serde_json::from_value(envelope.request).expect("a request");
        Answer::Ack { reply: self.ask(number).await.into() }
    }

    fn told(&self, _: &NodeName, _: serde_json::Value) {}
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bench = arguments.iter().any(|word| word == "--bench");
    let files: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let asks = if bench { 20_000 } else { 200 };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(measure(&files, asks));
}

async fn measure(files: &[&String], asks: u64) {
    let fence = Fence { shard: ShardId(0), epoch: Epoch(1) };
    let directory = Directory::new(vec![fence], playhouse_actors::runtime::Config::default());
    directory.bind(());
    let house = Arc::new(House(directory.clone()));
    let (a, _) = node("a", security(files, 1), Arc::clone(&house)).await;
    let (b, address) = node("b", security(files, 3), Arc::clone(&house)).await;
    let other: NodeName = "b".parse().expect("a name");
    let life = NodeLife { name: other.clone(), incarnation: 1 };
    a.meet(vec![Peer { life, address: address.to_string() }]);
    while a.states()[0].round_trip_ms.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Many heartbeats at rest.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let local = |number| house.ask(number);
    let remote = |number| carried(&a, &other, number);
    println!("{:<16} {:>9} {:>9} {:>9} {:>12}", "", "p50 µs", "p99 µs", "mean µs", "asks/s, 64");
    // The carrier alone: no JSON, no task, no entity.
    let beat = a.states()[0].round_trip_ms.unwrap_or_default() * 1000.0;
    println!("{:<16} {:>9} {:>9} {beat:>9.1}", "a heartbeat", "", "");
    report("on this node", &times(asks, local).await, rate(asks, local).await);
    report("over the link", &times(asks, remote).await, rate(asks, remote).await);
    a.stop().await;
    b.stop().await;
    directory.close().await;
}

/// Asks the entity by way of the other node.
async fn carried(link: &Link, node: &NodeName, number: u64) -> u64 {
    let envelope = Envelope {
        version: VERSION,
        message: uuid::Uuid::now_v7(),
        kind: Echo::KIND.to_owned(),
        id: "film".into(),
        shard: ShardId(0),
        epoch: Epoch(1),
        within_ms: 10_000,
        trace: None,
        traceparent: None,
        relay_to: None,
        request: serde_json::to_value(Request::Say(number)).expect("JSON"),
    };
    match link.ask(node, envelope).await.expect("an answer") {
        Answer::Ack { reply } => reply.as_u64().expect("a number"),
        other => panic!("{other:?}"),
    }
}

/// One after the other, microseconds, sorted.
async fn times<F: Future<Output = u64>>(asks: u64, ask: impl Fn(u64) -> F) -> Vec<f64> {
    let mut times = Vec::new();
    for number in 0..asks {
        let began = Instant::now();
        assert_eq!(ask(number).await, number);
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times
}

/// Asks a second with [`IN_FLIGHT`] under way.
async fn rate<F: Future<Output = u64>>(asks: u64, ask: impl Fn(u64) -> F) -> f64 {
    let began = Instant::now();
    let mut waiting = FuturesUnordered::new();
    for number in 0..asks {
        waiting.push(ask(number));
        if waiting.len() == IN_FLIGHT {
            waiting.next().await;
        }
    }
    while waiting.next().await.is_some() {}
    asks as f64 / began.elapsed().as_secs_f64()
}

fn report(name: &str, times: &[f64], rate: f64) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    println!("{name:<16} {:>9.1} {:>9.1} {mean:>9.1} {rate:>12.0}", at(0.5), at(0.99));
}

async fn node(name: &str, security: Security, house: Arc<House>) -> (Arc<Link>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let name = name.parse().expect("a name");
    let config = Config { heartbeat_ms: 10, ..Config::default() };
    let link = Link::start(config, name, security, listener, house).await;
    (link.expect("it starts"), address)
}

/// With the certificate at this place of the arguments, or without TLS.
fn security(files: &[&String], at: usize) -> Security {
    match files {
        [] => Security::Plain(Secret([7; 32])),
        files => Security::Tls(Files {
            authority: files[0].into(),
            certificate: files[at].into(),
            key: files[at + 1].into(),
        }),
    }
}
