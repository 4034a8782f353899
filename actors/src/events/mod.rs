//! Events: the bridge from the outbox to the event log, the hints for watchers, housekeeping.

mod bridge;
mod hub;
mod janitor;
#[cfg(test)]
pub(crate) mod schemas;
pub mod topics;
mod traces;

pub use bridge::{Bridge, Message as BridgeMessage};
pub use hub::{Hint, Hub};
pub use janitor::{Janitor, Message as JanitorMessage};
