//! `events::Janitor`: once a minute, mends what crashes, lost wakes and lost clients leave behind.
//!
//! It decides nothing itself: it asks the entity whose record looks unfinished, and that entity
//! looks at its rows. So nothing stays in limbo for longer than a round.

use crate::Platform;
use crate::runtime::{AskError, Exit, Handle, Service};
use crate::{content, upload};
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::Result as Stored;
use playhouse_storage::model::{ContentId, Stage, UploadId, UploadState};
use std::time::Duration;

/// What the janitor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Another round.
    Round,
}

/// The role of the janitor is to ask again wherever something was left unfinished.
pub struct Janitor {
    platform: Platform,
}

impl Janitor {
    /// A janitor of this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    async fn round(&self) -> Stored<()> {
        let page = self.platform.config.events.janitor_page_max;
        let catalog = &self.platform.engines.catalog;
        for id in catalog.uploads_not_handed_over(page).await? {
            self.ask_session(id, upload::Request::HandOver).await;
        }
        self.discard_orphans().await?;
        self.advance_unfinished(page).await?;
        self.forget_orders(page).await
    }

    /// Orders of operators that are older than they are kept for.
    async fn forget_orders(&self, page: u32) -> Stored<()> {
        let days = i64::from(self.platform.config.events.audit_keep_days);
        let kept = SignedDuration::from_hours(24 * days);
        let before = Timestamp::now().saturating_sub(kept).unwrap_or(Timestamp::MIN);
        while self.platform.engines.catalog.audit_forget(before, page).await? >= u64::from(page) {}
        Ok(())
    }

    /// Staged bytes that nobody can ever continue: of uploads that have no record or have ended.
    /// A writer that was late leaves them, or a failure of power in the middle of their removal.
    async fn discard_orphans(&self) -> Stored<()> {
        for id in self.platform.engines.staging.list().await? {
            if self.is_orphan(id).await? {
                self.platform.engines.staging.discard(id).await?;
                tracing::info!(upload = %id, "staged bytes that nobody continues were removed");
            }
        }
        Ok(())
    }

    async fn is_orphan(&self, id: UploadId) -> Stored<bool> {
        let catalog = &self.platform.engines.catalog;
        let Some(upload) = catalog.upload(id).await? else { return Ok(true) };
        match upload.state {
            UploadState::Receiving => Ok(false),
            UploadState::Terminated | UploadState::Expired => Ok(true),
            // Its bytes become the source while the content still waits for them.
            UploadState::Completed => {
                let content = catalog.content(upload.content_id).await?;
                Ok(content.is_none_or(|content| content.stage != Stage::Receive))
            }
        }
    }

    async fn advance_unfinished(&self, page: u32) -> Stored<()> {
        let mut after = None;
        loop {
            let ids = self.platform.engines.catalog.contents_unfinished(after, page).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            for id in ids {
                self.ask_pipeline(id).await;
            }
        }
    }

    async fn ask_session(&self, id: UploadId, request: upload::Request) {
        let deadline = self.platform.config.ask_deadline();
        note(&id.to_string(), self.platform.session(id).ask(request, deadline).await.err());
    }

    async fn ask_pipeline(&self, id: ContentId) {
        let deadline = self.platform.config.ask_deadline();
        let advance = content::Request::Advance;
        note(&id.to_string(), self.platform.pipeline(id).ask(advance, deadline).await.err());
    }
}

fn note(id: &str, error: Option<AskError>) {
    if let Some(error) = error {
        tracing::warn!(id, %error, "housekeeping was put off to the next round");
    }
}

impl Service for Janitor {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.hint(Message::Round);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        match message {
            Message::Round => {
                if let Err(error) = self.round().await {
                    tracing::warn!(%error, "a round of housekeeping was cut short");
                }
                let every = Duration::from_secs(self.platform.config.events.janitor_every_s);
                me.tell_after(every, Message::Round);
            }
        }
        Ok(())
    }
}
