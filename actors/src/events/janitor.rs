//! `events::Janitor`: once a minute, mends what crashes, lost wakes and lost clients leave behind.
//!
//! It decides nothing itself: it asks the entity whose record looks unfinished, and that entity
//! looks at its rows. So nothing stays in limbo for longer than a round. A round is many small
//! steps, one to a message, so that no message keeps it longer than a few asks may take.

use crate::Platform;
use crate::runtime::{AskError, Exit, Handle, Service};
use crate::{content, encode, upload};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::Result as Stored;
use playhouse_storage::analytics::minute_of;
use playhouse_storage::model::{ContentId, Stage, UploadId, UploadState};
use std::collections::VecDeque;
use std::time::Duration;

/// What the janitor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Another round.
    Round,
    /// The next step of the round.
    GoOn,
}

/// The role of the janitor is to ask again wherever something was left unfinished.
pub struct Janitor {
    platform: Platform,
    /// What is left of the round.
    agenda: VecDeque<Step>,
}

/// One step: reads one page, or mends one group.
enum Step {
    NotHandedOver,
    Orphans,
    /// Behind this one.
    Unfinished(Option<ContentId>),
    Mend(Vec<Mend>),
    /// Orders of operators that are older than they are kept for.
    ForgetOrders,
    /// Keys of views that no late event can bring again.
    ForgetViewKeys,
    /// Minutes of views beyond the history.
    ForgetMinutes,
    /// Room for what viewers will do, and what they did too long ago.
    TurnAnalytics,
    /// Jobs that wait for so long that their wake-ups may be lost.
    AnnounceAgain,
    /// Parts of blobs that were never completed.
    EndOrphanedParts,
}

/// One thing to be mended.
#[derive(Clone, Copy)]
enum Mend {
    HandOver(UploadId),
    Discard(UploadId),
    Advance(ContentId),
}

impl Janitor {
    /// A janitor of this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform, agenda: VecDeque::new() }
    }

    fn begin_round(&mut self) {
        self.agenda = VecDeque::from([
            Step::AnnounceAgain,
            Step::NotHandedOver,
            Step::Orphans,
            Step::Unfinished(None),
            Step::ForgetOrders,
            Step::ForgetViewKeys,
            Step::ForgetMinutes,
            Step::TurnAnalytics,
            // Last: a bucket that does not answer cuts a round short.
            Step::EndOrphanedParts,
        ]);
    }

    async fn take(&mut self, step: Step) -> Stored<()> {
        let page = self.platform.config.events.janitor_page_max;
        let engines = &self.platform.engines;
        let counting = &self.platform.config.engagement;
        let found: Vec<Mend> = match step {
            Step::NotHandedOver => {
                let ids = engines.catalog.uploads_not_handed_over(page).await?;
                ids.into_iter().map(Mend::HandOver).collect()
            }
            Step::Orphans => engines.staging.list().await?.into_iter().map(Mend::Discard).collect(),
            Step::Unfinished(after) => {
                let ids = engines.catalog.contents_unfinished(after, page).await?;
                if let Some(last) = ids.last() {
                    self.agenda.push_front(Step::Unfinished(Some(*last)));
                }
                ids.into_iter().map(Mend::Advance).collect()
            }
            Step::Mend(group) => return self.mend_all(group).await,
            Step::ForgetOrders => {
                let days = self.platform.config.events.audit_keep_days;
                let forgotten = engines.catalog.audit_forget(hours_ago(24 * days), page).await?;
                self.again(Step::ForgetOrders, forgotten, page)
            }
            Step::ForgetViewKeys => {
                let (rows, hours) = (counting.forget_rows_max, counting.view_keys_keep_h);
                let gone = engines.engagement.view_keys_forget(hours_ago(hours), rows).await?;
                self.again(Step::ForgetViewKeys, gone, rows)
            }
            Step::ForgetMinutes => {
                let (rows, days) = (counting.forget_rows_max, counting.history_days);
                let minute = minute_of(hours_ago(24 * days));
                let gone = engines.engagement.minutes_forget(minute, rows).await?;
                self.again(Step::ForgetMinutes, gone, rows)
            }
            Step::TurnAnalytics => {
                let kept = &self.platform.config.analytics;
                engines.analytics.make_ahead(Timestamp::now()).await?;
                let events = hours_ago(24 * kept.events_keep_days);
                let sums = hours_ago(24 * kept.sums_keep_days);
                let rows = kept.forget_rows_max;
                let gone = engines.analytics.forget(events, sums, rows).await?;
                self.again(Step::TurnAnalytics, gone, rows)
            }
            Step::AnnounceAgain => {
                let after = self.platform.config.encode.announce_again_s;
                let jobs = engines.jobs.overdue(seconds_ago(after), page).await?;
                encode::announce(engines.wakes.as_ref(), &jobs, true);
                vec![]
            }
            Step::EndOrphanedParts => {
                let ended = engines.blobs.end_orphans().await?;
                if ended > 0 {
                    tracing::info!(ended, "blobs that nobody completed were removed");
                }
                vec![]
            }
        };
        for group in found.chunks(self.platform.config.events.janitor_group_max).rev() {
            self.agenda.push_front(Step::Mend(group.to_vec()));
        }
        Ok(())
    }

    /// A step that did as much as one step may is taken again; it finds nothing to mend.
    fn again(&mut self, step: Step, done: u64, most: u32) -> Vec<Mend> {
        if done >= u64::from(most) {
            self.agenda.push_front(step);
        }
        vec![]
    }

    /// Mends a group side by side, so that one that does not answer holds up no other.
    async fn mend_all(&self, group: Vec<Mend>) -> Stored<()> {
        join_all(group.into_iter().map(|it| self.mend(it))).await.into_iter().collect()
    }

    async fn mend(&self, it: Mend) -> Stored<()> {
        match it {
            Mend::HandOver(id) => self.ask_session(id, upload::Request::HandOver).await,
            Mend::Advance(id) => self.ask_pipeline(id).await,
            Mend::Discard(id) => self.discard_orphan(id).await?,
        }
        Ok(())
    }

    /// Removes staged bytes that nobody can ever continue: of uploads that have no record or have
    /// ended. A writer that was late leaves them, or a failure of power while they were removed.
    async fn discard_orphan(&self, id: UploadId) -> Stored<()> {
        if self.is_orphan(id).await? {
            self.platform.engines.staging.discard(id).await?;
            tracing::info!(upload = %id, "staged bytes that nobody continues were removed");
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

fn hours_ago(hours: u32) -> Timestamp {
    let kept = SignedDuration::from_hours(hours.into());
    Timestamp::now().saturating_sub(kept).unwrap_or(Timestamp::MIN)
}

fn seconds_ago(seconds: u64) -> Timestamp {
    let waited = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    Timestamp::now().saturating_sub(waited).unwrap_or(Timestamp::MIN)
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
            Message::Round => self.begin_round(),
            Message::GoOn => {}
        }
        let Some(step) = self.agenda.pop_front() else {
            let every = Duration::from_secs(self.platform.config.events.janitor_every_s);
            me.tell_after(every, Message::Round);
            return Ok(());
        };
        if let Err(error) = self.take(step).await {
            tracing::warn!(%error, "a round of housekeeping was cut short");
            self.agenda.clear();
        }
        me.tell_after(Duration::ZERO, Message::GoOn);
        Ok(())
    }
}
