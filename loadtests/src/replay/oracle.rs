//! The oracle: what the counts must be in the end, known from what was sent and what was answered.
//!
//! A view that was acknowledged counts once, however often its key was sent. A session counts when
//! it was watched for long enough by what the node has acknowledged, once for its viewer, content
//! and clock hour. A request whose answer was lost may have been taken or not, and a session that
//! was watched just about long enough may count or not: the truth is then an interval, and what is
//! found must lie within it.

use crate::report::DIFFERENCES_TOLD;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

const MAYBE: u8 = 1;
const TAKEN: u8 = 2;
/// The node said of it that it is a new one.
const COUNTED: u8 = 4;
const COUNTED_TWICE: u8 = 8;

/// What became of a request that changes a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is durable; `counted` says whether the node took it for a new one.
    Acknowledged { counted: bool },
    /// It may be.
    Unknown,
    /// It is not.
    Refused,
}

/// The numbers of a content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) views: u64,
    pub(crate) likes: u64,
}

/// Between what the numbers of a content must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) least: Numbers,
    pub(crate) most: Numbers,
}

/// A view of a session: viewer, content, hour since 1970.
type Watched = (String, u32, i64);

/// What has happened in a run.
pub(crate) struct Oracle {
    /// By key: its content, and what is known of it.
    keys: Vec<(AtomicU32, AtomicU8)>,
    /// By content: likes that were acknowledged, and those that may have been taken.
    likes: Vec<(AtomicU32, AtomicU32)>,
    /// True for those that are certain.
    sessions: Mutex<HashMap<Watched, bool>>,
}

impl Oracle {
    pub(crate) fn new(contents: usize, keys: u32) -> Self {
        Self {
            keys: (0..keys).map(|_| Default::default()).collect(),
            likes: (0..contents).map(|_| Default::default()).collect(),
            sessions: Mutex::default(),
        }
    }

    /// A view with a key was sent.
    pub(crate) fn view(&self, content: u32, key: u32, told: Told) {
        let (place, state) = &self.keys[key as usize];
        place.store(content, Relaxed);
        let more = match told {
            Told::Acknowledged { counted: true } => {
                let before = state.fetch_or(TAKEN | COUNTED, Relaxed);
                if before & COUNTED == 0 { 0 } else { COUNTED_TWICE }
            }
            Told::Acknowledged { counted: false } => TAKEN,
            Told::Unknown => MAYBE,
            Told::Refused => 0,
        };
        state.fetch_or(more, Relaxed);
    }

    /// Somebody who never liked it before has liked a content.
    pub(crate) fn like(&self, content: u32, told: Told) {
        let (taken, maybe) = &self.likes[content as usize];
        match told {
            Told::Acknowledged { .. } => taken.fetch_add(1, Relaxed),
            Told::Unknown => maybe.fetch_add(1, Relaxed),
            Told::Refused => 0,
        };
    }

    /// A session was, or may have been, watched for long enough.
    pub(crate) fn watched(&self, viewer: &str, content: u32, hour: i64, certain: bool) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        *sessions.entry((viewer.to_owned(), content, hour)).or_default() |= certain;
    }

    /// What each content must have gained.
    pub(crate) fn bounds(&self) -> Vec<Bounds> {
        let mut all = vec![Bounds::default(); self.likes.len()];
        for (content, state) in &self.keys {
            let (bounds, state) = (&mut all[content.load(Relaxed) as usize], state.load(Relaxed));
            bounds.least.views += u64::from(state & TAKEN != 0);
            bounds.most.views += u64::from(state & (TAKEN | MAYBE) != 0);
        }
        for (bounds, (taken, maybe)) in all.iter_mut().zip(&self.likes) {
            bounds.least.likes += u64::from(taken.load(Relaxed));
            bounds.most.likes += u64::from(taken.load(Relaxed) + maybe.load(Relaxed));
        }
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        for ((_, content, _), certain) in sessions.iter() {
            let bounds = &mut all[*content as usize];
            bounds.least.views += u64::from(*certain);
            bounds.most.views += 1;
        }
        all
    }

    /// Keys of which the node said more than once that they are new.
    pub(crate) fn counted_twice(&self) -> u64 {
        let twice = |state: &AtomicU8| state.load(Relaxed) & COUNTED_TWICE != 0;
        self.keys.iter().filter(|(_, state)| twice(state)).count() as u64
    }
}

/// What differs: contents whose gain is not within its bounds, at most the first twenty.
pub(crate) fn differences(ids: &[&str], bounds: &[Bounds], gained: &[Numbers]) -> Vec<String> {
    let each = ids.iter().zip(bounds).zip(gained);
    let told = each.flat_map(|((id, bounds), gained)| {
        let Bounds { least, most } = *bounds;
        let views = difference(id, "views", gained.views, (least.views, most.views));
        let likes = difference(id, "likes", gained.likes, (least.likes, most.likes));
        [views, likes].into_iter().flatten()
    });
    told.take(DIFFERENCES_TOLD).collect()
}

fn difference(id: &str, what: &str, found: u64, (least, most): (u64, u64)) -> Option<String> {
    if (least..=most).contains(&found) {
        return None;
    }
    let must = if least == most { least.to_string() } else { format!("{least} to {most}") };
    Some(format!("{id}: {found} {what}, must be {must}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Told = Told::Acknowledged { counted: true };
    const KNOWN: Told = Told::Acknowledged { counted: false };

    fn views(oracle: &Oracle, content: usize) -> (u64, u64) {
        let bounds = oracle.bounds()[content];
        (bounds.least.views, bounds.most.views)
    }

    #[test]
    fn a_key_counts_once_and_what_was_lost_makes_an_interval() {
        let oracle = Oracle::new(2, 5);
        for (key, told) in [(0, NEW), (0, KNOWN), (1, Told::Unknown), (2, Told::Refused)] {
            oracle.view(1, key, told);
        }
        assert_eq!(views(&oracle, 1), (1, 2));
        oracle.view(1, 1, KNOWN);
        assert_eq!(views(&oracle, 1), (2, 2), "the repeat has told what became of it");
        oracle.view(1, 2, Told::Unknown);
        oracle.view(0, 3, NEW);
        assert_eq!((views(&oracle, 0), views(&oracle, 1)), ((1, 1), (2, 3)));
        assert_eq!(oracle.counted_twice(), 0);
        oracle.view(0, 3, NEW);
        assert_eq!((views(&oracle, 0), oracle.counted_twice()), ((1, 1), 1));
    }

    #[test]
    fn a_viewer_counts_once_in_an_hour() {
        let oracle = Oracle::new(1, 0);
        for (viewer, hour, certain) in
            [("a", 7, true), ("a", 7, false), ("a", 8, true), ("b", 7, false), ("c", 7, false)]
        {
            oracle.watched(viewer, 0, hour, certain);
        }
        assert_eq!(views(&oracle, 0), (2, 4));
        oracle.watched("b", 0, 7, true);
        assert_eq!(views(&oracle, 0), (3, 4));
    }

    #[test]
    fn a_view_lost_or_doubled_and_a_like_too_many_are_told() {
        let oracle = Oracle::new(2, 3);
        (0..3).for_each(|key| oracle.view(0, key, NEW));
        oracle.like(1, NEW);
        oracle.like(1, Told::Unknown);
        let told = |views, likes| {
            let gained = [Numbers { views, likes: 0 }, Numbers { views: 0, likes }];
            differences(&["a", "b"], &oracle.bounds(), &gained)
        };
        assert!(told(3, 1).is_empty() && told(3, 2).is_empty());
        assert_eq!(told(2, 1), ["a: 2 views, must be 3"]);
        assert_eq!(told(4, 3), ["a: 4 views, must be 3", "b: 3 likes, must be 1 to 2"]);
    }
}
