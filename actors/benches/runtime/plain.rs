//! Plain ractor: an actor that counts, and a counter that both sides share.

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What it is sent.
pub(crate) enum Message {
    Tell(u64),
    Ask(u64, RpcReplyPort<u64>),
}

impl ractor::Message for Message {}

/// Adds up, and says when so many messages have come.
pub(crate) struct Counter {
    pub(crate) total: u64,
    left: u64,
    done: Arc<Notify>,
}

impl Counter {
    /// One that says `done` after so many messages.
    pub(crate) fn until(messages: u64, done: &Arc<Notify>) -> Self {
        Self { total: 0, left: messages, done: Arc::clone(done) }
    }

    pub(crate) fn add(&mut self, number: u64) {
        self.total = self.total.wrapping_add(number);
        self.left = self.left.wrapping_sub(1);
        if self.left == 0 {
            self.done.notify_one();
        }
    }
}

/// A plain actor.
pub(crate) type Plain = ActorRef<Message>;

struct Host;

impl Actor for Host {
    type Msg = Message;
    type State = Counter;
    type Arguments = Counter;

    async fn pre_start(&self, _: Plain, counter: Counter) -> Result<Counter, ActorProcessingErr> {
        Ok(counter)
    }

    async fn handle(
        &self,
        _: Plain,
        message: Message,
        counter: &mut Counter,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Tell(number) => counter.add(number),
            Message::Ask(number, reply) => {
                counter.add(number);
                // One who does not wait any more needs no answer.
                let _ = reply.send(counter.total);
            }
        }
        Ok(())
    }
}

/// Starts one.
#[expect(clippy::disallowed_methods, reason = "it is what our runtime is measured against")]
pub(crate) async fn spawn(counter: Counter) -> (Plain, JoinHandle<()>) {
    Host::spawn(None, Host, counter).await.expect("a nameless actor starts")
}

/// Starts one that is only asked.
pub(crate) async fn spawn_asked() -> (Plain, JoinHandle<()>) {
    spawn(Counter::until(u64::MAX, &Arc::default())).await
}

/// Asks, with the deadline that both sides have.
pub(crate) async fn ask(actor: &Plain, number: u64) -> u64 {
    let called = actor.call(|reply| Message::Ask(number, reply), Some(crate::ours::DEADLINE)).await;
    called.expect("it runs").expect("it answers in time")
}

/// Stops all of them and waits until they are gone.
pub(crate) async fn stop(actors: Vec<(Plain, JoinHandle<()>)>) {
    actors.iter().for_each(|(actor, _)| actor.stop(None));
    for (_, ended) in actors {
        ended.await.expect("it ends in order");
    }
}
