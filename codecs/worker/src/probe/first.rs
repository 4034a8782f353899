//! The first frames of every stream: the proof that it decodes, and what only a frame tells.

#![allow(unsafe_code)]

use super::Chosen;
use crate::control::Control;
use crate::failure::{Failure, Result};
use crate::reader::{self, next_packet};
use ffmpeg::codec::decoder::Opened;
use ffmpeg::codec::packet::side_data;
use ffmpeg::color::TransferCharacteristic as Transfer;
use ffmpeg::format::context::Input;
use ffmpeg::format::stream::Stream;
use ffmpeg::{Packet, frame};
use ffmpeg_next as ffmpeg;

/// Packets that are tried: a minute of a usual file, or a long wait for a first key frame.
const PACKETS_MAX: usize = 4_000;
/// Pictures that vote on interlacing.
const VOTES: u32 = 6;

/// What the first frames say.
#[derive(Default)]
pub(super) struct First {
    pub(super) video: Option<FirstVideo>,
    pub(super) audio: Vec<FirstAudio>,
}

/// The first picture.
pub(super) struct FirstVideo {
    pub(super) width: u32,
    pub(super) height: u32,
    aspect: f64,
    pub(super) rotation: u16,
    pub(super) start_s: Option<f64>,
    pub(super) pixel_format: String,
    pub(super) bit_depth: u8,
    pub(super) hdr: bool,
    pub(super) interlaced: bool,
}

/// The first sound of a stream.
pub(super) struct FirstAudio {
    pub(super) index: usize,
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
    pub(super) start_s: Option<f64>,
}

impl FirstVideo {
    /// Size in square pixels, upright.
    pub(super) fn display_size(&self) -> (u32, u32) {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let (width, height) = if self.aspect >= 1.0 {
            (width * self.aspect, height)
        } else {
            (width, height / self.aspect)
        };
        let (width, height) = (width.round() as u32, height.round() as u32);
        if self.rotation % 180 == 90 { (height, width) } else { (width, height) }
    }
}

/// A decoder that is tried.
struct Trial {
    index: usize,
    decoder: Opened,
    scale: f64,
    votes: u32,
    interlaced: u32,
    done: bool,
}

/// Decodes until each chosen stream has shown itself, or the limit is reached.
///
/// # Errors
/// `Unsupported` when the picture stream has no decoder.
pub(super) fn decode(input: &mut Input, chosen: &Chosen, control: &Control) -> Result<First> {
    let mut first = First::default();
    let mut trials = Vec::new();
    if let Some(video) = chosen.video {
        trials.push(open(input, video)?);
    }
    // A sound track without a decoder is left out; another one, or silence, does.
    trials.extend(chosen.audio.iter().filter_map(|audio| open(input, *audio).ok()));
    for _ in 0..PACKETS_MAX {
        control.pulse(|| 0)?;
        if trials.iter().all(|trial| trial.done) {
            break;
        }
        let packet = next_packet(input)?;
        for trial in trials.iter_mut().filter(|trial| !trial.done) {
            try_packet(input, trial, packet.as_ref(), chosen, &mut first)?;
        }
        if packet.is_none() {
            break;
        }
    }
    settle(&mut first, &trials, chosen);
    first.audio.sort_by_key(|audio| audio.index);
    Ok(first)
}

fn open(input: &Input, index: usize) -> Result<Trial> {
    let (decoder, time_base) = reader::open_decoder(input, index, 1)?;
    let scale = f64::from(time_base);
    Ok(Trial { index, decoder, scale, votes: 0, interlaced: 0, done: false })
}

fn try_packet(
    input: &Input,
    trial: &mut Trial,
    packet: Option<&Packet>,
    chosen: &Chosen,
    first: &mut First,
) -> Result<()> {
    // What does not decode is not there; the outcome is judged by the frames.
    let _ = match packet {
        Some(packet) if packet.stream() == trial.index => trial.decoder.send_packet(packet),
        Some(_) => return Ok(()),
        None => trial.decoder.send_eof(),
    };
    if chosen.video == Some(trial.index) {
        let mut picture = frame::Video::empty();
        while trial.decoder.receive_frame(&mut picture).is_ok() {
            vote(trial, &picture);
            if first.video.is_none() {
                first.video = Some(describe_picture(input, trial, &picture)?);
            }
        }
    } else {
        let mut sound = frame::Audio::empty();
        if trial.decoder.receive_frame(&mut sound).is_ok() {
            trial.done = true;
            first.audio.push(describe_sound(trial, &sound));
        }
    }
    Ok(())
}

fn vote(trial: &mut Trial, picture: &frame::Video) {
    trial.votes += 1;
    trial.interlaced += u32::from(picture.is_interlaced());
    trial.done = trial.votes >= VOTES;
}

fn settle(first: &mut First, trials: &[Trial], chosen: &Chosen) {
    let votes = trials.iter().find(|trial| Some(trial.index) == chosen.video);
    if let (Some(video), Some(trial)) = (&mut first.video, votes) {
        video.interlaced = trial.interlaced * 2 > trial.votes;
    }
}

fn describe_sound(trial: &Trial, sound: &frame::Audio) -> FirstAudio {
    // SAFETY: a plain field of a frame that the decoder has filled.
    let channels = unsafe { (*sound.as_ptr()).ch_layout.nb_channels };
    FirstAudio {
        index: trial.index,
        channels: u16::try_from(channels).unwrap_or(0),
        sample_rate: sound.rate(),
        start_s: sound.timestamp().map(|ticks| ticks as f64 * trial.scale),
    }
}

fn describe_picture(input: &Input, trial: &Trial, picture: &frame::Video) -> Result<FirstVideo> {
    let stream = input.stream(trial.index).ok_or_else(|| Failure::internal("no such stream"))?;
    let format: ffmpeg::ffi::AVPixelFormat = picture.format().into();
    // SAFETY: asks about a number only.
    if unsafe { ffmpeg::ffi::sws_isSupportedInput(format) } == 0 {
        return Err(Failure::unsupported(format!("pixel format {:?}", picture.format())));
    }
    let descriptor = picture.format().descriptor();
    let depth = descriptor.map_or(8, |descriptor| {
        // SAFETY: descriptors are static and have at least one component.
        unsafe { (*descriptor.as_ptr()).comp[0].depth }
    });
    let transfer = picture.color_transfer_characteristic();
    Ok(FirstVideo {
        width: picture.width(),
        height: picture.height(),
        aspect: aspect(input, &stream, picture),
        rotation: rotation(&stream),
        start_s: picture.timestamp().map(|ticks| ticks as f64 * trial.scale),
        pixel_format: descriptor.map_or("unknown", |descriptor| descriptor.name()).to_owned(),
        bit_depth: u8::try_from(depth).unwrap_or(8),
        hdr: matches!(transfer, Transfer::SMPTE2084 | Transfer::ARIB_STD_B67),
        interlaced: picture.is_interlaced(),
    })
}

/// Width of a pixel in its height; what is beyond 4:1 is taken for damage.
fn aspect(input: &Input, stream: &Stream<'_>, picture: &frame::Video) -> f64 {
    // SAFETY: reads fields of the open context, the stream and the frame.
    let ratio = unsafe {
        let (input, stream) = (input.as_ptr().cast_mut(), stream.as_ptr().cast_mut());
        let picture = picture.as_ptr().cast_mut();
        ffmpeg::ffi::av_guess_sample_aspect_ratio(input, stream, picture)
    };
    let ratio = f64::from(ratio.num) / f64::from(ratio.den);
    if (0.25..=4.0).contains(&ratio) { ratio } else { 1.0 }
}

/// Clockwise quarter turns of the display matrix (ISO/IEC 14496-12, 8.3.2).
fn rotation(stream: &Stream<'_>) -> u16 {
    let matrix = stream.side_data().find(|data| data.kind() == side_data::Type::DisplayMatrix);
    let cells = matrix.map(|matrix| matrix.data().to_vec()).unwrap_or_default();
    let cell = |at: usize| {
        let bytes = cells.get(at * 4..at * 4 + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0.0, |bytes| f64::from(i32::from_ne_bytes(bytes)))
    };
    if cells.is_empty() {
        return 0;
    }
    quarter_turns(cell(1).atan2(cell(0)).to_degrees())
}

fn quarter_turns(degrees: f64) -> u16 {
    let quarters = (degrees / 90.0).round() as i32;
    u16::try_from(quarters.rem_euclid(4) * 90).unwrap_or(0)
}

/// Coded pixels of a picture stream.
pub(super) fn area(stream: &Stream<'_>) -> i64 {
    let parameters = stream.parameters();
    // SAFETY: plain fields of the stream's parameters.
    let (width, height) = unsafe { ((*parameters.as_ptr()).width, (*parameters.as_ptr()).height) };
    i64::from(width) * i64::from(height)
}
