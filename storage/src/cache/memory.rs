//! The cache in this process, bounded by bytes: the least recently used goes first.

use super::{Cache, Count};
use crate::Result;
use async_trait::async_trait;
use bytes::Bytes;
use hashlink::LinkedHashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What an entry takes beside its key and its bytes.
const ENTRY_BYTES: u64 = 128;

/// The embedded engine.
pub struct MemoryCache {
    bytes_max: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The least recently used first.
    entries: LinkedHashMap<String, Entry>,
    bytes: u64,
}

struct Entry {
    value: Value,
    until: Instant,
}

enum Value {
    Bytes(Bytes),
    Count(u64),
    Seen,
}

impl MemoryCache {
    /// A cache of at most so many bytes.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_value(&self, key: &str, value: Value, until: Instant) {
        let mut kept = self.lock();
        kept.remove(key);
        kept.bytes += weight(key, &value);
        kept.entries.insert(key.to_owned(), Entry { value, until });
        while kept.bytes > self.bytes_max {
            let Some((key, entry)) = kept.entries.pop_front() else { break };
            kept.bytes -= weight(&key, &entry.value);
        }
    }
}

impl Kept {
    /// The entry of a key, as the most recently used. One whose time is over is none.
    fn get(&mut self, key: &str) -> Option<&mut Entry> {
        if self.entries.get(key)?.until <= Instant::now() {
            self.remove(key);
            return None;
        }
        self.entries.to_back(key)
    }

    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= weight(key, &entry.value);
        }
    }
}

fn weight(key: &str, value: &Value) -> u64 {
    let bytes = match value {
        Value::Bytes(bytes) => bytes.len(),
        Value::Count(_) | Value::Seen => 0,
    };
    ENTRY_BYTES + (key.len() + bytes) as u64
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.lock().get(key).and_then(bytes_of))
    }

    async fn get_and_keep(&self, key: &str, ttl: Duration) -> Result<Option<Bytes>> {
        Ok(self.lock().get(key).and_then(|entry| {
            entry.until = Instant::now() + ttl;
            bytes_of(entry)
        }))
    }

    async fn put(&self, key: &str, bytes: Bytes, ttl: Duration) -> Result<()> {
        self.put_value(key, Value::Bytes(bytes), Instant::now() + ttl);
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<()> {
        self.lock().remove(key);
        Ok(())
    }

    async fn is_new(&self, key: &str, ttl: Duration) -> Result<bool> {
        if self.lock().get(key).is_some() {
            return Ok(false);
        }
        self.put_value(key, Value::Seen, Instant::now() + ttl);
        Ok(true)
    }

    async fn count(&self, key: &str, window: Duration) -> Result<Count> {
        let now = Instant::now();
        if let Some(Entry { value: Value::Count(count), until }) = self.lock().get(key) {
            *count += 1;
            return Ok(Count { count: *count, resets_in: *until - now });
        }
        self.put_value(key, Value::Count(1), now + window);
        Ok(Count { count: 1, resets_in: window })
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

fn bytes_of(entry: &mut Entry) -> Option<Bytes> {
    match &entry.value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Count(_) | Value::Seen => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn of_too_many_bytes_the_least_recently_used_go() {
        let cache = MemoryCache::new(3 * (ENTRY_BYTES + 1 + 100));
        for key in ["a", "b", "c"] {
            cache.put(key, Bytes::from(vec![0; 100]), LONG).await.unwrap();
        }
        assert!(cache.get("a").await.unwrap().is_some());
        cache.put("d", Bytes::from(vec![0; 100]), LONG).await.unwrap();
        let mut there = Vec::new();
        for key in ["a", "b", "c", "d"] {
            there.push(cache.get(key).await.unwrap().is_some());
        }
        assert_eq!(there, [true, false, true, true]);
        cache.put("huge", Bytes::from(vec![0; 1_000]), LONG).await.unwrap();
        let kept = cache.lock();
        assert_eq!((kept.bytes, kept.entries.len()), (0, 0));
    }
}
