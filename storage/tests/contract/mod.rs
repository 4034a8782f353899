//! What every engine must do, one suite per port. An engine is put under a suite by calling its
//! `check` with a fresh, empty store.

pub(crate) mod analytics;
pub(crate) mod audit;
pub(crate) mod blobs;
pub(crate) mod cache;
pub(crate) mod catalog;
pub(crate) mod engagement;
pub(crate) mod eventlog;
pub(crate) mod fences;
pub(crate) mod jobs;
pub(crate) mod membership;
pub(crate) mod parts;
pub(crate) mod playback;
pub(crate) mod records;
pub(crate) mod staging;
pub(crate) mod tiers;
pub(crate) mod timers;
pub(crate) mod wakes;
