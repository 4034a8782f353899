//! Our runtime: an entity over a catalog of numbers, and a service that counts.

use crate::plain::Counter;
use playhouse_actors::runtime::{
    AskError, Backoff, ChildSpec, Config, Directory, Entity, EntityId, EntityRef, Exit, Handle,
    Reply, Restart, RestartPolicy, Service, Strategy, Supervisor, TellError, Tree,
};
use playhouse_storage::model::{Epoch, Fence, ShardId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Of every ask, on both sides: `ask_deadline_ms` as it is by default.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// Shards of a node, as by default.
const SHARDS: u16 = 16;

/// What outlives the entities: a row for each, and how often one was loaded.
pub(crate) struct Catalog {
    rows: Vec<AtomicU64>,
    loads: AtomicU64,
}

impl Catalog {
    /// A row of 0 for each entity.
    pub(crate) fn new(rows: u64) -> Arc<Self> {
        let rows = (0..rows).map(|_| AtomicU64::new(0)).collect();
        Arc::new(Self { rows, loads: AtomicU64::new(0) })
    }

    /// How often an entity was loaded.
    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    /// Everything that was added, of all entities.
    pub(crate) fn total(&self) -> u64 {
        self.rows.iter().map(|row| row.load(Ordering::SeqCst)).sum()
    }

    fn row(&self, id: RowId) -> &AtomicU64 {
        &self.rows[usize::try_from(id.0).expect("a row's number fits")]
    }
}

/// Address of an entity: the number of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct RowId(pub(crate) u64);

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl EntityId for RowId {
    fn shard(&self, count: u16) -> ShardId {
        ShardId(u16::try_from(self.0 % u64::from(count)).expect("less than a u16"))
    }
}

/// The entity: its row, read once when it is loaded and written with each change.
pub(crate) struct Row {
    id: RowId,
    value: u64,
    catalog: Arc<Catalog>,
}

/// What it is asked.
#[derive(Debug, Serialize, Deserialize, strum::IntoStaticStr)]
pub(crate) enum Request {
    /// Adds, commits, and answers the sum.
    Add(u64),
    /// Answers the value that it was loaded with or has come to since.
    Read,
}

impl Entity<Arc<Catalog>> for Row {
    const KIND: &'static str = "bench.row";
    type Id = RowId;
    type Request = Request;
    type Reply = u64;

    async fn load(id: RowId, _: Fence, catalog: Arc<Catalog>) -> Result<Self, Exit> {
        catalog.loads.fetch_add(1, Ordering::SeqCst);
        let value = catalog.row(id).load(Ordering::SeqCst);
        Ok(Self { id, value, catalog })
    }

    async fn handle(&mut self, request: Request) -> Result<u64, Exit> {
        if let Request::Add(number) = request {
            self.value = self.value.wrapping_add(number);
            self.catalog.row(self.id).store(self.value, Ordering::SeqCst);
        }
        Ok(self.value)
    }
}

/// A node's directory over a catalog.
pub(crate) fn directory(catalog: &Arc<Catalog>, config: Config) -> Directory<Arc<Catalog>> {
    let fence = |shard| Fence { shard: ShardId(shard), epoch: Epoch(1) };
    let directory = Directory::new((0..SHARDS).map(fence).collect(), config);
    directory.bind(Arc::clone(catalog));
    directory
}

/// The limits of a node that has room for so many entities, and else as by default.
pub(crate) fn with_room(entities: u64) -> Config {
    let entities_resident_max = usize::try_from(entities).expect("a number of entities");
    Config { entities_resident_max, ..Config::default() }
}

/// Asks; one that is busy is asked again.
pub(crate) async fn ask(row: &EntityRef<Row, Arc<Catalog>>, number: u64) -> u64 {
    loop {
        match row.ask(Request::Add(number), DEADLINE).await {
            Ok(sum) => return sum,
            Err(AskError::Busy { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("an ask failed: {error}"),
        }
    }
}

/// What the service is sent.
#[derive(strum::IntoStaticStr)]
pub(crate) enum Message {
    Tell(u64),
    Ask(u64, Reply<u64>),
}

struct Counting(Counter);

impl Service for Counting {
    type Message = Message;

    async fn start(&mut self, _: &Handle<Message>) -> Result<(), Exit> {
        Ok(())
    }

    async fn handle(&mut self, message: Message, _: &Handle<Message>) -> Result<(), Exit> {
        match message {
            Message::Tell(number) => self.0.add(number),
            Message::Ask(number, reply) => {
                self.0.add(number);
                reply.send(self.0.total);
            }
        }
        Ok(())
    }
}

/// A supervised service that says `done` after so many messages.
pub(crate) async fn service(messages: u64, done: &Arc<Notify>) -> (Handle<Message>, Supervisor) {
    let (handle, done) = (Handle::new(), Arc::clone(done));
    let make = move || Counting(Counter::until(messages, &done));
    let second = Duration::from_secs(1);
    let policy = RestartPolicy {
        restart: Restart::Temporary,
        intensity: 1,
        window: second,
        backoff: Backoff { first: second, most: second },
    };
    let table = vec![ChildSpec::service("counting", policy, &handle, make)];
    let (config, root) = (Config::default(), Tree::default());
    let tree = Supervisor::start(Strategy::OneForOne, table, &config, &root).await;
    (handle, tree.expect("it starts"))
}

/// Puts a message in the mailbox; when that is full, others run before it is tried again.
pub(crate) async fn tell(handle: &Handle<Message>, number: u64) {
    while let Err(error) = handle.try_tell(Message::Tell(number)) {
        assert_eq!(error, TellError::Busy, "it does not end while it is told");
        tokio::task::yield_now().await;
    }
}

/// Asks the service; its mailbox has room for all askers.
pub(crate) async fn ask_service(handle: &Handle<Message>, number: u64) -> u64 {
    let asked = handle.ask(|reply| Message::Ask(number, reply), DEADLINE).await;
    asked.expect("it runs and answers in time")
}
