//! One record in a file: its length, its checksum, then JSON. Whatever a crash leaves of a record
//! that was being written is told from a whole one by these eight bytes.

use super::super::Record;
use crate::{Error, Result};
use std::io::{ErrorKind, Read};

/// Bytes before the record: length and CRC-32, little endian.
pub(super) const HEADER_BYTES: usize = 8;

/// What stands at a place of a file.
pub(super) enum Frame {
    /// A record and the bytes it takes.
    Whole(Vec<u8>, u64),
    /// Nothing: the file ends here.
    End,
    /// Something that is no whole record.
    Torn,
}

/// Adds a record to a buffer.
///
/// # Errors
/// `Invalid` when it is larger than `bytes_max`.
pub(super) fn push(buffer: &mut Vec<u8>, record: &Record, bytes_max: usize) -> Result<()> {
    let json = serde_json::to_vec(record)
        .map_err(|error| Error::Invalid(format!("a record that is no JSON: {error}")))?;
    if json.len() > bytes_max {
        return Err(Error::Invalid(format!(
            "a record of {} bytes: storage.event_record_bytes_max is {bytes_max}",
            json.len()
        )));
    }
    let length = u32::try_from(json.len()).map_err(|_| Error::Invalid("a huge record".into()))?;
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&crc32(&json).to_le_bytes());
    buffer.extend_from_slice(&json);
    Ok(())
}

/// Reads what comes next; a record longer than the `bytes_left` of the file is none.
///
/// # Errors
/// `Io`.
pub(super) fn next(file: &mut impl Read, bytes_left: u64) -> Result<Frame> {
    let mut header = [0; HEADER_BYTES];
    match fill(file, &mut header)? {
        0 => return Ok(Frame::End),
        HEADER_BYTES => {}
        _ => return Ok(Frame::Torn),
    }
    let [l0, l1, l2, l3, c0, c1, c2, c3] = header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    // No record is empty. Zeros, which a file system may leave where data never reached the disk,
    // would pass for one: the checksum of nothing is zero.
    if length == 0 || length as u64 > bytes_left {
        return Ok(Frame::Torn);
    }
    let mut json = vec![0; length];
    let read = fill(file, &mut json)?;
    if read < length || crc32(&json) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Ok(Frame::Torn);
    }
    Ok(Frame::Whole(json, (HEADER_BYTES + length) as u64))
}

/// Reads until the buffer is full or the file ends; answers how much there was.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// CRC-32 as in IEEE 802.3 (polynomial 0x04C11DB7, reflected).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes
        .iter()
        .fold(!0, |crc, byte| (crc >> 8) ^ TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize])
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn zeros_are_no_record() {
        assert!(matches!(next(&mut &[0; 64][..], 64), Ok(Frame::Torn)));
    }
}
