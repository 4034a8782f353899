//! The link as its users see it: real sockets, real TLS, and where a process dies or stands still,
//! real processes.

mod loads;
mod meetings;
mod processes;
mod strangers;

use super::{Config, Files, Link, Secret, Security};
use crate::cluster::envelope::VERSION;
use crate::cluster::{Answer, Door, Envelope, LinkError, Peer, PeerState, Peers};
use async_trait::async_trait;
use playhouse_storage::model::{Epoch, NodeLife, NodeName, ShardId};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// Nothing that these stories wait for takes so long, even on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

fn name(text: &str) -> NodeName {
    text.parse().expect("a name")
}

/// What is behind a node's door: answers by the kind of what is asked.
#[derive(Default)]
struct Room {
    me: String,
    told: Mutex<Vec<(NodeName, Value)>>,
    /// Who waits is let go by these.
    released: Option<Arc<Semaphore>>,
}

#[async_trait]
impl Door for Room {
    async fn asked(&self, from: &NodeName, envelope: Envelope) -> Answer {
        match envelope.kind.as_str() {
            "echo" => Answer::Ack { reply: json!([self.me, from, envelope.request]) },
            "large" => Answer::Ack { reply: "x".repeat(20_000).into() },
            "panic" => panic!("as ordered"),
            _ => {
                let Some(released) = &self.released else { return std::future::pending().await };
                released.acquire().await.expect("it is open").forget();
                Answer::Ack { reply: Value::Null }
            }
        }
    }

    fn told(&self, from: &NodeName, note: Value) {
        self.told.lock().expect("no panic").push((from.clone(), note));
    }
}

/// A node of a story.
struct Node {
    name: NodeName,
    address: SocketAddr,
    link: Arc<Link>,
    room: Arc<Room>,
    released: Arc<Semaphore>,
}

impl Node {
    async fn start(text: &str, config: Config, security: Security) -> Self {
        Self::at(text, "127.0.0.1:0", config, security).await
    }

    async fn at(text: &str, address: &str, config: Config, security: Security) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let released = Arc::new(Semaphore::new(0));
        let room =
            Room { me: text.to_owned(), released: Some(released.clone()), ..Room::default() };
        let room = Arc::new(room);
        let door: Arc<dyn Door> = room.clone();
        let link = Link::start(config, name(text), security, listener, door).await;
        let link = link.unwrap_or_else(|error| panic!("{error}"));
        Self { name: name(text), address, link, room, released }
    }

    /// This node as its peers know it.
    fn peer(&self) -> Peer {
        peer(self.name.as_str(), self.address)
    }

    async fn ask(&self, node: &str, kind: &str) -> Result<Answer, LinkError> {
        self.link.ask(&name(node), envelope(kind)).await
    }

    fn state(&self, node: &str) -> PeerState {
        let states = self.link.states();
        let of = |state: &PeerState| state.life.name.as_str() == node;
        states.into_iter().find(of).expect("it was met")
    }

    /// Waits until a peer is reached.
    async fn reaches(&self, node: &str) {
        until(|| self.state(node).connected, || format!("{:?}", self.state(node))).await;
    }

    /// Waits until a peer is not reached for a reason that says this.
    async fn fails(&self, node: &str, says: &str) -> String {
        let reason = || self.state(node).last_error.unwrap_or_default();
        let failed = || !self.state(node).connected && reason().contains(says);
        until(failed, || format!("{:?} without {says:?}", self.state(node))).await;
        reason()
    }
}

fn peer(text: &str, address: SocketAddr) -> Peer {
    let life = NodeLife { name: name(text), incarnation: 1 };
    Peer { life, address: address.to_string() }
}

fn envelope(kind: &str) -> Envelope {
    Envelope {
        version: VERSION,
        message: uuid::Uuid::now_v7(),
        kind: kind.to_owned(),
        id: json!("film"),
        shard: ShardId(7),
        epoch: Epoch(3),
        within_ms: 30_000,
        trace: None,
        traceparent: None,
        relay_to: None,
        request: json!({"at": 1}),
    }
}

/// The answer of `node` to an echo that `from` has asked for.
fn echo(node: &str, from: &str) -> Result<Answer, LinkError> {
    Ok(Answer::Ack { reply: json!([node, from, {"at": 1}]) })
}

/// Waits until something is so.
async fn until(so: impl Fn() -> bool, what: impl Fn() -> String) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "it never came to be: {}", what());
        sleep(Duration::from_millis(5)).await;
    }
}

/// Redials at once, so that stories are short.
fn config() -> Config {
    Config { redial_first_ms: 10, redial_max_ms: 100, heartbeat_ms: 100, ..Config::default() }
}

fn plain(secret: u8) -> Security {
    Security::Plain(Secret([secret; 32]))
}

/// Certificates as an operator makes them.
struct Authority(tempfile::TempDir);

impl Authority {
    fn of(nodes: &[&str]) -> Self {
        let authority = Self(tempfile::tempdir().expect("a folder"));
        authority.certify(nodes);
        authority
    }

    /// Another folder with the same in it.
    fn copy(&self) -> Self {
        let copy = Self(tempfile::tempdir().expect("a folder"));
        for file in std::fs::read_dir(self.0.path()).expect("it is there") {
            let file = file.expect("it is there");
            std::fs::copy(file.path(), copy.path("").join(file.file_name())).expect("copied");
        }
        copy
    }

    fn certify(&self, arguments: &[&str]) {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/certs");
        let made = Command::new(tool).arg(self.0.path()).args(arguments).output();
        let made = made.expect("ops/certs runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for node in arguments.iter().filter(|argument| !argument.starts_with('-')) {
            let line = format!("cluster.certificate = {:?}", self.files(node).certificate);
            assert!(String::from_utf8_lossy(&made.stdout).contains(&line), "{line}");
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().canonicalize().expect("it is there").join(file)
    }

    fn files(&self, node: &str) -> Files {
        Files {
            authority: self.path("authority.pem"),
            certificate: self.path(&format!("{node}.pem")),
            key: self.path(&format!("{node}-key.pem")),
        }
    }

    fn security(&self, node: &str) -> Security {
        Security::Tls(self.files(node))
    }
}
