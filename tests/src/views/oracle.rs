//! What must have been counted.
//!
//! A session counts once per viewer, content and clock hour (UTC); a posted view once per key, and
//! every key here is new. Unique viewers of a content are those of its sessions and the names in
//! its posted views.

use std::collections::{HashMap, HashSet};

/// A content's truth.
#[derive(Default)]
pub(super) struct Account {
    /// Views.
    pub(super) views: u64,
    /// Viewers by sessions, each with the hour that counted last.
    watched: HashMap<u32, i64>,
    /// The same viewers, in order.
    viewers: Vec<u32>,
    /// Names in posted views.
    readers: HashSet<u32>,
}

impl Account {
    /// A session of a viewer that passes the threshold in that hour.
    pub(super) fn watch(&mut self, viewer: u32, hour: i64) {
        let before = self.watched.insert(viewer, hour);
        self.views += u64::from(before != Some(hour));
        if before.is_none() {
            self.viewers.push(viewer);
        }
    }

    /// A posted view.
    pub(super) fn post(&mut self, reader: Option<u32>) {
        self.views += 1;
        self.readers.extend(reader);
    }

    /// Those who have watched.
    pub(super) fn viewers(&self) -> &[u32] {
        &self.viewers
    }

    /// How many different ones.
    pub(super) fn unique(&self) -> u64 {
        (self.watched.len() + self.readers.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_counts_once_an_hour_and_is_one_viewer() {
        let mut account = Account::default();
        for (viewer, hour) in [(1, 10), (1, 10), (2, 10), (1, 11)] {
            account.watch(viewer, hour);
        }
        for reader in [Some(1), None, Some(1)] {
            account.post(reader);
        }
        assert_eq!((account.views, account.unique(), account.viewers().len()), (6, 3, 2));
    }
}
