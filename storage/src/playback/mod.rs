//! What viewers' sessions know, kept so that a heartbeat costs no more than an appended row.
//!
//! The record of a viewer is one row, written when nothing of it has changed for a while. Between
//! two such writes each change of a session is put beside it; [`Playback::load`] answers both. All
//! writes are fenced by the viewer's shard and hold the row version, as those of the catalog do.

mod index;
pub mod postgres;
pub mod sqlite;

use crate::Result;
use crate::catalog::NewEvent;
use crate::model::{Fence, NewFact, SessionId, ViewerId};
use async_trait::async_trait;
use jiff::Timestamp;

/// What is stored of a viewer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredViewer {
    /// Of the last write; 0 when nothing is stored.
    pub row_version: u64,
    /// The record as it was last written whole: JSON.
    pub record: Option<String>,
    /// The newest state of each session that has changed since: JSON.
    pub sessions: Vec<(SessionId, String)>,
}

/// One fenced write of a viewer. Everything in it commits, or nothing.
#[derive(Clone, Debug)]
pub struct PutViewer {
    /// Proof of ownership of the viewer's shard; checked inside the transaction.
    pub fence: Fence,
    /// Whose.
    pub viewer: ViewerId,
    /// One more than the version that was read.
    pub row_version: u64,
    /// The state.
    pub state: ViewerState,
    /// To be counted for contents. A view whose key is known is left out.
    pub facts: Vec<NewFact>,
    /// For the outbox.
    pub events: Vec<NewEvent>,
}

/// What is written of a viewer.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewerState {
    /// Sessions that have changed: JSON.
    Sessions(Vec<(SessionId, String)>),
    /// All of it, JSON; replaces what was put beside it.
    Whole(String),
}

/// The port of viewers' state.
#[async_trait]
pub trait Playback: Send + Sync {
    /// What is stored of a viewer.
    ///
    /// # Errors
    /// `Conflict` while a write of an earlier owner is under way: load again.
    async fn load(&self, viewer: ViewerId) -> Result<StoredViewer>;

    /// Runs one fenced write; on disk when it answers.
    ///
    /// # Errors
    /// `Fenced`, `Conflict` when the row version is not the next one, `Full`, `Busy`, or the
    /// engine's own.
    async fn put(&self, put: PutViewer) -> Result<()>;

    /// Viewers with sessions beside their record of which one has not changed since `before`: they
    /// are to be written whole. The longest unchanged first.
    async fn unfolded(&self, before: Timestamp, limit: u32) -> Result<Vec<ViewerId>>;

    /// Frees what later writes have replaced, and answers how many rows.
    async fn tidy(&self) -> Result<u64>;
}
