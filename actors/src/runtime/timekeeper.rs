//! The role of the timekeeper is to ring durable timers: it brings each one that is due to its
//! entity, at least once, after a restart too.
//!
//! A timer goes when its entity has answered. What is not answered is put off in the catalog, later
//! each time, so that nobody waits behind it. The timekeeper sleeps until the next one is due; a
//! wake that gets lost costs one poll.

use super::bells::{Bell, Missed, ring};
use super::{Backoff, Directory, Exit, Handle, Service};
use crate::Platform;
use crate::config::Timers;
use jiff::Timestamp;
use playhouse_storage::catalog::Catalog;
use playhouse_storage::model::Timer;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What the timekeeper is told.
#[derive(Debug, strum::IntoStaticStr)]
pub enum Message {
    /// A timer for this time was committed.
    Wake(Timestamp),
    /// Look for timers that are due.
    Look,
    /// A timer was rung.
    Rung(Timer, Result<(), Missed>),
    /// What came of the timer at this position is on disk; it is put off until then, or done.
    Settled(u64, Option<Timestamp>),
}

/// Rings the timers of one catalog.
pub struct Timekeeper<P: 'static = Platform> {
    catalog: Arc<dyn Catalog>,
    directory: Directory<P>,
    bells: &'static [Bell<P>],
    config: Timers,
    /// Positions of the timers that are being rung or settled.
    ringing: HashSet<u64>,
    /// More may be due than could be rung at once.
    more: bool,
    next_look: Option<Instant>,
}

impl<P: Clone + Send + 'static> Timekeeper<P> {
    /// A timekeeper that reaches the entities of `directory` by `bells`, one for each kind.
    #[must_use]
    pub fn new(
        catalog: Arc<dyn Catalog>,
        directory: Directory<P>,
        bells: &'static [Bell<P>],
        config: Timers,
    ) -> Self {
        let (ringing, more, next_look) = (HashSet::new(), false, None);
        Self { catalog, directory, bells, config, ringing, more, next_look }
    }

    /// Rings what is due, as far as there is room, and sleeps until the next one is.
    async fn look(&mut self, me: &Handle<Message>) {
        let now = Timestamp::now();
        let next = match self.ring_due(now, me).await {
            Ok(()) => self.catalog.timer_next(now).await,
            Err(error) => Err(error),
        };
        match next {
            Ok(next) => self.look_at(next.unwrap_or(Timestamp::MAX), me),
            Err(error) => {
                tracing::warn!(%error, "due timers could not be read");
                self.look_at(later(now, self.config.retry().first), me);
            }
        }
    }

    async fn ring_due(
        &mut self,
        now: Timestamp,
        me: &Handle<Message>,
    ) -> playhouse_storage::Result<()> {
        let most = self.config.at_once_max;
        // Those that ring already are among them; the rest of the page is what there is room for.
        let mut due = self.catalog.timers_due(now, most).await?;
        self.more = due.len() >= most as usize;
        due.retain(|timer| !self.ringing.contains(&timer.position));
        due.truncate((most as usize).saturating_sub(self.ringing.len()));
        for timer in due {
            self.ringing.insert(timer.position);
            self.ring(timer, me);
        }
        Ok(())
    }

    fn ring(&self, timer: Timer, me: &Handle<Message>) {
        let deadline = self.directory.config().ask_deadline();
        let rung = ring(self.bells, self.directory.clone(), timer.clone(), deadline);
        me.run(
            format!("ring-{}", timer.position),
            |_| rung,
            move |rung| Message::Rung(timer, rung.unwrap_or_else(|exit| Err(exit.into()))),
        );
    }

    /// Stores what came of a timer. It keeps its place until that is on disk: a store that fails
    /// must not make it ring again and again.
    fn settle(&self, timer: &Timer, put_off: Option<Timestamp>, me: &Handle<Message>) {
        let (position, retry) = (timer.position, self.config.retry().first);
        let catalog = Arc::clone(&self.catalog);
        let settled = async move {
            while let Err(error) = settle(&*catalog, position, put_off).await {
                tracing::warn!(%error, "what came of a timer could not be stored");
                sleep(retry).await;
            }
        };
        let told = move |_| Message::Settled(position, put_off);
        me.run(format!("settle-{position}"), |_| settled, told);
    }

    async fn settled(&mut self, position: u64, put_off: Option<Timestamp>, me: &Handle<Message>) {
        self.ringing.remove(&position);
        if let Some(due_at) = put_off {
            self.look_at(due_at, me);
        }
        if self.more {
            self.look(me).await;
        }
    }

    /// Looks again at a time, at the latest after a poll, unless it will look before that anyway.
    fn look_at(&mut self, at: Timestamp, me: &Handle<Message>) {
        let after = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
        let after = after.min(self.config.poll());
        let at = Instant::now() + after;
        if self.next_look.is_none_or(|next| at < next) {
            self.next_look = Some(at);
            me.tell_after(after, Message::Look);
        }
    }
}

impl<P: Clone + Send + 'static> Service for Timekeeper<P> {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.hint(Message::Look);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        match message {
            Message::Wake(due_at) => self.look_at(due_at, me),
            Message::Look => {
                self.next_look = self.next_look.filter(|next| *next > Instant::now());
                self.look(me).await;
            }
            Message::Rung(timer, rung) => {
                let put_off = after(&timer, &rung, self.config.retry(), rand::random());
                note(&timer, &rung);
                self.settle(&timer, put_off.map(|after| later(Timestamp::now(), after)), me);
            }
            Message::Settled(position, put_off) => self.settled(position, put_off, me).await,
        }
        Ok(())
    }
}

async fn settle(
    catalog: &dyn Catalog,
    position: u64,
    put_off: Option<Timestamp>,
) -> playhouse_storage::Result<()> {
    match put_off {
        None => catalog.timer_done(position).await,
        Some(due_at) => catalog.timer_put_off(position, due_at).await,
    }
}

/// How long a timer that was rung is put off; `None` when it is done.
fn after(timer: &Timer, rung: &Result<(), Missed>, retry: Backoff, die: f64) -> Option<Duration> {
    match rung {
        Ok(()) => None,
        Err(Missed::Unanswered(_)) => Some(Backoff::jittered(retry.after(timer.failures), die)),
        // Only another program can know it.
        Err(Missed::Unknown) => Some(Backoff::jittered(retry.most, die)),
    }
}

fn later(now: Timestamp, after: Duration) -> Timestamp {
    now.saturating_add(after).unwrap_or(Timestamp::MAX)
}

fn note(timer: &Timer, rung: &Result<(), Missed>) {
    let Timer { kind, id, name, failures, .. } = timer;
    match rung {
        Ok(()) => tracing::debug!(kind, id, name, "timer rung"),
        Err(Missed::Unanswered(error)) => {
            tracing::warn!(kind, id, name, failures, %error, "timer not answered, put off");
        }
        Err(Missed::Unknown) if *failures == 0 => {
            tracing::error!(kind, id, name, "nobody knows this timer, put off");
        }
        Err(Missed::Unknown) => tracing::debug!(kind, id, name, "still nobody knows this timer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::AskError;

    #[test]
    fn an_unanswered_timer_rings_ever_later_up_to_a_bound() {
        let retry = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };
        let check = |failures, rung: Result<(), Missed>, expected: Option<u64>| {
            let timer = Timer {
                position: 1,
                shard: None,
                kind: "k".into(),
                id: "i".into(),
                name: "n".into(),
                due_at: Timestamp::UNIX_EPOCH,
                failures,
            };
            let expected = expected.map(Duration::from_secs);
            assert_eq!(after(&timer, &rung, retry, 1.0), expected, "{failures}, {rung:?}");
        };
        let expired = || Err(Missed::Unanswered(AskError::Expired));
        check(9, Ok(()), None);
        check(0, expired(), Some(1));
        check(3, expired(), Some(8));
        check(9, expired(), Some(60));
        check(u32::MAX, expired(), Some(60));
        check(0, Err(Missed::Unknown), Some(60));
    }
}
