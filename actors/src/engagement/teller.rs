//! The role of the teller is to bring what the cells of this ingress noted to the counters, and
//! what they answer to the boards.
//!
//! Contents that someone watches, and hot ones, are told at every tick; all others with something
//! new a little less often. What cannot be told goes back to its cell and with the next tick.

use super::cells::Taken;
use super::heat::Tier;
use super::patience::Patience;
use super::{Config, Note, Reply, Request};
use crate::Platform;
use crate::runtime::{AskError, Backoff, Exit, Handle, Report, Service};
use futures_util::stream::{self, StreamExt as _};
use playhouse_storage::model::ContentId;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// What the teller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// See what has come in.
    Tick,
    /// The next step of what was found.
    GoOn,
}

/// Counters that one step tells for each that is told at once.
const STEP: usize = 16;

/// Tells the counters of one platform.
pub struct Teller {
    platform: Platform,
    /// What is to be told; without a note the numbers are only asked.
    agenda: Vec<(ContentId, Option<Taken>)>,
    patience: Patience,
    /// Contents without watchers that are told at every tick.
    hot: Vec<ContentId>,
    ticked_at: Instant,
    /// When all contents are looked at again.
    rest_at: Instant,
}

impl Teller {
    /// A teller of this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        let config = &platform.config.engagement;
        let patience = Patience::new(retry(config), config.cells_max);
        let now = Instant::now();
        let (agenda, hot) = (vec![], vec![]);
        Self { platform, agenda, patience, hot, ticked_at: now, rest_at: now }
    }

    fn config(&self) -> &Config {
        &self.platform.config.engagement
    }

    /// Puts on the agenda what is to be told.
    fn look(&mut self) {
        self.ticked_at = Instant::now();
        let is_rest = self.ticked_at >= self.rest_at;
        let mut found: HashMap<ContentId, Option<Taken>> =
            if is_rest { self.look_at_all() } else { self.look_at_hot() };
        let repeat = Duration::from_secs(self.config().note_repeat_s);
        for (content, is_blank) in self.platform.boards.watched() {
            let taken = match found.get(&content) {
                Some(_) => continue,
                None => self.platform.cells.take(content, repeat),
            };
            // What changes elsewhere shows within a rest.
            if taken.is_some() || is_blank || is_rest {
                found.insert(content, taken);
            }
        }
        let now = self.ticked_at;
        let (may, may_not): (HashMap<_, _>, HashMap<_, _>) =
            found.into_iter().partition(|(content, _)| self.patience.may_ask(*content, now));
        self.agenda = may.into_iter().collect();
        for (content, taken) in may_not {
            taken.iter().for_each(|taken| self.platform.cells.put_back(content, taken));
        }
    }

    fn look_at_all(&mut self) -> HashMap<ContentId, Option<Taken>> {
        let config = &self.platform.config.engagement;
        self.rest_at = self.ticked_at + Duration::from_millis(config.tell_rest_ms);
        let repeat = Duration::from_secs(config.note_repeat_s);
        let idle = Duration::from_secs(config.cell_idle_s);
        let all = self.platform.cells.take_all(repeat, idle);
        let heat = &self.platform.heat;
        let hot = all.iter().map(|(content, _)| *content);
        self.hot = hot.filter(|content| heat.of(*content).tier == Tier::Hot).collect();
        all.into_iter().map(|(content, taken)| (content, Some(taken))).collect()
    }

    fn look_at_hot(&self) -> HashMap<ContentId, Option<Taken>> {
        let repeat = Duration::from_secs(self.config().note_repeat_s);
        let take = |content: &ContentId| {
            self.platform.cells.take(*content, repeat).map(|taken| (*content, Some(taken)))
        };
        self.hot.iter().filter_map(take).collect()
    }

    async fn tell_some(&mut self) {
        let at_once = self.config().tell_at_once_max;
        let from = self.agenda.len().saturating_sub(STEP * at_once);
        let some = self.agenda.split_off(from);
        let platform = &self.platform;
        let tells = some.into_iter().map(|(content, taken)| tell(platform, content, taken));
        let told: Vec<_> = stream::iter(tells).buffer_unordered(at_once).collect().await;
        let now = Instant::now();
        for (content, answered) in told {
            match answered {
                true => self.patience.answered(content),
                false => {
                    self.patience.failed(content, now);
                }
            }
        }
    }
}

impl Service for Teller {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.tell_after(Duration::ZERO, Message::Tick);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        match message {
            Message::Tick => self.look(),
            Message::GoOn => {}
        }
        self.tell_some().await;
        if self.agenda.is_empty() {
            let next = self.ticked_at + Duration::from_millis(self.config().tell_ms);
            me.tell_after(next.saturating_duration_since(Instant::now()), Message::Tick);
        } else {
            me.tell_after(Duration::ZERO, Message::GoOn);
        }
        Ok(())
    }

    fn report(&self) -> Report {
        let bytes = self.platform.cells.count() * 512;
        Report { state: "", bytes: bytes as u64 }
    }
}

/// Tells one counter, and posts what it answers. False when it did not answer.
async fn tell(platform: &Platform, content: ContentId, taken: Option<Taken>) -> (ContentId, bool) {
    let ingress = platform.cells.ingress();
    let request = taken.map_or(Request::Look, |Taken { views, viewers_now, watched_s }| {
        Request::Note(Note { ingress, views, viewers_now, watched_s })
    });
    let deadline = Duration::from_millis(platform.config.engagement.tell_deadline_ms);
    match platform.counter(content).ask(request, deadline).await {
        Ok(Reply::Engagement(engagement)) => platform.boards.post(content, engagement),
        Ok(Reply::Insights(_) | Reply::Unknown) => {}
        Err(AskError::Busy { .. } | AskError::Unavailable) => {
            taken.iter().for_each(|taken| platform.cells.put_back(content, taken));
            return (content, false);
        }
        // It may have been noted: a hint that is lost is better than one that counts twice.
        Err(AskError::Expired | AskError::Ended(_)) => return (content, false),
    }
    (content, true)
}

/// A counter that did not answer is told again with the next rest, then ever later.
fn retry(config: &Config) -> Backoff {
    Backoff {
        first: Duration::from_millis(config.tell_rest_ms),
        most: Duration::from_secs(config.note_repeat_s),
    }
}
