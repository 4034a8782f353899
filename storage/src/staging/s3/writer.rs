//! The writer of one grant: full parts go up as they come, the tail when it must be durable.
//!
//! What it sends carries its name, so nothing of a revoked one counts; it stops because there is
//! no use in going on. Before it tells an offset it looks whether its grant is still the newest:
//! at this node by its turn, at others by their grants.

use super::chain::piece_name;
use super::{Room, Turn};
use crate::staging::PartWriter;
use crate::{Error, Result, failpoint};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

/// The right to write to one upload until someone newer has it.
pub(super) struct S3Writer {
    room: Room,
    turn: Turn,
    token: u64,
    name: String,
    part_bytes: usize,
    /// Where the tail begins.
    start: u64,
    /// Bytes behind the last part of full size; always less than one.
    tail: BytesMut,
    /// How many of them are durable.
    durable: usize,
    /// A request failed: what is in the bucket is not known, and the next grant finds out.
    failed: bool,
}

impl S3Writer {
    /// A writer behind `tail.0 + tail.1` bytes, all of them durable.
    pub(super) fn new(
        room: Room,
        turn: Turn,
        (token, name): (u64, String),
        (start, tail): (u64, BytesMut),
        part_bytes: usize,
    ) -> Self {
        let durable = tail.len();
        Self { room, turn, token, name, part_bytes, start, tail, durable, failed: false }
    }

    fn check(&self) -> Result<()> {
        self.turn.check()?;
        if self.failed {
            let upload = self.room.upload;
            let what = format!("upload {upload}: an earlier write failed, ask for a new grant");
            return Err(Error::Unavailable { what });
        }
        Ok(())
    }

    async fn send_part(&mut self) -> Result<()> {
        let part = self.tail.split_to(self.part_bytes).freeze();
        self.send(self.start, &part).await?;
        self.start += part.len() as u64;
        self.durable = self.durable.saturating_sub(part.len());
        Ok(())
    }

    async fn send_tail(&mut self) -> Result<()> {
        if self.durable < self.tail.len() {
            let at = self.start + self.durable as u64;
            let piece = Bytes::copy_from_slice(&self.tail[self.durable..]);
            self.send(at, &piece).await?;
            self.durable = self.tail.len();
        }
        Ok(())
    }

    async fn send(&mut self, start: u64, bytes: &[u8]) -> Result<()> {
        let key = self.room.key(&piece_name(start, bytes.len() as u64, &self.name));
        // Also when this future is dropped before its answer came.
        self.failed = true;
        self.room.bucket.replace(&key, bytes).await?;
        self.failed = false;
        self.turn.check()
    }
}

#[async_trait]
impl PartWriter for S3Writer {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.check()?;
        self.tail.extend_from_slice(&bytes);
        while self.tail.len() >= self.part_bytes {
            self.send_part().await?;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<u64> {
        self.check()?;
        self.send_tail().await?;
        if !self.room.is_newest(self.token, &self.name).await? {
            return Err(Error::Revoked);
        }
        self.turn.check()?;
        failpoint::pass("staging.synced");
        Ok(self.start + self.tail.len() as u64)
    }
}
