//! Where the newest state of each session lies among the appended changes.
//!
//! Kept in memory, so that appending a change touches the end of one table and nothing else, and
//! made anew from the table at every start. It is a little ahead of what is committed: whoever
//! finds that a change did not commit says so, and the viewer is looked up in the table again.
//!
//! Who has been quiet, and which change is the first one that is needed, is asked every few seconds
//! while millions may be known: changes stand in one queue, and those that were replaced leave it
//! when they come to its front, so that each is looked at about once.

use crate::model::{SessionId, ViewerId};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet, VecDeque};

/// Replaced changes that are forgotten in one go: a fraction of a millisecond, in which the writer
/// waits.
const LOOK_MAX: usize = 4_096;

/// The changes of all viewers that were not written whole since.
#[derive(Debug, Default)]
pub(super) struct Index {
    viewers: HashMap<ViewerId, Known>,
    /// Viewers of whom it is not known what is in the table.
    doubted: HashSet<ViewerId>,
    /// Positions of changes with their viewers, the lowest first, replaced ones included.
    queue: VecDeque<(u64, ViewerId)>,
}

/// Who has been quiet.
#[derive(Debug, PartialEq)]
pub(super) enum Quiet {
    /// These, the longest quiet first.
    Found(Vec<ViewerId>),
    /// Only changes that were replaced have been looked at: ask again.
    LookOn,
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

    /// Nobody is here who is doubted.
    pub(super) fn row_version(&self, viewer: ViewerId) -> Option<u64> {
        self.viewers.get(&viewer).map(|known| known.row_version)
    }

    /// A change of a session was appended.
    pub(super) fn note(&mut self, viewer: ViewerId, row_version: u64, place: Place) {
        let known = self.viewers.entry(viewer).or_default();
        known.row_version = row_version;
        self.queue.push_back((place.position, viewer));
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
        let Some(known) = known else { return };
        // While there was a doubt they may have left the queue.
        self.queue.extend(known.sessions.iter().map(|place| (place.position, viewer)));
        self.queue.make_contiguous().sort_unstable();
        self.viewers.insert(viewer, known);
    }

    /// At most `limit` viewers with a session that has not changed since `before`, the longest
    /// unchanged first.
    pub(super) fn unchanged_since(&mut self, before: Timestamp, limit: usize) -> Quiet {
        let (mut found, mut seen, mut old) = (Vec::new(), HashSet::new(), Vec::new());
        let mut replaced = 0;
        while found.len() < limit && replaced < LOOK_MAX {
            let Some((position, viewer)) = self.queue.front().copied() else { break };
            match self.place(position, viewer) {
                Some(place) if place.at >= before => break,
                Some(_) => {
                    old.push((position, viewer));
                    if seen.insert(viewer) {
                        found.push(viewer);
                    }
                }
                None => replaced += 1,
            }
            self.queue.pop_front();
        }
        // They stay until their viewers are written whole.
        old.into_iter().rev().for_each(|it| self.queue.push_front(it));
        if replaced < LOOK_MAX { Quiet::Found(found) } else { Quiet::LookOn }
    }

    /// The first position that is still needed; none when no change is. Nothing may be removed
    /// while somebody is doubted.
    pub(super) fn first_needed(&mut self) -> Needed {
        if !self.doubted.is_empty() {
            return Needed::All;
        }
        while let Some((position, viewer)) = self.queue.front().copied() {
            if self.place(position, viewer).is_some() {
                return Needed::From(position);
            }
            self.queue.pop_front();
        }
        Needed::Nothing
    }

    /// The place at a position, if it is the newest of its session.
    fn place(&self, position: u64, viewer: ViewerId) -> Option<Place> {
        let known = self.viewers.get(&viewer)?;
        known.sessions.iter().find(|place| place.position == position).copied()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(number: u64) -> ViewerId {
        ViewerId::new(number)
    }

    fn at(second: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + std::time::Duration::from_secs(second)
    }

    fn place(viewer: ViewerId, session: u16, position: u64) -> Place {
        let session = SessionId::of(viewer, Timestamp::UNIX_EPOCH, session);
        Place { session, position, at: at(position) }
    }

    /// An index of changes of (viewer, session), one a second.
    fn index(changes: &[(u64, u16)]) -> Index {
        let mut index = Index::default();
        for (position, (number, session)) in (1..).zip(changes) {
            let viewer = viewer(*number);
            index.note(viewer, position, place(viewer, *session, position));
        }
        index
    }

    fn quiet(index: &mut Index, before: u64, limit: usize) -> Vec<u64> {
        loop {
            match index.unchanged_since(at(before), limit) {
                Quiet::Found(found) => return found.into_iter().map(ViewerId::bits).collect(),
                Quiet::LookOn => {}
            }
        }
    }

    #[test]
    fn the_longest_quiet_come_first_and_again_until_they_are_written_whole() {
        let mut index = index(&[(1, 0), (2, 0), (1, 1), (3, 0), (2, 0), (1, 1)]);
        for _ in 0..2 {
            assert_eq!(quiet(&mut index, 9, 9), [1, 3, 2]);
            assert_eq!(quiet(&mut index, 9, 2), [1, 3]);
            assert_eq!(quiet(&mut index, 5, 9), [1, 3], "the second has changed since");
            assert_eq!(quiet(&mut index, 1, 9), [0; 0]);
        }
        index.drop_viewer(viewer(1));
        assert_eq!(quiet(&mut index, 9, 9), [3, 2]);
        assert_eq!(index.first_needed(), Needed::From(4));
        index.drop_viewer(viewer(2));
        index.drop_viewer(viewer(3));
        assert_eq!((index.first_needed(), index.queue.len()), (Needed::Nothing, 0));
    }

    #[test]
    fn who_was_doubted_is_found_where_the_table_says() {
        let mut index = index(&[(1, 0), (2, 0), (1, 0)]);
        index.doubt(viewer(1));
        assert_eq!(index.first_needed(), Needed::All);
        assert_eq!(quiet(&mut index, 9, 9), [2]);
        // The last change did not commit.
        let sessions = vec![place(viewer(1), 0, 1)];
        index.learn(viewer(1), Some(Known { row_version: 1, sessions }));
        assert_eq!((quiet(&mut index, 9, 9), index.first_needed()), (vec![1, 2], Needed::From(1)));
    }

    #[test]
    fn what_was_replaced_is_looked_at_in_bounded_goes_and_forgotten() {
        let beats = vec![(1, 0); 3 * LOOK_MAX];
        let mut index = index(&[vec![(2, 0)], beats].concat());
        assert_eq!(index.unchanged_since(Timestamp::MAX, 9), Quiet::LookOn);
        assert_eq!(quiet(&mut index, u32::MAX.into(), 9), [2, 1]);
        assert_eq!(index.queue.len(), 2);
    }
}
