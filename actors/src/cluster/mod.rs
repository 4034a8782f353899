//! Several nodes as one platform: who owns which shard, and how an ask gets there.
//!
//! The database decides (`playhouse_storage::membership`); what a node does about it is decided by
//! pure functions over what it has read. Asks for shards of other nodes are written down as
//! [`Envelope`]s and carried by whoever implements [`Peers`]: that is [`link`].

pub mod envelope;
pub mod link;
pub mod peers;

pub use envelope::{Answer, Envelope};
pub use peers::{Carried, Door, LinkError, Peer, PeerState, Peers};
