//! `playback::Rester`: every few seconds, brings the viewers who have gone to rest.
//!
//! It decides nothing: it asks a viewer of whom nothing has changed for a while, who ends and
//! reports what has timed out and writes the record whole. Then what that has replaced is freed. A
//! round is many small steps, one to a message, so that none keeps it for longer than an ask.

use super::Request;
use crate::Platform;
use crate::runtime::{Exit, Handle, Report, Service};
use futures_util::future::join_all;
use jiff::Timestamp;
use playhouse_storage::Result as Stored;
use playhouse_storage::model::ViewerId;
use std::collections::VecDeque;
use std::time::Duration;

/// Fewer rows than these have come to be freed meanwhile: they wait for the next round, else a busy
/// node would be tidied without end.
const ROWS_LEFT: u64 = 500;

/// What the rester is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Begin a round.
    Round,
    /// Take the next step of the round.
    GoOn,
}

/// The role of the rester is to let viewers rest.
pub struct Rester {
    platform: Platform,
    /// Who is to be asked in this round.
    waiting: VecDeque<ViewerId>,
    /// The round found as many as it may: another one follows at once.
    more: bool,
}

impl Rester {
    /// A service for the supervision table.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform, waiting: VecDeque::new(), more: false }
    }

    async fn look(&mut self) -> Stored<()> {
        let config = &self.platform.config.playback;
        let before = Timestamp::now().saturating_sub(config.rest_after());
        let before = before.unwrap_or(Timestamp::MIN);
        let page = config.rest_page_max;
        let found = self.platform.engines.playback.unfolded(before, page).await?;
        self.more = found.len() >= page as usize;
        self.waiting = found.into();
        Ok(())
    }

    /// Asks some viewers side by side; true when there are more of them.
    async fn step(&mut self) -> bool {
        let most = self.platform.config.playback.rest_at_once_max;
        let group: Vec<_> = self.waiting.drain(..most.min(self.waiting.len())).collect();
        let asked = group.len();
        let rested: usize = join_all(group.into_iter().map(|id| self.rest(id))).await.iter().sum();
        // Who did not answer would be found again at once.
        self.more &= rested == asked;
        !self.waiting.is_empty()
    }

    /// 1 when the viewer rests.
    async fn rest(&self, id: ViewerId) -> usize {
        let deadline = self.platform.config.ask_deadline();
        match self.platform.viewer(id).ask(Request::Rest, deadline).await {
            Ok(_) => 1,
            Err(error) => {
                tracing::warn!(viewer = %id, %error, "a viewer is brought to rest later");
                0
            }
        }
    }

    /// Frees some of what was replaced; true when there is much more of it.
    async fn tidy(&self) -> Stored<bool> {
        let freed = self.platform.engines.playback.tidy().await?;
        if freed > 0 {
            tracing::debug!(freed, "changes of sessions that were replaced are freed");
        }
        Ok(freed >= ROWS_LEFT)
    }

    /// The next step; true when another one follows.
    async fn go_on(&mut self) -> Stored<bool> {
        if self.step().await || self.tidy().await? {
            return Ok(true);
        }
        if self.more {
            self.look().await?;
        }
        Ok(!self.waiting.is_empty())
    }

    async fn take(&mut self, message: Message) -> Stored<bool> {
        match message {
            Message::Round => self.look().await.map(|()| true),
            Message::GoOn => self.go_on().await,
        }
    }
}

impl Service for Rester {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.hint(Message::Round);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        let goes_on = self.take(message).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a round of rests was cut short");
            false
        });
        if goes_on {
            me.tell_after(Duration::ZERO, Message::GoOn);
        } else {
            me.tell_after(self.platform.config.playback.rest_every(), Message::Round);
        }
        Ok(())
    }

    fn report(&self) -> Report {
        let state = if self.waiting.is_empty() { "waits" } else { "asks" };
        let bytes = size_of::<Self>() + self.waiting.capacity() * size_of::<ViewerId>();
        Report { state, bytes: bytes as u64 }
    }
}
