//! The actor between wake-ups and the pool: carries what this process announces, and listens while
//! the pool has places.
//!
//! A wake-up is settled once its job is claimed in the database, by whomever, or gone. While a pool
//! is full it listens to nobody, so that what it could not take goes to others at once.

use super::queue::queues_of;
use super::{Workshop, pool};
use crate::runtime::{Backoff, Exit, Handle, Pulse, Service};
use jiff::Timestamp;
use playhouse_storage::Result;
use playhouse_storage::model::JobClass;
use playhouse_storage::wakes::{Queue, Wake};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// What the waker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// One of its tasks has ended, which none does by itself.
    Ended,
}

/// The role of the waker is to have work found before anybody looks for it.
pub struct Waker {
    shop: Workshop,
    pool: Handle<pool::Message>,
}

impl Waker {
    /// A waker of this pool.
    #[must_use]
    pub fn new(shop: Workshop, pool: Handle<pool::Message>) -> Self {
        Self { shop, pool }
    }
}

impl Service for Waker {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        let shop = self.shop.clone();
        me.run("carry", move |pulse| carry(shop, pulse), |_| Message::Ended);
        let ear = Ear { shop: self.shop.clone(), pool: self.pool.clone() };
        me.run("listen", move |pulse| ear.listen(pulse), |_| Message::Ended);
        Ok(())
    }

    async fn handle(&mut self, message: Message, _me: &Handle<Message>) -> Result<(), Exit> {
        let Message::Ended = message;
        Err(Exit::Failed { error: "wake-ups are not carried any more".to_owned() })
    }
}

/// Pauses between tries while the engine is away; says so once.
struct Patience {
    backoff: Backoff,
    tries: u32,
}

impl Patience {
    fn new(shop: &Workshop) -> Self {
        Self { backoff: shop.config.encode.wakes_retry(), tries: 0 }
    }

    async fn wait(&mut self, error: &playhouse_storage::Error) {
        if self.tries == 0 {
            tracing::warn!(%error, "wake-ups are not told; jobs are found in the table");
        }
        let pause = self.backoff.after(self.tries);
        self.tries = self.tries.saturating_add(1);
        sleep(Backoff::jittered(pause, rand::random())).await;
    }

    fn well(&mut self) {
        if std::mem::take(&mut self.tries) > 0 {
            tracing::info!("wake-ups are told again");
        }
    }
}

async fn carry(shop: Workshop, pulse: Pulse) {
    let mut patience = Patience::new(&shop);
    loop {
        pulse.say("carries wake-ups".to_owned());
        // It ends with an error alone; what fails within moments was not well in between.
        let began = tokio::time::Instant::now();
        if let Err(error) = shop.wakes.carry().await {
            if began.elapsed() > WELL_AFTER {
                patience.well();
            }
            pulse.say("waits for the broker".to_owned());
            patience.wait(&error).await;
        }
    }
}

/// An engine that has held so long is well.
const WELL_AFTER: Duration = Duration::from_secs(30);

/// Who listens.
struct Ear {
    shop: Workshop,
    pool: Handle<pool::Message>,
}

impl Ear {
    async fn listen(self, pulse: Pulse) {
        let (mut patience, mut open) = (Patience::new(&self.shop), self.shop.open.subscribe());
        loop {
            let classes = open.borrow_and_update().clone();
            let queues = queues_of(&classes);
            pulse.say(format!("listens to {} queues", queues.len()));
            if queues.is_empty() {
                // Without a sender there is no pool any more, and this task ends with it.
                let _ = open.changed().await;
                continue;
            }
            match self.hear(&queues, &mut open, &mut patience).await {
                Ok(()) => {}
                Err(error) => patience.wait(&error).await,
            }
        }
    }

    /// Takes wake-ups until the pool's places are others. With the listener goes whatever else was
    /// told to it, to those who have a place.
    async fn hear(
        &self,
        queues: &[Queue],
        open: &mut watch::Receiver<Vec<JobClass>>,
        patience: &mut Patience,
    ) -> Result<()> {
        let mut listener = self.shop.wakes.listen(queues).await?;
        patience.well();
        // What was announced while nobody listened to it has been told to somebody else.
        self.pool.hint(pool::Message::Wake);
        loop {
            let wake = tokio::select! {
                wake = listener.next() => wake?,
                _ = open.changed() => return Ok(()),
            };
            self.pass(wake).await?;
        }
    }

    /// Has the pool look, and settles what is settled in the database.
    async fn pass(&self, wake: Box<dyn Wake>) -> Result<()> {
        let within = self.shop.config.ask_deadline();
        if let Err(error) = self.pool.deliver(pool::Message::Wake, within).await {
            tracing::debug!(%error, "the pool has not looked yet");
        }
        loop {
            match self.shop.jobs.waits(wake.job(), Timestamp::now()).await {
                Ok(false) => return wake.settle().await,
                // Not taken, so the pool is full or the claim has failed: others may do better.
                Ok(true) => {
                    sleep(self.shop.config.encode.wakes_retry().first).await;
                    return wake.pass_on().await;
                }
                Err(error) => {
                    tracing::debug!(%error, "whether a job waits could not be read");
                    sleep(self.shop.config.runtime.retry_after()).await;
                }
            }
        }
    }
}
