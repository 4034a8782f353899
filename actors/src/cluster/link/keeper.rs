//! The role of the keeper is to hold one session of the carrier, `ractor_cluster`, over one
//! connection that is secured and greeted already.
//!
//! The carrier's own `NodeServer` listens on a port of its own and keeps one connection per pair of
//! nodes by an election; the link wants neither. A keeper stands in its place: it gives the session
//! the answers that it needs, and nothing is listened on. A session tells its peer of each actor
//! that takes messages of other nodes; of these a node has one.

use super::socket::{Stream, severable};
use super::tasks::Tasks;
use playhouse_storage::model::NodeName;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use ractor_cluster::node::{NodeConnectionMode, SessionCheckReply};
use ractor_cluster::{NetworkStream, NodeServerMessage, NodeSession};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Sessions are told apart by number in this whole process.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Ready,
    Over,
}

/// What a session is opened with.
pub(super) struct Opening {
    pub(super) stream: Stream,
    pub(super) dialled: bool,
    pub(super) me: NodeName,
    /// The session proves it once more in its own way; both sides have it from the greeting.
    pub(super) token: String,
    pub(super) frame_bytes_max: u64,
}

/// A session. It ends when this is dropped.
pub(super) struct Kept {
    pub(super) number: u64,
    phase: watch::Receiver<Phase>,
    cut: CancellationToken,
    _guard: DropGuard,
}

impl Kept {
    /// Waits until both sides know the other's mailbox. False when it ended before.
    pub(super) async fn ready(&self) -> bool {
        let mut phase = self.phase.clone();
        let moved = phase.wait_for(|phase| *phase != Phase::Opening).await;
        moved.is_ok_and(|phase| *phase == Phase::Ready)
    }

    /// Ends it.
    pub(super) fn sever(&self) {
        self.cut.cancel();
    }

    /// Waits until the session has ended.
    pub(super) async fn over(&self) {
        let mut phase = self.phase.clone();
        // An error means that the keeper is gone, and the session with it.
        let _ = phase.wait_for(|phase| *phase == Phase::Over).await;
    }
}

/// Opens a session.
pub(super) async fn open(opening: Opening, tasks: &Tasks) -> Result<Kept, String> {
    let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
    let (sender, phase) = watch::channel(Phase::Opening);
    let cut = CancellationToken::new();
    let (guard, severed) = (cut.clone().drop_guard(), cut.clone());
    let arguments = Arguments { opening, number, phase: sender, cut: severed };
    let (_, ended) =
        spawn(arguments).await.map_err(|error| format!("the session did not start: {error}"))?;
    tasks.follow(ended);
    Ok(Kept { number, phase, cut, _guard: guard })
}

#[expect(clippy::disallowed_methods, reason = "this is where sessions of the carrier are spawned")]
async fn spawn(
    arguments: Arguments,
) -> Result<(ActorRef<NodeServerMessage>, tokio::task::JoinHandle<()>), ractor::SpawnErr> {
    Actor::spawn(None, Keeper, arguments).await
}

struct Keeper;

struct Arguments {
    opening: Opening,
    number: u64,
    phase: watch::Sender<Phase>,
    cut: CancellationToken,
}

impl Actor for Keeper {
    type Msg = NodeServerMessage;
    type State = watch::Sender<Phase>;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<NodeServerMessage>,
        arguments: Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let Arguments { opening, number, phase, cut } = arguments;
        let (reader, writer) = severable(opening.stream, &cut);
        let stream =
            NetworkStream::External { peer_label: None, local_label: None, reader, writer };
        // The type of a session's name is private to the carrier; this message of its lends one.
        let lent =
            NodeServerMessage::UpdateSession { actor_id: me.get_id(), name: Default::default() };
        let NodeServerMessage::UpdateSession { mut name, .. } = lent else {
            unreachable!("it was made in the line above")
        };
        name.name = opening.me.to_string();
        name.connection_string = opening.me.to_string();
        let session = NodeSession::new(
            number,
            !opening.dialled,
            opening.token,
            me.clone(),
            name,
            NodeConnectionMode::Isolated,
        )
        .with_max_inbound_frame_size(opening.frame_bytes_max);
        start(session, stream, &me).await?;
        Ok(phase)
    }

    async fn handle(
        &self,
        _: ActorRef<NodeServerMessage>,
        message: NodeServerMessage,
        phase: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            NodeServerMessage::ConnectionReady(_) => {
                phase.send_replace(Phase::Ready);
            }
            // A peer may have as many connections as the link has opened: no election.
            NodeServerMessage::CheckSession { reply, .. } => {
                let _ = reply.send(SessionCheckReply::NoOtherConnection);
            }
            // Who asks for our other peers is told of none.
            NodeServerMessage::GetSessions(reply) => {
                let _ = reply.send(HashMap::new());
            }
            _ => {}
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<NodeServerMessage>,
        event: SupervisionEvent,
        phase: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(..) | SupervisionEvent::ActorFailed(..) => {
                phase.send_replace(Phase::Over);
                me.stop(None);
            }
            SupervisionEvent::ActorStarted(_)
            | SupervisionEvent::ProcessGroupChanged(_)
            | SupervisionEvent::PidLifecycleEvent(_) => {}
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where sessions of the carrier are spawned")]
async fn start(
    session: NodeSession,
    stream: NetworkStream,
    keeper: &ActorRef<NodeServerMessage>,
) -> Result<(), ractor::SpawnErr> {
    Actor::spawn_linked(None, session, stream, keeper.get_cell()).await.map(drop)
}
