//! The audio renditions of a job: one decode, a resampler and an encoder for each.
//!
//! Sound is placed by its timestamps against the first picture's, on a line of samples that
//! begins at 0 and lasts as long as the video. Packet n holds the samples from n × 1,024 on. A
//! range that begins later starts its encoder four packets early and drops those, so that
//! nothing is heard at the seam.

use super::Context;
use super::aac::Aac;
use super::placing::{Clock, Line};
use super::resample::Resampler;
use super::segments::{Planned, Segments};
use crate::failure::{Failure, Result};
use crate::reader::Reader;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use playhouse_codecs::cmaf::{self, AudioHeader, Sample};
use playhouse_codecs::plan::{AUDIO_RATE, PACKET_SAMPLES};
use playhouse_codecs::worker::AudioTarget;
use std::ops::Range;

/// Packets that a resumed encoder makes and drops: with two or more no hole is heard.
const RUN_UP_PACKETS: u64 = 4;

/// Encodes all audio targets.
///
/// # Errors
/// See [`super::encode`].
pub(super) fn encode(context: &Context<'_>) -> Result<()> {
    let Some(index) = context.job.audio_index.filter(|_| !context.job.audio.is_empty()) else {
        return Ok(());
    };
    let mut tracks: Vec<Track<'_>> = (context.job.audio.iter().enumerate())
        .map(|(mark, target)| Track::open(context, mark, target))
        .collect::<Result<_>>()?;
    let origin = origin_s(context, index)?;
    let mut reader = Reader::open(index, 1)?;
    let first = tracks.iter().map(|track| track.line.next()).min().unwrap_or(0);
    let mut sound = begin_before(context, &mut reader, origin, first)?;
    while let Some((frame, at_s)) = &sound {
        tracks.iter_mut().try_for_each(|track| track.take(frame, *at_s))?;
        if tracks.iter().all(Track::is_complete) {
            break;
        }
        sound = decode(context, &mut reader, origin)?;
    }
    tracks.iter_mut().try_for_each(Track::finish)
}

/// Time 0 in the container's seconds: the first picture, else the first sound.
fn origin_s(context: &Context<'_>, index: u32) -> Result<f64> {
    let media = &context.job.media;
    let audio = media.audio.iter().find(|audio| audio.index == index);
    let missing = || Failure::mismatch(format!("stream {index} is not audio"));
    let audio_start = audio.ok_or_else(missing)?.start_s;
    Ok(media.video.as_ref().map_or(audio_start, |video| video.start_s))
}

type Sound = Option<(frame::Audio, Option<f64>)>;

fn begin_before(
    context: &Context<'_>,
    reader: &mut Reader,
    origin: f64,
    first: u64,
) -> Result<Sound> {
    if first == 0 {
        return decode(context, reader, origin);
    }
    let wanted = first as f64 / f64::from(AUDIO_RATE);
    let mut attempt = 0;
    loop {
        let aimed = reader.seek(origin + wanted, attempt)?;
        let sound = decode(context, reader, origin)?;
        let begins = sound.as_ref().and_then(|(_, at_s)| *at_s);
        if !aimed || begins.is_some_and(|at_s| at_s <= wanted) {
            return Ok(sound);
        }
        attempt += 1;
    }
}

fn decode(context: &Context<'_>, reader: &mut Reader, origin: f64) -> Result<Sound> {
    let mut sound = frame::Audio::empty();
    if !reader.next(&mut sound, context.control, || context.done())? {
        return Ok(None);
    }
    let at_s = sound.timestamp().map(|ticks| ticks as f64 * reader.time_base() - origin);
    Ok(Some((sound, at_s)))
}

/// One rendition.
struct Track<'a> {
    context: &'a Context<'a>,
    target: &'a AudioTarget,
    /// Which mark of the progress.
    mark: usize,
    clock: Clock,
    line: Line,
    resampler: Option<Resampler>,
    /// Where the resampler's next sample belongs.
    at: i64,
    encoder: Aac,
    /// Samples, interleaved, that do not fill a frame yet.
    pending: Vec<i16>,
    segments: Segments<'a>,
    packets: Range<u64>,
    /// The packet that the encoder's next output is.
    next: i64,
}

impl<'a> Track<'a> {
    fn open(context: &'a Context<'a>, mark: usize, target: &'a AudioTarget) -> Result<Self> {
        let timeline = context.job.timeline;
        let planned = move |k| {
            let packets = timeline.audio_packets(k);
            Planned {
                start: timeline.audio_start(k),
                duration: timeline.audio_duration(k),
                samples: packets.end - packets.start,
            }
        };
        let range = target.first..target.end;
        let segments = Segments::new(context, &target.rung.name, range, planned);
        let encoder = Aac::open(&target.rung)?;
        segments.write_init(&init(target)?, cmaf::AAC_CODECS.to_owned(), AUDIO_RATE)?;
        let start = timeline.audio_packets(target.first).start;
        let packets = start..timeline.audio_packets(target.end - 1).end;
        let run_up = start.saturating_sub(RUN_UP_PACKETS);
        let next = run_up.cast_signed() - encoder.delay_packets().cast_signed();
        Ok(Self {
            context,
            target,
            mark,
            clock: Clock::default(),
            line: Line::starting_at(run_up * PACKET_SAMPLES),
            resampler: None,
            at: 0,
            encoder,
            pending: Vec::new(),
            segments,
            packets,
            next,
        })
    }

    fn is_complete(&self) -> bool {
        self.next >= self.packets.end.cast_signed()
    }

    /// Takes decoded sound with its time in the content.
    fn take(&mut self, sound: &frame::Audio, at_s: Option<f64>) -> Result<()> {
        let length_s = sound.samples() as f64 / f64::from(sound.rate().max(1));
        let jump = self.clock.place(at_s, length_s);
        let other_form = self.resampler.as_ref().is_some_and(|open| !open.takes(sound));
        if jump.is_some() || other_form {
            self.drain()?;
        }
        if let Some(at) = jump {
            self.at = at;
        }
        let mut resampler = match self.resampler.take() {
            Some(open) => open,
            None => Resampler::new(sound, self.target.rung.channels)?,
        };
        let samples = resampler.convert(sound)?;
        self.resampler = Some(resampler);
        self.append(&samples)
    }

    fn drain(&mut self) -> Result<()> {
        match self.resampler.take() {
            Some(mut resampler) => {
                let rest = resampler.flush()?;
                self.append(&rest)
            }
            None => Ok(()),
        }
    }

    fn append(&mut self, samples: &[i16]) -> Result<()> {
        let channels = u64::from(self.target.rung.channels);
        let count = samples.len() as u64 / channels;
        let append = self.line.append(self.at, count);
        self.at = self.at.saturating_add_unsigned(count);
        self.silence(append.silence)?;
        let kept = usize::try_from(append.cut * channels).unwrap_or(usize::MAX);
        self.pending.extend_from_slice(samples.get(kept..).unwrap_or_default());
        self.encode_whole_frames()
    }

    /// Silence frame by frame, since a hole may last for hours.
    fn silence(&mut self, mut samples: u64) -> Result<()> {
        while samples > 0 && !self.is_complete() {
            let now = samples.min(PACKET_SAMPLES);
            let count = now as usize * usize::from(self.target.rung.channels);
            self.pending.resize(self.pending.len() + count, 0);
            self.encode_whole_frames()?;
            samples -= now;
        }
        Ok(())
    }

    fn encode_whole_frames(&mut self) -> Result<()> {
        let frame = PACKET_SAMPLES as usize * usize::from(self.target.rung.channels);
        let mut used = 0;
        while self.pending.len() - used >= frame && !self.is_complete() {
            let packet = self.encoder.encode(&self.pending[used..used + frame])?;
            used += frame;
            if let Some(data) = packet {
                self.collect(data)?;
            }
        }
        self.pending.drain(..used);
        if self.is_complete() {
            self.pending.clear();
        }
        Ok(())
    }

    fn collect(&mut self, data: Vec<u8>) -> Result<()> {
        self.context.pulse()?;
        let number = u64::try_from(self.next).ok().filter(|n| self.packets.contains(n));
        self.next += 1;
        let Some(number) = number else { return Ok(()) };
        let pts = number * PACKET_SAMPLES;
        self.context.progress.set_audio(self.mark, pts + PACKET_SAMPLES);
        let duration = PACKET_SAMPLES as u32;
        self.segments.push(Sample { pts, duration, sync: true, data })
    }

    /// Pads with silence to the planned end.
    fn finish(&mut self) -> Result<()> {
        if !self.is_complete() {
            self.drain()?;
        }
        while !self.is_complete() {
            self.silence(PACKET_SAMPLES)?;
        }
        self.segments.finish()
    }
}

fn init(target: &AudioTarget) -> Result<Vec<u8>> {
    let rung = &target.rung;
    if !(1..=2).contains(&rung.channels) {
        return Err(Failure::mismatch("audio renditions have one or two channels"));
    }
    Ok(cmaf::audio_header(&AudioHeader {
        sample_rate: AUDIO_RATE,
        channels: rung.channels,
        bitrate_bps: u32::try_from(rung.bitrate_bps).unwrap_or(u32::MAX),
        asc: cmaf::aac_lc_config(rung.channels),
    }))
}
