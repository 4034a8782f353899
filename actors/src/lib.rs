//! The actors of the platform, in the order of the flow, and the runtime that carries them.
//!
//! An upload is an [`upload::Session`]; its bytes become a content, led by one
//! [`content::Pipeline`]; every rendition has a [`rendition::Transcoder`]; the [`encode`] pool
//! runs confined worker processes; [`events`] carries the outbox to the event log.

pub mod analytics;
pub mod cluster;
pub mod content;
pub mod encode;
pub mod engagement;
pub mod events;
pub mod metrics;
pub mod playback;
pub mod rendition;
pub mod runtime;
pub mod upload;

mod assemble;
mod config;
mod platform;
mod weight;

pub use assemble::{
    ClusterParts, Ground, Part, Parts, WorkerParts, assemble, assemble_on, assemble_worker,
};
pub use config::Config;
pub use encode::Scaling;
pub use platform::{Engines, Platform};
