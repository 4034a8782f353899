//! CMAF segments: `styp`, one `moof`, one `mdat` (ISO/IEC 23000-19, 7.3.3).
//!
//! Decode times are the earliest presentation time plus the durations before, so no edit list is
//! needed and composition offsets may be negative. What all samples share (the duration; with
//! audio the flags too) is said once in `tfhd`.

use super::Sample;
use super::boxes::Boxes;
use super::header::TRACK_ID;

pub(super) const TFHD_DURATION: u32 = 0x8;
pub(super) const TFHD_FLAGS: u32 = 0x20;
pub(super) const TFHD_BASE_IS_MOOF: u32 = 0x02_0000;
pub(super) const TRUN_DATA_OFFSET: u32 = 0x1;
pub(super) const TRUN_DURATION: u32 = 0x100;
pub(super) const TRUN_SIZE: u32 = 0x200;
pub(super) const TRUN_FLAGS: u32 = 0x400;
pub(super) const TRUN_OFFSET: u32 = 0x800;
/// "Depends on no other sample".
const SYNC: u32 = 0x0200_0000;
/// "Depends on others, is no sync sample".
const NOT_SYNC: u32 = 0x0101_0000;

/// One segment of `samples`, which are in decode order and whole.
///
/// `sequence` is the number in `mfhd`. Presentation times are taken as they are; that they fill
/// the segment without a gap is the plan's matter and checked with [`super::read_segment`].
#[must_use]
pub fn segment(sequence: u32, samples: &[Sample]) -> Vec<u8> {
    let mut out = Boxes::default();
    out.nest(b"styp", |b| b.raw(b"msdh").u32(0).raw(b"msdh").raw(b"cmfs").raw(b"cmff").end());
    let moof = out.position();
    let mut data_offset = 0;
    out.nest(b"moof", |b| {
        b.full(b"mfhd", (0, 0), |b| b.u32(sequence).end());
        b.nest(b"traf", |b| data_offset = fragment(b, samples));
    });
    let payload = out.position() + 8 - moof;
    out.set_u32(data_offset, u32::try_from(payload).unwrap_or(u32::MAX));
    out.nest(b"mdat", |b| {
        for sample in samples {
            b.raw(&sample.data);
        }
    });
    out.finish()
}

/// Writes the content of `traf`; returns the position of the data offset.
fn fragment(out: &mut Boxes, samples: &[Sample]) -> usize {
    let duration = shared(samples, |sample| sample.duration);
    let flags = shared(samples, sample_flags);
    let base = samples.iter().map(|sample| sample.pts).min().unwrap_or(0);
    let offsets = composition_offsets(base, samples);

    let present = |condition, flag| if condition { flag } else { 0 };
    let tfhd = TFHD_BASE_IS_MOOF
        | present(duration.is_some(), TFHD_DURATION)
        | present(flags.is_some(), TFHD_FLAGS);
    out.full(b"tfhd", (0, tfhd), |b| {
        b.u32(TRACK_ID);
        for value in [duration, flags].into_iter().flatten() {
            b.u32(value);
        }
    });
    out.full(b"tfdt", (1, 0), |b| b.u64(base).end());

    let trun = TRUN_DATA_OFFSET
        | TRUN_SIZE
        | present(duration.is_none(), TRUN_DURATION)
        | present(flags.is_none(), TRUN_FLAGS)
        | present(offsets.iter().any(|offset| *offset != 0), TRUN_OFFSET);
    let mut data_offset = 0;
    out.full(b"trun", (1, trun), |b| {
        b.u32(u32::try_from(samples.len()).unwrap_or(u32::MAX));
        data_offset = b.position();
        b.u32(0);
        for (sample, offset) in samples.iter().zip(offsets) {
            run_entry(b, trun, sample, offset);
        }
    });
    data_offset
}

fn run_entry(out: &mut Boxes, trun: u32, sample: &Sample, offset: i32) {
    if trun & TRUN_DURATION != 0 {
        out.u32(sample.duration);
    }
    out.u32(u32::try_from(sample.data.len()).unwrap_or(u32::MAX));
    if trun & TRUN_FLAGS != 0 {
        out.u32(sample_flags(sample));
    }
    if trun & TRUN_OFFSET != 0 {
        out.raw(&offset.to_be_bytes());
    }
}

fn sample_flags(sample: &Sample) -> u32 {
    if sample.sync { SYNC } else { NOT_SYNC }
}

/// The value that all samples have, if there is one.
fn shared(samples: &[Sample], value: impl Fn(&Sample) -> u32) -> Option<u32> {
    let first = value(samples.first()?);
    samples.iter().all(|sample| value(sample) == first).then_some(first)
}

/// Presentation minus decode time of each sample, ticks.
fn composition_offsets(base: u64, samples: &[Sample]) -> Vec<i32> {
    let mut decode = i128::from(base);
    let offset = |sample: &Sample| {
        let offset = i128::from(sample.pts) - decode;
        decode += i128::from(sample.duration);
        offset.clamp(i32::MIN.into(), i32::MAX.into()) as i32
    };
    samples.iter().map(offset).collect()
}
