//! Goal: a durable timer rings until its entity has answered, and nobody waits behind another.
//! Method: a real catalog, entities that answer, fail or hang as their address says.

use crate::config::Timers;
use crate::runtime::{
    Backoff, Bell, ChildSpec, Config, Directory, Entity, EntityId, Exit, Handle, Restart,
    RestartPolicy, Strategy, Supervisor, Timekeeper, TimekeeperMessage, Tree,
};
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::catalog::sqlite::SqliteCatalog;
use playhouse_storage::catalog::{Catalog, Commit, Write};
use playhouse_storage::model::{Fence, ShardId, Timer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often each address has rung.
type World = Arc<Mutex<BTreeMap<String, u32>>>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct SleeperId(String);

impl fmt::Display for SleeperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SleeperId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text.contains('?') { Err(()) } else { Ok(Self(text.to_owned())) }
    }
}

impl EntityId for SleeperId {
    fn shard(&self, _: u16) -> ShardId {
        ShardId(0)
    }
}

struct Sleeper {
    id: SleeperId,
    world: World,
}

#[derive(Debug, Serialize, Deserialize, strum::IntoStaticStr)]
enum Ring {
    Now,
}

impl Entity<World> for Sleeper {
    const KIND: &'static str = "test.sleeper";
    type Id = SleeperId;
    type Request = Ring;
    type Reply = ();

    async fn load(id: SleeperId, _: Fence, world: World) -> Result<Self, Exit> {
        Ok(Self { id, world })
    }

    async fn handle(&mut self, Ring::Now: Ring) -> Result<(), Exit> {
        let rung = {
            let mut world = self.world.lock().expect("nobody panics while counting");
            let rung = world.entry(self.id.0.clone()).or_default();
            *rung += 1;
            *rung
        };
        match self.id.0.as_str() {
            "hangs" => std::future::pending().await,
            "fails twice" if rung <= 2 => Err(Exit::Failed { error: "not yet".into() }),
            _ => Ok(()),
        }
    }

    fn on_timer(name: &str) -> Option<Ring> {
        assert_ne!(name, "panics");
        (name == "ring").then_some(Ring::Now)
    }
}

const BELLS: &[Bell<World>] = &[Bell::of::<Sleeper>()];

const POLICY: RestartPolicy = RestartPolicy {
    restart: Restart::Temporary,
    intensity: 0,
    window: Duration::from_secs(1),
    backoff: Backoff { first: Duration::from_secs(1), most: Duration::from_secs(1) },
};

/// A catalog and a timekeeper on it.
struct Clockwork {
    catalog: Arc<SqliteCatalog>,
    fence: Fence,
    world: World,
    handle: Handle<TimekeeperMessage>,
    supervisor: Supervisor,
    _folder: tempfile::TempDir,
}

impl Clockwork {
    /// Sets timers before it starts.
    async fn start(timers: &[(&'static str, &str, &'static str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        let catalog = SqliteCatalog::open(&path, &playhouse_storage::Config::default());
        let catalog = Arc::new(catalog.expect("the catalog opens"));
        let fence = catalog.claim_shards(1).await.expect("it is ours")[0];
        for (kind, id, name) in timers {
            set(&*catalog, fence, (kind, id, name), Timestamp::now()).await;
        }
        let (world, handle) = (World::default(), Handle::new());
        let runtime = Config { ask_deadline_ms: 500, ..Config::default() };
        let directory = Directory::new(vec![fence], runtime.clone());
        directory.bind(Arc::clone(&world));
        let for_service = Arc::clone(&catalog);
        let table = vec![ChildSpec::service("timekeeper", POLICY, &handle, move || {
            let config = Timers { at_once_max: 2, retry_first_ms: 20, ..Timers::default() };
            Timekeeper::new(for_service.clone(), directory.clone(), BELLS, config)
        })];
        let supervisor =
            Supervisor::start(Strategy::OneForOne, table, &runtime, &Tree::default()).await;
        let supervisor = supervisor.expect("it starts");
        Self { catalog, fence, world, handle, supervisor, _folder: folder }
    }

    async fn timers(&self) -> Vec<Timer> {
        self.catalog.timers_due(Timestamp::MAX, 100).await.expect("the catalog answers")
    }

    /// Waits until the timers that are left are as they should be.
    async fn wait(&self, reached: impl Fn(&[Timer]) -> bool) -> Vec<Timer> {
        let waits = async {
            loop {
                let timers = self.timers().await;
                if reached(&timers) {
                    return timers;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        match timeout(Duration::from_secs(20), waits).await {
            Ok(timers) => timers,
            Err(_) => panic!("{:?} are left, {:?} rang", self.timers().await, self.world),
        }
    }

    fn rung(&self, id: &str) -> u32 {
        let world = self.world.lock().expect("nobody panics while counting");
        world.get(id).copied().unwrap_or(0)
    }
}

async fn set(
    catalog: &dyn Catalog,
    fence: Fence,
    (kind, id, name): (&'static str, &str, &'static str),
    due_at: Timestamp,
) {
    let writes = vec![Write::SetTimer { kind, id: id.to_owned(), name, due_at }];
    let commit = Commit { fence, writes, events: vec![] };
    catalog.commit(commit).await.expect("it is set");
}

const KIND: &str = Sleeper::KIND;

#[tokio::test]
async fn every_timer_is_answered_whoever_hangs_or_fails_before_it() {
    let mut timers = vec![(KIND, "hangs", "ring"), (KIND, "fails twice", "ring")];
    timers.extend(["a", "b", "c", "d", "e"].map(|id| (KIND, id, "ring")));
    let clockwork = Clockwork::start(&timers).await;
    let left = clockwork
        .wait(|left| left.iter().all(|timer| timer.id == "hangs" && timer.failures > 1))
        .await;
    assert_eq!(left.len(), 1, "what is never answered is never lost");
    assert_eq!(clockwork.rung("fails twice"), 3);
    for id in ["a", "b", "c", "d", "e"] {
        assert_eq!(clockwork.rung(id), 1, "{id}");
    }
    clockwork.supervisor.stop().await;
}

#[tokio::test]
async fn what_nobody_knows_is_put_off_far_and_kept() {
    let unknown = [
        ("test.nobody", "a", "ring"),
        (KIND, "a", "unheard of"),
        (KIND, "no address?", "ring"),
        (KIND, "b", "panics"),
    ];
    let clockwork = Clockwork::start(&[&unknown[..], &[(KIND, "a", "ring")]].concat()).await;
    let left =
        clockwork.wait(|left| left.len() == 4 && left.iter().all(|timer| timer.failures > 0)).await;
    let most = Timers::default().retry_most_ms;
    let far = SignedDuration::from_millis(i64::try_from(most / 3).expect("a bound"));
    for timer in left.iter().filter(|timer| timer.name != "panics") {
        assert_eq!(timer.failures, 1, "it rang once: {timer:?}");
        assert!(timer.due_at > Timestamp::now() + far, "{timer:?}");
    }
    clockwork.supervisor.stop().await;
}

#[tokio::test]
async fn a_nearer_timer_wakes_it_and_a_far_one_does_not_ring_early() {
    let clockwork = Clockwork::start(&[]).await;
    for (id, after_ms) in [("far", 3_600_000), ("near", 50)] {
        let due_at = Timestamp::now() + Duration::from_millis(after_ms);
        set(&*clockwork.catalog, clockwork.fence, (KIND, id, "ring"), due_at).await;
        clockwork.handle.hint(TimekeeperMessage::Wake(due_at));
    }
    // Far below the 30 s after which it would have looked by itself.
    let left = clockwork.wait(|left| left.len() == 1).await;
    assert_eq!(left[0].id, "far");
    assert_eq!((clockwork.rung("near"), clockwork.rung("far")), (1, 0));
    clockwork.supervisor.stop().await;
}
