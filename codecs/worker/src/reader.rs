//! One stream of the source, decoded from a chosen time on.
//!
//! Every reader has a container context of its own over the shared descriptor, so video, audio
//! and pictures do not wait for each other. A packet that does not decode is skipped: what is
//! missing shows up as a gap in the timestamps, which the callers fill.

#![allow(unsafe_code)]

use crate::control::Control;
use crate::failure::{During as _, Failure, Result};
use crate::source;
use ffmpeg::codec::decoder::{self, Opened};
use ffmpeg::format::context::Input;
use ffmpeg::{Frame, Packet, Rational, codec};
use ffmpeg_next as ffmpeg;

/// How far before the wanted time a seek aims, seconds, one try after the other: a container
/// without an index may land after it, or between key frames.
const PREROLL_S: [f64; 3] = [2.0, 12.0, 60.0];

/// A demuxer and a decoder of one stream.
pub(crate) struct Reader {
    input: Input,
    stream: usize,
    decoder: Opened,
    time_base: Rational,
    drained: bool,
}

impl Reader {
    /// Opens the source anew and the decoder of one of its streams.
    ///
    /// # Errors
    /// `Unsupported` when there is no decoder for it.
    pub(crate) fn open(stream: u32, threads: usize) -> Result<Self> {
        let mut input = source::open()?;
        let stream = stream as usize;
        keep_only(&mut input, stream);
        let (decoder, time_base) = open_decoder(&input, stream, threads)?;
        Ok(Self { input, stream, decoder, time_base, drained: false })
    }

    /// Seconds per tick of the frames' timestamps.
    pub(crate) fn time_base(&self) -> f64 {
        f64::from(self.time_base)
    }

    /// The same as numerator and denominator.
    pub(crate) fn time_base_ratio(&self) -> (i32, i32) {
        (self.time_base.numerator(), self.time_base.denominator())
    }

    /// Decodes on from a key frame at least `preroll_s` before `seconds` of the container's time;
    /// `attempt` counts from 0 and aims earlier each time. False when it begins at the start.
    ///
    /// # Errors
    /// When the source cannot even be opened again.
    pub(crate) fn seek(&mut self, seconds: f64, attempt: usize) -> Result<bool> {
        let aimed = PREROLL_S.get(attempt).is_some_and(|preroll| {
            let target = ((seconds - preroll) / self.time_base()).floor() as i64;
            seek_stream(&mut self.input, self.stream, target)
        });
        if aimed {
            self.decoder.flush();
        } else {
            self.input = source::open()?;
            keep_only(&mut self.input, self.stream);
            self.decoder.flush();
        }
        self.drained = false;
        Ok(aimed)
    }

    /// Like [`Self::seek`], but to the key frame at or before `seconds` itself.
    pub(crate) fn seek_to_key(&mut self, seconds: f64) -> bool {
        let target = (seconds / self.time_base()).round() as i64;
        let moved = seek_stream(&mut self.input, self.stream, target);
        if moved {
            self.decoder.flush();
            self.drained = false;
        }
        moved
    }

    /// The next frame; false at the end of the stream.
    ///
    /// # Errors
    /// Of the source's descriptor, or when the job is stopped.
    pub(crate) fn next(
        &mut self,
        frame: &mut Frame,
        control: &Control,
        done: impl Fn() -> u64,
    ) -> Result<bool> {
        loop {
            match self.decoder.receive_frame(frame) {
                Ok(()) => return Ok(true),
                Err(ffmpeg::Error::Eof) => return Ok(false),
                Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) if self.drained => {
                    return Ok(false);
                }
                // A damaged frame, or hungry: both go on with the next packet.
                Err(_) => control.pulse(&done)?,
            }
            self.feed()?;
        }
    }

    fn feed(&mut self) -> Result<()> {
        if self.drained {
            return Ok(());
        }
        match next_packet(&mut self.input)? {
            None => {
                self.drained = true;
                // A decoder that is already at its end answers the same on receive.
                let _ = self.decoder.send_eof();
            }
            Some(packet) if packet.stream() == self.stream => {
                // A packet that does not decode leaves a gap; see the module's head.
                let _ = self.decoder.send_packet(&packet);
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// The next packet of any stream; `None` at the end.
///
/// # Errors
/// Of the source's descriptor.
pub(crate) fn next_packet(input: &mut Input) -> Result<Option<Packet>> {
    /// Damaged packets in a row after which the rest counts as lost.
    const DAMAGED_MAX: u32 = 1_000;
    let mut packet = Packet::empty();
    for _ in 0..DAMAGED_MAX {
        match packet.read(input) {
            Ok(()) => return Ok(Some(packet)),
            Err(ffmpeg::Error::Eof) => return Ok(None),
            Err(ffmpeg::Error::Other { errno: libc::EIO }) => {
                return Err(Failure::internal("the source cannot be read"));
            }
            Err(_) => {}
        }
    }
    Ok(None)
}

/// Opens the decoder of a stream.
///
/// # Errors
/// `Unsupported` when there is none.
pub(crate) fn open_decoder(
    input: &Input,
    stream: usize,
    threads: usize,
) -> Result<(Opened, Rational)> {
    let stream = input.stream(stream).ok_or_else(|| Failure::internal("no such stream"))?;
    let parameters = stream.parameters();
    let name = parameters.id().name();
    let unsupported = || Failure::unsupported(format!("there is no decoder for {name}"));
    let codec = decoder::find(parameters.id()).ok_or_else(unsupported)?;
    let mut context = codec::Context::from_parameters(parameters).during("codec parameters")?;
    // SAFETY: plain fields of a context that is not open yet; 3 is both frame and slice threads.
    unsafe {
        (*context.as_mut_ptr()).thread_count = i32::try_from(threads).unwrap_or(1);
        (*context.as_mut_ptr()).thread_type = 3;
    }
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    let opened = decoder.open_as(codec).map_err(|_| unsupported())?;
    Ok((opened, stream.time_base()))
}

/// Moves to the last key frame at or before `target`, in the stream's ticks.
pub(crate) fn seek_stream(input: &mut Input, stream: usize, target: i64) -> bool {
    let Ok(stream) = i32::try_from(stream) else { return false };
    // SAFETY: the context is open and the stream's index was checked when it was chosen.
    let answer = unsafe {
        ffmpeg::ffi::avformat_seek_file(input.as_mut_ptr(), stream, i64::MIN, target, target, 0)
    };
    answer >= 0
}

/// Lets the demuxer throw every other stream away before it is copied.
fn keep_only(input: &mut Input, stream: usize) {
    for index in 0..input.nb_streams() as usize {
        let discard = if index == stream {
            ffmpeg::ffi::AVDiscard::AVDISCARD_DEFAULT
        } else {
            ffmpeg::ffi::AVDiscard::AVDISCARD_ALL
        };
        // SAFETY: `index` is below `nb_streams`.
        unsafe { (**(*input.as_mut_ptr()).streams.add(index)).discard = discard };
    }
}
