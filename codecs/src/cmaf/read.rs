//! Reads a segment of ours back, to hold what was written against the plan.
//!
//! It knows what [`super::segment`] writes and refuses the rest; every length is checked before
//! it is used, so damaged bytes give an error and never a panic.

use super::segment::{
    TFHD_BASE_IS_MOOF, TFHD_DURATION, TFHD_FLAGS, TRUN_DATA_OFFSET, TRUN_DURATION, TRUN_FLAGS,
    TRUN_OFFSET, TRUN_SIZE,
};

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// `mfhd` sequence number.
    pub sequence: u32,
    /// `tfdt`, ticks.
    pub base_time: u64,
    /// Earliest presentation time of a sample, ticks; equals `base_time` in a correct segment.
    pub earliest_time: i64,
    /// Samples in the run.
    pub sample_count: u32,
    /// Sum of the samples' durations, ticks.
    pub duration: u64,
    /// The first sample can be decoded without any other.
    pub first_sync: bool,
    /// Size of the segment.
    pub bytes: u64,
}

/// Why bytes are no segment of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes end within a box.
    #[error("the segment ends within its {0} box")]
    Truncated(&'static str),
    /// A box that must be there once is missing or repeated.
    #[error("the segment must have exactly one {0} box and has {1}")]
    BoxCount(&'static str, usize),
    /// The sizes in the run do not add up to the data.
    #[error("samples of {samples} bytes at {offset}, but {data} bytes of data at {data_offset}")]
    DataMismatch {
        /// Sum of the sample sizes.
        samples: u64,
        /// Where the run says that they begin, bytes from the start of `moof`.
        offset: u64,
        /// Size of the `mdat` content.
        data: u64,
        /// Where it begins, bytes from the start of `moof`.
        data_offset: u64,
    },
    /// A field has a value that we never write.
    #[error("unexpected {0}")]
    Unexpected(&'static str),
}

/// Reads a segment's structure and adds its samples up.
///
/// # Errors
/// When it is damaged, or not of the shape that [`super::segment`] writes.
pub fn read_segment(bytes: &[u8]) -> Result<SegmentInfo, ReadError> {
    let top = children("file", bytes)?;
    let moof = only("moof", &top)?;
    let mdat = only("mdat", &top)?;
    let moof_children = children("moof", moof.body)?;
    let mfhd = only("mfhd", &moof_children)?;
    let traf = children("traf", only("traf", &moof_children)?.body)?;
    let tfhd = Defaults::read(only("tfhd", &traf)?.body)?;
    let (base_time, _) = take_u64("tfdt", at("tfdt", only("tfdt", &traf)?.body, 4)?)?;
    let run = Run::read(only("trun", &traf)?.body, &tfhd, base_time)?;
    check_data(&run, moof, mdat)?;
    Ok(SegmentInfo {
        sequence: take_u32("mfhd", at("mfhd", mfhd.body, 4)?)?.0,
        base_time,
        earliest_time: run.earliest_time,
        sample_count: run.count,
        duration: run.duration,
        first_sync: run.first_sync,
        bytes: bytes.len() as u64,
    })
}

fn check_data(run: &Run, moof: &Child<'_>, mdat: &Child<'_>) -> Result<(), ReadError> {
    let data = mdat.body.len() as u64;
    let data_offset = (mdat.start + 8).saturating_sub(moof.start) as u64;
    if run.size != data || u64::from(run.data_offset) != data_offset {
        let (samples, offset) = (run.size, u64::from(run.data_offset));
        return Err(ReadError::DataMismatch { samples, offset, data, data_offset });
    }
    Ok(())
}

/// What `tfhd` says for all samples.
struct Defaults {
    duration: Option<u32>,
    flags: Option<u32>,
}

impl Defaults {
    fn read(body: &[u8]) -> Result<Self, ReadError> {
        let (word, rest) = take_u32("tfhd", body)?;
        if word & !(TFHD_DURATION | TFHD_FLAGS) != TFHD_BASE_IS_MOOF {
            return Err(ReadError::Unexpected("tfhd flags"));
        }
        let (_track, mut rest) = take_u32("tfhd", rest)?;
        let duration = optional("tfhd", word & TFHD_DURATION != 0, &mut rest)?;
        let flags = optional("tfhd", word & TFHD_FLAGS != 0, &mut rest)?;
        Ok(Self { duration, flags })
    }
}

/// The samples added up.
struct Run {
    count: u32,
    data_offset: u32,
    size: u64,
    duration: u64,
    earliest_time: i64,
    first_sync: bool,
}

impl Run {
    fn read(body: &[u8], defaults: &Defaults, base: u64) -> Result<Self, ReadError> {
        const KNOWN: u32 = TRUN_DURATION | TRUN_FLAGS | TRUN_OFFSET;
        let (word, rest) = take_u32("trun", body)?;
        if word & !KNOWN != 1 << 24 | TRUN_DATA_OFFSET | TRUN_SIZE {
            return Err(ReadError::Unexpected("trun version or flags"));
        }
        let (count, rest) = take_u32("trun", rest)?;
        let (data_offset, mut rest) = take_u32("trun", rest)?;
        let base = i64::try_from(base).map_err(|_| ReadError::Unexpected("tfdt time"))?;
        let (size, duration, first_sync) = (0, 0, false);
        let mut run =
            Self { count, data_offset, size, duration, earliest_time: i64::MAX, first_sync };
        for index in 0..count {
            let sample = SampleEntry::read(word, defaults, &mut rest)?;
            run.add(index, base, &sample);
        }
        if !rest.is_empty() {
            return Err(ReadError::Unexpected("bytes after the run"));
        }
        Ok(run)
    }

    fn add(&mut self, index: u32, base: i64, sample: &SampleEntry) {
        const NON_SYNC: u32 = 0x0001_0000;
        if index == 0 {
            self.first_sync = sample.flags & NON_SYNC == 0;
        }
        let decode = base.saturating_add_unsigned(self.duration);
        let shown = decode.saturating_add(i64::from(sample.offset));
        self.earliest_time = self.earliest_time.min(shown);
        self.size += u64::from(sample.size);
        self.duration += u64::from(sample.duration);
    }
}

struct SampleEntry {
    duration: u32,
    size: u32,
    flags: u32,
    offset: i32,
}

impl SampleEntry {
    fn read(trun: u32, defaults: &Defaults, rest: &mut &[u8]) -> Result<Self, ReadError> {
        let duration = optional("trun", trun & TRUN_DURATION != 0, rest)?.or(defaults.duration);
        let size = optional("trun", trun & TRUN_SIZE != 0, rest)?.unwrap_or(0);
        let flags = optional("trun", trun & TRUN_FLAGS != 0, rest)?.or(defaults.flags);
        let offset = optional("trun", trun & TRUN_OFFSET != 0, rest)?.unwrap_or(0);
        Ok(Self {
            duration: duration.ok_or(ReadError::Unexpected("sample without a duration"))?,
            size,
            flags: flags.ok_or(ReadError::Unexpected("sample without flags"))?,
            offset: offset.cast_signed(),
        })
    }
}

/// A box within its parent.
struct Child<'a> {
    kind: [u8; 4],
    start: usize,
    body: &'a [u8],
}

fn children<'a>(parent: &'static str, bytes: &'a [u8]) -> Result<Vec<Child<'a>>, ReadError> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let (size, rest) = take_u32(parent, &bytes[start..])?;
        let end = start.saturating_add(size as usize);
        if size < 8 || end > bytes.len() || rest.len() < 4 {
            return Err(ReadError::Truncated(parent));
        }
        let kind = [rest[0], rest[1], rest[2], rest[3]];
        found.push(Child { kind, start, body: &bytes[start + 8..end] });
        start = end;
    }
    Ok(found)
}

fn only<'c, 'a>(kind: &'static str, found: &'c [Child<'a>]) -> Result<&'c Child<'a>, ReadError> {
    let matching = || found.iter().filter(|child| child.kind == kind.as_bytes());
    match (matching().next(), matching().count()) {
        (Some(child), 1) => Ok(child),
        (_, count) => Err(ReadError::BoxCount(kind, count)),
    }
}

fn at<'a>(kind: &'static str, body: &'a [u8], offset: usize) -> Result<&'a [u8], ReadError> {
    body.get(offset..).ok_or(ReadError::Truncated(kind))
}

fn optional(kind: &'static str, present: bool, rest: &mut &[u8]) -> Result<Option<u32>, ReadError> {
    if !present {
        return Ok(None);
    }
    let (value, after) = take_u32(kind, rest)?;
    *rest = after;
    Ok(Some(value))
}

fn take_u32<'a>(kind: &'static str, bytes: &'a [u8]) -> Result<(u32, &'a [u8]), ReadError> {
    let (head, rest) = bytes.split_first_chunk().ok_or(ReadError::Truncated(kind))?;
    Ok((u32::from_be_bytes(*head), rest))
}

fn take_u64<'a>(kind: &'static str, bytes: &'a [u8]) -> Result<(u64, &'a [u8]), ReadError> {
    let (head, rest) = bytes.split_first_chunk().ok_or(ReadError::Truncated(kind))?;
    Ok((u64::from_be_bytes(*head), rest))
}
