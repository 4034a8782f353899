//! Blobs as objects of S3, one bucket for each place where they may rest.
//!
//! A large file goes up in parts and becomes an object at once; a broken upload leaves nothing
//! that can be read. A write says that it must not replace anything, so of two with one key the
//! first stays. Sizes are remembered: a finished blob never changes.

use super::places::{Shelf, place};
use super::tiers::Shelved;
use super::{Blobs, ByteStream, keys, local};
use crate::breaker::Breaker;
use crate::bucket::{Bucket, Buckets, Fault, Multipart, S3};
use crate::files::{self, blocking};
use crate::model::Residency;
use crate::{Error, Result};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use hashlink::LruCache;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// Bytes that are hashed at once: worth the way to another thread.
const HASHED_BYTES: usize = 1 << 20;

/// Most bytes of an object that a service copies in one request, by the rules of S3.
const COPIED_BYTES_MAX: u64 = 5 << 30;

/// The blob store in buckets.
pub struct S3Blobs {
    buckets: Buckets,
    shelf: Shelf,
    part_bytes: u64,
    orphans_after: SignedDuration,
    sizes: Mutex<LruCache<String, u64>>,
    read_wait: Duration,
    breaker: Breaker,
}

impl S3Blobs {
    /// The blob store of these buckets.
    pub(crate) fn new(buckets: Buckets, shelf: Shelf, config: &S3) -> Self {
        Self {
            buckets,
            shelf,
            part_bytes: config.part_bytes,
            orphans_after: SignedDuration::from_hours(config.orphans_after_h.into()),
            sizes: Mutex::new(LruCache::new(config.sizes_max)),
            read_wait: Duration::from_millis(config.read_wait_ms),
            breaker: Breaker::new(Duration::from_millis(config.rest_ms)),
        }
    }

    /// A stream of a range whose first bytes are there.
    async fn open(&self, key: &str, range: Option<Range<u64>>) -> Result<ByteStream> {
        let size = self.size(key).await?;
        let range = range.unwrap_or(0..size);
        self.bucket(key)?.read(key, range.start..range.end.min(size)).await
    }

    /// Nobody waits for long for a service that is away: the first one does, and one now and then.
    fn note<T>(&self, read: &Result<T>) {
        match read {
            Err(error @ Error::Unavailable { .. }) => {
                if self.breaker.failed() {
                    tracing::warn!(%error, "the S3 service is away");
                }
            }
            Ok(_) | Err(_) => {
                if self.breaker.succeeded() {
                    tracing::info!("the S3 service answers again");
                }
            }
        }
    }

    fn bucket(&self, key: &str) -> Result<&Bucket> {
        keys::check(key)?;
        self.buckets.at(place(keys::residency(key), self.shelf))
    }

    async fn upload(&self, bucket: &Bucket, file: File, bytes: u64, key: &str) -> Result<()> {
        if bytes <= self.part_bytes {
            let whole = read_at(Arc::new(file), 0..bytes).await?;
            return bucket.create(key, &whole).await;
        }
        let upload = Multipart::begin(bucket, key).await?;
        let sent = send_parts(&upload, Arc::new(file), bytes, self.part_bytes).await;
        if sent.is_err() {
            upload.abort().await;
        }
        sent
    }

    fn remember(&self, key: &str, bytes: u64) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.insert(key.to_owned(), bytes);
    }

    fn forget(&self, gone: impl Fn(&str) -> bool) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.retain(|key, _| !gone(key));
    }

    fn remembered(&self, key: &str) -> Option<u64> {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.get(key).copied()
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn adopt(&self, file: &Path, key: &str) -> Result<u64> {
        let (bucket, path) = (self.bucket(key)?, file.to_owned());
        let (opened, bytes) = blocking(move || local::open_plain(&path)).await?;
        must_be_free(bucket, key).await?;
        self.upload(bucket, opened, bytes, key).await?;
        let stored = bucket.size(key).await?;
        if stored != bytes {
            let what = format!("blob {key}: {stored} bytes where {bytes} were sent");
            return Err(Error::Corrupt { what });
        }
        self.remember(key, bytes);
        let path = file.to_owned();
        blocking(move || files::remove(&path)).await?;
        Ok(bytes)
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        let bucket = self.bucket(key)?;
        must_be_free(bucket, key).await?;
        bucket.create(key, &bytes).await?;
        self.remember(key, bytes.len() as u64);
        Ok(())
    }

    async fn size(&self, key: &str) -> Result<u64> {
        let bucket = self.bucket(key)?;
        if let Some(bytes) = self.remembered(key) {
            return Ok(bytes);
        }
        let bytes = bucket.size(key).await?;
        self.remember(key, bytes);
        Ok(bytes)
    }

    async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<ByteStream> {
        if !self.breaker.lets_pass() {
            return Err(away("it did not answer a moment ago"));
        }
        let read = match timeout(self.read_wait, self.open(key, range)).await {
            Ok(read) => read,
            Err(_) => Err(away("it does not answer in time")),
        };
        self.note(&read);
        if matches!(read, Err(Error::NotFound { .. })) {
            // Another node has removed it.
            self.forget(|known| known == key);
        }
        read
    }

    fn local_path(&self, _key: &str) -> Option<PathBuf> {
        None
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.bucket(key)?.delete(key).await?;
        self.forget(|known| known == key);
        Ok(())
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<()> {
        let bucket = self.bucket(prefix)?;
        let below = format!("{prefix}/");
        bucket.delete_all(&below).await?;
        self.forget(|known| known.starts_with(&below));
        Ok(())
    }

    async fn sha256(&self, key: &str) -> Result<String> {
        let mut stream = self.read(key, None).await?;
        let (mut hash, mut held) = (Sha256::new(), Vec::with_capacity(HASHED_BYTES));
        while let Some(chunk) = stream.next().await {
            held.extend_from_slice(&chunk?);
            if held.len() >= HASHED_BYTES {
                (hash, held) = hashed(hash, held).await?;
            }
        }
        let (hash, _) = hashed(hash, held).await?;
        Ok(local::hex(&hash.finalize()))
    }

    async fn end_orphans(&self) -> Result<u64> {
        let before = Timestamp::now()
            .checked_sub(self.orphans_after)
            .map_err(|error| Error::Invalid(format!("storage.s3.orphans_after_h: {error}")))?;
        let mut ended = 0;
        for bucket in self.buckets.of(self.shelf) {
            ended += bucket.end_orphans(before).await?;
        }
        Ok(ended)
    }
}

fn away(why: &str) -> Error {
    Error::Unavailable { what: format!("the S3 service cannot be reached: {why}") }
}

#[async_trait]
impl Shelved for S3Blobs {
    async fn take_from(&self, other: &Self, key: &str, bytes: u64) -> Result<()> {
        let (to, from) = (self.bucket(key)?, other.bucket(key)?);
        must_be_free(to, key).await?;
        if bytes <= COPIED_BYTES_MAX {
            match to.copy_object(from, key).await {
                Ok(()) => return Ok(()),
                Err(Fault::NotOffered(why)) => {
                    tracing::debug!(
                        why,
                        "this S3 service does not copy: bytes go through this node"
                    );
                }
                Err(fault) => return Err(fault.error(key)),
            }
        }
        let upload = Multipart::begin(to, key).await?;
        let sent = relay(&upload, from, key, bytes, self.part_bytes).await;
        if sent.is_err() {
            upload.abort().await;
        }
        sent
    }

    fn has_place(&self, residency: Residency) -> bool {
        self.buckets.has(place(residency, self.shelf))
    }
}

/// Sends what is read of another bucket, a part at a time.
async fn relay(
    upload: &Multipart<'_>,
    from: &Bucket,
    key: &str,
    bytes: u64,
    part_bytes: u64,
) -> Result<()> {
    // At most 10,000 parts.
    let part_bytes = part_bytes.max(bytes.div_ceil(9_000));
    let mut parts = Vec::new();
    for (number, start) in (1..).zip((0..bytes.max(1)).step_by(part_bytes as usize)) {
        let part = from.read_whole(key, start..bytes.min(start + part_bytes)).await?;
        parts.push(upload.send(number, part).await?);
    }
    upload.complete(parts).await
}

/// Looks before bytes are sent for nothing, and where the service takes no conditions.
async fn must_be_free(bucket: &Bucket, key: &str) -> Result<()> {
    match bucket.size(key).await {
        Ok(_) => Err(Error::Exists { what: key.to_owned() }),
        Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn send_parts(
    upload: &Multipart<'_>,
    file: Arc<File>,
    bytes: u64,
    part_bytes: u64,
) -> Result<()> {
    let mut parts = Vec::new();
    for (number, start) in (1..).zip((0..bytes).step_by(part_bytes as usize)) {
        let part = read_at(file.clone(), start..bytes.min(start + part_bytes)).await?;
        parts.push(upload.send(number, part).await?);
    }
    upload.complete(parts).await
}

async fn read_at(file: Arc<File>, range: Range<u64>) -> Result<Vec<u8>> {
    blocking(move || {
        let mut part = vec![0; (range.end - range.start) as usize];
        file.read_exact_at(&mut part, range.start)?;
        Ok(part)
    })
    .await
}

async fn hashed(mut hash: Sha256, mut bytes: Vec<u8>) -> Result<(Sha256, Vec<u8>)> {
    blocking(move || {
        hash.update(&bytes);
        bytes.clear();
        Ok((hash, bytes))
    })
    .await
}
