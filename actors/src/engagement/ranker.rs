//! The role of the ranker is to say which contents are hot: it reads their ranks, shows them to
//! whoever serves bytes, and has the counters of those that have turned hot or cool write it down.

use super::heat::Hotness;
use super::ranks::Ranks;
use super::{Config, Request, trend};
use crate::Platform;
use crate::runtime::{Exit, Handle, Service};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use playhouse_storage::engagement::Ranked;
use playhouse_storage::model::ContentId;
use std::collections::HashMap;
use std::time::Duration;

/// What the ranker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Rank anew.
    Rank,
    /// The next page of it.
    GoOn,
}

/// Ranks the contents of one platform.
pub struct Ranker {
    platform: Platform,
    round: Option<Round>,
}

/// What is known in the middle of a round.
struct Round {
    ranks: Ranks,
    /// Contents that were read.
    read: u64,
    /// The last of them.
    last: Option<(f64, ContentId)>,
    heat: HashMap<ContentId, Hotness>,
    turned: Vec<(ContentId, bool)>,
    now_s: f64,
}

impl Ranker {
    /// A ranker of this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform, round: None }
    }

    fn config(&self) -> &Config {
        &self.platform.config.engagement
    }

    async fn begin(&mut self) -> playhouse_storage::Result<()> {
        let total = self.platform.engines.engagement.ranked_count(f64::NEG_INFINITY).await?;
        let ranks = Ranks::among(total, self.config().hot_views_min);
        let (heat, turned) = (HashMap::new(), vec![]);
        let now_s = Timestamp::now().as_millisecond() as f64 / 1_000.0;
        self.round = Some(Round { ranks, read: 0, last: None, heat, turned, now_s });
        Ok(())
    }

    /// Reads one page of ranks. True when there are more to be read.
    async fn read(&self, round: &mut Round) -> playhouse_storage::Result<bool> {
        let config = self.config();
        let wanted = round.ranks.warm.min(config.heat_contents_max as u64) - round.read;
        let limit = wanted.min(config.rank_page_max.into()) as u32;
        if limit == 0 {
            return Ok(false);
        }
        let page = self.platform.engines.engagement.ranked(round.last, limit).await?;
        let is_full = page.len() >= limit as usize;
        page.into_iter().for_each(|ranked| round.judge(&ranked, config.half_life_s));
        Ok(is_full)
    }

    /// Shows the new heat, and has those write it down that have turned.
    async fn end(&mut self, mut round: Round) -> playhouse_storage::Result<()> {
        let config = self.config();
        let limit = u32::try_from(config.heat_contents_max).unwrap_or(u32::MAX);
        let marked = self.platform.engines.engagement.hot(limit).await?;
        let cooled = marked.into_iter().map(|ranked| ranked.content);
        let cooled = cooled.filter(|content| !round.heat.contains_key(content));
        round.turned.extend(cooled.map(|content| (content, false)));
        self.platform.heat.set(round.heat);
        let marks =
            round.turned.into_iter().map(|(content, hot)| mark(&self.platform, content, hot));
        stream::iter(marks).buffer_unordered(config.tell_at_once_max).collect::<()>().await;
        Ok(())
    }

    async fn step(&mut self, me: &Handle<Message>) -> playhouse_storage::Result<()> {
        let Some(mut round) = self.round.take() else { return Ok(()) };
        if self.read(&mut round).await? {
            self.round = Some(round);
            me.tell_after(Duration::ZERO, Message::GoOn);
            return Ok(());
        }
        self.end(round).await
    }
}

impl Round {
    fn judge(&mut self, ranked: &Ranked, half_life_s: f64) {
        self.read += 1;
        self.last = Some((ranked.trend, ranked.content));
        let score = trend::score(Some(ranked.trend), self.now_s, half_life_s);
        let is_hot = self.ranks.is_hot(self.read, score, ranked.hot);
        if is_hot != ranked.hot {
            self.turned.push((ranked.content, is_hot));
        }
        if let Some(hotness) = self.ranks.hotness(self.read, is_hot) {
            self.heat.insert(ranked.content, hotness);
        }
    }
}

impl Service for Ranker {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.tell_after(Duration::ZERO, Message::Rank);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        let ranked = match message {
            Message::Rank => self.begin().await,
            Message::GoOn => Ok(()),
        };
        let stepped = match ranked {
            Ok(()) => self.step(me).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stepped {
            tracing::warn!(%error, "contents could not be ranked");
            self.round = None;
        }
        if self.round.is_none() {
            me.tell_after(Duration::from_secs(self.config().rank_every_s), Message::Rank);
        }
        Ok(())
    }
}

/// One that does not answer is marked in the next round.
async fn mark(platform: &Platform, content: ContentId, hot: bool) {
    let deadline = Duration::from_millis(platform.config.engagement.settle_deadline_ms);
    if let Err(error) = platform.counter(content).ask(Request::Mark { hot }, deadline).await {
        tracing::warn!(%content, hot, %error, "a content could not be marked");
    }
}
