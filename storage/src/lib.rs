//! Every byte that outlives the process: ids and records, one port per kind of store, one file
//! per engine.
//!
//! Ports are small traits; an engine is chosen by URL (`sqlite:`, `file:`, `s3:`, `local:`).
//! Changes of an entity are [`catalog::Commit`]s: plain data, fenced by the shard's epoch inside
//! their own transaction, and acknowledged only when they are on disk.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a panic is how a test fails"))]

mod breaker;
mod bucket;
mod config;
pub mod data_dir;
mod error;
mod files;
mod shared;
mod stores;
mod urls;

pub mod analytics;
pub mod blobs;
pub mod cache;
pub mod catalog;
pub mod engagement;
pub mod eventlog;
pub mod failpoint;
pub mod jobs;
pub mod membership;
pub mod metrics;
pub mod model;
pub mod playback;
pub mod staging;
pub mod wakes;

pub use breaker::Breaker;
pub use bucket::{Addressing, S3, Secret};
pub use config::Config;
pub use data_dir::DataDir;
pub use error::Error;
pub use shared::SharedStores;
pub use stores::Stores;

/// What every port answers with.
pub type Result<T, E = Error> = std::result::Result<T, E>;
