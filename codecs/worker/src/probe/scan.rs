//! When streams begin and end, and how many pictures there are, by their packets.
//!
//! Whole files are read where that is quick or where nothing else is reliable; of a large file
//! with an index, or with a length that its container states, only both ends are read.

#![allow(unsafe_code)]

use crate::control::Control;
use crate::failure::{Failure, Result};
use crate::reader;
use ffmpeg::Packet;
use ffmpeg::format::context::Input;
use ffmpeg_next as ffmpeg;

/// Files up to this size are read whole, bytes: a tenth of a second from memory.
const WHOLE_BYTES_MAX: u64 = 64 << 20;
/// Content that is read from the start of a larger file, seconds.
const HEAD_S: f64 = 20.0;
/// How far before the announced end the last packets are looked for, seconds.
const TAIL_S: [f64; 2] = [10.0, 60.0];
/// How much sooner than announced a file may end, seconds, and as a part of its length.
const SHORT_S: f64 = 1.0;
const SHORT_PART: f64 = 0.005;

/// Times of one stream, seconds of the container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Times {
    packets: u64,
    first: Option<f64>,
    /// The last packet's time and length.
    last: Option<(f64, f64)>,
}

impl Times {
    pub(super) fn first_s(&self) -> Option<f64> {
        self.first
    }

    /// Where the last packet ends; `usual` is the length of one that does not say.
    pub(super) fn end_s(&self, usual: f64) -> Option<f64> {
        self.last.map(|(start, length)| start + if length > 0.0 { length } else { usual })
    }

    fn add(&mut self, start: f64, length: f64) {
        self.packets += 1;
        self.first = Some(self.first.map_or(start, |first| first.min(start)));
        if self.last.is_none_or(|(last, _)| start >= last) {
            self.last = Some((start, length));
        }
    }

    /// Packets per second between the first and the last.
    fn rate(&self) -> Option<f64> {
        let (first, (last, _)) = (self.first?, self.last?);
        (self.packets > 1 && last > first).then(|| (self.packets - 1) as f64 / (last - first))
    }
}

/// What the packets say.
pub(super) struct Scan {
    all: Vec<Times>,
    /// Of the head alone, when the file was not read whole.
    head: Option<Vec<Times>>,
    /// Pictures by a complete index.
    indexed: Option<u64>,
}

/// Reads the packets that are needed.
///
/// # Errors
/// `Truncated` when the index points beyond the file.
pub(super) fn measure(
    input: &mut Input,
    video: Option<usize>,
    size: u64,
    control: &Control,
) -> Result<Scan> {
    let indexed = match video {
        Some(index) => count_indexed(input, index, size)?,
        None => None,
    };
    let known = announced_s(input).filter(|_| size > WHOLE_BYTES_MAX || indexed.is_some());
    let streams = input.nb_streams() as usize;
    rewind(input);
    let Some(announced) = known else {
        let mut all = vec![Times::default(); streams];
        read(input, &mut all, None, control)?;
        return Ok(Scan { all, head: None, indexed });
    };
    let mut head = vec![Times::default(); streams];
    let head_s = if indexed.is_some() { 0.5 } else { HEAD_S };
    read(input, &mut head, Some(head_s), control)?;
    let all = tail(input, head.clone(), announced, video, control)?;
    Ok(Scan { all, head: Some(head), indexed })
}

/// Adds the last packets; reads on to the end from further ahead until the picture stream shows.
fn tail(
    input: &mut Input,
    head: Vec<Times>,
    announced: f64,
    video: Option<usize>,
    control: &Control,
) -> Result<Vec<Times>> {
    let end = start_s(input) + announced;
    for before in TAIL_S {
        let mut all = head.clone();
        if !seek_s(input, end - before) {
            break;
        }
        read(input, &mut all, None, control)?;
        let seen = |index: usize| all[index].last != head[index].last;
        if video.map_or_else(|| (0..all.len()).any(seen), seen) {
            return Ok(all);
        }
    }
    let mut all = head;
    rewind(input);
    all.iter_mut().for_each(|times| *times = Times::default());
    read(input, &mut all, None, control)?;
    Ok(all)
}

/// Reads packets to the end, or so many seconds of them.
fn read(
    input: &mut Input,
    all: &mut [Times],
    seconds: Option<f64>,
    control: &Control,
) -> Result<()> {
    let scales: Vec<f64> = input.streams().map(|s| f64::from(s.time_base())).collect();
    let mut begun = None;
    while let Some(packet) = reader::next_packet(input)? {
        control.pulse(|| 0)?;
        let Some((start, length)) = times_of(&packet, &scales) else { continue };
        // A transport stream may show a stream that was not there when the probe began.
        let Some(times) = all.get_mut(packet.stream()) else { continue };
        times.add(start, length);
        let begun = *begun.get_or_insert(start);
        if seconds.is_some_and(|seconds| start - begun > seconds) {
            break;
        }
    }
    Ok(())
}

/// Start and length; none for a packet that is decoded and not shown.
fn times_of(packet: &Packet, scales: &[f64]) -> Option<(f64, f64)> {
    let scale = *scales.get(packet.stream())?;
    let shown = packet.flags().bits() & ffmpeg::ffi::AV_PKT_FLAG_DISCARD == 0;
    let start = packet.pts().or(packet.dts()).filter(|_| shown)?;
    Some((start as f64 * scale, packet.duration().max(0) as f64 * scale))
}

impl Scan {
    pub(super) fn times(&self, index: usize) -> &Times {
        &self.all[index]
    }

    /// Pictures per second, measured where it can be.
    pub(super) fn mean_fps(
        &self,
        input: &Input,
        index: usize,
        start_s: f64,
        interlaced: bool,
    ) -> f64 {
        let times = &self.all[index];
        let stated = input.stream(index).map_or(0.0, |stream| f64::from(stream.avg_frame_rate()));
        let head = self.head.as_ref().map(|head| &head[index]);
        let measured = match (self.indexed, head) {
            (Some(count), _) if count > 1 => {
                let usual = times.rate().map_or(0.0, |rate| 1.0 / rate);
                let length = times.end_s(usual).map(|end| end - start_s);
                length.filter(|length| *length > 0.0).map(|length| count as f64 / length)
            }
            (_, Some(head)) => head.rate(),
            (_, None) => times.rate(),
        };
        let fallback = if stated.is_finite() && stated > 0.0 { stated } else { 25.0 };
        let mean = measured.unwrap_or(fallback);
        // Fields that come as packets of their own are half a picture each.
        if interlaced && (mean / fallback - 2.0).abs() < 0.05 { mean / 2.0 } else { mean }
    }

    /// # Errors
    /// `Truncated` when the packets end well before what the container states.
    pub(super) fn check_whole(&self, input: &Input) -> Result<()> {
        let Some(announced) = announced_s(input) else { return Ok(()) };
        let ends = self.all.iter().filter_map(|times| times.end_s(0.0));
        let end = ends.fold(f64::NEG_INFINITY, f64::max);
        let length = end - start_s(input);
        if announced - length > SHORT_S + SHORT_PART * announced {
            return Err(Failure::truncated(format!(
                "the file is cut short: it announces {announced:.1} s and has {:.1} s",
                length.max(0.0)
            )));
        }
        Ok(())
    }
}

/// What the container itself states, seconds; guesses from bit rates do not count.
pub(super) fn announced_s(input: &Input) -> Option<f64> {
    use ffmpeg::ffi::AVDurationEstimationMethod::AVFMT_DURATION_FROM_BITRATE as GUESSED;
    // SAFETY: a plain field of an open context.
    let guessed = unsafe { (*input.as_ptr()).duration_estimation_method } == GUESSED;
    let duration = input.duration();
    (!guessed && duration > 0).then(|| duration as f64 / f64::from(ffmpeg::ffi::AV_TIME_BASE))
}

fn start_s(input: &Input) -> f64 {
    // SAFETY: a plain field of an open context.
    let start = unsafe { (*input.as_ptr()).start_time };
    if start == ffmpeg::ffi::AV_NOPTS_VALUE {
        return 0.0;
    }
    start as f64 / f64::from(ffmpeg::ffi::AV_TIME_BASE)
}

pub(super) fn rewind(input: &mut Input) {
    let start = start_s(input);
    // A reader that cannot go back has not gone on far; the times are taken from there.
    let _ = seek_s(input, start);
}

fn seek_s(input: &mut Input, seconds: f64) -> bool {
    let target = (seconds * f64::from(ffmpeg::ffi::AV_TIME_BASE)) as i64;
    input.seek(target, ..target + 1).is_ok() || input.seek(target, ..).is_ok()
}

/// Shown pictures by the index, when that has every one of them (MP4, not fragmented).
fn count_indexed(input: &mut Input, index: usize, size: u64) -> Result<Option<u64>> {
    let Some(stream) = input.stream(index) else { return Ok(None) };
    let frames = stream.frames();
    // SAFETY: the stream belongs to the open context; the entry pointers are valid until the next
    // call that reads from it, and none is made here.
    let entries: Vec<(i64, i32, i32)> = unsafe {
        let stream = stream.as_ptr().cast_mut();
        let count = ffmpeg::ffi::avformat_index_get_entries_count(stream);
        (0..count)
            .map(|at| ffmpeg::ffi::avformat_index_get_entry(stream, at))
            .filter(|entry| !entry.is_null())
            .map(|entry| ((*entry).pos, (*entry).size(), (*entry).flags()))
            .collect()
    };
    if frames <= 0 || (entries.len() as i64) < frames {
        return Ok(None);
    }
    let end = entries.iter().map(|(pos, size, _)| pos.saturating_add(i64::from(*size))).max();
    if end.is_some_and(|end| end.unsigned_abs() > size) {
        return Err(Failure::truncated("the file is cut short: its index points beyond its end"));
    }
    let hidden = ffmpeg::ffi::AVINDEX_DISCARD_FRAME;
    let shown = entries.iter().filter(|(_, _, flags)| flags & hidden == 0).count();
    Ok(Some(shown as u64))
}
