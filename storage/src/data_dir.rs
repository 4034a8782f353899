//! The data folder: one process at a time, nobody else's eyes, no leftovers of a crash.
//!
//! The lock is on an open file, so the kernel gives it back however the process ends. It is held
//! for the life of the [`DataDir`]; every embedded engine relies on it.
//!
//! It is given back by name, too: between `fork` and `exec` a child that this process starts has a
//! copy of every descriptor, and the lock lives as long as any copy does.

use crate::{Error, Result, files};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const TEMPORARY: &str = "tmp";

/// A data folder that this process owns.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    id: String,
    lock: File,
}

impl DataDir {
    /// Opens the folder, makes it (mode 0700) when it is missing, takes its lock, and empties its
    /// folder of temporary files.
    ///
    /// # Errors
    /// `InUse` naming the folder when another process (or another value in this one) has it,
    /// `Full`, `Io`.
    pub fn open(path: &Path) -> Result<Self> {
        files::create_dirs(path)?;
        let path = path.canonicalize()?;
        let options = &mut OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600);
        let lock = lock.open(path.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::InUse { path: path.display().to_string() },
            TryLockError::Error(source) => source.into(),
        })?;
        let temporary = path.join(TEMPORARY);
        files::empty_dir(&temporary)?;
        let id = known_as(&path, &temporary)?;
        Ok(Self { path, id, lock })
    }

    /// The folder, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name under which the process of this folder holds what it shares with others. It stays
    /// the same as long as the folder does.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A folder for files of this run only, such as the output of workers: it is emptied when the
    /// data folder is opened.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.path.join(TEMPORARY)
    }

    /// A path of the configuration: relative ones are relative to this folder.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }
}

/// The name of the folder, which is made with it.
fn known_as(path: &Path, temporary: &Path) -> Result<String> {
    let file = path.join("id");
    match std::fs::read_to_string(&file) {
        Ok(id) if files::is_name(id.trim()) => Ok(id.trim().to_owned()),
        Ok(_) => Err(Error::Corrupt { what: format!("{} holds no id", file.display()) }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let id = Uuid::now_v7().simple().to_string();
            files::replace(&temporary.join("id"), &file, id.as_bytes())?;
            Ok(id)
        }
        Err(error) => Err(error.into()),
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the lock on the data folder is left to its descriptors");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node that was started again at once found its folder in use, since a worker that was just
    /// being started still had a copy of the descriptor.
    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ours = DataDir::open(folder.path()).expect("the folder is free");
        let copy = ours.lock.try_clone().expect("a copy of the descriptor");
        assert!(matches!(DataDir::open(folder.path()), Err(Error::InUse { .. })));
        drop(ours);
        DataDir::open(folder.path()).expect("the folder is free again");
        drop(copy);
    }

    #[test]
    fn the_name_of_a_folder_stays_with_it_and_is_nobody_elses() {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
        let id = |at: usize| DataDir::open(folders[at].path()).expect("it is free").id().to_owned();
        assert_eq!(id(0), id(0));
        assert_ne!(id(0), id(1));
    }
}
