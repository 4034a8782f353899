//! Framing: four bytes of length (big-endian), then that many bytes of JSON.
//!
//! The other side may be a worker that has been taken over by its input: the length is checked
//! before memory is taken for it, and a stream that ends within a frame is an error, not an end.

use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};

/// Largest frame that is written or read, bytes: a probe of a file with hundreds of streams is
/// below a tenth of it.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// Encodes a message as one frame.
///
/// # Errors
/// When the message does not fit [`FRAME_BYTES_MAX`].
pub fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| too_large(body.len()))?;
    if body.len() > FRAME_BYTES_MAX {
        return Err(too_large(body.len()));
    }
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// Decodes the body of a frame.
///
/// # Errors
/// When it is not the message that was expected.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    serde_json::from_slice(body).map_err(io::Error::from)
}

/// Checks an announced length.
///
/// # Errors
/// When it is over [`FRAME_BYTES_MAX`].
pub fn check_length(header: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_be_bytes(header) as usize;
    if length > FRAME_BYTES_MAX { Err(too_large(length)) } else { Ok(length) }
}

/// Writes one message, blocking.
///
/// # Errors
/// Of the stream.
pub fn write<T: Serialize>(stream: &mut impl Write, message: &T) -> io::Result<()> {
    stream.write_all(&encode(message)?)
}

/// Reads one message, blocking; `None` when the stream has ended between two frames.
///
/// # Errors
/// Of the stream, or when the frame is over the limit or not the message that was expected.
pub fn read<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let mut header = [0; 4];
    match stream.read_exact(&mut header[..1]) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    stream.read_exact(&mut header[1..])?;
    let mut body = vec![0; check_length(header)?];
    stream.read_exact(&mut body)?;
    decode(&body).map(Some)
}

fn too_large(length: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("frame of {length} bytes is over the limit"))
}
