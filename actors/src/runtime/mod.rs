//! The runtime: entities by address, services by supervision tree, on ractor.
//!
//! Everything that runs is started here and nowhere else, so that whatever dies is seen: an entity
//! by its [`Directory`], a service and its linked tasks by their [`Supervisor`]. Mailboxes are
//! bounded, every ask has a deadline, and every end has an [`Exit`] that is matched by name.
//!
//! Entities are spoken to with plain data ([`EntityRef::ask`]), services through a [`Handle`].

mod delivery;
mod directory;
mod entity;
mod exit;
mod host;
mod link;

mod address;
mod backlog;
mod kind;
mod population;
mod resident;
mod room;
mod shard;

mod bells;
mod timekeeper;

mod incarnation;
mod member;
mod orders;
mod service;

mod branch;
mod child;
mod life;
mod restart;
mod supervisor;
mod watch;

pub mod inspect;
pub mod trace;

mod chronicle;
mod clock;
mod config;
#[cfg(debug_assertions)]
mod fault;
mod ledger;
mod mailbox;
mod named;
mod panics;
mod passivator;
mod vitals;
mod watchdog;

#[cfg(test)]
mod tests;

pub use bells::{Bell, Missed};
pub use config::Config;
pub use delivery::NotHere;
pub use directory::{AskError, Directory, EntityRef};
pub use entity::{Entity, EntityId};
pub use exit::Exit;
#[cfg(debug_assertions)]
pub use fault::Fault;
pub use inspect::{Inspector, OrderError};
pub use kind::EntityRules;
pub use link::{Letter, Link};
pub use member::Tree;
pub use named::Named;
pub use passivator::{Message as PassivatorMessage, Passivator};
pub use restart::{Backoff, Decision, History, Restart, RestartPolicy, Strategy, decide, rest};
pub use service::{Handle, Pulse, Reply, Service, TellError};
pub use supervisor::{ChildSpec, StartError, Supervisor};
pub use timekeeper::{Message as TimekeeperMessage, Timekeeper};
pub use trace::traced;
pub use vitals::Report;
pub use watch::Watch;
