//! One topic: files of records named by their first offset, the last of them open for appending.
//!
//! What `append` has answered is synced. A file that ends within a record was being written in a
//! crash, before any answer: that tail is cut off when the topic is opened.

use super::super::Record;
use super::Bounds;
use super::frame::{self, Frame};
use crate::{Error, Result, failpoint, files};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes between two known places of a file: the most that a read skips over.
const INDEX_STEP_BYTES: u64 = 64 << 10;

/// One open topic.
pub(super) struct Topic {
    folder: PathBuf,
    parts: Vec<Part>,
    active: File,
    next: u64,
    /// Set when a failed append could not be undone: the file must be looked at anew.
    pub(super) broken: bool,
}

/// One file of a topic.
struct Part {
    base: u64,
    bytes: u64,
    /// Offsets and where they stand, rising, sparse; the first is the base.
    index: Vec<(u64, u64)>,
}

/// Where a read begins, and the file to read from.
pub(super) struct Place {
    file: File,
    /// The part's first offset.
    base: u64,
    /// Offset and position of a record at or before the wanted one.
    at: (u64, u64),
    /// The offset behind the last record of this file.
    end: u64,
}

impl Topic {
    /// Opens a topic's folder, makes it when it is missing, cuts off a torn tail.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        files::create_dirs(folder)?;
        let mut parts = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let base = entry.file_name().to_str().and_then(base_of);
            if let Some(base) = base {
                let bytes = entry.metadata()?.len();
                parts.push(Part { base, bytes, index: vec![(base, 0)] });
            }
        }
        parts.sort_by_key(|part| part.base);
        if parts.is_empty() {
            parts.push(Part { base: 0, bytes: 0, index: vec![(0, 0)] });
        }
        let last = parts.last_mut().expect("there is at least one part");
        let active = open_part(folder, last.base)?;
        let next = recover(&active, last)?;
        Ok(Self { folder: folder.to_owned(), parts, active, next, broken: false })
    }

    /// Appends and syncs; answers the first record's offset.
    pub(super) fn append(&mut self, records: &[Record], bounds: &Bounds) -> Result<u64> {
        let first = self.next;
        let mut buffer = Vec::new();
        let mut index = Vec::with_capacity(records.len());
        for record in records {
            index.push(buffer.len() as u64);
            frame::push(&mut buffer, record, bounds.record_bytes_max)?;
        }
        if buffer.is_empty() {
            return Ok(first);
        }
        if self.last().bytes > 0 && self.last().bytes + buffer.len() as u64 > bounds.file_bytes {
            self.roll(bounds)?;
        }
        let at = self.last().bytes;
        let written = self.active.write_all_at(&buffer, at).and_then(|()| self.active.sync_data());
        if let Err(error) = written {
            self.broken = self.active.set_len(at).is_err();
            return Err(error.into());
        }
        failpoint::pass("outbox.appended");
        for (offset, position) in (first..).zip(index) {
            self.last_mut().learn(offset, at + position);
        }
        self.last_mut().bytes += buffer.len() as u64;
        self.next += records.len() as u64;
        Ok(first)
    }

    /// The file with the first record at or after `offset`; `None` when there is none yet.
    pub(super) fn place(&self, offset: u64) -> Result<Option<Place>> {
        if offset >= self.next {
            return Ok(None);
        }
        let found = self.parts.partition_point(|part| part.base <= offset).saturating_sub(1);
        let part = &self.parts[found];
        let known = part.index.partition_point(|(known, _)| *known <= offset).saturating_sub(1);
        Ok(Some(Place {
            file: File::open(self.folder.join(name_of(part.base)))?,
            base: part.base,
            at: part.index[known],
            end: self.parts.get(found + 1).map_or(self.next, |next| next.base),
        }))
    }

    /// Remembers where a read ended: the next one most likely begins there.
    pub(super) fn learn(&mut self, base: u64, offset: u64, position: u64) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.base == base) {
            part.learn(offset, position);
        }
    }

    fn last(&self) -> &Part {
        self.parts.last().expect("there is at least one part")
    }

    fn last_mut(&mut self) -> &mut Part {
        self.parts.last_mut().expect("there is at least one part")
    }

    /// Begins a new file and lets the oldest go that retention does not ask for.
    fn roll(&mut self, bounds: &Bounds) -> Result<()> {
        self.active = open_part(&self.folder, self.next)?;
        self.parts.push(Part { base: self.next, bytes: 0, index: vec![(self.next, 0)] });
        let mut kept: u64 = self.parts.iter().map(|part| part.bytes).sum();
        while self.parts.len() > 2 && kept - self.parts[0].bytes >= bounds.topic_bytes {
            let oldest = self.parts.remove(0);
            kept -= oldest.bytes;
            files::remove(&self.folder.join(name_of(oldest.base)))?;
        }
        Ok(())
    }
}

impl Part {
    fn learn(&mut self, offset: u64, position: u64) {
        let far = self
            .index
            .last()
            .is_none_or(|(last, place)| offset > *last && position >= place + INDEX_STEP_BYTES);
        if far {
            self.index.push((offset, position));
        }
    }
}

impl Place {
    /// Adds records from `offset` on until `limit` are found, `bytes_left` are used up, or the
    /// file ends. Answers the place behind the last one: part, offset, position.
    pub(super) fn read(
        self,
        offset: u64,
        limit: usize,
        bytes_left: &mut u64,
        found: &mut Vec<(u64, Record)>,
    ) -> Result<(u64, u64, u64)> {
        let (mut at, mut position) = self.at;
        let length = self.file.metadata()?.len();
        let mut file = BufReader::new(self.file);
        file.seek(SeekFrom::Start(position))?;
        while at < self.end && found.len() < limit && *bytes_left > 0 {
            let Frame::Whole(json, bytes) = frame::next(&mut file, length)? else {
                return Err(corrupt(self.base, at));
            };
            if at >= offset {
                let record = serde_json::from_slice(&json).map_err(|_| corrupt(self.base, at))?;
                found.push((at, record));
                *bytes_left = bytes_left.saturating_sub(bytes);
            }
            at += 1;
            position += bytes;
        }
        Ok((self.base, at, position))
    }
}

/// Walks over the last file, learns its index and its end, and cuts off what is no whole record.
fn recover(file: &File, part: &mut Part) -> Result<u64> {
    let (mut next, mut position) = (part.base, 0);
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0))?;
    loop {
        match frame::next(&mut reader, part.bytes.saturating_sub(position))? {
            Frame::Whole(_, bytes) => {
                part.learn(next, position);
                next += 1;
                position += bytes;
            }
            Frame::End => break,
            Frame::Torn => {
                let bytes = part.bytes.saturating_sub(position);
                tracing::warn!(base = part.base, bytes, "torn tail of the event log cut off");
                file.set_len(position)?;
                file.sync_all()?;
                break;
            }
        }
    }
    part.bytes = position;
    Ok(next)
}

fn open_part(folder: &Path, base: u64) -> Result<File> {
    let options = &mut OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(folder.join(name_of(base)))?;
    files::sync_dir(folder)?;
    Ok(file)
}

fn name_of(base: u64) -> String {
    format!("{base:020}.log")
}

fn base_of(name: &str) -> Option<u64> {
    name.strip_suffix(".log")?.parse().ok()
}

fn corrupt(base: u64, offset: u64) -> Error {
    Error::Corrupt { what: format!("event log, file {}, offset {offset}", name_of(base)) }
}
