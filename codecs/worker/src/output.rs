//! The output folder: every file appears whole, by a rename within the folder.
//!
//! Making it durable is the node's part; the worker only promises that a file under its final
//! name has all of its bytes, and names their hash.

use crate::failure::{Failure, Result};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The one folder that the cell leaves open.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    folder: PathBuf,
}

/// A file that is whole.
pub(crate) struct Written {
    pub(crate) file: String,
    pub(crate) bytes: u64,
    /// Lower-case hex.
    pub(crate) sha256: String,
}

impl Output {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Writes `content` under the name `file`, which appears only when it is whole.
    ///
    /// # Errors
    /// Of the file system (a full disk, the file size limit), or when the name is a path.
    pub(crate) fn write(&self, file: String, content: &[u8]) -> Result<Written> {
        if file.contains('/') {
            return Err(Failure::internal(format!("{file} is not a file name")));
        }
        let part = self.folder.join(format!("{file}.tmp"));
        let rename = || fs::rename(&part, self.folder.join(&file));
        fs::write(&part, content).and_then(|()| rename()).map_err(|error| {
            // What is left of it is worthless; the first error is the one to tell.
            let _ = fs::remove_file(&part);
            Failure::internal(format!("cannot write {file}: {error}"))
        })?;
        Ok(Written { file, bytes: content.len() as u64, sha256: sha256_hex(content) })
    }
}

fn sha256_hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
