//! Routers of two nodes in one process, with a link that can be told to fail. A counter stands for
//! any entity: it answers who has served it.

use super::*;
use crate::cluster::{Peer, PeerState};
use crate::runtime::{Config as Limits, Entity, EntityId, EntityRef};
use playhouse_storage::model::NodeLife;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers the name of the node where it lives, and how often it was asked there.
struct Witness {
    node: &'static str,
    asked: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Number(u16);

#[derive(Debug, Serialize, Deserialize, strum::IntoStaticStr)]
enum Request {
    Who,
    /// The same, and may be asked again.
    WhoElse,
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl EntityId for Number {
    fn shard(&self, count: u16) -> ShardId {
        ShardId(self.0 % count)
    }
}

impl Entity<&'static str> for Witness {
    const KIND: &'static str = "witness";
    type Id = Number;
    type Request = Request;
    type Reply = (String, u32);

    async fn load(_: Number, _: Fence, node: &'static str) -> Result<Self, Exit> {
        Ok(Self { node, asked: 0 })
    }

    fn repeats(request: &Request) -> bool {
        matches!(request, Request::WhoElse)
    }

    async fn handle(&mut self, _: Request) -> Result<(String, u32), Exit> {
        self.asked += 1;
        Ok((self.node.to_owned(), self.asked))
    }
}

/// What the link does with the next asks.
#[derive(Clone, Debug)]
enum Weather {
    Fine,
    /// It breaks when the ask is on its way.
    Breaks,
    /// Nothing leaves the node.
    Cut,
    /// Nothing comes from here to `b` for long, but `c` reaches it.
    Parted,
    /// Whoever is asked names this node as the owner.
    Names(&'static str, u64),
}

struct Wire {
    nodes: Mutex<BTreeMap<NodeName, Directory<&'static str>>>,
    weather: Mutex<Weather>,
    carried: AtomicUsize,
}

#[async_trait]
impl Peers for Wire {
    async fn ask(&self, node: &NodeName, envelope: Envelope) -> Result<Answer, LinkError> {
        self.carried.fetch_add(1, Ordering::SeqCst);
        let weather = self.weather.lock().expect("it is there").clone();
        let (node, reason) = (node.clone(), "the wire is cut".to_owned());
        match weather {
            Weather::Fine => {}
            Weather::Breaks => {
                return Err(LinkError::Unreachable { node, reason, carried: Carried::Perhaps });
            }
            Weather::Cut => {
                return Err(LinkError::Unreachable { node, reason, carried: Carried::No });
            }
            Weather::Parted if envelope.relay_to.is_none() => {
                return Err(LinkError::Unreachable { node, reason, carried: Carried::No });
            }
            Weather::Parted => assert_eq!(node.as_str(), "c", "nobody else passes it on"),
            Weather::Names(owner, epoch) => {
                let owner = Some(owner.parse().expect("it is there"));
                return Ok(Answer::NotOwner { owner, epoch: Epoch(epoch) });
            }
        }
        let Envelope { kind, id, shard, within_ms, request, relay_to, .. } = envelope;
        let node = relay_to.unwrap_or(node);
        let directory = self.nodes.lock().expect("it is there")[&node].clone();
        let letter = Letter { kind, id, request, within_ms, shard: Some(shard), repeats: false };
        match directory.deliver(letter).await {
            Ok(Ok(reply)) => Ok(Answer::Ack { reply }),
            Err(NotHere::Elsewhere) => Ok(Answer::NotOwner { owner: None, epoch: Epoch(0) }),
            other => panic!("{other:?}"),
        }
    }

    fn tell(&self, _: &NodeName, _: Value) {}

    fn meet(&self, _: Vec<Peer>) {}

    fn states(&self) -> Vec<PeerState> {
        let state = |name: &str, connected| PeerState {
            life: NodeLife { name: name.parse().expect("it is there"), incarnation: 1 },
            address: String::new(),
            since: jiff::Timestamp::UNIX_EPOCH,
            connected,
            round_trip_ms: None,
            in_flight: 0,
            credits: 1,
            last_error: None,
        };
        match *self.weather.lock().expect("it is there") {
            Weather::Parted => vec![state("b", false), state("c", true)],
            _ => vec![],
        }
    }
}

/// Two nodes, `a` and `b`, and what `a` knows of who owns what.
struct Two {
    a: Directory<&'static str>,
    b: Directory<&'static str>,
    routes: Arc<Routes>,
    wire: Arc<Wire>,
}

const SHARDS: u16 = 4;

impl Two {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let node = |name: &'static str| {
            let limits = Limits::default();
            let directory = Directory::shared(SHARDS, limits.clone());
            directory.rule::<Witness>(limits.entity_rules());
            directory.bind(name);
            directory
        };
        let (a, b) = (node("a"), node("b"));
        let names = ["a", "b"].map(|name| name.parse::<NodeName>().expect("it is there"));
        let nodes = names.iter().cloned().zip([a.clone(), b.clone()]).collect();
        let (weather, carried) = (Mutex::new(Weather::Fine), AtomicUsize::new(0));
        let wire = Arc::new(Wire { nodes: Mutex::new(nodes), weather, carried });
        let routes = Arc::new(Routes::new(SHARDS));
        let mut config = Config::default();
        change(&mut config);
        let [me, _] = names;
        let router = Router::new(me, Arc::clone(&routes), a.clone(), wire.clone(), &config);
        a.route(Arc::new(router));
        Self { a, b, routes, wire }
    }

    /// The first shard is of `b`, as `a` knows, in that weather.
    fn apart(weather: Weather) -> Self {
        let two = Self::new(|_| {});
        two.opens("b", 0, 1);
        two.knows("b", 0, 1);
        two.weather(weather);
        two
    }

    fn opens(&self, node: &'static str, shard: u16, epoch: u64) {
        let fence = Fence { shard: ShardId(shard), epoch: Epoch(epoch) };
        if node == "a" { self.a.open(fence) } else { self.b.open(fence) }
    }

    fn knows(&self, node: &str, shard: u16, epoch: u64) {
        let fence = Fence { shard: ShardId(shard), epoch: Epoch(epoch) };
        self.routes.claimed(&node.parse().expect("it is there"), &[fence]);
    }

    fn weather(&self, weather: Weather) {
        *self.wire.weather.lock().expect("it is there") = weather;
    }

    fn witness(&self, shard: u16) -> EntityRef<Witness, &'static str> {
        self.a.entity::<Witness>(Number(shard))
    }

    /// Asks at `a`, and answers who has served.
    async fn who(&self, shard: u16) -> Result<String, AskError> {
        let answer = self.witness(shard).ask(Request::Who, Duration::from_secs(9)).await;
        answer.map(|(node, _)| node)
    }

    fn carried(&self) -> usize {
        self.wire.carried.load(Ordering::SeqCst)
    }
}

fn is_busy(answer: &Result<String, AskError>) -> bool {
    matches!(answer, Err(AskError::Busy { .. }))
}

#[tokio::test(start_paused = true)]
async fn an_ask_finds_the_owner_wherever_it_is() {
    let two = Two::new(|_| {});
    two.opens("a", 0, 1);
    two.opens("b", 1, 1);
    two.knows("b", 1, 1);
    assert_eq!(two.who(0).await.as_deref(), Ok("a"));
    assert_eq!(two.carried(), 0, "what is here crosses nothing");
    assert_eq!(two.who(1).await.as_deref(), Ok("b"));
    assert_eq!(two.who(1).await.as_deref(), Ok("b"));
    assert_eq!(two.carried(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_ask_waits_while_its_shard_moves() {
    let two = Two::new(|_| {});
    two.opens("a", 0, 1);
    two.knows("a", 0, 1);
    assert_eq!(two.who(0).await.as_deref(), Ok("a"));
    two.a.close_shard(two.a.fence(ShardId(0)).expect("it is there"), Duration::from_secs(1)).await;
    let moves = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        two.opens("b", 0, 2);
        two.knows("b", 0, 2);
    };
    let began = Instant::now();
    let (answer, ()) = tokio::join!(two.who(0), moves);
    assert_eq!(answer.as_deref(), Ok("b"));
    assert_eq!(began.elapsed().as_secs(), 3, "it is asked as soon as it is there");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_never_comes_is_busy_in_time() {
    let two = Two::new(|config| config.move_wait_ms = 6_000);
    let began = Instant::now();
    assert!(is_busy(&two.who(0).await));
    assert_eq!(began.elapsed().as_secs(), 6);
}

#[tokio::test(start_paused = true)]
async fn no_more_asks_wait_than_may() {
    let two = Two::new(|config| config.buffered_asks_max = 2);
    let (one, other) = (two.who(0), two.who(1));
    let third = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let began = Instant::now();
        assert!(is_busy(&two.who(2).await));
        assert_eq!(began.elapsed(), Duration::ZERO, "it is told at once");
        two.opens("a", 0, 1);
        two.knows("a", 0, 1);
        two.opens("b", 1, 1);
        two.knows("b", 1, 1);
    };
    let (one, other, ()) = tokio::join!(one, other, third);
    assert_eq!((one.as_deref(), other.as_deref()), (Ok("a"), Ok("b")));
}

#[tokio::test(start_paused = true)]
async fn one_who_is_asked_wrongly_says_who_owns_it() {
    let two = Two::new(|_| {});
    two.opens("a", 0, 5);
    two.knows("b", 0, 4);
    two.weather(Weather::Names("a", 5));
    // At `a` itself the shard is only found by asking who owns it: as if it had just been opened.
    let answer = two.a.entity::<Witness>(Number(0));
    let fence = two.a.fence(ShardId(0)).expect("it is there");
    two.a.close_shard(fence, Duration::from_secs(1)).await;
    let asked = answer.ask(Request::Who, Duration::from_secs(9));
    let opened = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        two.opens("a", 0, 5);
    };
    let (answer, ()) = tokio::join!(asked, opened);
    assert_eq!(answer.map(|(node, _)| node).as_deref(), Ok("a"));
    assert_eq!(two.carried(), 1, "who was wrong is not asked again");
}

#[tokio::test(start_paused = true)]
async fn who_names_an_older_owner_is_not_believed() {
    let two = Two::new(|config| config.move_wait_ms = 1_000);
    two.knows("b", 0, 4);
    two.weather(Weather::Names("a", 3));
    assert!(is_busy(&two.who(0).await));
    assert_eq!(two.routes.of(ShardId(0)).owner.map(String::from).as_deref(), Some("b"));
    assert!(two.carried() <= 7, "{} asks in a second", two.carried());
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_not_asked_again() {
    let two = Two::apart(Weather::Breaks);
    assert_eq!(two.who(0).await, Err(AskError::Expired));
    assert_eq!(two.carried(), 1);
}

/// A viewer was told 503 for a heartbeat that was under way to a node that died.
#[tokio::test(start_paused = true)]
async fn what_may_be_done_twice_is_asked_of_the_next_owner() {
    let two = Two::new(|_| {});
    two.knows("b", 0, 1);
    two.weather(Weather::Breaks);
    let taken_over = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        two.opens("a", 0, 2);
        two.knows("a", 0, 2);
    };
    let witness = two.witness(0);
    let asked = witness.ask(Request::WhoElse, Duration::from_secs(9));
    let (answer, ()) = tokio::join!(asked, taken_over);
    assert_eq!(answer.map(|(node, _)| node).as_deref(), Ok("a"));
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_asked_again_when_the_link_is_back() {
    let two = Two::apart(Weather::Cut);
    let mended = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        two.weather(Weather::Fine);
    };
    let (answer, ()) = tokio::join!(two.who(0), mended);
    assert_eq!(answer.as_deref(), Ok("b"));
}

/// Two nodes that did not reach each other refused what one asked of the other, for as long.
#[tokio::test(start_paused = true)]
async fn an_owner_that_is_not_reached_is_asked_through_another() {
    let two = Two::apart(Weather::Parted);
    assert_eq!(two.who(0).await.as_deref(), Ok("b"));
    assert_eq!(two.carried(), 2, "once in vain, once round");
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_lease_is_over_serves_nobody() {
    let two = Two::new(|_| {});
    two.opens("a", 0, 1);
    two.a.own_until(Instant::now() + Duration::from_secs(1));
    assert_eq!(two.who(0).await.as_deref(), Ok("a"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(two.who(0).await, Err(AskError::Unavailable));
    two.a.own_until(Instant::now() + Duration::from_secs(1));
    assert_eq!(two.who(0).await.as_deref(), Ok("a"), "a renewal that came late is one");
}
