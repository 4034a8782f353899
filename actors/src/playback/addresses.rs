//! How many views of a content have counted from one address in an hour: a rough hold on one who
//! throws cookies away, nothing exact.
//!
//! Kept in the memory of this process and bounded: a restart forgets it, several nodes count apart,
//! and of too many addresses the longest unseen are forgotten. Nothing that is shown as exact
//! depends on it: it only decides before a view is kept.

use hashlink::LruCache;
use playhouse_storage::model::ContentId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Key = (ContentId, u32, i32);

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct Addresses {
    counts: Arc<Mutex<LruCache<Key, u32>>>,
}

/// The right to count one view; it goes back unless it is kept.
pub(super) struct Admission {
    addresses: Addresses,
    key: Key,
    kept: bool,
}

impl Addresses {
    /// A table that remembers so many addresses of contents.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { counts: Arc::new(Mutex::new(LruCache::new(most))) }
    }

    /// Counts one more view of a content from an address in an hour; none when there have been
    /// `most` already.
    pub(super) fn admit(
        &self,
        content: ContentId,
        address: u32,
        hour: i32,
        most: u32,
    ) -> Option<Admission> {
        let key = (content, address, hour);
        let mut counts = self.lock();
        match counts.get_mut(&key) {
            Some(count) if *count >= most => return None,
            Some(count) => *count += 1,
            None => drop(counts.insert(key, 1)),
        }
        drop(counts);
        Some(Admission { addresses: self.clone(), key, kept: false })
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Key, u32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    /// The view is on disk.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Some(count) = self.addresses.lock().get_mut(&self.key) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_so_often_per_content_and_hour_and_what_failed_is_given_back() {
        let (addresses, content) = (Addresses::new(10), ContentId::new());
        let admit = |address, hour| addresses.admit(content, address, hour, 2);
        admit(1, 7).expect("the first").keep();
        drop(admit(1, 7).expect("the second, which does not reach the disk"));
        admit(1, 7).expect("the second").keep();
        assert!(admit(1, 7).is_none(), "a third");
        assert!(admit(1, 8).is_some() && admit(2, 7).is_some(), "another hour, another address");
    }

    #[test]
    fn the_longest_unseen_are_forgotten() {
        let (addresses, content) = (Addresses::new(2), ContentId::new());
        for address in [1, 2, 3] {
            addresses.admit(content, address, 7, 1).expect("a first").keep();
        }
        assert!(addresses.admit(content, 3, 7, 1).is_none(), "remembered");
        assert!(addresses.admit(content, 1, 7, 1).is_some(), "forgotten");
    }
}
