//! The actor that tells the node how far this worker's jobs are, for those who watch a page.
//!
//! Hints may get lost. What has gathered while one note was on its way goes with the next, the
//! newest of each content alone, so a slow link makes notes rare and never long.

use crate::events::{Hint, Hub};
use crate::runtime::{Exit, Handle, Link, Service};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::sleep;

/// Contents of one note: as many as one may have, see `door`.
const CONTENTS_MAX: usize = 64;

/// What the herald is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// Its task has ended, which it never does by itself.
    Ended,
}

/// The role of the herald is to carry hints of this process to the node.
pub struct Herald {
    hub: Hub,
    link: Arc<dyn Link>,
    /// Time between two notes.
    every: Duration,
}

impl Herald {
    /// A herald that tells what `hub` is told, at most once in `every`.
    #[must_use]
    pub fn new(hub: Hub, link: Arc<dyn Link>, every: Duration) -> Self {
        Self { hub, link, every }
    }
}

impl Service for Herald {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        let (hints, link, every) = (self.hub.listen(), Arc::clone(&self.link), self.every);
        me.run("notes", move |_| carry(hints, link, every), |_| Message::Ended);
        Ok(())
    }

    async fn handle(&mut self, message: Message, _me: &Handle<Message>) -> Result<(), Exit> {
        let Message::Ended = message;
        Err(Exit::Failed { error: "notes are not carried any more".to_owned() })
    }
}

async fn carry(mut hints: Receiver<Hint>, link: Arc<dyn Link>, every: Duration) {
    let mut latest = HashMap::new();
    loop {
        match hints.recv().await {
            Ok(hint) => gather(&mut latest, hint),
            // The next one says more than those that were missed.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        }
        sleep(every).await;
        loop {
            match hints.try_recv() {
                Ok(hint) => gather(&mut latest, hint),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let told: Vec<Hint> = latest.drain().map(|(_, hint)| hint).collect();
        let Ok(note) = serde_json::to_value(told) else { continue };
        send(link.as_ref(), note).await;
    }
}

async fn send(link: &dyn Link, note: Value) {
    if let Err(error) = link.tell(note).await {
        tracing::debug!(%error, "the node was not told how far jobs are");
    }
}

/// Keeps the newest hint of each job's content.
fn gather(latest: &mut HashMap<(String, Vec<String>), Hint>, hint: Hint) {
    // What has changed is told by the node, which commits it.
    if let Hint::Progress { content, renditions, .. } = &hint {
        let key = (content.to_string(), renditions.clone());
        if latest.len() < CONTENTS_MAX || latest.contains_key(&key) {
            latest.insert(key, hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::ContentId;

    #[test]
    fn of_each_job_only_the_newest_hint_is_told() {
        let (one, two) = (ContentId::new(), ContentId::new());
        let hint = |content, progress| Hint::Progress { content, renditions: vec![], progress };
        let mut latest = HashMap::new();
        for said in [hint(one, 0.1), hint(two, 0.5), hint(one, 0.2), Hint::Changed(one)] {
            gather(&mut latest, said);
        }
        let mut told: Vec<_> = latest.into_values().collect();
        told.sort_by_key(|it| *it != hint(one, 0.2));
        assert_eq!(told, [hint(one, 0.2), hint(two, 0.5)]);
    }
}
