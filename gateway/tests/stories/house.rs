//! A node without listener and workers: stores in a temporary folder, the site, and tokens.

use crate::logs::Shelf;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, request::Builder};
use jiff::Timestamp;
use playhouse_actors::events::Hint;
use playhouse_actors::runtime::{Strategy, Supervisor};
use playhouse_actors::{Engines, Parts, Platform};
use playhouse_gateway::{Config, Gateway, Keys, Role, Site};
use playhouse_storage::Stores;
use playhouse_storage::catalog::{Commit, Write};
use playhouse_storage::model::{
    Check, Content, ContentId, Counter, Fence, Protection, Residency, Stage, Status, UploadId,
};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

const SHARDS: u16 = 16;

pub(crate) struct House {
    pub(crate) site: Site,
    pub(crate) platform: Platform,
    keys: Keys,
    fences: Vec<Fence>,
    _services: Option<Supervisor>,
    _stores: Stores,
    folder: tempfile::TempDir,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::on(playhouse_storage::Config::default(), config).await
    }

    pub(crate) async fn on(storage: playhouse_storage::Config, config: Config) -> Self {
        Self::build(storage, playhouse_actors::Config::default(), config).await.0
    }

    /// With other settings of its actors.
    pub(crate) async fn of(actors: playhouse_actors::Config, config: Config) -> Self {
        Self::build(playhouse_storage::Config::default(), actors, config).await.0
    }

    /// With the services that count, which end with the test's runtime. They rank every second.
    pub(crate) async fn counting(config: Config) -> Self {
        let storage = playhouse_storage::Config::default();
        let mut actors = playhouse_actors::Config::default();
        actors.engagement.rank_every_s = 1;
        let policy = actors.runtime.service_policy();
        let (mut house, parts) = Self::build(storage, actors, config).await;
        let table = vec![
            parts.settler.child("settler", policy),
            parts.teller.child("teller", policy),
            parts.ranker.child("ranker", policy),
            parts.bridge.child("bridge", policy),
            parts.analyst.child("analyst", policy),
        ];
        let root = house.platform.inspector.tree_root();
        let limits = &house.platform.config.runtime;
        let services = Supervisor::start(Strategy::OneForOne, table, limits, root).await;
        house._services = Some(services.unwrap());
        house
    }

    async fn build(
        storage: playhouse_storage::Config,
        actors: playhouse_actors::Config,
        config: Config,
    ) -> (Self, Parts) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        let stores = Stores::open(&storage, folder.path()).await.unwrap();
        let fences = stores.catalog.claim_shards(SHARDS).await.unwrap();
        let (platform, parts) = platform(&stores, actors, fences.clone());
        let levels = Arc::new(Shelf::default());
        let gateway = Gateway {
            platform: platform.clone(),
            auth: keys.clone(),
            levels,
            config,
            telling: Arc::new(|_| {}),
        };
        let site = playhouse_gateway::site(gateway);
        let house = Self { site, platform, keys, fences, _services: None, _stores: stores, folder };
        (house, parts)
    }

    pub(crate) fn data(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn token(&self, subject: &str, role: Role) -> String {
        let token = self.keys.issue(subject, role, Duration::from_secs(60));
        format!("Bearer {token}")
    }

    pub(crate) async fn send(&self, request: Builder, body: impl Into<Body>) -> Answer {
        let request = request.body(body.into()).unwrap();
        let response = self.site.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 16 << 20).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), "").await
    }

    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Answer {
        self.send(Request::get(path).header("authorization", token), "").await
    }

    /// Puts a content into the catalog, as its pipeline would.
    pub(crate) async fn put(&self, content: &Content) {
        self.write(content.id, Write::InsertContent(Box::new(content.clone()))).await;
    }

    pub(crate) async fn update(&self, content: &mut Content) {
        content.row_version += 1;
        self.write(content.id, Write::UpdateContent(Box::new(content.clone()))).await;
        self.platform.cards.forget(content.id);
        self.platform.hub.tell(Hint::Changed(content.id));
    }

    /// Puts what was counted of a content into the catalog, as its counter would.
    pub(crate) async fn put_counter(&self, counter: Counter) {
        self.write(counter.content_id, Write::InsertCounter(Box::new(counter))).await;
    }

    pub(crate) async fn write(&self, id: ContentId, write: Write) {
        let shard = id.shard(SHARDS);
        let fence = *self.fences.iter().find(|fence| fence.shard == shard).unwrap();
        let commit = Commit { fence, writes: vec![write], events: vec![] };
        self.platform.engines.catalog.commit(commit).await.unwrap();
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The detail of a problem, after a look at its form.
    pub(crate) fn problem(&self, status: u16) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], status);
        assert_eq!(json["trace_id"], self.header("playhouse-trace-id"));
        json["detail"].as_str().unwrap().to_owned()
    }
}

/// The platform; its services are not started: nobody claims a job.
fn platform(
    stores: &Stores,
    actors: playhouse_actors::Config,
    fences: Vec<Fence>,
) -> (Platform, Parts) {
    let engines = Engines::from(stores);
    let scratch = stores.data_dir.temporary();
    playhouse_actors::assemble(engines, actors, fences, &scratch)
}

/// A published content of `owner`.
pub(crate) fn published(owner: &str, title: &str) -> Content {
    let now = Timestamp::now();
    Content {
        id: ContentId::new(),
        upload_id: UploadId::new(),
        owner: owner.into(),
        title: title.into(),
        description: String::new(),
        language: None,
        residency: Residency::Global,
        protection: Protection::None,
        kind: None,
        status: Status::Published,
        stage: Stage::Encode,
        source: None,
        media: None,
        plan: None,
        duration_s: None,
        pictures: vec![],
        scan: Check::NotConfigured,
        fingerprint: Check::NotConfigured,
        blocked: None,
        tier: playhouse_storage::model::Tier::Hot,
        unlisted: false,
        created_at: now,
        updated_at: now,
        published_at: Some(now),
        traceparent: None,
        row_version: 1,
    }
}
