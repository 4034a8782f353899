//! Sources that wait for their SHA-256, one at a time, and how one is hashed.
//!
//! What cannot be read after some tries is told to the pipeline as well, so that a content never
//! waits for ever for a hash that will not come.

use super::Workshop;
use super::segments::pause;
use crate::content;

use playhouse_storage::model::ContentId;
use std::collections::VecDeque;
use tokio::time::sleep;

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) content: ContentId,
    /// Its blob.
    pub(super) key: String,
}

/// The queue.
#[derive(Default)]
pub(super) struct Hashes {
    waiting: VecDeque<Source>,
    current: Option<ContentId>,
}

impl Hashes {
    /// Puts a source in the queue, which holds `most`. A hash is asked for each time that its
    /// content advances; it is made once.
    pub(super) fn put(&mut self, source: Source, most: usize) {
        let content = source.content;
        let known =
            self.current == Some(content) || self.waiting.iter().any(|it| it.content == content);
        if !known && self.waiting.len() < most {
            self.waiting.push_back(source);
        }
    }

    /// Nobody needs it any more.
    pub(super) fn forget(&mut self, content: ContentId) {
        self.waiting.retain(|source| source.content != content);
    }

    /// The next one to begin with, unless one is under way.
    pub(super) fn next(&mut self) -> Option<Source> {
        if self.current.is_some() {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.current = Some(next.content);
        Some(next)
    }

    /// The one under way has ended.
    pub(super) fn ended(&mut self) {
        self.current = None;
    }

    /// Bytes behind it.
    pub(super) fn weight(&self) -> usize {
        let keys = self.waiting.iter().map(|source| source.key.len()).sum::<usize>();
        self.waiting.capacity() * size_of::<Source>() + keys
    }
}

/// Hashes a source and tells its pipeline what came of it.
pub(super) async fn hash(shop: Workshop, source: Source) {
    let request = match read(&shop, &source).await {
        Some(sha256) => content::Request::Hashed { sha256 },
        None => content::Request::Unreadable,
    };
    let pipeline = shop.pipeline(source.content);
    for _ in 0..shop.config.ask_tries_max {
        match pipeline.ask(request.clone(), shop.config.ask_deadline()).await {
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(content = %source.content, %error, "a hash was not taken yet");
                sleep(pause(&error)).await;
            }
        }
    }
}

async fn read(shop: &Workshop, source: &Source) -> Option<String> {
    for _ in 0..shop.config.ask_tries_max {
        match shop.blobs.sha256(&source.key).await {
            Ok(sha256) => return Some(sha256),
            Err(error) => {
                tracing::warn!(content = %source.content, %error, "a source could not be hashed");
                sleep(shop.config.runtime.retry_after()).await;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_hashed_once_and_one_at_a_time() {
        let (one, two) = (ContentId::new(), ContentId::new());
        let source = |content| Source { content, key: format!("source/{content}") };
        let mut hashes = Hashes::default();
        hashes.put(source(one), 2);
        assert_eq!(hashes.next(), Some(source(one)));
        for content in [one, two, two, ContentId::new(), ContentId::new()] {
            hashes.put(source(content), 2);
        }
        assert_eq!(hashes.waiting.len(), 2, "each once, and no more than two");
        assert_eq!(hashes.next(), None, "one is under way");
        hashes.ended();
        hashes.forget(two);
        assert_ne!(hashes.next(), Some(source(two)));
    }
}
