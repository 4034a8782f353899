//! Staged uploads as objects of S3, `.staging/{upload}/…` in the bucket where they may rest.
//!
//! S3 cannot append, and a part of a multipart upload cannot be read back, cut, or kept from a
//! late writer. So the parts are objects of their own ([`chain`] says which count): those of full
//! size as they come, the tail shorter than a part whenever it must be durable. Sealing has the
//! service copy them together under the blob's key; no byte goes through this node again but the
//! last few. All that is known of an upload is in its bucket, so any node can go on with it.

mod chain;
mod parts;
mod seal;
mod writer;

use super::{PartWriter, Staging};
use crate::blobs::keys;
use crate::bucket::{Bucket, Buckets, PART_BYTES_MIN, S3};
use crate::model::{Residency, UploadId};
use crate::{Error, Result};
use async_trait::async_trait;
use bytes::BytesMut;
use chain::{Grant, Span};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;
use writer::S3Writer;

/// Begins the keys of all staged objects; no blob's key begins with a dot.
const ROOT: &str = ".staging/";
/// Tries to read an upload that others change meanwhile.
const READ_TRIES_MAX: u32 = 5;

/// The staging store in buckets.
pub struct S3Staging {
    buckets: Buckets,
    limits: Limits,
    /// Whose turn it is at this node; a writer of an older one is revoked at once.
    turns: Mutex<HashMap<UploadId, Arc<AtomicU64>>>,
}

#[derive(Clone, Copy)]
struct Limits {
    part_bytes: u64,
    uploads_max: usize,
    objects_max: usize,
    copies_max: usize,
}

impl S3Staging {
    /// The staging store of these buckets.
    pub(crate) fn new(buckets: Buckets, config: &S3) -> Self {
        let limits = Limits {
            part_bytes: config.part_bytes,
            uploads_max: config.uploads_max,
            objects_max: config.staged_objects_max,
            copies_max: config.copies_max,
        };
        Self { buckets, limits, turns: Mutex::default() }
    }

    /// Revokes the writer at this node and gives the turn to another one.
    fn turn(&self, upload: UploadId) -> Result<Turn> {
        let mut turns = lock(&self.turns);
        if !turns.contains_key(&upload) && turns.len() >= self.limits.uploads_max {
            // Nobody else can take a turn while the map is locked: one that only the map holds
            // has no writer.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            if turns.len() >= self.limits.uploads_max {
                return Err(Error::Busy);
            }
        }
        let now = turns.entry(upload).or_default().clone();
        let mine = now.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Turn { now, mine })
    }

    /// Revokes the writer at this node.
    fn revoke(&self, upload: UploadId) {
        if let Some(turn) = lock(&self.turns).remove(&upload) {
            turn.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn resume(
        &self,
        room: &Room,
        token: u64,
        offset: u64,
    ) -> Result<(Vec<Span>, BytesMut, String)> {
        let staged = room.staged().await?;
        if staged.as_ref().is_some_and(|staged| token < staged.token) {
            return Err(Error::Revoked);
        }
        let (known, old) = staged.map_or_else(Default::default, |it| (it.chain, it.grants));
        let mut chain = chain::cut(known, offset).map_err(|error| room.about(error))?;
        let writer = Uuid::now_v7().simple().to_string();
        let grant = Grant { chain: chain.clone() };
        let said = serde_json::to_vec(&grant)
            .map_err(|error| Error::Engine(format!("a grant is no JSON: {error}")))?;
        room.bucket.replace(&room.key(&chain::grant_name(token, &writer)), &said).await?;
        if !room.is_newest(token, &writer).await? {
            return Err(Error::Revoked);
        }
        // Nobody reads them any more: who had listed one looks again, and its writer is revoked.
        for name in old {
            room.bucket.delete(&room.key(&name)).await?;
        }
        let small = chain::split_tail(&mut chain, PART_BYTES_MIN);
        let mut tail = BytesMut::new();
        for span in &small {
            tail.extend_from_slice(&room.read(span).await?);
        }
        Ok((chain, tail, writer))
    }
}

#[async_trait]
impl Staging for S3Staging {
    async fn open(
        &self,
        upload: UploadId,
        residency: Residency,
        token: u64,
        offset: u64,
    ) -> Result<Box<dyn PartWriter>> {
        let room = Room::new(self.buckets.staging(residency)?, upload, self.limits.objects_max);
        let turn = self.turn(upload)?;
        let (chain, tail, writer) = self.resume(&room, token, offset).await?;
        let start = chain::total(&chain);
        let part_bytes = self.limits.part_bytes as usize;
        let writer = S3Writer::new(room, turn, (token, writer), (start, tail), part_bytes);
        Ok(Box::new(writer))
    }

    async fn seal(&self, upload: UploadId, size_bytes: u64, key: &str) -> Result<()> {
        keys::check(key)?;
        let residency = keys::residency(key);
        let bucket = self.buckets.staging(residency)?;
        let room = Room::new(bucket, upload, self.limits.objects_max);
        self.revoke(upload);
        let blob = (self.buckets.finished(residency)?, key);
        seal::seal(&room, blob, size_bytes, self.limits).await?;
        room.remove().await
    }

    async fn discard(&self, upload: UploadId) -> Result<()> {
        self.revoke(upload);
        for bucket in self.buckets.all() {
            Room::new(bucket, upload, self.limits.objects_max).remove().await?;
        }
        Ok(())
    }

    async fn list(&self) -> Result<Vec<UploadId>> {
        let mut found = Vec::new();
        for bucket in self.buckets.all() {
            let mut next = None;
            loop {
                let page = bucket.page(ROOT, true, next, None).await?;
                found.extend(page.folders.iter().filter_map(|folder| {
                    folder.strip_prefix(ROOT)?.strip_suffix('/')?.parse::<UploadId>().ok()
                }));
                match page.next {
                    Some(token) => next = Some(token),
                    None => break,
                }
            }
        }
        Ok(found)
    }
}

/// The right to write at this node, until somebody takes it.
struct Turn {
    now: Arc<AtomicU64>,
    mine: u64,
}

impl Turn {
    fn check(&self) -> Result<()> {
        let mine = self.now.load(Ordering::SeqCst) == self.mine;
        if mine { Ok(()) } else { Err(Error::Revoked) }
    }
}

/// The objects of one upload.
#[derive(Clone)]
struct Room {
    bucket: Bucket,
    upload: UploadId,
    objects_max: usize,
}

/// What is staged of an upload.
struct Staged {
    /// Of the newest grant.
    token: u64,
    chain: Vec<Span>,
    /// Names of all grants.
    grants: Vec<String>,
}

impl Room {
    fn new(bucket: &Bucket, upload: UploadId, objects_max: usize) -> Self {
        Self { bucket: bucket.clone(), upload, objects_max }
    }

    fn key(&self, name: &str) -> String {
        format!("{ROOT}{}/{name}", self.upload)
    }

    /// What is staged; `None` when nothing is.
    async fn staged(&self) -> Result<Option<Staged>> {
        let mut tries = 0;
        loop {
            tries += 1;
            let prefix = self.key("");
            let objects = self.bucket.list(&prefix, self.objects_max).await?;
            let names = || objects.iter().filter_map(|it| it.key.strip_prefix(&prefix));
            let grants: Vec<&str> =
                names().filter(|name| chain::read_grant(name).is_some()).collect();
            let Some(newest) = grants.iter().max().copied() else { return Ok(None) };
            match self.bucket.get(&self.key(newest)).await {
                Ok(said) => {
                    let grant: Grant = serde_json::from_slice(&said).map_err(|error| {
                        self.about(Error::Corrupt { what: format!("{newest}: {error}") })
                    })?;
                    let (token, writer) = chain::read_grant(newest).unwrap_or_default();
                    let chain = chain::follow(&grant, writer, names());
                    let grants = grants.into_iter().map(str::to_owned).collect();
                    return Ok(Some(Staged { token, chain, grants }));
                }
                // A newer grant has replaced it meanwhile.
                Err(Error::NotFound { .. }) if tries < READ_TRIES_MAX => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether no grant is newer than this one, and it is still there.
    async fn is_newest(&self, token: u64, writer: &str) -> Result<bool> {
        let before = Some(self.key(&chain::grant_name(token, "")));
        let page = self.bucket.page(&self.key(chain::GRANTS), false, None, before).await?;
        let mine = self.key(&chain::grant_name(token, writer));
        Ok(page.objects.last().is_some_and(|newest| newest.key == mine))
    }

    async fn read(&self, span: &Span) -> Result<Vec<u8>> {
        self.bucket.read_whole(&self.key(&span.object), 0..span.bytes).await
    }

    async fn remove(&self) -> Result<()> {
        self.bucket.delete_all(&self.key("")).await
    }

    /// An error with the upload that it is about.
    fn about(&self, error: Error) -> Error {
        match error {
            Error::Corrupt { what } => {
                Error::Corrupt { what: format!("upload {}: {what}", self.upload) }
            }
            other => other,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic under this lock leaves numbers that are still true.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
