//! The video renditions of a job: one decode, one filter graph, an encoder for each.
//!
//! The rate filter numbers pictures from the first one of the content. Each rendition takes
//! exactly the numbers of its segments: what is missing is the picture before it again, what is
//! too much is dropped. So every rendition has the planned frames, wherever decoding began.

use super::Context;
use super::h264::H264;
use super::segments::{Planned, Segments};
use crate::failure::{Failure, Result};
use crate::filters::{Graph, Incoming, Outgoing};
use crate::reader::Reader;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use playhouse_codecs::media::VideoInfo;
use playhouse_codecs::worker::VideoTarget;
use std::ops::Range;

/// Threads of the decoder: the encoders need the cores more.
const DECODER_THREADS_MAX: usize = 4;

/// Encodes all video targets.
///
/// # Errors
/// See [`super::encode`].
pub(super) fn encode(context: &Context<'_>) -> Result<()> {
    let Some(media) = context.job.media.video.as_ref().filter(|_| !context.job.video.is_empty())
    else {
        return Ok(());
    };
    let mut tracks = open_tracks(context)?;
    let outgoing = Outgoing {
        rate: Some(context.job.timeline.rate),
        sizes: tracks.iter().map(|t| (t.target.rung.width, t.target.rung.height)).collect(),
        full_range: false,
    };
    let first = tracks.iter().map(|track| track.frames.start).min().unwrap_or(0);
    let mut pictures = Pictures::open(context, media, outgoing)?;
    pictures.begin_before(first)?;
    while tracks.iter().any(|track| !track.is_complete()) {
        let more = pictures.step(&mut |at, picture| {
            tracks[at].take(picture)?;
            Ok(tracks.iter().any(|track| !track.is_complete()))
        })?;
        if !more {
            break;
        }
    }
    tracks.iter_mut().try_for_each(Track::finish)
}

/// Largest first, as the cascade wants them.
fn open_tracks<'a>(context: &'a Context<'a>) -> Result<Vec<Track<'a>>> {
    let mut targets: Vec<_> = context.job.video.iter().enumerate().collect();
    targets.sort_by_key(|(_, target)| {
        std::cmp::Reverse(u64::from(target.rung.width) * u64::from(target.rung.height))
    });
    targets.into_iter().map(|(mark, target)| Track::open(context, mark, target)).collect()
}

/// Decoded and filtered pictures with their numbers.
struct Pictures<'a> {
    context: &'a Context<'a>,
    media: &'a VideoInfo,
    outgoing: Outgoing,
    reader: Reader,
    graph: Option<(Incoming, Graph)>,
    /// Decoded before the loop began, by the check of the seek.
    waiting: Option<frame::Video>,
    last_pts: i64,
}

impl<'a> Pictures<'a> {
    fn open(context: &'a Context<'a>, media: &'a VideoInfo, outgoing: Outgoing) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let reader = Reader::open(media.index, cores.min(DECODER_THREADS_MAX))?;
        let (graph, waiting, last_pts) = (None, None, i64::MIN);
        Ok(Self { context, media, outgoing, reader, graph, waiting, last_pts })
    }

    /// Decodes from well before frame `first`: a picture from before it must be seen, since it
    /// may be shown at it.
    fn begin_before(&mut self, first: u64) -> Result<()> {
        if first == 0 {
            return Ok(());
        }
        let wanted = self.context.job.timeline.rate.seconds(first);
        for attempt in 0.. {
            let aimed = self.reader.seek(self.media.start_s + wanted, attempt)?;
            self.last_pts = i64::MIN;
            let found = self.decode()?;
            let begins = found.as_ref().and_then(|picture| picture.pts());
            self.waiting = found;
            let seconds = begins.map(|pts| pts as f64 * self.reader.time_base());
            if !aimed || seconds.is_some_and(|seconds| seconds <= wanted) {
                break;
            }
        }
        Ok(())
    }

    /// Decodes one picture and hands on what the filters make of it; false at the end.
    fn step(&mut self, take: &mut Take<'_>) -> Result<bool> {
        let waiting = self.waiting.take();
        let picture = match waiting {
            Some(picture) => Some(picture),
            None => self.decode()?,
        };
        let Some(picture) = picture else {
            self.drain(take)?;
            return Ok(false);
        };
        let incoming = Incoming::of(&picture);
        if self.graph.as_ref().is_none_or(|(current, _)| *current != incoming) {
            self.drain(take)?;
            let time_base = self.reader.time_base_ratio();
            let graph = Graph::new(self.media, &incoming, &self.outgoing, time_base)?;
            self.graph = Some((incoming, graph));
        }
        if let Some((_, graph)) = &mut self.graph {
            graph.push(&picture)?;
            hand_on(self.context, graph, self.outgoing.sizes.len(), take)?;
        }
        Ok(true)
    }

    fn drain(&mut self, take: &mut Take<'_>) -> Result<()> {
        if let Some((_, mut graph)) = self.graph.take() {
            graph.end()?;
            hand_on(self.context, &mut graph, self.outgoing.sizes.len(), take)?;
        }
        Ok(())
    }

    /// The next picture, its timestamp counted from the first one of the content.
    fn decode(&mut self) -> Result<Option<frame::Video>> {
        let mut picture = frame::Video::empty();
        let context = self.context;
        context.pulse()?;
        if !self.reader.next(&mut picture, context.control, || context.done())? {
            return Ok(None);
        }
        let start = (self.media.start_s / self.reader.time_base()).round() as i64;
        // Two pictures at one time, or one without any: the rate filter needs them to rise.
        let after_last = self.last_pts.saturating_add(1);
        let pts = picture
            .timestamp()
            .map_or(after_last.max(0), |pts| pts.saturating_sub(start).max(after_last));
        self.last_pts = pts;
        picture.set_pts(Some(pts));
        Ok(Some(picture))
    }
}

/// Takes a picture of one size; false when no size needs another.
type Take<'t> = dyn FnMut(usize, frame::Video) -> Result<bool> + 't;

/// One picture of each size in turn: where the source has a hole of hours, the rate filter fills it
/// picture by picture, and what one size does not take is kept for it in memory.
fn hand_on(
    context: &Context<'_>,
    graph: &mut Graph,
    outputs: usize,
    take: &mut Take<'_>,
) -> Result<()> {
    loop {
        context.pulse()?;
        let (mut came, mut wanted) = (false, true);
        for at in 0..outputs {
            if let Some(picture) = graph.pull(at)? {
                wanted = take(at, picture)?;
                came = true;
            }
        }
        if !came || !wanted {
            return Ok(());
        }
    }
}

/// One rendition.
struct Track<'a> {
    context: &'a Context<'a>,
    target: &'a VideoTarget,
    /// Which mark of the progress.
    mark: usize,
    encoder: H264,
    segments: Segments<'a>,
    frames: Range<u64>,
    next: u64,
    last: Option<frame::Video>,
}

impl<'a> Track<'a> {
    fn open(context: &'a Context<'a>, mark: usize, target: &'a VideoTarget) -> Result<Self> {
        let timeline = context.job.timeline;
        let planned = move |k| {
            let frames = timeline.segment_range(k);
            Planned {
                start: timeline.video_start(k),
                duration: timeline.video_duration(k),
                samples: frames.end - frames.start,
            }
        };
        let range = target.first..target.end;
        let segments = Segments::new(context, &target.rung.name, range, planned);
        let encoder = H264::open(&target.rung, timeline)?;
        segments.write_init(&encoder.init, encoder.codecs.clone(), timeline.timescale())?;
        let start = timeline.segment_range(target.first).start;
        let frames = start..timeline.segment_range(target.end - 1).end;
        Ok(Self { context, target, mark, encoder, segments, frames, next: start, last: None })
    }

    fn is_complete(&self) -> bool {
        self.next >= self.frames.end
    }

    /// Takes a picture under its number: fills up to it, then encodes it.
    fn take(&mut self, mut picture: frame::Video) -> Result<()> {
        let number = picture.pts().unwrap_or(0);
        let number = u64::try_from(number).unwrap_or(0).min(self.frames.end);
        if number >= self.next && !self.is_complete() {
            let mut before = self.last.take();
            self.repeat(before.as_mut().unwrap_or(&mut picture), number)?;
            if number < self.frames.end {
                self.encode(&mut picture)?;
            }
        }
        self.last = Some(picture);
        Ok(())
    }

    fn repeat(&mut self, picture: &mut frame::Video, until: u64) -> Result<()> {
        while self.next < until {
            self.encode(picture)?;
        }
        Ok(())
    }

    fn encode(&mut self, picture: &mut frame::Video) -> Result<()> {
        self.encoder.send(picture, self.next)?;
        self.next += 1;
        self.context.progress.set_video(self.mark, self.next);
        self.collect()
    }

    fn collect(&mut self) -> Result<()> {
        while let Some(sample) = self.encoder.receive()? {
            self.context.pulse()?;
            self.segments.push(sample)?;
        }
        Ok(())
    }

    /// Repeats the last picture to the planned end.
    fn finish(&mut self) -> Result<()> {
        if !self.is_complete() {
            let nothing = || Failure::internal("no picture of the source could be decoded");
            let mut last = self.last.take().ok_or_else(nothing)?;
            self.repeat(&mut last, self.frames.end)?;
        }
        self.encoder.end()?;
        self.collect()?;
        self.segments.finish()
    }
}
