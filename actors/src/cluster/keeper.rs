//! The role of the keeper is to renew this node's lease, and nothing else: nobody's slowness may
//! hold it up.

use super::Citizen;
use super::lease::Beat;
use crate::metrics;
use crate::runtime::{Exit, Handle, Service};
use playhouse_storage::Error;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What the keeper is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// See whether it is time.
    Beat,
}

/// Renews one lease.
pub struct Keeper {
    citizen: Citizen,
}

impl Keeper {
    /// A keeper of this node's lease.
    #[must_use]
    pub fn new(citizen: Citizen) -> Self {
        Self { citizen }
    }

    /// When to look again.
    async fn beat(&self) -> Duration {
        let config = self.citizen.config();
        match self.citizen.lease().beat(Instant::now()) {
            Beat::Wait(time) => time,
            Beat::Renew(left) => self.renew(left.min(config.terms().every)).await,
            Beat::Fence => {
                self.citizen.die("its lease ran out before the database answered a renewal");
                config.renew_retry()
            }
        }
    }

    async fn renew(&self, within: Duration) -> Duration {
        let config = self.citizen.config();
        let sent = Instant::now();
        let renewal = self.citizen.membership().renew(self.citizen.me(), config.terms().ttl);
        let answer = timeout(within, renewal).await;
        metrics::lease_renewed(matches!(answer, Ok(Ok(()))));
        match answer {
            Ok(Ok(())) => self.citizen.renewed(sent),
            Ok(Err(Error::NotFound { .. })) => {
                self.citizen.die("the database says that its lease is over");
            }
            Ok(Err(error)) => tracing::warn!(%error, "the lease was not renewed, tried again"),
            Err(_) => tracing::warn!("the database did not answer a renewal, tried again"),
        }
        config.renew_retry()
    }
}

impl Service for Keeper {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        me.tell_after(Duration::ZERO, Message::Beat);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        let Message::Beat = message;
        let next = self.beat().await;
        me.tell_after(next, Message::Beat);
        Ok(())
    }
}
