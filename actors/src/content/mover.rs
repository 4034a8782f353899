//! `content::Mover`: brings contents that nobody watches to the cold shelf, and those that are
//! watched again back.
//!
//! Each state of [`Tier`] has one step that may be done again: copy and verify, or take away what
//! the other shelf has. The pipeline commits the next state when it is done. So a crash between any
//! two is mended by the next round, which begins with those under way; nothing is taken away before
//! the copy of it is verified and that is on disk. One content at a time: moving is in no hurry.

use super::loads::{self, Load};
use super::{Pipeline, Reply, Request};
use crate::Platform;
use crate::runtime::{EntityRef, Exit, Handle, Service};
use jiff::Timestamp;
use playhouse_storage::Error;
use playhouse_storage::blobs::keys;
use playhouse_storage::blobs::places::Shelf;
use playhouse_storage::catalog::Moving;
use playhouse_storage::failpoint;
use playhouse_storage::model::{Content, ContentId, Residency, Stage, Tier};
use std::collections::VecDeque;
use std::time::Duration;

/// What the mover is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Another round.
    Round,
    /// The next content of the round.
    GoOn,
}

/// The role of the mover is to have every content where it belongs.
pub struct Mover {
    platform: Platform,
    /// What is left of the round.
    agenda: VecDeque<ContentId>,
}

/// More steps than any content has from one shelf to the other and back.
const STEPS_MAX: u32 = 6;

impl Mover {
    /// A mover of this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform, agenda: VecDeque::new() }
    }

    async fn begin_round(&mut self) -> Result<(), Error> {
        let (engines, limits) = (&self.platform.engines, &self.platform.config.tiers);
        let cold = |residency| engines.blobs.has_cold(residency);
        let only = match (cold(Residency::Global), cold(Residency::Ng)) {
            (false, false) => return Ok(()),
            (true, true) => None,
            (true, false) => Some(Residency::Global),
            (false, true) => Some(Residency::Ng),
        };
        let (now, days) = (Timestamp::now(), limits.idle_days);
        for which in [Moving::UnderWay, loads::wanted(now, days), loads::idle(now, days, only)] {
            let found = engines.catalog.contents_moving(which, limits.page_max).await?;
            self.agenda.extend(found);
        }
        Ok(())
    }

    /// Takes a content as far as it goes now.
    async fn carry_on(&self, id: ContentId) -> Result<(), Exit> {
        let mut moved_bytes = 0;
        for _ in 0..STEPS_MAX {
            let Some(content) = self.platform.engines.catalog.content(id).await? else {
                return Ok(());
            };
            if !self.platform.engines.blobs.has_cold(content.residency) {
                return Ok(());
            }
            moved_bytes += self.act(&content).await?;
            let Some(next) = self.commit(&content).await? else { return Ok(()) };
            failpoint::pass("tier.committed");
            if matches!(next, Tier::Hot | Tier::Cold) {
                let tier: &'static str = next.into();
                tracing::info!(content = %id, tier, moved_bytes, "a content has moved");
                return Ok(());
            }
        }
        Ok(())
    }

    /// The step of the content's state; answers the bytes that were copied.
    async fn act(&self, content: &Content) -> Result<u64, Exit> {
        match content.tier {
            Tier::Hot | Tier::Cold => Ok(0),
            Tier::Cooling => self.copy(content, Shelf::Cold).await,
            Tier::Warming => self.copy(content, Shelf::Hot).await,
            Tier::Cooled => self.clear(content, Shelf::Hot).await,
            Tier::Warmed => self.clear(content, Shelf::Cold).await,
        }
    }

    async fn copy(&self, content: &Content, to: Shelf) -> Result<u64, Exit> {
        let mut bytes = 0;
        for load in self.loads(content).await? {
            if !self.is_still(content).await? {
                break;
            }
            let carried = self.platform.engines.blobs.carry(&load.key, to, load.sha256.as_deref());
            bytes += carried.await?;
        }
        Ok(bytes)
    }

    async fn clear(&self, content: &Content, from: Shelf) -> Result<u64, Exit> {
        for load in self.loads(content).await? {
            if !self.platform.engines.blobs.clear(&load.key, from).await? {
                // Made since the copies were: it stays until the content goes the next time.
                tracing::info!(key = load.key, "a blob is on one shelf only and stays there");
            }
        }
        Ok(0)
    }

    /// Whether a content is there and where it was: copies of one that is being deleted would be in
    /// vain.
    async fn is_still(&self, content: &Content) -> Result<bool, Exit> {
        let now = self.platform.engines.catalog.content(content.id).await?;
        Ok(now.is_some_and(|now| now.tier == content.tier && now.stage != Stage::Deleting))
    }

    async fn loads(&self, content: &Content) -> Result<Vec<Load>, Exit> {
        let catalog = &self.platform.engines.catalog;
        let mut all: Vec<Load> = loads::source(content).into_iter().collect();
        for rendition in loads::renditions(catalog.renditions(content.id).await?) {
            all.extend(loads::segments(catalog.segments(content.id, &rendition.name).await?));
        }
        Ok(all)
    }

    /// Has the pipeline commit the next state; `None` when it does not take it now.
    async fn commit(&self, content: &Content) -> Result<Option<Tier>, Exit> {
        let (from, to) = (content.tier, content.tier.next());
        let pipeline: EntityRef<Pipeline> = self.platform.pipeline(content.id);
        let ask = pipeline.ask(Request::Move { from, to }, self.platform.config.ask_deadline());
        match ask.await {
            Ok(Reply::Content(now)) if now.tier == to => Ok(Some(to)),
            Ok(Reply::Content(_) | Reply::Refused(super::Refusal::NotNow(_))) => Ok(None),
            Ok(Reply::Deleted | Reply::Refused(super::Refusal::NotFound)) => {
                self.forget(content).await?;
                Ok(None)
            }
            Err(error) => Err(Exit::Failed { error: format!("the pipeline: {error}") }),
        }
    }

    /// Removes what was copied of a content that was deleted meanwhile.
    async fn forget(&self, content: &Content) -> Result<(), Exit> {
        let (residency, id) = (content.residency, content.id);
        for below in [keys::media(residency, id), keys::sources(residency, id)] {
            self.platform.engines.blobs.delete_prefix(&below).await?;
        }
        Ok(())
    }
}

impl Service for Mover {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        // A node that has just started has more urgent things to do.
        me.tell_after(Duration::from_secs(self.platform.config.tiers.poll_s), Message::Round);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        if message == Message::Round
            && let Err(error) = self.begin_round().await
        {
            tracing::warn!(%error, "no contents are moved in this round");
        }
        let Some(id) = self.agenda.pop_front() else {
            let every = Duration::from_secs(self.platform.config.tiers.poll_s);
            me.tell_after(every, Message::Round);
            return Ok(());
        };
        if let Err(exit) = self.carry_on(id).await {
            tracing::warn!(content = %id, %exit, "a content was not moved; the next round goes on");
        }
        me.tell_after(Duration::ZERO, Message::GoOn);
        Ok(())
    }
}
