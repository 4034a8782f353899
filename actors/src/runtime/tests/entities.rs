//! Goal: an entity is there when it is spoken to, once, and its bounds hold.
//! Method: a tally whose total is kept by the test's world, as a catalog would keep it.

use crate::runtime::{AskError, Config, Directory, Entity, EntityId, EntityRef, Exit};
use playhouse_storage::model::{Epoch, Fence, ShardId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// What outlives the entities of a test.
pub(super) struct World {
    pub(super) total: AtomicU64,
    pub(super) loads: AtomicUsize,
    /// `Wait` waits for one permit.
    pub(super) gate: Semaphore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct TallyId(pub(super) u16);

impl fmt::Display for TallyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tally-{}", self.0)
    }
}

impl EntityId for TallyId {
    fn shard(&self, count: u16) -> ShardId {
        ShardId(self.0 % count)
    }
}

pub(super) struct Tally {
    fence: Fence,
    world: Arc<World>,
}

#[derive(Debug, Serialize, Deserialize, strum::IntoStaticStr)]
pub(super) enum Request {
    Add(u64),
    Fence,
    Wait,
    WaitAndPanic,
    Panic,
    End(Ending),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ending {
    Fail,
    StoreBusy,
}

impl Entity<Arc<World>> for Tally {
    const KIND: &'static str = "test.tally";
    type Id = TallyId;
    type Request = Request;
    type Reply = u64;

    async fn load(_id: TallyId, fence: Fence, world: Arc<World>) -> Result<Self, Exit> {
        // Long enough for every sender to come before it is done.
        tokio::time::sleep(Duration::from_millis(1)).await;
        world.loads.fetch_add(1, Ordering::SeqCst);
        Ok(Self { fence, world })
    }

    async fn handle(&mut self, request: Request) -> Result<u64, Exit> {
        match request {
            Request::Add(n) => Ok(self.world.total.fetch_add(n, Ordering::SeqCst) + n),
            Request::Fence => Ok(self.fence.epoch.0),
            Request::Wait => {
                self.world.gate.acquire().await.expect("the gate is never closed").forget();
                Ok(0)
            }
            Request::WaitAndPanic => {
                self.world.gate.acquire().await.expect("the gate is never closed").forget();
                panic!("after the wait")
            }
            Request::Panic => panic!("no such {}", "thing"),
            Request::End(Ending::Fail) => Err(Exit::Failed { error: "no disk".to_owned() }),
            Request::End(Ending::StoreBusy) => Err(playhouse_storage::Error::Busy.into()),
        }
    }
}

pub(super) struct Stage {
    pub(super) directory: Directory<Arc<World>>,
    pub(super) world: Arc<World>,
}

impl Stage {
    pub(super) fn new(config: Config) -> Self {
        let fence = |shard| Fence { shard: ShardId(shard), epoch: Epoch(100 + u64::from(shard)) };
        let directory = Directory::new((0..4).map(fence).collect(), config);
        let world = Arc::new(World {
            total: AtomicU64::new(0),
            loads: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        });
        directory.bind(Arc::clone(&world));
        Self { directory, world }
    }

    pub(super) fn tally(&self, id: u16) -> EntityRef<Tally, Arc<World>> {
        self.directory.entity(TallyId(id))
    }

    pub(super) fn loads(&self) -> usize {
        self.world.loads.load(Ordering::SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_answers_with_what_it_was_loaded_from() {
    let stage = Stage::new(Config::default());
    assert_eq!(stage.directory.active(), 0);
    assert_eq!(stage.tally(1).ask(Request::Add(3), SECOND).await, Ok(3));
    assert_eq!(stage.tally(1).ask(Request::Add(4), SECOND).await, Ok(7));
    assert_eq!(stage.loads(), 1);
    assert_eq!(stage.tally(2).ask(Request::Fence, SECOND).await, Ok(102));
    assert_eq!(stage.directory.active(), 2);
}

#[tokio::test(start_paused = true)]
async fn concurrent_first_messages_load_once() {
    let stage = Stage::new(Config::default());
    let mut asks = JoinSet::new();
    for _ in 0..50 {
        let tally = stage.tally(1);
        asks.spawn(async move { tally.ask(Request::Add(1), SECOND).await });
    }
    assert!(asks.join_all().await.iter().all(Result::is_ok));
    assert_eq!((stage.loads(), stage.world.total.load(Ordering::SeqCst)), (1, 50));
}

#[tokio::test(start_paused = true)]
async fn what_expired_in_the_queue_is_never_handled() {
    let stage = Stage::new(Config::default());
    let (tally, began) = (stage.tally(1), Instant::now());
    let (first, queued) =
        tokio::join!(tally.ask(Request::Wait, SECOND), tally.ask(Request::Add(1), 2 * SECOND));
    assert_eq!((first, queued), (Err(AskError::Expired), Err(AskError::Expired)));
    assert_eq!(began.elapsed(), 2 * SECOND);
    stage.world.gate.add_permits(1);
    assert_eq!(tally.ask(Request::Add(5), SECOND).await, Ok(5));
    assert_eq!(stage.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_says_so_at_once() {
    let stage = Stage::new(Config { mailbox_messages_max: 2, ..Config::default() });
    let tally = stage.tally(1);
    let (handled, waiting, refused, ()) = tokio::join!(
        tally.ask(Request::Wait, SECOND),
        tally.ask(Request::Add(1), SECOND),
        tally.ask(Request::Add(10), SECOND),
        async { stage.world.gate.add_permits(1) },
    );
    assert_eq!((handled, waiting), (Ok(0), Ok(1)));
    assert_eq!(refused, Err(AskError::Busy { retry_after: SECOND }));
    assert_eq!(tally.ask(Request::Add(1), SECOND).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_the_idle_loses_no_message() {
    let stage = Arc::new(Stage::new(Config::default()));
    let mut askers = JoinSet::new();
    for asker in 0..8_u16 {
        let stage = Arc::clone(&stage);
        askers.spawn(async move {
            for _ in 0..100 {
                // Two askers share an entity; the other one may be inside while this one sweeps.
                let answer = stage.tally(asker / 2).ask(Request::Add(1), 30 * SECOND).await;
                assert!(answer.is_ok(), "{answer:?}");
                stage.directory.stop_idle(Duration::ZERO);
            }
        });
    }
    while let Some(asker) = askers.join_next().await {
        asker.expect("every ask was answered");
    }
    assert_eq!(stage.world.total.load(Ordering::SeqCst), 800);
    assert!(stage.loads() > 8, "entities were stopped in between");
}
