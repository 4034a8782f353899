//! The role of the settler is to bring every fact that waits to its counter.
//!
//! It reads the queue in pages, groups them by content and asks the counters side by side. A fact
//! leaves the queue in the counter's own commit, so the settler may die at any point and its
//! successor reads again. Facts whose counter does not answer stay where they are and are read
//! past: nobody waits behind them, and the queue is read from its front again when they are due.

use super::patience::Patience;
use super::{Config, Request};
use crate::Platform;
use crate::runtime::{AskError, Exit, Handle, Report, Service};
use futures_util::stream::{self, StreamExt as _};
use playhouse_storage::model::{ContentId, Fact};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// What the settler is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Look for facts that wait.
    Poll,
    /// The next step of what was found.
    GoOn,
}

/// Counters that one step asks for each that is asked at once: enough to keep them busy, and a step
/// stays well below what the watchdog reports.
const STEP: usize = 4;

/// Settles the facts of one platform.
pub struct Settler {
    platform: Platform,
    /// Everything up to here was read: it was settled, or is held back.
    cursor: u64,
    /// About how many facts up to the cursor still wait.
    held_back: u64,
    /// What was read and is still to be settled.
    agenda: Vec<(ContentId, Vec<Fact>)>,
    patience: Patience,
    /// When the queue is read from its front again.
    rescan_at: Instant,
    /// The last page was full: there may be more.
    more: bool,
}

impl Settler {
    /// A settler of this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        let config = &platform.config.engagement;
        let patience = Patience::new(config.settle_retry(), config.settle_failing_max);
        let (agenda, rescan_at) = (vec![], Instant::now());
        Self { platform, cursor: 0, held_back: 0, agenda, patience, rescan_at, more: false }
    }

    fn config(&self) -> &Config {
        &self.platform.config.engagement
    }

    /// From the front again, when it is time or someone is due.
    fn rewind(&mut self) {
        let now = Instant::now();
        if now >= self.rescan_at || self.patience.is_due(now) {
            self.rescan_at = now + Duration::from_secs(self.config().settle_rescan_s);
            (self.cursor, self.held_back) = (0, 0);
        }
    }

    async fn read(&mut self) -> playhouse_storage::Result<()> {
        let most = self.config().settle_facts_max;
        let facts = self.platform.engines.engagement.facts(self.cursor, most).await?;
        self.more = facts.len() >= most as usize;
        self.cursor = facts.last().map_or(self.cursor, |fact| fact.position);
        let now = Instant::now();
        for (content, facts) in by_content(facts) {
            match self.patience.may_ask(content, now) {
                true => self.agenda.push((content, facts)),
                false => self.held_back += facts.len() as u64,
            }
        }
        Ok(())
    }

    /// Asks some of the counters side by side. False when it is of no use to go on.
    async fn settle_some(&mut self) -> bool {
        let at_once = self.config().settle_at_once_max;
        let from = self.agenda.len().saturating_sub(STEP * at_once);
        let some = self.agenda.split_off(from);
        let platform = &self.platform;
        let asks = some.into_iter().map(|(content, facts)| settle(platform, content, facts));
        let missed: Vec<_> = stream::iter(asks).buffer_unordered(at_once).collect().await;
        let now = Instant::now();
        let mut is_bearable = true;
        for Asked { content, facts, error } in missed {
            match error {
                None => self.patience.answered(content),
                Some(error) => {
                    tracing::debug!(%content, facts, %error, "facts not settled, put off");
                    self.held_back += facts;
                    is_bearable &= self.patience.failed(content, now);
                }
            }
        }
        is_bearable
    }

    async fn count_waiting(&mut self) -> playhouse_storage::Result<()> {
        let beyond = match self.more {
            true => self.platform.engines.engagement.facts_waiting(self.cursor).await?,
            false => 0,
        };
        self.platform.cells.facts_wait(self.held_back + beyond);
        Ok(())
    }

    async fn step(&mut self, me: &Handle<Message>) -> playhouse_storage::Result<()> {
        if self.agenda.is_empty() {
            self.read().await?;
            self.count_waiting().await?;
        }
        let first = Duration::from_millis(self.config().settle_retry_first_ms);
        if !self.settle_some().await {
            tracing::warn!("many counters do not answer, all facts are put off");
            self.agenda.clear();
            self.rescan_at = Instant::now();
            me.tell_after(first, Message::Poll);
        } else if self.more || !self.agenda.is_empty() {
            me.tell_after(Duration::ZERO, Message::GoOn);
        } else {
            self.count_waiting().await?;
            me.tell_after(Duration::from_millis(self.config().settle_poll_ms), Message::Poll);
        }
        Ok(())
    }
}

impl Service for Settler {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.tell_after(Duration::ZERO, Message::Poll);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        match message {
            Message::Poll => self.rewind(),
            Message::GoOn => {}
        }
        if let Err(error) = self.step(me).await {
            tracing::warn!(%error, "waiting facts could not be read");
            self.agenda.clear();
            self.rescan_at = Instant::now();
            let first = Duration::from_millis(self.config().settle_retry_first_ms);
            me.tell_after(first, Message::Poll);
        }
        Ok(())
    }

    fn report(&self) -> Report {
        let state = if self.more { "behind" } else { "up to date" };
        Report { state, bytes: size_of::<Self>() as u64 }
    }
}

struct Asked {
    content: ContentId,
    facts: u64,
    error: Option<AskError>,
}

async fn settle(platform: &Platform, content: ContentId, facts: Vec<Fact>) -> Asked {
    let count = facts.len() as u64;
    let deadline = Duration::from_millis(platform.config.engagement.settle_deadline_ms);
    // Whatever it answers, the facts have left the queue.
    let answer = platform.counter(content).ask(Request::Settle(facts), deadline).await;
    Asked { content, facts: count, error: answer.err() }
}

fn by_content(facts: Vec<Fact>) -> HashMap<ContentId, Vec<Fact>> {
    let mut contents: HashMap<ContentId, Vec<Fact>> = HashMap::new();
    for fact in facts {
        contents.entry(fact.content).or_default().push(fact);
    }
    contents
}
