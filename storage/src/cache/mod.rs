//! What may be lost: answers that are made anew, counts that begin again, and a quick first look
//! at what was seen before. It makes a node faster or guards it, and judges nothing: the judge of a
//! duplicate is the row that is written with its effect.

use crate::Result;
use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

mod config;
pub mod memory;
pub mod redis;

pub use config::Config;

/// Longest key, bytes: names and ids that the program makes, never a user's text as it came.
pub const KEY_BYTES_MAX: usize = 256;

/// How often something has happened in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// This time included.
    pub count: u64,
    /// Until the window ends and counting begins anew.
    pub resets_in: Duration,
}

/// A store of which any part may be gone at any time. Keys are at most [`KEY_BYTES_MAX`] long.
///
/// Every method fails with `Unavailable` while the engine is away, at once after the first time, so
/// that a loss costs a caller no waiting; callers go on without.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What was put under a key, if it is still there.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn get(&self, key: &str) -> Result<Option<Bytes>>;

    /// The same, and lets it live for `ttl` from now on: a session that ends when it is not used.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn get_and_keep(&self, key: &str, ttl: Duration) -> Result<Option<Bytes>>;

    /// Keeps bytes for at most `ttl`, in the place of what was there.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn put(&self, key: &str, bytes: Bytes, ttl: Duration) -> Result<()>;

    /// Forgets a key. One that is not there is no error.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, key: &str) -> Result<()>;

    /// Whether a key is seen for the first time within `ttl`. False is a hint that it was seen;
    /// true says nothing, since what was seen may have been lost.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn is_new(&self, key: &str, ttl: Duration) -> Result<bool>;

    /// Counts one more under a key, in a window that begins with the first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count(&self, key: &str, window: Duration) -> Result<Count>;

    /// Whether the engine answers.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn ping(&self) -> Result<()>;
}
