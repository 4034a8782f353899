//! Several nodes as one platform: who owns which shard, and how an ask gets there.
//!
//! The database decides (`playhouse_storage::membership`); what a node does about it is decided by
//! pure functions over what it has read. Asks for shards of other nodes are written down as
//! [`Envelope`]s and carried by whoever implements [`Peers`].

pub mod lease;
pub mod placement;
pub mod suspicion;

pub mod envelope;
pub mod peers;

mod config;
#[cfg(test)]
mod model;

pub use config::Config;
pub use envelope::{Answer, Envelope};
pub use peers::{Carried, Door, LinkError, Peer, PeerState, Peers};
