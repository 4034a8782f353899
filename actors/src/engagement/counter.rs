//! The actor: the single writer of a content's counted row.
//!
//! Facts leave the queue in the commit that adds them to the row, so each is counted once whatever
//! is killed in between: one that was settled before is no longer there, the commit is a conflict,
//! and nothing of it holds. Facts of a content that is gone are taken off the queue and dropped.

use super::live::Live;
use super::tally::Tally;
use super::told;
use super::{Engagement, Reply, Request, Views};
use crate::Platform;
use crate::events::BridgeMessage;
use crate::runtime::{Entity, Exit, Report};
use jiff::Timestamp;
use playhouse_storage::catalog::{Commit, NewEvent, Write};
use playhouse_storage::failpoint;
use playhouse_storage::model::{ContentId, Fact, Fence};
use serde_json::json;
use tokio::time::Instant;

/// The role of the counter is to count what viewers do with one content.
pub struct Counter {
    id: ContentId,
    fence: Fence,
    platform: Platform,
    tally: Tally,
    live: Live,
    /// When it was loaded; the times of `live` are since then.
    loaded: Instant,
}

impl Entity for Counter {
    const KIND: &'static str = "engagement.counter";
    type Id = ContentId;
    type Request = Request;
    type Reply = Reply;

    async fn load(id: ContentId, fence: Fence, platform: Platform) -> Result<Self, Exit> {
        let row = platform.engines.engagement.counter(id).await?;
        let tally = row.map_or_else(|| Ok(Tally::new(id)), Tally::read)?;
        let live = Live::new(&platform.config.engagement);
        Ok(Self { id, fence, platform, tally, live, loaded: Instant::now() })
    }

    fn repeats(request: &Request) -> bool {
        match request {
            Request::Look | Request::Like { .. } | Request::Insights | Request::Mark { .. } => true,
            // Facts that are gone are a conflict, and notes would count twice.
            Request::Settle(_) | Request::Note(_) => false,
        }
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, Exit> {
        match request {
            Request::Settle(facts) => {
                if !self.settle(&facts).await? {
                    return Ok(Reply::Unknown);
                }
            }
            _ if !self.exists().await? => return Ok(Reply::Unknown),
            Request::Look => {}
            Request::Note(note) => self.live.note(&note, self.loaded.elapsed()),
            Request::Like { who, likes } => self.like(who, likes).await?,
            Request::Mark { hot } => self.mark(hot).await?,
            Request::Insights => return Ok(self.insights()),
        }
        Ok(Reply::Engagement(self.engagement()))
    }

    fn report(&self) -> Report {
        let state = match (self.tally.is_stored(), self.tally.hot) {
            (false, _) => "new",
            (true, true) => "hot",
            (true, false) => "counting",
        };
        Report { state, bytes: (size_of::<Self>() + self.tally.weight()) as u64 }
    }
}

impl Counter {
    /// A content with a row was there when that was written; one that was deleted since makes the
    /// next write a conflict, and the next load finds no row.
    async fn exists(&self) -> Result<bool, Exit> {
        Ok(self.tally.is_stored()
            || self.platform.engines.catalog.content(self.id).await?.is_some())
    }

    /// False when there is no such content.
    async fn settle(&mut self, facts: &[Fact]) -> Result<bool, Exit> {
        if facts.is_empty() {
            return self.exists().await;
        }
        let before = self.tally.settled();
        let minutes = self.tally.add(facts, self.platform.config.engagement.half_life_s);
        let mut writes = vec![settled(facts)];
        writes.extend(minutes.into_iter().map(|minute| Write::AddViews(self.id, minute)));
        let is_first = !self.tally.is_stored();
        writes.extend(self.tally.write());
        let most = self.platform.config.engagement.event_facts_max;
        match self.commit(writes, told::events(self.id, facts, most)).await {
            Ok(()) => {}
            Err(Exit::Overtaken) if is_first => return self.drop_facts(facts).await,
            Err(exit) => return Err(exit),
        }
        failpoint::pass("engagement.settled");
        self.live.settle(before.to(&self.tally.settled()), self.loaded.elapsed());
        Ok(true)
    }

    /// The first row of a content could not be written. When that is because the content is gone,
    /// its facts go as well: nobody will ever ask for what they count.
    async fn drop_facts(&mut self, facts: &[Fact]) -> Result<bool, Exit> {
        self.tally = Tally::new(self.id);
        if self.exists().await? {
            return Err(Exit::Overtaken);
        }
        self.commit(vec![settled(facts)], vec![]).await?;
        tracing::debug!(content = %self.id, facts = facts.len(), "facts of no content dropped");
        Ok(false)
    }

    /// A like is a member of a set: to keep what is kept, or forget what is not, changes nothing.
    async fn like(&mut self, who: String, likes: bool) -> Result<(), Exit> {
        if self.platform.engines.engagement.likes(self.id, &who).await? == likes {
            return Ok(());
        }
        let (content, at) = (self.id, Timestamp::now());
        let write = if likes {
            self.tally.likes += 1;
            Write::InsertLike { content, who, at }
        } else {
            self.tally.likes = self.tally.likes.saturating_sub(1);
            Write::DeleteLike { content, who }
        };
        let mut writes = vec![write];
        writes.extend(self.tally.write());
        self.commit(writes, vec![]).await
    }

    async fn mark(&mut self, hot: bool) -> Result<(), Exit> {
        if self.tally.hot == hot {
            return Ok(());
        }
        self.tally.hot = hot;
        let event = self.turned(hot);
        let writes = self.tally.write();
        self.commit(writes, vec![event]).await
    }

    fn turned(&self, hot: bool) -> NewEvent {
        let now = Timestamp::now();
        let score = self.tally.score(now, self.platform.config.engagement.half_life_s);
        let event = if hot { "content.hot" } else { "content.cooled" };
        NewEvent {
            topic: "content.events".into(),
            key: self.id.to_string(),
            payload: json!({ "event": event, "content_id": self.id, "score": score, "at": now }),
            trace: None,
        }
    }

    fn engagement(&mut self) -> Engagement {
        let lead = self.live.lead(self.loaded.elapsed());
        let settled = self.tally.views;
        Engagement {
            views: Views { live: settled + lead.views as u64, settled },
            viewers_now: self.live.viewers_now(),
            unique_viewers: self.tally.uniques.count(),
            likes: self.tally.likes,
            watch_time_s: self.tally.watch_time_s + lead.watched_s,
        }
    }

    fn insights(&mut self) -> Reply {
        let (engagement, now) = (self.engagement(), Timestamp::now());
        let half_life_s = self.platform.config.engagement.half_life_s;
        Reply::Insights(Box::new(self.tally.insights(engagement, now, half_life_s)))
    }

    /// Not the platform's way: this changes no content, and nobody who watches one need look.
    async fn commit(&self, writes: Vec<Write>, events: Vec<NewEvent>) -> Result<(), Exit> {
        let tells = !events.is_empty();
        let commit = Commit { fence: self.fence, writes, events };
        self.platform.engines.catalog.commit(commit).await?;
        if tells {
            self.platform.bridge.hint(BridgeMessage::Wake);
        }
        Ok(())
    }
}

fn settled(facts: &[Fact]) -> Write {
    Write::SettleFacts(facts.iter().map(|fact| fact.position).collect())
}
