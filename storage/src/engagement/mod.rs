//! What is counted of contents: facts that wait, counters, minutes, likes, ranks.
//!
//! Facts come in by [`crate::playback::PutViewer`] and [`Engagement::view`]; a unique key keeps
//! each view once. The content's owner settles them by a [`crate::catalog::Commit`] that removes
//! the facts and writes the counter in one fenced transaction.

pub mod postgres;
mod rows;
pub mod sqlite;

use crate::Result;
use crate::model::{ContentId, Counter, Fact, ViewerId};
use async_trait::async_trait;
use jiff::Timestamp;

/// A view that a trusted server tells.
#[derive(Clone, Debug, PartialEq)]
pub struct NewView {
    /// Of which content.
    pub content: ContentId,
    /// When.
    pub at: Timestamp,
    /// Names the view: caller and idempotency key.
    pub key: String,
    /// Who watched, if the caller says so.
    pub viewer: Option<ViewerId>,
}

/// The views of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since 1970 (UTC).
    pub minute: i64,
    /// Views that happened in it.
    pub views: u64,
}

/// A content by its place among all that are watched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Which.
    pub content: ContentId,
    /// See [`Counter::trend`].
    pub trend: f64,
    /// See [`Counter::hot`].
    pub hot: bool,
}

/// The port of what is counted.
#[async_trait]
pub trait Engagement: Send + Sync {
    /// Keeps a view; it is on disk when it answers. False when its key was kept before.
    ///
    /// # Errors
    /// `Full`, `Busy`, or the engine's own.
    async fn view(&self, view: NewView) -> Result<bool>;

    /// Facts that wait to be counted above a position, in the order in which they came.
    async fn facts(&self, after: u64, limit: u32) -> Result<Vec<Fact>>;
    /// About how many facts wait above a position, and never less; cheap.
    async fn facts_waiting(&self, after: u64) -> Result<u64>;

    /// The counter of a content.
    async fn counter(&self, content: ContentId) -> Result<Option<Counter>>;
    /// Views and heat of several contents, in the order of the counters that exist.
    async fn counters(&self, contents: &[ContentId]) -> Result<Vec<(ContentId, u64, bool)>>;
    /// The minutes from `from` up to, not including, `to` in which a content had views.
    async fn minutes(&self, content: ContentId, from: i64, to: i64) -> Result<Vec<Minute>>;
    /// True when this user likes the content.
    async fn likes(&self, content: ContentId, who: &str) -> Result<bool>;

    /// Contents by trend, the highest first, below `before`. Whether they are public is not asked.
    async fn ranked(&self, before: Option<(f64, ContentId)>, limit: u32) -> Result<Vec<Ranked>>;
    /// Contents that have a trend of at least `trend`.
    async fn ranked_count(&self, trend: f64) -> Result<u64>;
    /// Contents that were marked as hot.
    async fn hot(&self, limit: u32) -> Result<Vec<Ranked>>;

    /// Forgets at most `limit` keys of views that were kept before a time; answers how many.
    async fn view_keys_forget(&self, before: Timestamp, limit: u32) -> Result<u64>;
    /// Removes at most `limit` minutes before a minute; answers how many.
    async fn minutes_forget(&self, before: i64, limit: u32) -> Result<u64>;
}
