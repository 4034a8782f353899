//! The renditions of a content: which sizes and rates are made of a source. Never upscales.

use serde::{Deserialize, Serialize};

/// One video rendition's fixed encoder settings (H.264, capped CRF).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoRung {
    /// `360p`: named by the shorter side.
    pub name: String,
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Constant rate factor.
    pub crf: u32,
    /// `-maxrate`, bits per second; `-bufsize` is twice that.
    pub maxrate_bps: u64,
    /// x264 preset.
    pub preset: String,
    /// H.264 profile (`main`, `high`).
    pub profile: String,
    /// Name of the audio rendition that is played with it.
    pub audio: Option<String>,
}

/// One audio rendition's fixed encoder settings (AAC-LC, 48 kHz).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioRung {
    /// `audio-64k`.
    pub name: String,
    /// Bits per second.
    pub bitrate_bps: u64,
    /// 1 or 2.
    pub channels: u16,
}

/// All renditions, lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// Empty for audio-only content.
    pub video: Vec<VideoRung>,
    /// Empty for silent content.
    pub audio: Vec<AudioRung>,
}
