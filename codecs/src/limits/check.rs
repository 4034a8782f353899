//! The questions that a source must answer, in the order in which a creator can mend them.

use super::refusal::refuse;
use super::{Kind, Limits, Refusal, RefusalCode, filetype};
use crate::media::{AudioInfo, MediaInfo, VideoInfo};
use crate::plan::audio_track;

/// Decides whether a source is taken.
///
/// `claimed_filetype` is the media type (RFC 6838) that the creator's client named; none, an empty
/// one and `application/octet-stream` claim nothing.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(
    media: &MediaInfo,
    size_bytes: u64,
    claimed_filetype: Option<&str>,
    limits: &Limits,
) -> Result<Kind, Refusal> {
    check_container(media, limits)?;
    let audio = audio_track(media);
    let kind = match (&media.video, audio) {
        (Some(_), _) => Kind::Video,
        (None, Some(_)) => Kind::Audio,
        (None, None) => {
            let detail =
                "the file has neither a video nor an audio track; upload a film or a sound";
            return refuse(RefusalCode::NotMedia, detail);
        }
    };
    if let Some(claim) = claimed_filetype {
        check_claim(media, kind, claim)?;
    }
    check_size(kind, size_bytes, limits)?;
    if let Some(video) = &media.video {
        check_video(video, limits)?;
    }
    if let Some(audio) = audio {
        check_audio(audio, limits)?;
    }
    check_duration(media, limits)?;
    Ok(kind)
}

fn check_container(media: &MediaInfo, limits: &Limits) -> Result<(), Refusal> {
    if media.container.split(',').any(|name| limits.containers.iter().any(|known| known == name)) {
        return Ok(());
    }
    let detail = format!(
        "the container {} is not taken; export the file as MP4, MOV, MKV or WebM",
        media.container
    );
    refuse(RefusalCode::UnsupportedContainer, detail)
}

fn check_claim(media: &MediaInfo, kind: Kind, claim: &str) -> Result<(), Refusal> {
    if filetype::agrees(claim, kind, &media.container) {
        return Ok(());
    }
    let found = match kind {
        Kind::Video => "video",
        Kind::Audio => "audio without video",
    };
    let detail = format!(
        "the upload says {}, but the file is {found} in a {} container; \
         send the right filetype, or none",
        claim.trim(),
        media.container
    );
    refuse(RefusalCode::WrongFiletype, detail)
}

fn check_size(kind: Kind, size_bytes: u64, limits: &Limits) -> Result<(), Refusal> {
    let (max, what) = match kind {
        Kind::Video => (limits.video_bytes_max, "video"),
        Kind::Audio => (limits.audio_bytes_max, "audio"),
    };
    if size_bytes <= max {
        return Ok(());
    }
    let detail = format!(
        "the file has {size_bytes} bytes and {what} may have {max}; \
         export it at a lower bitrate or in parts"
    );
    refuse(RefusalCode::TooLarge, detail)
}

fn check_video(video: &VideoInfo, limits: &Limits) -> Result<(), Refusal> {
    if !limits.video_codecs.contains(&video.codec) {
        let detail =
            format!("the video codec {} is not taken; export the film as H.264", video.codec);
        return refuse(RefusalCode::UnsupportedCodec, detail);
    }
    for (width, height) in
        [(video.width, video.height), (video.display_width, video.display_height)]
    {
        let (least, most) = (width.min(height), width.max(height));
        let pixels = u64::from(width) * u64::from(height);
        if least < limits.side_px_min || most > limits.side_px_max || pixels > limits.picture_px_max
        {
            let detail = format!(
                "the picture is {width}x{height}; each side must be {} to {} pixels, \
                 {} pixels in all at most; scale the film and export it again",
                limits.side_px_min, limits.side_px_max, limits.picture_px_max
            );
            return refuse(RefusalCode::BadDimensions, detail);
        }
    }
    Ok(())
}

fn check_audio(audio: &AudioInfo, limits: &Limits) -> Result<(), Refusal> {
    let known = |name: &String| {
        *name == audio.codec || (name.ends_with('_') && audio.codec.starts_with(name.as_str()))
    };
    if !limits.audio_codecs.iter().any(known) {
        let detail =
            format!("the audio codec {} is not taken; export the sound as AAC", audio.codec);
        return refuse(RefusalCode::UnsupportedCodec, detail);
    }
    if audio.channels == 0 || audio.sample_rate == 0 {
        let detail = "the audio track has no channels or no sample rate; export the sound again";
        return refuse(RefusalCode::UnsupportedCodec, detail);
    }
    Ok(())
}

fn check_duration(media: &MediaInfo, limits: &Limits) -> Result<(), Refusal> {
    let audio_s = audio_track(media).map_or(0.0, |audio| audio.duration_s);
    let duration_s = media.video.as_ref().map_or(audio_s, |video| video.duration_s);
    check_whole(media)?;
    if duration_s > limits.duration_s_max {
        let detail = format!(
            "the content lasts {duration_s:.0} s and may last {:.0} s; upload it in parts",
            limits.duration_s_max
        );
        return refuse(RefusalCode::TooLong, detail);
    }
    if duration_s.is_nan() || duration_s < limits.duration_s_min {
        let detail = format!(
            "the content lasts {duration_s:.3} s and must last at least {} s",
            limits.duration_s_min
        );
        return refuse(RefusalCode::TooShort, detail);
    }
    Ok(())
}

/// Containers whose announced duration was written by who made the file; in the others it is
/// estimated from the bytes that are there.
const ANNOUNCING: [&str; 6] = ["mov", "matroska", "avi", "flac", "wav", "aiff"];

/// The longest track must reach what the container announces, but for a second or a fiftieth:
/// subtitles may outlast the picture a little.
fn check_whole(media: &MediaInfo) -> Result<(), Refusal> {
    let announces = media.container.split(',').any(|name| ANNOUNCING.contains(&name));
    let Some(announced_s) = media.announced_s.filter(|_| announces) else { return Ok(()) };
    let end = |start_s: f64, duration_s: f64| start_s.max(0.0) + duration_s;
    let video = media.video.iter().map(|video| end(video.start_s, video.duration_s));
    let audio = media.audio.iter().map(|audio| end(audio.start_s, audio.duration_s));
    let measured_s = video.chain(audio).fold(0.0, f64::max);
    if announced_s - measured_s <= f64::max(1.0, announced_s / 50.0) {
        return Ok(());
    }
    let detail = format!(
        "the file announces {announced_s:.1} s and has only {measured_s:.1} s; \
         it was cut short, upload the whole file"
    );
    refuse(RefusalCode::Truncated, detail)
}
