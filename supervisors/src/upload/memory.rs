//! Which uploads were begun: `uploads.json` in the user's state folder (XDG base directories).
//!
//! An entry is found by path, size and time of change of the file, and by server. It is a hint:
//! a lost or broken file costs a new upload, never a wrong one, because the server is asked for
//! the offset before a byte is sent.

use super::Source;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Entries that are kept; the oldest go first. Far above what one person has under way.
const ENTRIES_MAX: usize = 1_000;

/// One upload that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// The tus address of the upload.
    pub(crate) url: String,
    /// The content that it becomes.
    pub(crate) content_id: String,
}

/// The place of one file's entry.
pub(super) struct Memory {
    file: PathBuf,
    key: String,
}

impl Memory {
    /// The memory of the user who runs the command.
    ///
    /// # Errors
    /// When there is neither `XDG_STATE_HOME` nor `HOME`.
    pub(super) fn standard(source: &Source, server: &str) -> Result<Self> {
        let folder = std::env::var_os("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(|| {
                std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"))
            })
            .context("neither XDG_STATE_HOME nor HOME is set")?;
        Ok(Self::at(folder.join("playhouse/uploads.json"), source, server))
    }

    fn at(file: PathBuf, source: &Source, server: &str) -> Self {
        let key = format!(
            "{} {} {} {server}",
            source.modified_ns,
            source.size_bytes,
            source.path.display()
        );
        Self { file, key }
    }

    /// The upload of an earlier run.
    pub(super) fn recall(&self) -> Option<Remembered> {
        self.read().remove(&self.key)
    }

    /// Writes the upload down; without it a later run begins anew, so failing is only told.
    pub(super) fn remember(&self, upload: &Remembered) {
        self.change(|entries| {
            entries.insert(self.key.clone(), upload.clone());
            while entries.len() > ENTRIES_MAX {
                entries.pop_first();
            }
        });
    }

    /// Forgets the upload: it is done, or the server no longer has it.
    pub(super) fn forget(&self) {
        self.change(|entries| {
            entries.remove(&self.key);
        });
    }

    fn read(&self) -> BTreeMap<String, Remembered> {
        let text = std::fs::read(&self.file).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Remembered>)) {
        let mut entries = self.read();
        change(&mut entries);
        if let Err(error) = self.write(&entries) {
            tracing::debug!(%error, "the upload is not written down");
        }
    }

    /// Under another name first: a crash leaves the old file or the new one.
    fn write(&self, entries: &BTreeMap<String, Remembered>) -> Result<()> {
        let folder = self.file.parent().context("a file has a folder")?;
        std::fs::create_dir_all(folder)?;
        let fresh = self.file.with_extension(format!("{}.tmp", std::process::id()));
        std::fs::write(&fresh, serde_json::to_vec_pretty(entries)?)?;
        Ok(std::fs::rename(&fresh, &self.file)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_another_upload() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |modified_ns| {
            let source = Source { path: "/a.mp4".into(), size_bytes: 1, modified_ns };
            Memory::at(folder.path().join("state/uploads.json"), &source, "http://x")
        };
        let upload = Remembered { url: "http://x/1".into(), content_id: "c".into() };
        at(1).remember(&upload);
        assert_eq!(at(1).recall(), Some(upload));
        assert_eq!(at(2).recall(), None);
        at(1).forget();
        assert_eq!(at(1).recall(), None);
    }
}
