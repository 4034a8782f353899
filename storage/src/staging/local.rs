//! Staged uploads as one file each, `.staging/{upload}/data` beside the blobs.
//!
//! Parts are ranges of that file, so sealing is a sync and a rename, however large the upload.
//! Every write happens under the upload's lock, after the writer's right is checked there: once a
//! newer grant, a seal or a discard has had the lock, no byte of the older writer can land.
//!
//! The highest token seen stands in `.staging/{upload}/token`, so an upload without a living
//! writer costs no memory, and a late, older grant is still refused. It needs no sync: tokens guard
//! against writers of this process only, and rise over restarts with the upload's row.

mod parts;

use super::{PartWriter, Staging};
use crate::blobs::local::path_of;
use crate::files::{self, blocking};
use crate::model::{Residency, UploadId};
use crate::{Config, Error, Result, failpoint};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The embedded staging store.
pub struct LocalStaging {
    shared: Arc<Shared>,
}

struct Shared {
    blobs: PathBuf,
    root: PathBuf,
    writers_max: usize,
    reserve_bytes: u64,
    uploads: Mutex<HashMap<UploadId, Arc<Mutex<Turn>>>>,
    /// Parts that are being written.
    parts_open: Arc<AtomicUsize>,
}

/// Whose turn it is to write to an upload.
#[derive(Default)]
struct Turn {
    /// Rises with every open, seal and discard; a writer of an older one is revoked.
    number: u64,
    /// Length of what the present writer has written.
    end: u64,
    /// The entry is no longer in the map: who finds it looks again.
    retired: bool,
    /// Rises with every right to write a part.
    parts_given: u64,
    /// The newest of them for each part.
    parts: HashMap<u32, u64>,
}

impl LocalStaging {
    /// Opens the staging folder of a local blob store.
    ///
    /// # Errors
    /// `Full`, `Io`.
    pub fn open(blob_root: &Path, config: &Config) -> Result<Self> {
        let root = blob_root.join(".staging");
        files::create_dirs(&root)?;
        let shared = Shared {
            blobs: blob_root.to_owned(),
            root,
            writers_max: config.staging_writers_max,
            reserve_bytes: config.staging_reserve_bytes,
            uploads: Mutex::default(),
            parts_open: Arc::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

#[async_trait]
impl Staging for LocalStaging {
    async fn open(
        &self,
        upload: UploadId,
        _: Residency,
        token: u64,
        offset: u64,
    ) -> Result<Box<dyn PartWriter>> {
        let shared = self.shared.clone();
        let writer = blocking(move || shared.open(upload, token, offset)).await?;
        Ok(Box::new(writer))
    }

    async fn seal(&self, upload: UploadId, size_bytes: u64, key: &str) -> Result<()> {
        let (shared, blob) = (self.shared.clone(), path_of(&self.shared.blobs, key)?);
        blocking(move || {
            shared.ending(upload, |folder| {
                seal(folder, size_bytes, &blob)?;
                remove_folder(folder)
            })
        })
        .await
    }

    async fn discard(&self, upload: UploadId) -> Result<()> {
        let shared = self.shared.clone();
        blocking(move || shared.ending(upload, remove_folder)).await
    }

    async fn list(&self) -> Result<Vec<UploadId>> {
        let root = self.shared.root.clone();
        blocking(move || {
            let mut found = Vec::new();
            for entry in std::fs::read_dir(root)? {
                found.extend(
                    entry?.file_name().to_str().and_then(|name| name.parse::<UploadId>().ok()),
                );
            }
            Ok(found)
        })
        .await
    }
}

impl Shared {
    fn open(&self, upload: UploadId, token: u64, offset: u64) -> Result<LocalWriter> {
        let folder = self.folder(upload);
        self.with_turn(upload, |entry, turn| {
            let floor = read_token(&folder)?;
            if token < floor {
                return Err(Error::Revoked);
            }
            let (file, length) = open_data(&folder)?;
            if length < offset {
                let what = format!("upload {upload}: {length} bytes staged, {offset} committed");
                return Err(Error::Corrupt { what });
            }
            if token > floor {
                write_token(&folder, token)?;
            }
            file.set_len(offset)?;
            turn.number += 1;
            turn.end = offset;
            Ok(LocalWriter {
                turn: entry.clone(),
                number: turn.number,
                file: Arc::new(file),
                reserve_bytes: self.reserve_bytes,
            })
        })
    }

    /// Revokes whoever writes, does `work` on the upload's folder, and forgets the upload.
    fn ending(&self, upload: UploadId, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let folder = self.folder(upload);
        self.with_turn(upload, |_, turn| {
            turn.number += 1;
            work(&folder)?;
            turn.retired = true;
            lock(&self.uploads).remove(&upload);
            Ok(())
        })
    }

    /// Runs `work` as the only one that touches this upload.
    fn with_turn<T>(
        &self,
        upload: UploadId,
        work: impl FnOnce(&Arc<Mutex<Turn>>, &mut Turn) -> Result<T>,
    ) -> Result<T> {
        loop {
            let entry = self.entry(upload)?;
            let mut turn = lock(&entry);
            if !turn.retired {
                return work(&entry, &mut turn);
            }
        }
    }

    fn entry(&self, upload: UploadId) -> Result<Arc<Mutex<Turn>>> {
        let mut uploads = lock(&self.uploads);
        if !uploads.contains_key(&upload) && uploads.len() >= self.writers_max {
            // Nobody else can take an entry while the map is locked: one that only the map holds
            // has no writer, and its highest token is on disk.
            uploads.retain(|_, entry| Arc::strong_count(entry) > 1);
            if uploads.len() >= self.writers_max {
                return Err(Error::Busy);
            }
        }
        Ok(uploads.entry(upload).or_default().clone())
    }

    fn folder(&self, upload: UploadId) -> PathBuf {
        self.root.join(upload.to_string())
    }
}

/// The right to write to one upload until someone newer has it.
struct LocalWriter {
    turn: Arc<Mutex<Turn>>,
    number: u64,
    file: Arc<File>,
    reserve_bytes: u64,
}

impl LocalWriter {
    /// Runs `work` under the upload's lock if it is still this writer's turn.
    async fn in_turn<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&File, &mut Turn) -> Result<T> + Send + 'static,
    {
        let (turn, number, file) = (self.turn.clone(), self.number, self.file.clone());
        blocking(move || {
            let mut turn = lock(&turn);
            if turn.number == number { work(&file, &mut turn) } else { Err(Error::Revoked) }
        })
        .await
    }
}

/// `Full` unless the file's disk has so many bytes free for this process.
fn has_room(file: &File, bytes: u64) -> Result<()> {
    let disk = rustix::fs::fstatvfs(file).map_err(std::io::Error::from)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < bytes { Err(Error::Full) } else { Ok(()) }
}

#[async_trait]
impl PartWriter for LocalWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let reserve_bytes = self.reserve_bytes;
        self.in_turn(move |file, turn| {
            let length = bytes.len() as u64;
            has_room(file, length.saturating_add(reserve_bytes))?;
            match file.write_all_at(&bytes, turn.end) {
                Ok(()) => {
                    turn.end += length;
                    Ok(())
                }
                Err(error) => {
                    // Half a chunk would make the file longer than what is told.
                    file.set_len(turn.end)?;
                    Err(error.into())
                }
            }
        })
        .await
    }

    async fn sync(&mut self) -> Result<u64> {
        self.in_turn(|file, turn| {
            file.sync_data()?;
            failpoint::pass("staging.synced");
            Ok(turn.end)
        })
        .await
    }
}

fn seal(folder: &Path, size_bytes: u64, blob: &Path) -> Result<()> {
    let data = folder.join("data");
    if let Ok(meta) = std::fs::metadata(blob) {
        return expect_size(blob, meta.len(), size_bytes);
    }
    if size_bytes == 0 {
        // Nobody opens an upload to write nothing.
        open_data(folder)?;
    }
    let file = File::open(&data)
        .map_err(|error| files::not_found(error, &format!("staged {}", data.display())))?;
    expect_size(&data, file.metadata()?.len(), size_bytes)?;
    file.sync_all()?;
    files::publish(&data, blob)
}

fn expect_size(path: &Path, found: u64, expected: u64) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let what = format!("{}: {found} bytes where {expected} are due", path.display());
    Err(Error::Corrupt { what })
}

fn open_data(folder: &Path) -> Result<(File, u64)> {
    let path = folder.join("data");
    let options = &mut OpenOptions::new();
    options.write(true).mode(0o600);
    let file = match options.open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            files::create_dirs(folder)?;
            let file = options.create_new(true).open(&path)?;
            files::sync_dir(folder)?;
            file
        }
        opened => opened?,
    };
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Replaces the highest token as a whole: on a full disk the old one must stay, else a late, older
/// grant would be let in and cut off what newer ones have committed.
fn write_token(folder: &Path, token: u64) -> Result<()> {
    let fresh = folder.join("token.new");
    std::fs::write(&fresh, token.to_string())?;
    Ok(std::fs::rename(&fresh, folder.join("token"))?)
}

/// The highest token seen; one that is no number is left by a power failure, whose writers are
/// gone.
fn read_token(folder: &Path) -> Result<u64> {
    match std::fs::read_to_string(folder.join("token")) {
        Ok(text) => Ok(text.parse().unwrap_or(0)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic under these locks leaves numbers that are still true.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
