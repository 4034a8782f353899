//! The actor that keeps as many workers as there should be, by the rule of `scaling`.
//!
//! Each look is one message: read the queue, ask who runs, do what the rule says. What fails is
//! tried again with the next look. Without a workforce, or with the key off, it does nothing.

use super::Scaling;
use super::scaling::{Order, Seen, Workforce, decide};
use crate::runtime::{Exit, Handle, Report, Service};
use jiff::Timestamp;
use playhouse_storage::jobs::Jobs;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the scaler is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Look again.
    Look,
}

/// The role of the scaler is to have enough workers for what waits, and not many more.
pub struct Scaler {
    jobs: Arc<dyn Jobs>,
    workforce: Option<Arc<dyn Workforce>>,
    rule: Scaling,
    changed: Option<Instant>,
    idle_since: Option<Instant>,
}

impl Scaler {
    /// A scaler of this queue.
    #[must_use]
    pub fn new(jobs: Arc<dyn Jobs>, workforce: Option<Arc<dyn Workforce>>, rule: Scaling) -> Self {
        Self { jobs, workforce, rule, changed: None, idle_since: None }
    }

    async fn look(&mut self, workforce: &dyn Workforce) -> Result<(), String> {
        let counts = self.jobs.counts(Timestamp::now()).await.map_err(|it| it.to_string())?;
        let workers = workforce.count().await.map_err(|it| it.to_string())?;
        let (waiting, leased) = (
            counts.iter().map(|count| count.waiting).sum::<u64>(),
            counts.iter().map(|count| count.leased).sum::<u64>(),
        );
        let now = Instant::now();
        self.idle_since = (waiting + leased == 0).then(|| self.idle_since.unwrap_or(now));
        let (changed, idle_since) = (self.changed, self.idle_since);
        let order =
            decide(&self.rule, &Seen { workers, waiting, leased, now, changed, idle_since });
        let done = match order {
            Order::Keep => return Ok(()),
            Order::Start(more) => workforce.start(more).await,
            Order::Stop(fewer) => workforce.stop(fewer).await,
        };
        self.changed = Some(now);
        tracing::info!(?order, workers, waiting, leased, "the number of workers changes");
        done.map_err(|error| error.to_string())
    }
}

impl Service for Scaler {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        if self.rule.enabled && self.workforce.is_some() {
            me.tell_after(Duration::ZERO, Message::Look);
        }
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        let Message::Look = message;
        if let Some(workforce) = self.workforce.clone()
            && let Err(error) = self.look(workforce.as_ref()).await
        {
            tracing::warn!(error, "the number of workers was not looked after");
        }
        me.tell_after(Duration::from_secs(self.rule.every_s), Message::Look);
        Ok(())
    }

    fn report(&self) -> Report {
        let state = if self.rule.enabled { "scaling" } else { "off" };
        Report { state, bytes: size_of::<Self>() as u64 }
    }
}
