//! The link between nodes, as the router sees it: one small trait, so that what carries the bytes
//! can be replaced.

use super::{Answer, Envelope};
use async_trait::async_trait;
use jiff::Timestamp;
use playhouse_storage::model::{NodeLife, NodeName};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Carries envelopes to other nodes.
#[async_trait]
pub trait Peers: Send + Sync {
    /// Carries an envelope to a node and brings the answer, within the envelope's time.
    ///
    /// # Errors
    /// [`LinkError`]: no answer came.
    async fn ask(&self, node: &NodeName, envelope: Envelope) -> Result<Answer, LinkError>;

    /// Carries something that may as well get lost; a full link drops it.
    fn tell(&self, node: &NodeName, note: Value);

    /// Whom to be connected with: dials who is new, drops who has gone. Called with each change.
    fn meet(&self, members: Vec<Peer>);

    /// How each peer is reached just now.
    fn states(&self) -> Vec<PeerState>;
}

/// Receives what other nodes send.
#[async_trait]
pub trait Door: Send + Sync {
    /// Answers an envelope of a node whose certificate bears this name.
    async fn asked(&self, from: &NodeName, envelope: Envelope) -> Answer;

    /// Hears something that may get lost.
    fn told(&self, from: &NodeName, note: Value);
}

/// A node to be connected with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Which life of which node.
    pub life: NodeLife,
    /// Where its link listens: `host:port`.
    pub address: String,
}

/// Whether anything of an ask may have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It never left this node.
    No,
    /// It was sent.
    Perhaps,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no connection, or it broke.
    #[error("{node} is not reached: {reason}")]
    Unreachable {
        /// Whom it was for.
        node: NodeName,
        /// One sentence.
        reason: String,
        /// Whether it may have been carried out.
        carried: Carried,
    },
    /// As many asks as the peer has given credit for are under way.
    #[error("the link to {node} is full")]
    Full {
        /// Whom it was for.
        node: NodeName,
        /// When to try again.
        retry_after: Duration,
    },
    /// The time is over; it may still be carried out.
    #[error("no answer of {node} within the deadline")]
    Expired {
        /// Whom it was for.
        node: NodeName,
    },
}

/// How a peer is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerState {
    /// Who.
    #[serde(flatten)]
    pub life: NodeLife,
    /// Where it is dialled.
    pub address: String,
    /// Since when it is reached, or not.
    pub since: Timestamp,
    /// A connection stands and its last heartbeat was answered in time.
    pub connected: bool,
    /// How long a heartbeat took there and back, a running mean, milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Asks under way.
    pub in_flight: u32,
    /// Asks that may be under way at one time.
    pub credits: u32,
    /// Why it is not reached, or why it was not the last time.
    pub last_error: Option<String>,
}
