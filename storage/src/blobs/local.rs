//! Blobs as files of one folder, named by their key.
//!
//! A file gets its final name when its bytes are on disk, by a rename that never replaces. Hidden
//! names (`.tmp` here, `.staging` of the staging store) cannot be keys, so what is under way is
//! never served.

use super::chunks::Chunks;
use super::tiers::Shelved;
use super::{Blobs, ByteStream, keys};
use crate::files::{self, blocking};
use crate::metrics::Meter;
use crate::model::Residency;
use crate::{Config, Error, Result};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

static WRITES: Meter = Meter::new("file", "write");
static OPENS: Meter = Meter::new("file", "open");

/// The embedded blob store.
pub struct LocalBlobs {
    root: PathBuf,
    chunks: Chunks,
}

impl LocalBlobs {
    /// Opens the folder, makes it when it is missing, and removes what a crash left half written.
    ///
    /// # Errors
    /// `Full`, `Io`.
    pub fn open(root: &Path, config: &Config) -> Result<Self> {
        files::create_dirs(root)?;
        files::empty_dir(&root.join(".tmp"))?;
        let chunks = Chunks::new(config.blob_chunk_bytes, config.blob_chunks_kept_max);
        Ok(Self { root: root.to_owned(), chunks })
    }

    fn path(&self, key: &str) -> Result<PathBuf> {
        path_of(&self.root, key)
    }

    fn temporary(&self) -> PathBuf {
        self.root.join(".tmp").join(Uuid::now_v7().simple().to_string())
    }
}

/// The file of a key under a root.
///
/// # Errors
/// `Invalid` when it is no relative path of safe, visible names.
pub(crate) fn path_of(root: &Path, key: &str) -> Result<PathBuf> {
    keys::check(key)?;
    Ok(root.join(key))
}

#[async_trait]
impl Blobs for LocalBlobs {
    async fn adopt(&self, file: &Path, key: &str) -> Result<u64> {
        let (from, to, temporary) = (file.to_owned(), self.path(key)?, self.temporary());
        let adopted = blocking(move || adopt(&from, &to, &temporary));
        named(key, WRITES.around(adopted).await)
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        let (to, temporary) = (self.path(key)?, self.temporary());
        let put = move || {
            let written = files::write_new(&temporary, &bytes);
            written.and_then(|()| files::publish(&temporary, &to)).inspect_err(|_| {
                // Best effort: what stays is removed at the next start.
                drop(files::remove(&temporary));
            })
        };
        named(key, WRITES.around(blocking(put)).await)
    }

    async fn size(&self, key: &str) -> Result<u64> {
        let (path, key) = (self.path(key)?, key.to_owned());
        blocking(move || open(&path, &key).map(|(_, size)| size)).await
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<ByteStream> {
        let (path, key) = (self.path(key)?, key.to_owned());
        let (file, size) = OPENS.around(blocking(move || open(&path, &key))).await?;
        let range = range.unwrap_or(0..size);
        Ok(stream(file, range.start..range.end.min(size), self.chunks.clone()))
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        self.path(key).ok()
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        blocking(move || {
            files::remove(&path)?;
            sync_parent(&path)
        })
        .await
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<()> {
        let path = self.path(prefix)?;
        blocking(move || {
            match std::fs::remove_dir_all(&path) {
                Ok(()) => sync_parent(&path),
                // Nothing there, or a blob of that very name, which has no `/` behind it.
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    Ok(())
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn sha256(&self, key: &str) -> Result<String> {
        let (path, key, chunk) = (self.path(key)?, key.to_owned(), self.chunks.bytes());
        blocking(move || hash(&open(&path, &key)?.0, chunk)).await
    }
}

#[async_trait]
impl Shelved for LocalBlobs {
    async fn take_from(&self, other: &Self, key: &str, _: u64) -> Result<()> {
        let (from, to, temporary) = (other.path(key)?, self.path(key)?, self.temporary());
        let named_key = key.to_owned();
        let copied = blocking(move || {
            if to.exists() {
                return Err(Error::Exists { what: named_key });
            }
            copy(&open(&from, &named_key)?.0, &temporary, &to)
        });
        named(key, copied.await)
    }

    /// All folders of a node are in one country.
    fn has_place(&self, _: Residency) -> bool {
        true
    }
}

/// An error about a path is told by the blob's key.
fn named<T>(key: &str, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error {
        Error::Exists { .. } => Error::Exists { what: key.to_owned() },
        other => other,
    })
}

/// A worker is not trusted: a link or a folder in its output must not become a blob.
pub(crate) fn open_plain(path: &Path) -> Result<(File, u64)> {
    let options = &mut OpenOptions::new();
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let file = options.read(true).custom_flags(no_follow).open(path);
    let file = file.map_err(|error| files::not_found(error, &path.display().to_string()))?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(Error::Invalid(format!("{} is no file", path.display())));
    }
    Ok((file, meta.len()))
}

fn adopt(from: &Path, to: &Path, temporary: &Path) -> Result<u64> {
    let (file, bytes) = open_plain(from)?;
    file.sync_all()?;
    match files::publish(from, to) {
        Err(error) if files::crosses_devices(&error) => copy(&file, temporary, to)?,
        result => return result.map(|()| bytes),
    }
    files::remove(from)?;
    Ok(bytes)
}

fn copy(mut from: &File, temporary: &Path, to: &Path) -> Result<()> {
    let copied = File::create_new(temporary).and_then(|mut file| {
        std::io::copy(&mut from, &mut file)?;
        file.sync_all()
    });
    copied.map_err(Error::from).and_then(|()| files::publish(temporary, to)).inspect_err(|_| {
        // Best effort: what stays is removed at the next start.
        drop(files::remove(temporary));
    })
}

fn open(path: &Path, key: &str) -> Result<(File, u64)> {
    let file = File::open(path).map_err(|error| match error.kind() {
        // A part of the key that is a blob itself has nothing below it.
        ErrorKind::NotADirectory => Error::NotFound { what: format!("blob {key}") },
        _ => files::not_found(error, &format!("blob {key}")),
    })?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(Error::NotFound { what: format!("blob {key}") });
    }
    Ok((file, meta.len()))
}

fn stream(file: File, range: Range<u64>, chunks: Chunks) -> ByteStream {
    let start = (Arc::new(file), range, chunks);
    futures_util::stream::try_unfold(start, move |(file, range, chunks)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let length = (range.end - range.start).min(chunks.bytes() as u64);
        let (reader, at, free) = (file.clone(), range.start, chunks.clone());
        let chunk =
            blocking(move || free.filled(length as usize, |chunk| reader.read_exact_at(chunk, at)));
        let rest = at + length..range.end;
        chunk.await.map(|chunk| Some((chunk, (file, rest, chunks))))
    })
    .boxed()
}

fn hash(mut file: &File, chunk_bytes: usize) -> Result<String> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; chunk_bytes];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("text takes what is written");
        hex
    })
}

fn sync_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) if folder.is_dir() => files::sync_dir(folder),
        Some(_) | None => Ok(()),
    }
}
