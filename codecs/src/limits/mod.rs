//! Which sources are taken, and what is said of those that are not.
//!
//! Decides from what the probe found, never from a file's name. A refusal names what was wrong
//! and how to mend it, because its reader is the creator who waits for the film.

mod check;
mod filetype;
mod refusal;

pub use check::check;
pub use refusal::{Kind, Refusal, RefusalCode};

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
