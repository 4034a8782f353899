//! The source of a job, for its worker: the file itself where the blobs are files, else a socket
//! over which ranges of the blob are served.
//!
//! Several readers of one worker go through the source side by side, so the last blocks are kept,
//! and who reads on gets some ahead. What cannot be read is the node's own fault and no failed
//! attempt; a worker that is gone is its follower's business.

use super::Encode;
use super::outcome::Outcome;
use super::segments::host;
use bytes::Bytes;
use futures_util::StreamExt as _;
use playhouse_codecs::worker::ranges::{ASK_BYTES, Ask, RANGE_BYTES_MAX, UNREADABLE};
use playhouse_storage::Result;
use playhouse_storage::blobs::Blobs;
use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Bytes of a block: those of the largest answer.
const BLOCK_BYTES: u64 = RANGE_BYTES_MAX as u64;

/// A source that is ready for a worker.
pub(super) struct Source {
    /// What the worker inherits.
    pub(super) descriptor: OwnedFd,
    pub(super) server: Server,
}

impl Source {
    /// Opens the source of a blob.
    ///
    /// # Errors
    /// `HostFailed` when the blob cannot be read, `SpawnFailed` by the operating system.
    pub(super) async fn open(
        blobs: &Arc<dyn Blobs>,
        key: &str,
        config: &Encode,
    ) -> Result<Self, Outcome> {
        let failed = |error: io::Error| Outcome::SpawnFailed { error: error.to_string() };
        if let Some(path) = blobs.local_path(key) {
            let file = tokio::fs::File::open(path).await.map_err(failed)?.into_std().await;
            return Ok(Self { descriptor: file.into(), server: Server::default() });
        }
        let size = blobs.size(key).await.map_err(host)?;
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let served = Served {
            blob: Blob { blobs: blobs.clone(), key: key.to_owned(), size },
            stream: UnixStream::from_std(ours).map_err(failed)?,
            blocks: Blocks::new(config.source_cache_bytes),
            ahead: (config.source_ahead_bytes / BLOCK_BYTES).max(1),
        };
        let server = Server { served: Some(served), waits: Waits::default() };
        Ok(Self { descriptor: theirs.into(), server })
    }
}

/// Serves a source to its worker; nothing is to do for one that has the file.
#[derive(Default)]
pub(super) struct Server {
    served: Option<Served>,
    waits: Waits,
}

/// Whether a worker waits for the store, so that its silence is not its own.
#[derive(Clone, Default)]
pub(super) struct Waits(Arc<AtomicBool>);

impl Waits {
    pub(super) fn now(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Server {
    /// To be asked while this serves.
    pub(super) fn waits(&self) -> Waits {
        self.waits.clone()
    }

    /// Serves for as long as it is polled; ends only with what ends the attempt.
    pub(super) async fn serve(self) -> Outcome {
        let Some(mut served) = self.served else { return pending().await };
        match served.run(&self.waits).await {
            Ok(()) => pending().await,
            Err(outcome) => outcome,
        }
    }
}

struct Served {
    blob: Blob,
    stream: UnixStream,
    blocks: Blocks,
    /// Blocks that are read at once for a reader that goes on.
    ahead: u64,
}

impl Served {
    /// Answers until the worker is gone.
    async fn run(&mut self, waits: &Waits) -> Result<(), Outcome> {
        let size = self.blob.size;
        if self.stream.write_all(&size.to_be_bytes()).await.is_err() {
            return Ok(());
        }
        let mut question = [0; ASK_BYTES];
        while self.stream.read_exact(&mut question).await.is_ok() {
            let range = Ask::read(question, size)
                .map_err(|error| Outcome::Misspoke { detail: error.to_string() })?;
            waits.0.store(true, Ordering::Relaxed);
            let answer = self.answer(range).await;
            waits.0.store(false, Ordering::Relaxed);
            let sent = match &answer {
                Ok(bytes) => self.stream.write_all(bytes).await,
                Err(_) => self.stream.write_all(&UNREADABLE).await,
            };
            answer.map_err(host)?;
            if sent.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Length and bytes of a range.
    async fn answer(&mut self, range: Range<u64>) -> Result<Vec<u8>> {
        let length = (range.end - range.start) as u32;
        let mut answer = length.to_be_bytes().to_vec();
        answer.reserve(length as usize);
        let mut at = range.start;
        while at < range.end {
            let (index, within) = (at / BLOCK_BYTES, (at % BLOCK_BYTES) as usize);
            let block = self.block(index).await?;
            let end = block.len().min(within + (range.end - at) as usize);
            answer.extend_from_slice(&block[within..end]);
            at += (end - within) as u64;
        }
        Ok(answer)
    }

    async fn block(&mut self, index: u64) -> Result<Bytes> {
        if let Some(block) = self.blocks.get(index) {
            return Ok(block);
        }
        let goes_on = index > 0 && self.blocks.get(index - 1).is_some();
        let ahead = if goes_on { self.ahead } else { 1 };
        let read = self.blob.blocks(index..index + ahead).await?;
        let first = read.first().cloned().unwrap_or_default();
        // The one that was asked for is put last: it is needed first.
        for (ahead, block) in read.into_iter().enumerate().rev() {
            self.blocks.put(index + ahead as u64, block);
        }
        Ok(first)
    }
}

struct Blob {
    blobs: Arc<dyn Blobs>,
    key: String,
    size: u64,
}

impl Blob {
    /// Blocks by their numbers, as far as the blob has them.
    async fn blocks(&self, numbers: Range<u64>) -> Result<Vec<Bytes>> {
        let end = (numbers.end * BLOCK_BYTES).min(self.size);
        let range = (numbers.start * BLOCK_BYTES).min(end)..end;
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        let due = range.end - range.start;
        let mut stream = self.blobs.read(&self.key, Some(range)).await?;
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        if bytes.len() as u64 != due {
            let what = format!("{}: {} bytes came where {due} are due", self.key, bytes.len());
            return Err(playhouse_storage::Error::Corrupt { what });
        }
        let bytes = Bytes::from(bytes);
        let starts = (0..bytes.len()).step_by(BLOCK_BYTES as usize);
        Ok(starts.map(|at| bytes.slice(at..bytes.len().min(at + BLOCK_BYTES as usize))).collect())
    }
}

/// The last blocks, the most recently used at the end.
struct Blocks {
    held: VecDeque<(u64, Bytes)>,
    most: usize,
}

impl Blocks {
    fn new(bytes: u64) -> Self {
        let most = usize::try_from(bytes / BLOCK_BYTES).unwrap_or(usize::MAX).max(2);
        Self { held: VecDeque::new(), most }
    }

    fn get(&mut self, index: u64) -> Option<Bytes> {
        let at = self.held.iter().position(|held| held.0 == index)?;
        let found = self.held.remove(at)?;
        let block = found.1.clone();
        self.held.push_back(found);
        Some(block)
    }

    fn put(&mut self, index: u64, block: Bytes) {
        self.held.retain(|held| held.0 != index);
        self.held.push_back((index, block));
        while self.held.len() > self.most {
            self.held.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_block_goes_first() {
        let mut blocks = Blocks::new(3 * BLOCK_BYTES);
        for index in [0, 1, 2] {
            blocks.put(index, Bytes::new());
        }
        assert!(blocks.get(0).is_some());
        blocks.put(3, Bytes::new());
        let held: Vec<_> = [0, 1, 2, 3].map(|index| blocks.get(index).is_some()).into();
        assert_eq!(held, [true, false, true, true]);
    }
}
