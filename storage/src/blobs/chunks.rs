//! Buffers of streams, used again: a chunk that goes back to the allocator costs the next one fresh
//! pages, which the kernel must clear, up to two megabytes for each chunk where pages are huge.

use crate::{Error, Result};
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

/// Buffers of one size, of which a bounded number waits to be used again. Cheap to clone.
#[derive(Clone)]
pub(super) struct Chunks {
    bytes: usize,
    kept_max: usize,
    free: Arc<Mutex<Vec<Box<[u8]>>>>,
}

/// A buffer that is in use; it goes back when nobody reads it any more.
struct Chunk {
    buffer: Box<[u8]>,
    length: usize,
    home: Chunks,
}

impl Chunks {
    /// Buffers of so many bytes; at most `kept_max` of them are kept.
    pub(super) fn new(bytes: usize, kept_max: usize) -> Self {
        Self { bytes, kept_max, free: Arc::default() }
    }

    /// Bytes of a buffer.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// `length` bytes after `fill` has written all of them: the first of a buffer, or memory of
    /// their own where they are few, so that who reads them slowly does not hold a whole buffer.
    ///
    /// # Errors
    /// What `fill` says; `Invalid` for more bytes than a buffer has.
    pub(super) fn filled(
        &self,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> std::io::Result<()>,
    ) -> Result<Bytes> {
        if length < self.bytes / 4 {
            let mut few = vec![0; length];
            fill(&mut few)?;
            return Ok(few.into());
        }
        let buffer = self.take();
        let mut chunk = Chunk { buffer, length, home: self.clone() };
        let place = chunk.buffer.get_mut(..length);
        fill(place.ok_or_else(|| Error::Invalid(format!("a chunk of {length} bytes")))?)?;
        Ok(Bytes::from_owner(chunk))
    }

    fn take(&self) -> Box<[u8]> {
        let free = self.lock().pop();
        free.unwrap_or_else(|| vec![0; self.bytes].into_boxed_slice())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Box<[u8]>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut free = self.home.lock();
        if free.len() < self.home.kept_max {
            free.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(chunks: &Chunks, byte: u8, length: usize) -> Bytes {
        let fill = |place: &mut [u8]| {
            place.fill(byte);
            Ok(())
        };
        chunks.filled(length, fill).unwrap()
    }

    #[test]
    fn a_buffer_is_used_again_when_nobody_reads_it_any_more() {
        let chunks = Chunks::new(8, 2);
        let first = filled(&chunks, 1, 8);
        let (part, place) = (first.slice(2..4), first.as_ptr());
        drop(first);
        let second = filled(&chunks, 2, 3);
        assert_eq!((&part[..], &second[..]), (&[1, 1][..], &[2, 2, 2][..]));
        assert_eq!(filled(&chunks, 4, 1), [4][..]);
        assert_ne!(second.as_ptr(), place, "a part of it is still read");
        drop(part);
        assert_eq!(filled(&chunks, 3, 2).as_ptr(), place);
    }

    #[test]
    fn no_more_are_kept_than_their_bound() {
        let chunks = Chunks::new(8, 2);
        let many: Vec<Bytes> = (0..5).map(|byte| filled(&chunks, byte, 8)).collect();
        drop(many);
        assert_eq!(chunks.lock().len(), 2);
        assert!(matches!(chunks.filled(9, |_| Ok(())), Err(Error::Invalid(_))));
    }
}
