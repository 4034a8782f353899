//! How often each segment was made, from what lies in the data folder.
//!
//! A worker's segment appears by a rename in the folder of its attempt and is moved from there
//! into the blob store; both names carry the attempt, and a killed node removes neither. So a
//! look while nobody runs sees every whole segment that the killed attempts made, committed or
//! not. Attempts are named by rising ids: the greatest one of a segment made it last.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Attempts that made a segment, by rendition and index.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    made: BTreeMap<(String, u32), BTreeSet<String>>,
}

/// What became of one rendition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) rendition: String,
    /// Segments that exist.
    pub(super) segments: usize,
    /// How often any of them was made again.
    pub(super) again: usize,
    /// The most that one attempt made in vain.
    pub(super) worst: usize,
}

impl Ledger {
    /// Looks into a folder and all below it.
    pub(super) fn look(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.look(&path);
            } else if let Some((rendition, index, attempt)) = segment(&path) {
                self.made.entry((rendition, index)).or_default().insert(attempt);
            }
        }
    }

    /// Segments made so far of renditions whose name begins so, each counted once.
    pub(super) fn segments(&self, prefix: &str) -> usize {
        self.made.keys().filter(|(name, _)| name.starts_with(prefix)).count()
    }

    /// One account per rendition.
    pub(super) fn accounts(&self) -> Vec<Account> {
        let names: BTreeSet<&String> = self.made.keys().map(|(name, _)| name).collect();
        names.into_iter().map(|name| self.account(name)).collect()
    }

    /// Indices of a rendition's segments that were made by another attempt than the one before.
    pub(super) fn seams(&self, rendition: &str) -> Vec<u32> {
        let ours = self.made.iter().filter(|((name, _), _)| name == rendition);
        let last: Vec<_> = ours.map(|((_, index), attempts)| (*index, attempts.last())).collect();
        let changes = last.windows(2).filter(|two| two[0].1 != two[1].1);
        changes.map(|two| two[1].0).collect()
    }

    fn account(&self, rendition: &str) -> Account {
        let ours = self.made.iter().filter(|((name, _), _)| name == rendition);
        let (mut segments, mut vain) = (0, BTreeMap::new());
        for (_, attempts) in ours {
            segments += 1;
            for attempt in attempts.iter().rev().skip(1) {
                *vain.entry(attempt).or_insert(0) += 1;
            }
        }
        let again = vain.values().sum();
        let worst = vain.values().copied().max().unwrap_or(0);
        Account { rendition: rendition.to_owned(), segments, again, worst }
    }
}

/// `…/RENDITION/NNNNN-ATTEMPT.m4s` of the blob store, `…/RENDITION-NNNNN-ATTEMPT.m4s` of a worker.
fn segment(path: &Path) -> Option<(String, u32, String)> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".m4s")?;
    let (place, attempt) = stem.rsplit_once('-')?;
    let (rendition, index) = match place.rsplit_once('-') {
        Some((rendition, index)) => (rendition, index),
        None => (path.parent()?.file_name()?.to_str()?, place),
    };
    Some((rendition.to_owned(), index.parse().ok()?, attempt.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_homes_of_a_segment_are_one_segment_and_another_attempt_is_another() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in [
            "blobs/media/c/audio-64k/00000-01.m4s",
            "tmp/work/01/audio-64k-00001-01.m4s",
            "blobs/media/c/audio-64k/00001-02.m4s",
            "tmp/work/02/audio-64k-00002-02.m4s.tmp",
            "blobs/media/c/audio-64k/init-01.mp4",
        ] {
            let path = folder.path().join(name);
            let parent = path.parent().expect("a file lies in a folder");
            std::fs::create_dir_all(parent).expect("the folder can be written");
            std::fs::write(path, "").expect("the folder can be written");
        }
        let mut ledger = Ledger::default();
        ledger.look(folder.path());
        ledger.look(folder.path());
        let rendition = "audio-64k".to_owned();
        let account = Account { rendition, segments: 2, again: 1, worst: 1 };
        assert_eq!(ledger.accounts(), [account]);
        assert_eq!(ledger.seams("audio-64k"), [1]);
    }
}
