//! Several nodes as one platform: who owns which shard, and how an ask gets there.
//!
//! The database decides (`playhouse_storage::membership`); what a node does about it is decided by
//! pure functions over what it has read. Asks for shards of other nodes are written down as
//! [`Envelope`]s and carried by whoever implements [`Peers`]: that is [`link`].

pub mod lease;
pub mod placement;
pub mod suspicion;

pub mod envelope;
pub mod link;
pub mod peers;

mod hall;
mod notes;
mod relay;
mod router;
mod routes;

mod citizen;
mod duty;
mod envoy;
mod keeper;
mod warden;

mod phases;
mod picture;
mod report;
mod standing;
mod survey;
mod way;

mod config;
#[cfg(test)]
mod model;

pub use citizen::{Citizen, Move, Moved, Reach, Seen};
pub use config::Config;
pub use duty::{Duty, OnDuty};
pub use envelope::{Answer, Envelope};
pub use envoy::{Envoy, Message as EnvoyMessage};
pub use hall::Hall;
pub use keeper::{Keeper, Message as KeeperMessage};
pub use notes::Note;
pub use peers::{Carried, Door, LinkError, Peer, PeerState, Peers};
pub use phases::{PhaseError, turned};
pub use picture::{ClusterPicture, MemberPicture, MoveAt, ShardsPage, Wanted};
pub use report::{NodeReport, Reports};
pub use router::Router;
pub use routes::{Route, Routes};
pub use standing::{ShardCounts, ShardPicture};
pub use survey::{Survey, Told};
pub use warden::{Message as WardenMessage, Warden};
pub use way::{Known, RoutePicture, Way};
