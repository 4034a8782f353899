//! Tells: from the first message sent to the last one handled.

use crate::plain::{Counter, Message};
use crate::process::{Stopwatch, Took};
use crate::{ours, plain};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};

/// How one actor is told.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) senders: u64,
    /// After so many messages a sender lets others run.
    pub(crate) pause_every: Option<u64>,
    /// From all senders together.
    pub(crate) messages: u64,
}

impl Load {
    async fn pause(self, sent: u64) {
        if self.pause_every.is_some_and(|every| sent.is_multiple_of(every)) {
            yield_now().await;
        }
    }
}

/// Messages through a plain actor.
pub(crate) async fn plain(load: Load) -> Took {
    let done = Arc::<Notify>::default();
    let (actor, ended) = plain::spawn(Counter::until(load.messages, &done)).await;
    let (mut senders, watch) = (JoinSet::new(), Stopwatch::start());
    for _ in 0..load.senders {
        let actor = actor.clone();
        senders.spawn(async move {
            for sent in 0..load.messages / load.senders {
                actor.cast(Message::Tell(sent)).expect("it runs");
                load.pause(sent).await;
            }
        });
    }
    done.notified().await;
    let took = watch.took(load.messages);
    plain::stop(vec![(actor, ended)]).await;
    took
}

/// Messages through a service.
pub(crate) async fn ours(load: Load) -> Took {
    let done = Arc::<Notify>::default();
    let (handle, tree) = ours::service(load.messages, &done).await;
    let (mut senders, watch) = (JoinSet::new(), Stopwatch::start());
    for _ in 0..load.senders {
        let handle = handle.clone();
        senders.spawn(async move {
            for sent in 0..load.messages / load.senders {
                ours::tell(&handle, sent).await;
                load.pause(sent).await;
            }
        });
    }
    done.notified().await;
    let took = watch.took(load.messages);
    tree.stop().await;
    took
}
