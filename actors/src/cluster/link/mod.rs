//! The link: how nodes reach each other, and nobody else reaches them.
//!
//! `ractor_cluster` moves the bytes between one mailbox per node. What it does not have is here:
//! identity by certificate ([`Security`]), one connection in each direction that is dialled, held
//! by heartbeats and dialled again (`line`), credits and bounds on everything that waits
//! (`connection`, `mailbox`, [`Config`]), and an end to every ask. Nothing of the platform but
//! [`Link`] knows of the carrier.

mod callers;
mod certificates;
mod config;
mod connection;
mod core;
mod dialler;
mod greeting;
mod keeper;
mod letters;
mod line;
mod listener;
mod mailbox;
mod naming;
mod parcel;
mod security;
mod socket;
mod tasks;
#[cfg(test)]
mod tests;

pub use certificates::Files;
pub use config::Config;
pub use security::{Secret, Security};

use self::core::Core;
use super::{Answer, Carried, Door, Envelope, LinkError, Peer, PeerState, Peers};
use async_trait::async_trait;
use line::Line;
use parcel::Parcel;
use playhouse_storage::model::NodeName;
use ractor::ActorRef;
use security::Guard;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tasks::Tasks;

/// Why a link does not start: one sentence for who wrote the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link does not start: {0}")]
pub struct StartError(String);

/// One node's link to the others.
pub struct Link {
    core: Arc<Core>,
    mailbox: ActorRef<Parcel>,
    lines: Mutex<BTreeMap<NodeName, Arc<Line>>>,
}

impl Link {
    /// Starts the link of the node `me`: answers peers that dial `listener` by `door`, and dials
    /// those that it is told to [`Peers::meet`].
    ///
    /// # Errors
    /// [`StartError`]: a limit that cannot work, certificates that no peer would take, or an
    /// address that these cannot protect.
    pub async fn start(
        config: Config,
        me: NodeName,
        security: Security,
        listener: std::net::TcpListener,
        door: Arc<dyn Door>,
    ) -> Result<Arc<Self>, StartError> {
        config.validate().map_err(StartError)?;
        let guard = Guard::new(security, &me).map_err(StartError)?;
        let listener = listening(listener, &guard).map_err(StartError)?;
        let (tasks, callers) = (Tasks::default(), Arc::default());
        let core = Arc::new(Core { me, config, guard, callers, tasks });
        let mailbox = mailbox::start(core.post(door)).await.map_err(StartError)?;
        core.tasks.run("accepts connections of nodes", listener::run(listener, Arc::clone(&core)));
        if let Guard::Tls(certificates) = &core.guard {
            let (each, every) = (Arc::clone(certificates), core.config.certificates_every());
            core.tasks.run("takes up new certificates", async move { each.watch(every).await });
        }
        Ok(Arc::new(Self { core, mailbox, lines: Mutex::default() }))
    }

    /// Ends every connection and task; asks under way are told.
    pub async fn stop(&self) {
        for line in std::mem::take(&mut *self.lines()).into_values() {
            line.end();
        }
        self.mailbox.stop(None);
        self.core.tasks.end().await;
    }

    fn line(&self, node: &NodeName) -> Option<Arc<Line>> {
        self.lines().get(node).cloned()
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<NodeName, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link that nobody holds any more reaches nobody.
impl Drop for Link {
    fn drop(&mut self) {
        self.mailbox.stop(None);
        self.core.tasks.cancel();
    }
}

/// The socket, for peers of this kind.
fn listening(
    listener: std::net::TcpListener,
    guard: &Guard,
) -> Result<tokio::net::TcpListener, String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    guard.allows(address)?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())
}

#[async_trait]
impl Peers for Link {
    async fn ask(&self, node: &NodeName, envelope: Envelope) -> Result<Answer, LinkError> {
        let line = self.line(node);
        match line.as_ref().and_then(|line| line.connection()) {
            Some(connection) => connection.ask(&envelope).await,
            None => {
                let reason =
                    line.map_or_else(|| "it is no member".to_owned(), |line| line.reason());
                Err(LinkError::Unreachable { node: node.clone(), reason, carried: Carried::No })
            }
        }
    }

    fn tell(&self, node: &NodeName, note: Value) {
        let Some(line) = self.line(node) else { return };
        if !line.tell(&note) {
            tracing::debug!(peer = %node, "a note was dropped");
        }
    }

    fn meet(&self, members: Vec<Peer>) {
        let mut lines = self.lines();
        let mut before = std::mem::take(&mut *lines);
        for peer in members.into_iter().filter(|peer| peer.life.name != self.core.me) {
            let line = match before.remove(&peer.life.name) {
                Some(line) if line.peer == peer => line,
                other => {
                    other.inspect(|line| line.end());
                    Line::start(peer, &self.core)
                }
            };
            lines.insert(line.peer.life.name.clone(), line);
        }
        before.into_values().for_each(|line| line.end());
    }

    fn states(&self) -> Vec<PeerState> {
        self.lines().values().map(|line| line.state(self.core.config.credits)).collect()
    }
}
