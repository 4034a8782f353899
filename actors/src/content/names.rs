//! Names of committed files and their blobs: a bounded memory of look-ups that never change.
//!
//! Two generations: what was asked for since the last turn stays, the rest goes when the young one
//! is full. So hot films stay known and the memory is bounded without a clock.

use crate::metrics::CacheMeter;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static LOOKS: CacheMeter = CacheMeter::new("names");

/// From a path below `/media/` to the key of its blob.
#[derive(Clone)]
pub(super) struct Names {
    inner: Arc<Mutex<Generations>>,
}

struct Generations {
    young: HashMap<String, String>,
    old: HashMap<String, String>,
    /// Names of one generation.
    max: usize,
}

impl Names {
    /// Keeps at most `max` names.
    pub(super) fn new(max: usize) -> Self {
        let inner = Generations { young: HashMap::new(), old: HashMap::new(), max: max / 2 + 1 };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// The key of a name that was remembered and is not forgotten yet.
    pub(super) fn get(&self, path: &str) -> Option<String> {
        let found = self.find(path);
        LOOKS.looked(found.is_some());
        found
    }

    fn find(&self, path: &str) -> Option<String> {
        let mut inner = self.lock();
        if let Some(key) = inner.young.get(path) {
            return Some(key.clone());
        }
        let key = inner.old.remove(path)?;
        inner.insert(path.to_owned(), key.clone());
        Some(key)
    }

    /// Remembers a name.
    pub(super) fn put(&self, path: String, key: String) {
        self.lock().insert(path, key);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn insert(&mut self, path: String, key: String) {
        if self.young.len() >= self.max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(path, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_use_outlive_those_that_nobody_asks_for() {
        let names = Names::new(4);
        names.put("hot".into(), "h".into());
        for n in 0..20 {
            names.put(format!("cold-{n}"), "c".into());
            assert_eq!(names.get("hot"), Some("h".into()), "after {n}");
        }
        assert_eq!(names.get("cold-0"), None);
        let inner = names.lock();
        assert!(inner.young.len() + inner.old.len() <= 6);
    }
}
