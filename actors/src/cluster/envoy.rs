//! The role of the envoy is to tell other nodes what has changed here: their watchers' pages and
//! their caches live by it. What gets lost costs the age of a card or a poll of a page.

use super::{Citizen, Note};
use crate::events::{Hint, Hub};
use crate::runtime::{Exit, Handle, Service};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::sleep;

/// What the envoy is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Its task has ended, which it never does by itself.
    Ended,
}

/// Hints of one note, about 100 bytes each.
const HINTS_MAX: usize = 256;
/// What gathers in so short a time goes together: nobody sees the delay.
const GATHERS: Duration = Duration::from_millis(20);

/// Carries the hints of one node.
pub struct Envoy {
    citizen: Citizen,
    hub: Hub,
}

impl Envoy {
    /// An envoy of this node.
    #[must_use]
    pub fn new(citizen: Citizen, hub: Hub) -> Self {
        Self { citizen, hub }
    }
}

impl Service for Envoy {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        let (citizen, hints) = (self.citizen.clone(), self.hub.listen_own());
        me.run("hints", move |_| carry(citizen, hints), |_| Message::Ended);
        Ok(())
    }

    async fn handle(&mut self, message: Message, _: &Handle<Message>) -> Result<(), Exit> {
        let Message::Ended = message;
        Err(Exit::Failed { error: "hints are not carried any more".to_owned() })
    }
}

async fn carry(citizen: Citizen, mut hints: Receiver<Hint>) {
    loop {
        let mut some = vec![];
        match hints.recv().await {
            Ok(hint) => some.push(hint),
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        }
        sleep(GATHERS).await;
        while some.len() < HINTS_MAX {
            match hints.try_recv() {
                Ok(hint) if some.contains(&hint) => {}
                Ok(hint) => some.push(hint),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        citizen.tell_all(&Note::Hints(some));
    }
}
