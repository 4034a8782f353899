//! What the gateway and the actors hold in common: engines, and the way to every actor.

use crate::content::{Cards, Checks, Manifests};
use crate::engagement::{self, Boards, Cells, Heat, Looks};
use crate::events::{Hint, Hub};
use crate::metrics::Counted;
use crate::runtime::{AskError, Directory, EntityRef, Handle, Inspector};
use crate::{Config, content, encode, events, playback, rendition, runtime, upload};
use jiff::Timestamp;
use playhouse_storage::Stores;
use playhouse_storage::catalog::{Commit, Write};
use playhouse_storage::model::{ContentId, Job, UploadId, ViewerId};
use std::sync::Arc;
use std::time::Duration;

/// The engines behind the ports.
#[derive(Clone)]
pub struct Engines {
    /// Records.
    pub catalog: Arc<dyn playhouse_storage::catalog::Catalog>,
    /// Finished bytes.
    pub blobs: Arc<dyn playhouse_storage::blobs::Blobs>,
    /// Bytes of uploads.
    pub staging: Arc<dyn playhouse_storage::staging::Staging>,
    /// Facts.
    pub eventlog: Arc<dyn playhouse_storage::eventlog::EventLog>,
    /// Encode work.
    pub jobs: Arc<dyn playhouse_storage::jobs::Jobs>,
    /// What viewers' sessions know.
    pub playback: Arc<dyn playhouse_storage::playback::Playback>,
    /// What is counted of contents.
    pub engagement: Arc<dyn playhouse_storage::engagement::Engagement>,
    /// What viewers did, added up.
    pub analytics: Arc<dyn playhouse_storage::analytics::Analytics>,
    /// Who is a member of the cluster, and who owns which shard.
    pub membership: Arc<dyn playhouse_storage::membership::Membership>,
    /// What may be lost.
    pub cache: Arc<dyn playhouse_storage::cache::Cache>,
    /// That encode work waits, told at once.
    pub wakes: Arc<dyn playhouse_storage::wakes::Wakes>,
}

impl From<&Stores> for Engines {
    fn from(stores: &Stores) -> Self {
        Self {
            catalog: Arc::clone(&stores.catalog),
            blobs: Arc::clone(&stores.blobs),
            staging: Arc::clone(&stores.staging),
            eventlog: Arc::clone(&stores.events),
            jobs: Arc::clone(&stores.jobs),
            playback: Arc::clone(&stores.playback),
            engagement: Arc::clone(&stores.engagement),
            analytics: Arc::clone(&stores.analytics),
            membership: Arc::clone(&stores.membership),
            cache: Arc::clone(&stores.cache),
            wakes: Arc::clone(&stores.wakes),
        }
    }
}

/// Everything that a handler needs, cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The engines behind the ports.
    pub engines: Engines,
    /// The way to every entity.
    pub directory: Directory,
    /// The operator's eye on every actor.
    pub inspector: Inspector,
    /// Hints that a content has changed.
    pub hub: Hub,
    /// Playlists and MPDs, rendered from the catalog.
    pub manifests: Manifests,
    /// What playing and counting must know of contents.
    pub cards: Cards,
    /// Malware scan and fingerprint.
    pub checks: Checks,
    /// What viewers at this ingress do, for live numbers.
    pub cells: Cells,
    /// The numbers that someone watches at this node.
    pub boards: Boards,
    /// Reads of numbers that are under way.
    pub looks: Looks,
    /// Which contents are hot.
    pub heat: Heat,
    /// The encode pool.
    pub pool: Handle<encode::Message>,
    /// The bridge from the outbox to the event log.
    pub bridge: Handle<events::BridgeMessage>,
    /// Rings durable timers.
    pub timekeeper: Handle<runtime::TimekeeperMessage>,
    /// How many views came from which address.
    pub addresses: playback::Addresses,
    /// Its place in a cluster, if it is one of several nodes.
    pub citizen: Option<crate::cluster::Citizen>,
    /// Limits.
    pub config: Arc<Config>,
}

impl Platform {
    /// The session of an upload.
    #[must_use]
    pub fn session(&self, id: UploadId) -> EntityRef<upload::Session> {
        self.directory.entity(id)
    }

    /// The pipeline of a content.
    #[must_use]
    pub fn pipeline(&self, id: ContentId) -> EntityRef<content::Pipeline> {
        self.directory.entity(id)
    }

    /// The transcoder of a rendition.
    #[must_use]
    pub fn transcoder(
        &self,
        content: ContentId,
        rendition: &str,
    ) -> EntityRef<rendition::Transcoder> {
        self.directory.entity(rendition::RenditionId { content, name: rendition.to_owned() })
    }

    /// The judge of a viewer's sessions.
    #[must_use]
    pub fn viewer(&self, id: ViewerId) -> EntityRef<playback::Viewer> {
        self.directory.entity(id)
    }

    /// The counter of a content.
    #[must_use]
    pub fn counter(&self, content: ContentId) -> EntityRef<engagement::Counter> {
        self.directory.entity(content)
    }

    /// The numbers of a content: one read for all at this node who ask while one is under way.
    ///
    /// # Errors
    /// Those of the counter.
    pub async fn look(
        &self,
        content: ContentId,
        deadline: Duration,
    ) -> Result<engagement::Reply, AskError> {
        let counter = self.counter(content);
        let ask = || async move { counter.ask(engagement::Request::Look, deadline).await };
        self.looks.look(content, ask).await
    }

    /// Runs a commit about `content`, and wakes whoever waits for what it wrote. A wake that gets
    /// lost costs one poll.
    pub(crate) async fn commit(
        &self,
        content: ContentId,
        mut commit: Commit,
    ) -> playhouse_storage::Result<()> {
        let queues = commit
            .writes
            .iter()
            .any(|write| matches!(write, Write::InsertJob(_) | Write::RequeueJob { .. }));
        let now = Timestamp::now();
        let waiting = waiting(&commit.writes, now);
        let rings = commit.writes.iter().filter_map(due_at).min();
        let tells = !commit.events.is_empty();
        place(&mut commit);
        let changing = commit.writes.iter().any(content::shows);
        let changing = changing.then(|| self.cards.changing(content));
        let counted = Counted::of(&commit, now);
        let committed = self.engines.catalog.commit(commit).await;
        if let Some(changing) = changing {
            changing.over();
        }
        committed?;
        counted.stands();
        if queues {
            self.pool.hint(encode::Message::Wake);
            encode::announce(self.engines.wakes.as_ref(), &waiting, false);
        }
        if tells {
            self.bridge.hint(events::BridgeMessage::Wake);
        }
        if let Some(due_at) = rings {
            self.timekeeper.hint(runtime::TimekeeperMessage::Wake(due_at));
        }
        self.hub.tell(Hint::Changed(content));
        Ok(())
    }
}

/// Writes down where in a trace this is: what comes of an event or of a job goes on there.
fn place(commit: &mut Commit) {
    let queues = commit.writes.iter().any(|write| matches!(write, Write::InsertJob(_)));
    if commit.events.is_empty() && !queues {
        return;
    }
    let here = runtime::trace::traceparent();
    commit.events.iter_mut().for_each(|event| event.trace.clone_from(&here));
    for write in &mut commit.writes {
        if let Write::InsertJob(job) = write {
            job.traceparent.clone_from(&here);
        }
    }
}

/// Jobs that are put in the queue and could be claimed at once. Those that are put back rest, and
/// are found when their time has come.
fn waiting(writes: &[Write], now: Timestamp) -> Vec<Job> {
    let inserted = writes.iter().filter_map(|write| match write {
        Write::InsertJob(job) if job.not_before <= now => Some(job.as_ref().clone()),
        _ => None,
    });
    inserted.collect()
}

fn due_at(write: &Write) -> Option<Timestamp> {
    match write {
        Write::SetTimer { due_at, .. } => Some(*due_at),
        _ => None,
    }
}
