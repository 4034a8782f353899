//! Parts of an upload on the local disk: each is written at its place in `.staging/{upload}/data`,
//! so making the blob is a rename, however large it is.
//!
//! A whole part has a note beside the file, `part-{number}`, with its size and ETag, written when
//! its bytes are on disk and removed before they are written over. So a note never speaks of
//! bytes that are not there. Writers hold the same turn as those of a stream: once an upload is
//! assembled or removed, none of their bytes can land.

use super::{LocalStaging, Shared, Turn, expect_size, has_room, lock, remove_folder, seal};
use crate::blobs::local::{hex, path_of};
use crate::files::{self, blocking};
use crate::model::UploadId;
use crate::staging::parts::{Claimed, Part, PartBody, Parts, PartsOf, Received};
use crate::{Error, Result, failpoint};
use async_trait::async_trait;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What this engine calls every upload in parts: its folder has the upload's name.
const HANDLE: &str = "folder";
const NOTES: &str = "part-";

/// What a note says.
#[derive(Serialize, Deserialize)]
struct Note {
    bytes: u64,
    etag: String,
}

#[async_trait]
impl Parts for LocalStaging {
    async fn begin(&self, upload: UploadId, key: &str) -> Result<String> {
        path_of(&self.shared.blobs, key)?;
        let shared = self.shared.clone();
        blocking(move || {
            let folder = shared.folder(upload);
            shared.with_turn(upload, |_, _| super::open_data(&folder).map(drop))
        })
        .await?;
        Ok(HANDLE.to_owned())
    }

    async fn url(&self, _: &PartsOf, _: Part, _: Duration) -> Result<Option<String>> {
        Ok(None)
    }

    async fn receive(&self, of: &PartsOf, part: Part) -> Result<Box<dyn PartBody>> {
        let (shared, upload) = (self.shared.clone(), of.upload);
        Ok(Box::new(blocking(move || shared.open_part(upload, part)).await?))
    }

    async fn received(&self, of: &PartsOf) -> Result<Vec<Received>> {
        let folder = self.shared.folder(of.upload);
        blocking(move || notes(&folder)).await
    }

    async fn assemble(&self, of: &PartsOf, size_bytes: u64, parts: &[Claimed]) -> Result<()> {
        let (shared, blob) = (self.shared.clone(), path_of(&self.shared.blobs, &of.key)?);
        let (upload, parts) = (of.upload, parts.to_vec());
        blocking(move || {
            shared.ending(upload, |folder| {
                if let Ok(meta) = std::fs::metadata(&blob) {
                    expect_size(&blob, meta.len(), size_bytes)?;
                    return remove_folder(folder);
                }
                hold(folder, upload, &parts)?;
                seal(folder, size_bytes, &blob)?;
                failpoint::pass("parts.assembled");
                remove_folder(folder)
            })
        })
        .await
    }

    async fn abandon(&self, of: &PartsOf) -> Result<()> {
        let (shared, upload) = (self.shared.clone(), of.upload);
        blocking(move || shared.ending(upload, remove_folder)).await
    }
}

impl Shared {
    fn open_part(&self, upload: UploadId, part: Part) -> Result<LocalPart> {
        let place = Place::take(&self.parts_open, self.writers_max)?;
        let folder = self.folder(upload);
        self.with_turn(upload, |entry, turn| {
            let data = OpenOptions::new().write(true).open(folder.join("data"));
            let file = data.map_err(|error| files::not_found(error, &named(upload)))?;
            let note = folder.join(name_of(part.number));
            if note.exists() {
                // On disk before the first byte is written over what it speaks of.
                files::remove(&note)?;
                files::sync_dir(&folder)?;
            }
            turn.parts_given += 1;
            turn.parts.insert(part.number, turn.parts_given);
            Ok(LocalPart {
                turn: entry.clone(),
                mine: Mine { number: turn.number, part: part.number, given: turn.parts_given },
                file: Arc::new(file),
                folder: folder.clone(),
                part,
                written: 0,
                hash: Md5::new(),
                reserve_bytes: self.reserve_bytes,
                _place: place,
            })
        })
    }
}

/// A place among the writers of parts, given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>, most: usize) -> Result<Self> {
        let place = Self(open.clone());
        match open.fetch_add(1, Ordering::SeqCst) < most {
            true => Ok(place),
            false => Err(Error::Busy),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// By what a writer of a part is known.
#[derive(Clone, Copy)]
struct Mine {
    number: u64,
    part: u32,
    given: u64,
}

impl Mine {
    fn check(self, turn: &Turn) -> Result<()> {
        let newest = turn.parts.get(&self.part) == Some(&self.given);
        if turn.number == self.number && newest { Ok(()) } else { Err(Error::Revoked) }
    }
}

/// The right to write one part until somebody else has it.
struct LocalPart {
    turn: Arc<Mutex<Turn>>,
    mine: Mine,
    file: Arc<File>,
    folder: PathBuf,
    part: Part,
    written: u64,
    hash: Md5,
    reserve_bytes: u64,
    _place: Place,
}

#[async_trait]
impl PartBody for LocalPart {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let length = bytes.len() as u64;
        if self.written + length > self.part.bytes {
            return Err(wrong_size(self.part, "more"));
        }
        let (turn, mine, file) = (self.turn.clone(), self.mine, self.file.clone());
        let (at, reserve_bytes) = (self.part.start + self.written, self.reserve_bytes);
        let mut hash = std::mem::take(&mut self.hash);
        self.hash = blocking(move || {
            hash.update(&bytes);
            has_room(&file, length.saturating_add(reserve_bytes))?;
            let turn = lock(&turn);
            mine.check(&turn)?;
            file.write_all_at(&bytes, at)?;
            Ok(hash)
        })
        .await?;
        self.written += length;
        Ok(())
    }

    async fn finish(self: Box<Self>, md5: Option<[u8; 16]>) -> Result<String> {
        if self.written < self.part.bytes {
            return Err(wrong_size(self.part, "fewer"));
        }
        blocking(move || {
            let found: [u8; 16] = self.hash.clone().finalize().into();
            if md5.is_some_and(|told| told != found) {
                return Err(Error::Invalid(format!(
                    "part {}: Content-MD5 is not that of the bytes that came; send them again",
                    self.part.number
                )));
            }
            self.file.sync_data()?;
            let turn = lock(&self.turn);
            self.mine.check(&turn)?;
            let etag = hex(&found);
            self.write_note(&Note { bytes: self.part.bytes, etag: etag.clone() })?;
            failpoint::pass("parts.noted");
            Ok(etag)
        })
        .await
    }
}

impl LocalPart {
    fn write_note(&self, note: &Note) -> Result<()> {
        let said = serde_json::to_vec(note)
            .map_err(|error| Error::Engine(format!("a note is no JSON: {error}")))?;
        let name = name_of(self.part.number);
        files::replace(&self.folder.join(format!("{name}.new")), &self.folder.join(name), &said)
    }
}

fn wrong_size(part: Part, which: &str) -> Error {
    Error::Invalid(format!("part {} has {} bytes, {which} came", part.number, part.bytes))
}

fn name_of(number: u32) -> String {
    format!("{NOTES}{number}")
}

fn named(upload: UploadId) -> String {
    format!("parts of upload {upload}")
}

/// Every whole part, in order.
fn notes(folder: &Path) -> Result<Vec<Received>> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| files::not_found(error, &folder.display().to_string()))?;
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(NOTES)?.parse().ok());
        if let Some(number) = number {
            // One that was removed meanwhile is being written over.
            found.extend(read_note(folder, number)?);
        }
    }
    found.sort_by_key(|part| part.number);
    Ok(found)
}

fn read_note(folder: &Path, number: u32) -> Result<Option<Received>> {
    let path = folder.join(name_of(number));
    let said = match std::fs::read(&path) {
        Ok(said) => said,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let note: Note = serde_json::from_slice(&said)
        .map_err(|error| Error::Corrupt { what: format!("{}: {error}", path.display()) })?;
    Ok(Some(Received { number, bytes: note.bytes, etag: Some(note.etag) }))
}

/// Holds the list against the notes, under the upload's turn.
fn hold(folder: &Path, upload: UploadId, parts: &[Claimed]) -> Result<()> {
    let there = notes(folder).map_err(|error| match error {
        Error::NotFound { .. } => Error::Corrupt { what: format!("{}: none", named(upload)) },
        other => other,
    })?;
    let same = |claimed: &Claimed, found: &Received| {
        claimed.number == found.number && found.etag.as_ref() == Some(&claimed.etag)
    };
    if there.len() == parts.len() && parts.iter().zip(&there).all(|(a, b)| same(a, b)) {
        return Ok(());
    }
    Err(Error::Conflict { what: named(upload) })
}
