//! The runtime: entities by address, services by supervision tree, on ractor.

mod directory;
mod entity;
mod service;
mod supervisor;

pub use directory::{AskError, Directory, EntityRef};
pub use entity::{Entity, EntityId, Exit};
pub use service::{Handle, Service};
pub use supervisor::{Backoff, ChildSpec, Restart, RestartPolicy, Strategy, Supervisor};
