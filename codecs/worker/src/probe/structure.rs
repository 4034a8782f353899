//! Whether the file holds what its outermost structure announces, without FFmpeg.
//!
//! A file that was cut short mostly still opens, and plays until it stops. The boxes of MP4, the
//! elements of Matroska and the chunks of RIFF say how long they are, so a cut shows at once.

use crate::failure::{Failure, Result};
use crate::source::SourceFile;
use playhouse_codecs::worker::FailureKind;

/// Boxes that are walked at most: fragmented files have two for each fragment.
const BOXES_MAX: usize = 200_000;

/// What the outermost structure says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Structure {
    /// Bytes that are announced and not there, if any.
    missing: Option<u64>,
    /// An MP4 without its index.
    no_index: bool,
}

impl Structure {
    /// A failure to open is the cut's fault where there is a cut.
    pub(super) fn blame(&self, failure: Failure) -> Failure {
        match failure.kind {
            FailureKind::NotMedia | FailureKind::Truncated | FailureKind::Internal => {
                self.complete().err().unwrap_or(failure)
            }
            FailureKind::Unsupported | FailureKind::PlanMismatch => failure,
        }
    }

    /// # Errors
    /// `Truncated` when something that is announced is not there.
    pub(super) fn complete(&self) -> Result<()> {
        match (self.missing, self.no_index) {
            (Some(bytes), _) => Err(Failure::truncated(format!(
                "the file is cut short: its container announces {bytes} bytes more"
            ))),
            (None, true) => {
                Err(Failure::truncated("the file is cut short: its index (moov) is not there"))
            }
            (None, false) => Ok(()),
        }
    }
}

/// Reads the outermost structure of the formats that announce it.
///
/// # Errors
/// Of the descriptor.
pub(super) fn check(file: &SourceFile) -> Result<Structure> {
    let size = file.size()?;
    let read = |offset: u64, buffer: &mut [u8]| file.read_at(buffer, offset);
    let mut head = [0; 12];
    let count = read(0, &mut head)?;
    let head = &head[..count];
    Ok(match head {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska(&read, size)?,
        [b'R', b'I', b'F', b'F', a, b, c, d, ..] => {
            riff(u32::from_le_bytes([*a, *b, *c, *d]), size)
        }
        [_, _, _, _, kind @ ..] if is_mp4(kind) => mp4(&read, size)?,
        _ => Structure::default(),
    })
}

type ReadAt<'a> = &'a dyn Fn(u64, &mut [u8]) -> std::io::Result<usize>;

fn is_mp4(kind: &[u8]) -> bool {
    [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"].iter().any(|k| kind.starts_with(*k))
}

fn mp4(read: ReadAt<'_>, size: u64) -> Result<Structure> {
    let mut offset = 0;
    let mut index = false;
    for _ in 0..BOXES_MAX {
        let mut header = [0; 16];
        let count = read(offset, &mut header)?;
        if count < 8 {
            // A few stray bytes at the end are ignored by every player.
            break;
        }
        let Some(length) = box_length(&header, size - offset) else { break };
        index |= &header[4..8] == b"moov";
        let end = offset.saturating_add(length);
        if end > size {
            return Ok(Structure { missing: Some(end - size), no_index: false });
        }
        offset = end;
    }
    Ok(Structure { missing: None, no_index: !index })
}

/// Length of a box with its header; `None` when it cannot be one.
fn box_length(header: &[u8; 16], rest: u64) -> Option<u64> {
    let word = |range: std::ops::Range<usize>| {
        header[range].iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte))
    };
    let printable = header[4..8].iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == 0xa9);
    match word(0..4) {
        _ if !printable => None,
        0 => Some(rest),
        1 => Some(word(8..16)).filter(|length| *length >= 16),
        length => Some(length).filter(|length| *length >= 8),
    }
}

/// The EBML header, then the segment with its length, if that is known (RFC 8794, 4).
fn matroska(read: ReadAt<'_>, size: u64) -> Result<Structure> {
    let whole = Structure::default();
    let Some((header, after)) = ebml_size(read, 4)? else { return Ok(whole) };
    let segment = after.saturating_add(header);
    let mut id = [0; 4];
    if read(segment, &mut id)? < 4 || id != [0x18, 0x53, 0x80, 0x67] {
        return Ok(whole);
    }
    let Some((length, content)) = ebml_size(read, segment + 4)? else { return Ok(whole) };
    let missing = content.saturating_add(length).checked_sub(size).filter(|bytes| *bytes > 0);
    Ok(Structure { missing, no_index: false })
}

/// A variable-length size and the offset behind it; `None` when it is unknown.
fn ebml_size(read: ReadAt<'_>, offset: u64) -> Result<Option<(u64, u64)>> {
    let mut bytes = [0; 8];
    let count = read(offset, &mut bytes)?;
    let length = bytes[0].leading_zeros() as usize + 1;
    if length > 8 || count < length {
        return Ok(None);
    }
    let ones = (1u64 << (7 * length)) - 1;
    let value = bytes[..length].iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let value = value & ones;
    Ok((value != ones).then_some((value, offset + length as u64)))
}

/// A live RIFF writer leaves 0 or the largest number.
fn riff(length: u32, size: u64) -> Structure {
    let known = length != 0 && length < 0xffff_fff0;
    let missing = (u64::from(length) + 8).checked_sub(size).filter(|bytes| known && *bytes > 1);
    Structure { missing, no_index: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_mp4(bytes: &[u8]) -> Structure {
        let read = |offset: u64, buffer: &mut [u8]| {
            let rest = &bytes[usize::try_from(offset).expect("small").min(bytes.len())..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        };
        mp4(&read, bytes.len() as u64).expect("reading memory cannot fail")
    }

    fn mp4_box(kind: &[u8; 4], payload: u32) -> Vec<u8> {
        let mut bytes = (payload + 8).to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.resize(bytes.len() + payload as usize, 0);
        bytes
    }

    /// Whoever uploads half a file is told so, whichever half holds the index.
    #[test]
    fn a_cut_mp4_is_seen_wherever_its_index_is() {
        let front = [mp4_box(b"ftyp", 8), mp4_box(b"moov", 40), mp4_box(b"mdat", 400)].concat();
        let end = [mp4_box(b"ftyp", 8), mp4_box(b"mdat", 400), mp4_box(b"moov", 40)].concat();
        assert_eq!(check_mp4(&front), Structure::default());
        assert_eq!(check_mp4(&end), Structure::default());
        assert_eq!(check_mp4(&front[..front.len() - 150]).missing, Some(150));
        assert_eq!(check_mp4(&end[..end.len() - 150]).missing, Some(102));
        assert!(check_mp4(&end[..end.len() - 48]).no_index);
    }

    #[test]
    fn a_riff_of_unknown_length_is_not_cut() {
        assert_eq!(riff(0, 1_000), Structure::default());
        assert_eq!(riff(u32::MAX, 1_000), Structure::default());
        assert_eq!(riff(992, 1_000), Structure::default());
        assert_eq!(riff(2_000, 1_000).missing, Some(1_008));
    }
}
