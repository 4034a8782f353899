//! A connection that this node has dialled: asks go over it and their answers come back.

use super::core::OVERHEAD;
use super::greeting::Welcome;
use super::keeper::Kept;
use super::parcel::{Parcel, What};
use crate::cluster::{Answer, Carried, Envelope, LinkError};
use playhouse_storage::model::NodeName;
use ractor::{ActorRef, RpcReplyPort};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

/// A connection to a peer. Dropping the last of it ends it.
pub(super) struct Connection {
    peer: NodeName,
    mailbox: ActorRef<Parcel>,
    welcome: Welcome,
    credits: Arc<Semaphore>,
    full_retry: Duration,
    broken: CancellationToken,
    reason: OnceLock<String>,
    kept: Kept,
}

/// Why a parcel was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// Its time is over.
    Late,
    /// The connection broke.
    Broken,
}

impl Connection {
    pub(super) fn new(
        peer: NodeName,
        mailbox: ActorRef<Parcel>,
        welcome: Welcome,
        full_retry: Duration,
        kept: Kept,
    ) -> Self {
        let credits = Arc::new(Semaphore::new(welcome.credits as usize));
        let (broken, reason) = (CancellationToken::new(), OnceLock::new());
        Self { peer, mailbox, welcome, credits, full_retry, broken, reason, kept }
    }

    /// Asks that may be under way at one time.
    pub(super) fn credits(&self) -> u32 {
        self.welcome.credits
    }

    /// Asks under way.
    pub(super) fn in_flight(&self) -> u32 {
        let free = u32::try_from(self.credits.available_permits()).unwrap_or(u32::MAX);
        self.welcome.credits.saturating_sub(free)
    }

    /// Largest body that the peer takes.
    pub(super) fn body_bytes_max(&self) -> usize {
        let frame = usize::try_from(self.welcome.frame_bytes_max).unwrap_or(usize::MAX);
        frame.saturating_sub(OVERHEAD)
    }

    /// Ends it: who waits for an answer is told the reason.
    pub(super) fn end(&self, reason: &str) {
        // The first reason is the cause of the others.
        let _ = self.reason.set(reason.to_owned());
        self.broken.cancel();
        self.kept.sever();
    }

    /// Waits until the other side, or the network, has ended it.
    pub(super) async fn over(&self) {
        self.kept.over().await;
    }

    /// Sends a parcel and waits for the answer.
    pub(super) async fn call(
        &self,
        what: What,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Vec<u8>, Missed> {
        let (sender, receiver) = oneshot::channel();
        let reply = Some(RpcReplyPort::from((sender, within)));
        let parcel = Parcel { what, token: self.welcome.token.clone(), body, reply };
        self.mailbox.send_message(parcel).map_err(|_| Missed::Broken)?;
        tokio::select! {
            biased;
            answer = tokio::time::timeout(within, receiver) => match answer {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(_)) => Err(Missed::Broken),
                Err(_) => Err(Missed::Late),
            },
            () = self.broken.cancelled() => Err(Missed::Broken),
        }
    }

    /// Carries an envelope and brings the answer.
    pub(super) async fn ask(&self, envelope: &Envelope) -> Result<Answer, LinkError> {
        let within = Duration::from_millis(envelope.within_ms);
        let body = self.body(envelope)?;
        let Ok(_credit) = Arc::clone(&self.credits).try_acquire_owned() else {
            return Err(LinkError::Full { node: self.peer.clone(), retry_after: self.full_retry });
        };
        match self.call(What::Ask, body, within).await {
            Ok(answer) => serde_json::from_slice(&answer).map_err(|error| {
                let reason = format!("its answer is of another version: {error}");
                self.unreachable(reason, Carried::Perhaps)
            }),
            Err(Missed::Late) => Err(LinkError::Expired { node: self.peer.clone() }),
            Err(Missed::Broken) => Err(self.unreachable(self.reason().await, Carried::Perhaps)),
        }
    }

    fn body(&self, envelope: &Envelope) -> Result<Vec<u8>, LinkError> {
        let no = |reason| self.unreachable(reason, Carried::No);
        let body = serde_json::to_vec(envelope)
            .map_err(|error| no(format!("the ask cannot be written down: {error}")))?;
        match body.len() <= self.body_bytes_max() {
            true => Ok(body),
            false => Err(no(format!(
                "the ask has {} bytes, and its link takes {} (link.frame_bytes_max)",
                body.len(),
                self.body_bytes_max()
            ))),
        }
    }

    /// Why it broke, once its line has found out; that follows at once.
    async fn reason(&self) -> String {
        self.broken.cancelled().await;
        self.reason.get().cloned().unwrap_or_default()
    }

    fn unreachable(&self, reason: String, carried: Carried) -> LinkError {
        LinkError::Unreachable { node: self.peer.clone(), reason, carried }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end("the link has stopped");
    }
}
