//! The role of the passivator is to stop entities that nobody speaks to. Their state is in the
//! catalog, so the next message finds them as they were.

use super::{Directory, Exit, Handle, Service};
use crate::Platform;

/// Stops idle entities of one directory.
pub struct Passivator<P = Platform> {
    directory: Directory<P>,
}

/// What the passivator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Look once over every resident entity.
    Sweep,
}

impl<P: Clone + Send + 'static> Passivator<P> {
    /// A service for the supervision table.
    #[must_use]
    pub fn new(directory: Directory<P>) -> Self {
        Self { directory }
    }

    /// A quarter of the idle time, so that nobody stays much longer than that.
    fn sweep_later(&self, me: &Handle<Message>) {
        me.tell_after(self.directory.config().idle() / 4, Message::Sweep);
    }
}

impl<P: Clone + Send + 'static> Service for Passivator<P> {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        self.sweep_later(me);
        Ok(())
    }

    async fn handle(&mut self, Message::Sweep: Message, me: &Handle<Message>) -> Result<(), Exit> {
        let stopped = self.directory.stop_idle(self.directory.config().idle());
        if stopped > 0 {
            tracing::debug!(stopped, resident = self.directory.active(), "idle entities stopped");
        }
        self.sweep_later(me);
        Ok(())
    }
}
