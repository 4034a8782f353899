//! The role of the mailbox is to receive what other nodes send: the one actor of a node that can be
//! reached from them.
//!
//! It only hands over: asks and notes are worked on in tasks of the link, so many at one time as
//! their sender was given credit for, and heartbeats are answered on the spot.

use super::callers::{Caller, Callers};
use super::letters;
use super::parcel::{Parcel, What};
use super::tasks::Tasks;
use crate::cluster::{Answer, Door, Envelope};
use crate::runtime::Exit;
use futures_util::FutureExt;
use playhouse_storage::model::NodeName;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, pg};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// What the mailbox works with.
pub(super) struct Post {
    pub(super) me: NodeName,
    pub(super) door: Arc<dyn Door>,
    pub(super) callers: Arc<Callers>,
    pub(super) tasks: Tasks,
    /// When one who has more asks under way than credit should try again.
    pub(super) retry_after_ms: u64,
}

/// Starts the mailbox of a node. Peers find it by the group of the node's name.
pub(super) async fn start(post: Post) -> Result<ActorRef<Parcel>, String> {
    let (group, tasks) = (group(&post.me), post.tasks.clone());
    let (mailbox, ended) =
        spawn(post).await.map_err(|error| format!("the mailbox did not start: {error}"))?;
    tasks.follow(ended);
    pg::join(group, vec![mailbox.get_cell()]);
    Ok(mailbox)
}

#[expect(clippy::disallowed_methods, reason = "this is where the mailbox of a node is spawned")]
async fn spawn(
    post: Post,
) -> Result<(ActorRef<Parcel>, tokio::task::JoinHandle<()>), ractor::SpawnErr> {
    Actor::spawn(None, Mailbox, post).await
}

/// The mailbox of a peer, as the session of this number shows it.
pub(super) fn of_peer(peer: &NodeName, session: u64) -> Option<ActorRef<Parcel>> {
    let of_session = |cell: &ActorCell| match cell.get_id() {
        ActorId::Remote { node_id, .. } => node_id == session,
        ActorId::Local(_) => false,
    };
    pg::get_members(&group(peer)).into_iter().find(of_session).map(ActorRef::from)
}

fn group(node: &NodeName) -> String {
    format!("playhouse/link/{node}")
}

struct Mailbox;

impl Actor for Mailbox {
    type Msg = Parcel;
    type State = Post;
    type Arguments = Post;

    async fn pre_start(
        &self,
        _: ActorRef<Parcel>,
        post: Post,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(post)
    }

    async fn handle(
        &self,
        _: ActorRef<Parcel>,
        parcel: Parcel,
        post: &mut Post,
    ) -> Result<(), ActorProcessingErr> {
        // Without a caller its connection has ended: nobody waits for an answer.
        if let (Some(reply), Some(caller)) = (parcel.reply, post.callers.of(&parcel.token)) {
            caller.speaks();
            post.receive(parcel.what, parcel.body, Back { caller, reply });
        }
        Ok(())
    }
}

/// The way back to who has sent a parcel.
struct Back {
    caller: Arc<Caller>,
    reply: RpcReplyPort<Vec<u8>>,
}

impl Back {
    fn answer(self, answer: &Answer) {
        let bytes = letters::written(answer, self.caller.answer_bytes_max);
        self.send(bytes);
    }

    fn send(self, bytes: Vec<u8>) {
        // One who does not wait any more is not told.
        let _ = self.reply.send(bytes);
    }
}

impl Post {
    fn receive(&self, what: What, body: Vec<u8>, back: Back) {
        match what {
            What::Beat => back.send(Vec::new()),
            What::Ask => match letters::read(&body) {
                Ok(envelope) => self.ask(envelope, back),
                Err(answer) => back.answer(&answer),
            },
            What::Notes => self.tell(&body, back),
            What::Strange(what) => back.answer(&Answer::Unknown {
                reason: format!("{} knows of no {what:?} over the link", self.me),
            }),
        }
    }

    fn ask(&self, envelope: Envelope, back: Back) {
        let Ok(slot) = Arc::clone(&back.caller.slots).try_acquire_owned() else {
            return back.answer(&Answer::Busy { retry_after_ms: self.retry_after_ms });
        };
        let door = Arc::clone(&self.door);
        self.tasks.run("answers an ask of a node", async move {
            let answer = answer(&*door, &back.caller.name, envelope).await;
            // Before the answer: who has got it may ask again.
            drop(slot);
            back.answer(&answer);
        });
    }

    fn tell(&self, body: &[u8], back: Back) {
        let notes: Vec<Value> = match serde_json::from_slice(body) {
            Ok(notes) => notes,
            Err(error) => {
                tracing::warn!(from = %back.caller.name, %error, "notes of a node are no notes");
                Vec::new()
            }
        };
        let door = Arc::clone(&self.door);
        self.tasks.run("hears notes of a node", async move {
            for note in notes {
                door.told(&back.caller.name, note);
            }
            back.send(Vec::new());
        });
    }
}

async fn answer(door: &dyn Door, from: &NodeName, envelope: Envelope) -> Answer {
    let within = Duration::from_millis(envelope.within_ms);
    let asked = AssertUnwindSafe(door.asked(from, envelope)).catch_unwind();
    match tokio::time::timeout(within, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Answer::Ended { exit: Exit::Failed { error: "it panicked".to_owned() } },
        Err(_) => Answer::Expired,
    }
}
