//! Which sources are taken, and what is said of those that are not.
//!
//! Decides from what the probe found, never from a file's name. A refusal names what was wrong
//! and how to mend it, because its reader is the creator who waits for the film.

use crate::filetype;
use crate::media::{AudioInfo, MediaInfo, VideoInfo};
use crate::plan::audio_track;
use serde::{Deserialize, Serialize};

/// Bounds on sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest video source: an hour of a camera's 45 Mbit/s.
    pub video_bytes_max: u64,
    /// Largest audio-only source: three hours of 24-bit stereo at 96 kHz.
    pub audio_bytes_max: u64,
    /// Longest source: a day of recording; its playlists have 14,400 segments.
    pub duration_s_max: f64,
    /// Shortest source: players stumble over content of a frame or two.
    pub duration_s_min: f64,
    /// Widest and highest picture: what 8K cameras write, turned or not.
    pub side_px_max: u32,
    /// Narrowest and lowest picture: one macroblock.
    pub side_px_min: u32,
    /// Most pixels of a picture: 8K. A decoder keeps some twenty of them in memory.
    pub picture_px_max: u64,
    /// FFmpeg's names of the demuxers that are taken. None that reads other files or addresses
    /// (hls, concat, sdp, image2) may be among them.
    pub containers: Vec<String>,
    /// FFmpeg's names of the video codecs that are taken.
    pub video_codecs: Vec<String>,
    /// FFmpeg's names of the audio codecs that are taken; `pcm_` stands for all of PCM.
    pub audio_codecs: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        let names = |list: &str| list.split_whitespace().map(String::from).collect();
        Self {
            video_bytes_max: 20_000_000_000,
            audio_bytes_max: 2_000_000_000,
            duration_s_max: 86_400.0,
            duration_s_min: 0.1,
            side_px_max: 8_192,
            side_px_min: 16,
            picture_px_max: 8_192 * 4_352,
            containers: names(CONTAINERS),
            video_codecs: names(VIDEO_CODECS),
            audio_codecs: names(AUDIO_CODECS),
        }
    }
}

const CONTAINERS: &str = "mov matroska avi mpegts mpeg flv asf ogg wav mp3 flac aac aiff mxf";
const VIDEO_CODECS: &str = "h264 hevc vp8 vp9 av1 mpeg1video mpeg2video mpeg4 msmpeg4v2 msmpeg4v3 \
    h263 flv1 vc1 wmv1 wmv2 wmv3 theora mjpeg prores dnxhd ffv1 huffyuv";
const AUDIO_CODECS: &str = "aac mp3 mp2 ac3 eac3 dts opus vorbis flac alac wmav1 wmav2 wmapro \
    amrnb amr_nb amrwb amr_wb truehd pcm_";

/// Whether a content is shown or only heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Has moving pictures.
    Video,
    /// Sound alone (a cover picture does not count).
    Audio,
}

/// Why a source is refused; stable, in snake_case on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// Neither audio nor video.
    NotMedia,
    /// The file ends before its container says.
    Truncated,
    /// More bytes than are taken.
    TooLarge,
    /// Lasts longer than is taken.
    TooLong,
    /// Lasts shorter than is taken.
    TooShort,
    /// A picture of no usable size.
    BadDimensions,
    /// A container that is not taken.
    UnsupportedContainer,
    /// A codec that is not taken.
    UnsupportedCodec,
    /// Claimed to be something else.
    WrongFiletype,
}

impl RefusalCode {
    /// The code as it is stored and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotMedia => "not_media",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::BadDimensions => "bad_dimensions",
            Self::UnsupportedContainer => "unsupported_container",
            Self::UnsupportedCodec => "unsupported_codec",
            Self::WrongFiletype => "wrong_filetype",
        }
    }
}

/// Why a source is refused and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Refusal {
    /// What to branch on.
    pub code: RefusalCode,
    /// One or two sentences for the creator.
    pub detail: String,
}

fn refuse<T>(code: RefusalCode, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, detail: detail.into() })
}

impl Limits {
    /// Checks the numbers themselves.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if self.video_bytes_max == 0 || self.audio_bytes_max == 0 {
            return Err("video_bytes_max and audio_bytes_max must be above 0".into());
        }
        if !positive(self.duration_s_min) || !positive(self.duration_s_max) {
            return Err("duration_s_min and duration_s_max must be above 0".into());
        }
        if self.duration_s_min > self.duration_s_max {
            return Err("duration_s_min must not be above duration_s_max".into());
        }
        if self.side_px_min == 0 || self.side_px_min > self.side_px_max {
            return Err("side_px_min must be above 0 and not above side_px_max".into());
        }
        if self.containers.is_empty() || self.audio_codecs.is_empty() {
            return Err("containers and audio_codecs must name at least one each".into());
        }
        Ok(())
    }

    /// The largest source of any kind: what an upload may announce.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.video_bytes_max.max(self.audio_bytes_max)
    }
}

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
    // Written so that what is no number is too short as well.
    if !(duration_s >= limits.duration_s_min) {
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
