//! Events: the bridge from the outbox to the event log, and the hints for watchers.

mod hub;

pub use hub::{Hint, Hub};
