//! What is in the source: measured and decoded, not believed.
//!
//! Containers lie about rates and lengths, and a file that was cut short still opens. So times
//! come from packets at both ends, the structure is held against the file's size, and one frame
//! of each stream must decode.

mod first;
mod scan;
mod structure;

use crate::control::Control;
use crate::failure::{Failure, Result};
use crate::source::{self, SourceFile};
use ffmpeg::format::context::Input;
use ffmpeg::format::stream::Disposition;
use ffmpeg::media;
use ffmpeg_next as ffmpeg;
use first::{FirstAudio, FirstVideo};
use playhouse_codecs::media::{AudioInfo, MediaInfo, VideoInfo};
use scan::{Scan, Times};

/// Looks at the source.
///
/// # Errors
/// `NotMedia`, `Truncated` or `Unsupported`, each with a sentence.
pub(crate) fn probe(control: &Control) -> Result<MediaInfo> {
    let file = SourceFile::new();
    if file.size()? == 0 {
        return Err(Failure::not_media("the file is empty"));
    }
    let structure = structure::check(&file)?;
    let mut input = source::open().map_err(|failure| structure.blame(failure))?;
    structure.complete()?;
    let chosen = choose(&input)?;
    let first = first::decode(&mut input, &chosen, control)?;
    let scan = scan::measure(&mut input, chosen.video, file.size()?, control)?;
    scan.check_whole(&input)?;
    describe(&input, &chosen, &first, &scan)
}

/// Streams that are looked at.
struct Chosen {
    video: Option<usize>,
    audio: Vec<usize>,
}

/// The best picture stream is the default one, then the largest; covers of albums are none.
fn choose(input: &Input) -> Result<Chosen> {
    let of = |kind| input.streams().filter(move |stream| stream.parameters().medium() == kind);
    let video = of(media::Type::Video)
        .filter(|stream| !stream.disposition().contains(Disposition::ATTACHED_PIC))
        .max_by_key(|stream| {
            let default = stream.disposition().contains(Disposition::DEFAULT);
            (default, first::area(stream), std::cmp::Reverse(stream.index()))
        })
        .map(|stream| stream.index());
    let audio: Vec<usize> = of(media::Type::Audio).map(|stream| stream.index()).collect();
    if video.is_none() && audio.is_empty() {
        return Err(Failure::not_media("there is neither audio nor video in it"));
    }
    Ok(Chosen { video, audio })
}

fn describe(
    input: &Input,
    chosen: &Chosen,
    first: &first::First,
    scan: &Scan,
) -> Result<MediaInfo> {
    let video = match (chosen.video, &first.video) {
        (Some(index), Some(video)) => Some(describe_video(input, index, video, scan)?),
        (Some(_), None) => return Err(Failure::unsupported("no picture of it can be decoded")),
        (None, _) => None,
    };
    let audio: Vec<AudioInfo> = first
        .audio
        .iter()
        .map(|audio| describe_audio(input, audio, scan.times(audio.index)))
        .collect::<Result<_>>()?;
    if video.is_none() && audio.is_empty() {
        return Err(Failure::unsupported("no sound of it can be decoded"));
    }
    Ok(MediaInfo {
        container: input.format().name().to_owned(),
        announced_s: scan::announced_s(input),
        video,
        audio,
    })
}

fn describe_video(
    input: &Input,
    index: usize,
    first: &FirstVideo,
    scan: &Scan,
) -> Result<VideoInfo> {
    let times = scan.times(index);
    let start_s = first.start_s.or(times.first_s()).unwrap_or(0.0);
    let mean_fps = scan.mean_fps(input, index, start_s, first.interlaced);
    let end_s = times.end_s(1.0 / mean_fps).unwrap_or(start_s + 1.0 / mean_fps);
    let (display_width, display_height) = first.display_size();
    Ok(VideoInfo {
        index: index_u32(index)?,
        codec: codec_name(input, index),
        width: first.width,
        height: first.height,
        display_width,
        display_height,
        rotation: first.rotation,
        mean_fps,
        start_s,
        duration_s: (end_s - start_s).max(1.0 / mean_fps),
        pixel_format: first.pixel_format.clone(),
        bit_depth: first.bit_depth,
        hdr: first.hdr,
        interlaced: first.interlaced,
    })
}

fn describe_audio(input: &Input, first: &FirstAudio, times: &Times) -> Result<AudioInfo> {
    let stream = input.stream(first.index).ok_or_else(|| Failure::internal("no such stream"))?;
    let start_s = first.start_s.or(times.first_s()).unwrap_or(0.0);
    let end_s = times.end_s(0.0).unwrap_or(start_s);
    Ok(AudioInfo {
        index: index_u32(first.index)?,
        codec: codec_name(input, first.index),
        channels: first.channels,
        sample_rate: first.sample_rate,
        language: stream.metadata().get("language").map(str::to_owned),
        start_s,
        duration_s: (end_s - start_s).max(0.0),
        default: stream.disposition().contains(Disposition::DEFAULT),
    })
}

fn codec_name(input: &Input, index: usize) -> String {
    input.stream(index).map_or("none", |stream| stream.parameters().id().name()).to_owned()
}

fn index_u32(index: usize) -> Result<u32> {
    u32::try_from(index).map_err(|_| Failure::unsupported("too many streams"))
}
