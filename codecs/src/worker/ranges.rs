//! Byte ranges of a source that is no local file, over a socket at the source's descriptor.
//!
//! The node begins with the source's size, eight bytes. The worker asks with offset (eight bytes)
//! and length (four); the node answers with a length (four bytes) and so many bytes: as many as
//! were asked for, or fewer at the end of the source. [`UNREADABLE`] in place of a length says
//! that the source cannot be read, and ends the exchange. All numbers are big-endian, and one
//! question is answered before the next is asked. Either side may be gone at any byte: the other
//! one sees the end of the stream.
//!
//! The worker may have been taken over by its input: what it asks is held against
//! [`RANGE_BYTES_MAX`] and cut at the end of the source.

use std::io::{self, Read, Write};
use std::ops::Range;

/// Most bytes of one answer: worth the way over the socket, small beside what an encoder holds.
pub const RANGE_BYTES_MAX: u32 = 1 << 20;
/// Bytes of the source's size.
pub const SIZE_BYTES: usize = 8;
/// Bytes of a question.
pub const ASK_BYTES: usize = 12;
/// Bytes before those of an answer.
pub const ANSWER_BYTES: usize = 4;
/// In place of the length of an answer: the node cannot read the source.
pub const UNREADABLE: [u8; ANSWER_BYTES] = u32::MAX.to_be_bytes();

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// First byte.
    pub offset: u64,
    /// How many, at most [`RANGE_BYTES_MAX`].
    pub length: u32,
}

impl Ask {
    /// As it is sent.
    #[must_use]
    pub fn to_bytes(self) -> [u8; ASK_BYTES] {
        let mut bytes = [0; ASK_BYTES];
        bytes[..8].copy_from_slice(&self.offset.to_be_bytes());
        bytes[8..].copy_from_slice(&self.length.to_be_bytes());
        bytes
    }

    /// Reads a question and tells the bytes that answer it, in a source of `size` bytes.
    ///
    /// # Errors
    /// When more is asked for than one answer may have.
    pub fn read(bytes: [u8; ASK_BYTES], size: u64) -> io::Result<Range<u64>> {
        let (offset, length) = bytes.split_at(8);
        let offset = u64::from_be_bytes(offset.try_into().expect("eight bytes"));
        let length = u32::from_be_bytes(length.try_into().expect("four bytes"));
        if length > RANGE_BYTES_MAX {
            let told = format!("{length} bytes of the source asked for at once");
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        let start = offset.min(size);
        Ok(start..start.saturating_add(length.into()).min(size))
    }
}

/// Asks and reads the answer into `buffer`, blocking; the number of bytes, which is short of the
/// buffer at the end of the source, or where the buffer is over [`RANGE_BYTES_MAX`].
///
/// # Errors
/// Of the stream, or when the node cannot read the source.
pub fn ask(stream: &mut (impl Read + Write), buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX).min(RANGE_BYTES_MAX);
    stream.write_all(&Ask { offset, length }.to_bytes())?;
    let mut head = [0; ANSWER_BYTES];
    stream.read_exact(&mut head)?;
    if head == UNREADABLE {
        return Err(io::Error::other("the node cannot read the source"));
    }
    let count = u32::from_be_bytes(head);
    if count > length {
        let told = format!("{count} bytes came where {length} were asked for");
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    stream.read_exact(&mut buffer[..count as usize])?;
    Ok(count as usize)
}
