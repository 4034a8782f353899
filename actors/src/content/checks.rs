//! Ports of the two checks that a source passes before it is encoded.
//!
//! Without an engine the outcome is `NotConfigured` and recorded as such: nobody is told that a
//! film is clean when nobody looked. An engine must answer within the ask deadline of a pipeline;
//! one that takes longer belongs into the encode pool as a job.

use async_trait::async_trait;
use playhouse_storage::Result;
use playhouse_storage::model::{Check, ContentId, Source};
use std::sync::Arc;

/// Looks for malware in a source.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// What was found.
    ///
    /// # Errors
    /// When the engine cannot tell; it is asked again later.
    async fn scan(&self, content: ContentId, source: &Source) -> Result<Check>;
}

/// Looks for known copyrighted works in a source.
#[async_trait]
pub trait Fingerprinter: Send + Sync {
    /// What was found.
    ///
    /// # Errors
    /// When the engine cannot tell; it is asked again later.
    async fn compare(&self, content: ContentId, source: &Source) -> Result<Check>;
}

/// The engine that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotConfigured;

#[async_trait]
impl Scanner for NotConfigured {
    async fn scan(&self, _content: ContentId, _source: &Source) -> Result<Check> {
        Ok(Check::NotConfigured)
    }
}

#[async_trait]
impl Fingerprinter for NotConfigured {
    async fn compare(&self, _content: ContentId, _source: &Source) -> Result<Check> {
        Ok(Check::NotConfigured)
    }
}

/// Both engines.
#[derive(Clone)]
pub struct Checks {
    /// Against malware.
    pub scanner: Arc<dyn Scanner>,
    /// Against known works.
    pub fingerprinter: Arc<dyn Fingerprinter>,
}

impl Default for Checks {
    fn default() -> Self {
        Self { scanner: Arc::new(NotConfigured), fingerprinter: Arc::new(NotConfigured) }
    }
}
