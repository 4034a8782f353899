//! Where the newest state of each session lies among the appended changes.
//!
//! Kept in memory, so that appending a change touches the end of one table and nothing else, and
//! made anew from the table at every start. It is a little ahead of what is committed: whoever
//! finds that a change did not commit says so, and the viewer is looked up in the table again.

use crate::model::{SessionId, ViewerId};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// The changes of all viewers that were not written whole since.
#[derive(Debug, Default)]
pub(super) struct Index {
    viewers: HashMap<ViewerId, Known>,
    /// Viewers of whom it is not known what is in the table.
    doubted: HashSet<ViewerId>,
}

/// What is known of one viewer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    pub(super) row_version: u64,
    pub(super) sessions: Vec<Place>,
}

/// Where the newest state of a session lies, and since when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) session: SessionId,
    pub(super) position: u64,
    pub(super) at: Timestamp,
}

impl Index {
    pub(super) fn get(&self, viewer: ViewerId) -> Option<&Known> {
        self.viewers.get(&viewer)
    }

    /// A change of a session was appended.
    pub(super) fn note(&mut self, viewer: ViewerId, row_version: u64, place: Place) {
        let known = self.viewers.entry(viewer).or_default();
        known.row_version = row_version;
        match known.sessions.iter_mut().find(|it| it.session == place.session) {
            Some(known) => *known = place,
            None => {
                known.sessions.reserve_exact(1);
                known.sessions.push(place);
            }
        }
    }

    /// The viewer was written whole: nothing that was appended counts any more.
    pub(super) fn drop_viewer(&mut self, viewer: ViewerId) {
        self.viewers.remove(&viewer);
    }

    /// It is not known whether the last change was committed.
    pub(super) fn doubt(&mut self, viewer: ViewerId) {
        self.viewers.remove(&viewer);
        self.doubted.insert(viewer);
    }

    pub(super) fn is_doubted(&self, viewer: ViewerId) -> bool {
        self.doubted.contains(&viewer)
    }

    /// What the table says of a viewer who was doubted.
    pub(super) fn learn(&mut self, viewer: ViewerId, known: Option<Known>) {
        self.doubted.remove(&viewer);
        if let Some(known) = known {
            self.viewers.insert(viewer, known);
        }
    }

    /// Viewers with a session that has not changed since `before`, the longest unchanged first.
    pub(super) fn unchanged_since(&self, before: Timestamp, limit: usize) -> Vec<ViewerId> {
        let oldest = |known: &Known| known.sessions.iter().map(|place| place.at).min();
        let mut found: Vec<_> = self
            .viewers
            .iter()
            .filter_map(|(viewer, known)| Some((oldest(known)?, *viewer)))
            .filter(|(at, _)| *at < before)
            .collect();
        found.sort_unstable();
        found.truncate(limit);
        found.into_iter().map(|(_, viewer)| viewer).collect()
    }

    /// The first position that is still needed; none when no change is. Nothing may be removed
    /// while somebody is doubted.
    pub(super) fn first_needed(&self) -> Needed {
        if !self.doubted.is_empty() {
            return Needed::All;
        }
        let places = self.viewers.values().flat_map(|known| &known.sessions);
        places.map(|place| place.position).min().map_or(Needed::Nothing, Needed::From)
    }
}

/// Which of the appended changes are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// All, as far as is known.
    All,
    /// From this position on.
    From(u64),
    /// None of those that are there.
    Nothing,
}
