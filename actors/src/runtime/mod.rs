//! The runtime: entities by address, services by supervision tree, on ractor.
//!
//! Everything that runs is started here and nowhere else, so that whatever dies is seen: an entity
//! by its [`Directory`], a service and its linked tasks by their [`Supervisor`]. Mailboxes are
//! bounded, every ask has a deadline, and every end has an [`Exit`] that is matched by name.
//!
//! Entities are spoken to with plain data ([`EntityRef::ask`]), services through a [`Handle`].

mod directory;
mod entity;
mod exit;
mod host;
mod shard;

mod bells;
mod timekeeper;

mod incarnation;
mod service;

mod restart;
mod supervisor;

pub mod inspect;

mod config;
mod mailbox;
mod panics;
mod passivator;
mod trace;

#[cfg(test)]
mod tests;

pub use bells::{Bell, Missed};
pub use config::Config;
pub use directory::{AskError, Directory, EntityRef};
pub use entity::{Entity, EntityId};
pub use exit::Exit;
pub use inspect::{Inspector, OrderError};
pub use passivator::{Passivator, Sweep};
pub use restart::{Backoff, Decision, History, Restart, RestartPolicy, Strategy, decide};
pub use service::{Handle, Service};
pub use shard::ResidentView;
pub use supervisor::{ChildSpec, StartError, Supervisor};
pub use timekeeper::{Message as TimekeeperMessage, Timekeeper};
