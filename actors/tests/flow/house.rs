//! A node without HTTP: embedded engines in a temporary folder, the supervision table running.

use playhouse_actors::runtime::inspect::view::{ActorView, TreeQuery};
use playhouse_actors::runtime::{ChildSpec, Strategy, Supervisor};
use playhouse_actors::upload::{self, Reply};
use playhouse_actors::{Config, Engines, Parts, Platform, assemble};
use playhouse_storage::Stores;
use playhouse_storage::eventlog::Record;
use playhouse_storage::model::{
    Content, ContentId, Fence, Residency, Stage, Status, Upload, UploadId, UploadMetadata,
};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, timeout};

pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
/// A debug build of the worker on a busy machine encodes the clip in some 30 s.
const ENCODE_DEADLINE: Duration = Duration::from_secs(240);

pub(crate) struct House {
    pub(crate) platform: Platform,
    supervisor: Supervisor,
    pub(crate) stores: Stores,
    pub(crate) fences: Vec<Fence>,
    config: Config,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) async fn build() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::open(folder, settings).await
    }

    /// Ends this node and starts another one on its data, with the same settings.
    pub(crate) async fn reopen(self) -> Self {
        let config = self.config.clone();
        Self::open(self.shut().await, |settings| *settings = config).await
    }

    /// Ends this node; its data is left.
    pub(crate) async fn shut(self) -> tempfile::TempDir {
        let Self { platform, supervisor, stores, folder, .. } = self;
        supervisor.stop().await;
        platform.directory.close().await;
        drop((platform, supervisor, stores));
        folder
    }

    /// The same with other engines behind some ports.
    pub(crate) async fn on(change: impl FnOnce(&mut Engines)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::open_on(folder, |_| {}, change).await
    }

    /// A node on the data of another one.
    pub(crate) async fn open(
        folder: tempfile::TempDir,
        settings: impl FnOnce(&mut Config),
    ) -> Self {
        Self::open_on(folder, settings, |_| {}).await
    }

    pub(crate) async fn open_on(
        folder: tempfile::TempDir,
        settings: impl FnOnce(&mut Config),
        change: impl FnOnce(&mut Engines),
    ) -> Self {
        let path = folder.path();
        let storage = playhouse_storage::Config::default();
        let stores = Stores::open(&storage, path).await.expect("the stores open");
        let fences = stores.catalog.claim_shards(16).await.expect("the shards are ours");
        let mut engines = Engines::from(&stores);
        change(&mut engines);
        let mut config = Config::default();
        config.encode.worker_path = worker();
        config.encode.retry_first_ms = 20;
        settings(&mut config);
        let scratch = stores.data_dir.temporary();
        let runtime = config.runtime.clone();
        let (platform, parts) = assemble(engines, config.clone(), fences.clone(), &scratch);
        let (table, root) = (table(parts, &platform.config), platform.inspector.tree_root());
        let supervisor = Supervisor::start(Strategy::OneForOne, table, &runtime, root).await;
        let supervisor = supervisor.expect("the services start");
        Self { platform, supervisor, stores, fences, config, folder }
    }

    /// What is on a topic.
    pub(crate) async fn told(&self, topic: &str) -> Vec<Record> {
        let reader = self.stores.events.subscribe("test", &[topic]).await;
        let found = reader.expect("a reader").next(1_000, Duration::ZERO).await;
        let found = found.expect("the log reads").into_iter().map(|delivery| delivery.record);
        found.inspect(|record| crate::schemas::check(topic, record)).collect()
    }

    pub(crate) async fn close(self) {
        self.supervisor.stop().await;
        self.platform.directory.close().await;
    }

    pub(crate) async fn create(&self, size_bytes: u64, metadata: UploadMetadata) -> Upload {
        let id = UploadId::new();
        match self.ask(id, create(size_bytes, metadata)).await {
            Reply::Upload(upload) => *upload,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn ask(&self, id: UploadId, request: upload::Request) -> Reply {
        self.platform.session(id).ask(request, DEADLINE).await.expect("an answer")
    }

    /// Writes `bytes` from `offset` on, as a request of a client does, and commits them.
    pub(crate) async fn send(&self, id: UploadId, offset: u64, bytes: &[u8]) -> Reply {
        let granted = self.ask(id, upload::Request::Grant { offset }).await;
        let Reply::Granted { token, .. } = granted else { panic!("{granted:?}") };
        let staging = &self.stores.staging;
        let writer = staging.open(id, Residency::Global, token, offset).await;
        let mut writer = writer.expect("the staging store opens");
        for part in bytes.chunks(1 << 16) {
            writer.write(bytes::Bytes::copy_from_slice(part)).await.expect("written");
        }
        let offset = writer.sync().await.expect("synced");
        self.ask(id, upload::Request::Commit { token, offset }).await
    }

    pub(crate) async fn upload(&self, bytes: &[u8], metadata: UploadMetadata) -> ContentId {
        let upload = self.create(bytes.len() as u64, metadata).await;
        let reply = self.send(upload.id, 0, bytes).await;
        assert!(matches!(reply, Reply::Upload(_)), "{reply:?}");
        upload.content_id
    }

    pub(crate) async fn content(&self, id: ContentId) -> Content {
        let content = self.stores.catalog.content(id).await.expect("the catalog answers");
        content.expect("the content is there")
    }

    /// Waits on hints until the content satisfies `reached`.
    pub(crate) async fn wait(&self, id: ContentId, reached: impl Fn(&Content) -> bool) -> Content {
        let mut hints = self.platform.hub.listen();
        let until = Instant::now() + ENCODE_DEADLINE;
        loop {
            let content = self.content(id).await;
            if reached(&content) {
                return content;
            }
            assert!(Instant::now() < until, "it stays {:?} at {:?}", content.status, content.stage);
            // A hint may be lost; then the catalog is read again after a second.
            let _ = timeout(Duration::from_secs(1), hints.recv()).await;
        }
    }
}

/// `engagement.settle_poll_ms` of a story that looks at waiting facts, or settles them itself: its
/// house has no settler, which would take them away between two looks.
pub(crate) const BY_HAND: u64 = 3_600_000;

/// The services side by side: how a node groups them matters to no flow.
fn table(parts: Parts, config: &Config) -> Vec<ChildSpec> {
    let (policy, attempts) = (config.runtime.service_policy(), config.encode.attempt_watch());
    let settler = parts.settler.child("settler", policy);
    let settles = config.engagement.settle_poll_ms != BY_HAND;
    let mut table = vec![
        parts.bridge.child("bridge", policy),
        parts.pool.child("pool", policy).tasks_watched(attempts),
        parts.passivator.child("passivator", policy),
        parts.timekeeper.child("timekeeper", policy),
        parts.janitor.child("janitor", policy),
        parts.rester.child("rester", policy),
        parts.teller.child("teller", policy),
        parts.ranker.child("ranker", policy),
        parts.analyst.child("analyst", policy),
    ];
    table.extend(settles.then_some(settler));
    table
}

/// Where attempts are in the tree.
pub(crate) const POOL: &str = "pool";

/// An attempt under way, as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) path: String,
    pub(crate) state: String,
    pub(crate) worker: i32,
}

impl House {
    /// Waits for an attempt with a worker that `wanted` accepts.
    pub(crate) async fn attempt(&self, wanted: impl Fn(&Attempt) -> bool) -> Attempt {
        let until = Instant::now() + ENCODE_DEADLINE;
        loop {
            if let Some(attempt) = self.attempts().into_iter().find(&wanted) {
                return attempt;
            }
            assert!(Instant::now() < until, "no such attempt: {:?}", self.attempts());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn attempts(&self) -> Vec<Attempt> {
        let page = self.platform.inspector.tree(&TreeQuery {
            under: POOL.to_owned(),
            depth: 1,
            limit: 100,
            ..TreeQuery::default()
        });
        let attempt = |actor: ActorView| {
            let (path, state) = (actor.path, actor.state?);
            let worker = state.split_once("worker ")?.1.parse().ok()?;
            Some(Attempt { path, state, worker })
        };
        page.actors.into_iter().filter_map(attempt).collect()
    }

    /// Waits until a process is gone, zombies included, and says how long that took.
    pub(crate) async fn wait_gone(&self, process: i32) -> Duration {
        let began = Instant::now();
        while Path::new(&format!("/proc/{process}")).exists() {
            assert!(began.elapsed() < DEADLINE, "process {process} is left");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }
}

pub(crate) fn create(size_bytes: u64, metadata: UploadMetadata) -> upload::Request {
    let (content_id, owner) = (ContentId::new(), "ada".to_owned());
    upload::Request::Create { content_id, owner, size_bytes, metadata, in_parts: false }
}

pub(crate) fn at_rest(content: &Content) -> bool {
    matches!(content.stage, Stage::Done | Stage::Failed | Stage::Blocked)
}

pub(crate) fn plays(content: &Content) -> bool {
    content.status == Status::Published
}

pub(crate) fn clip() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/media/bbb-720p-5s.mp4");
    std::fs::read(path).expect("the repository carries the clip")
}

/// `CODEC_WORKER`, else the worker that was built beside this test.
pub(crate) fn worker() -> PathBuf {
    if let Some(path) = std::env::var_os("CODEC_WORKER") {
        return path.into();
    }
    let test = std::env::current_exe().expect("this test is a file");
    let built = test.parent().and_then(|deps| deps.parent()).expect("target/debug/deps");
    let path = built.join("codec-worker");
    assert!(path.exists(), "build it first: cargo build -p codec-worker ({})", path.display());
    path
}
