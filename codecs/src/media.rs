//! What a probe finds in a file.

use serde::{Deserialize, Serialize};

/// What a probe finds in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// FFmpeg's demuxer name (`mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, …).
    pub container: String,
    /// What the container announces, seconds.
    pub announced_s: Option<f64>,
    /// The best video stream (attached pictures do not count).
    pub video: Option<VideoInfo>,
    /// Every audio stream, in order.
    pub audio: Vec<AudioInfo>,
}

/// A video stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// Index in the container.
    pub index: u32,
    /// FFmpeg's codec name.
    pub codec: String,
    /// Coded size, before rotation and pixel shape.
    pub width: u32,
    /// Coded size, before rotation and pixel shape.
    pub height: u32,
    /// Size as shown: square pixels, rotated.
    pub display_width: u32,
    /// Size as shown: square pixels, rotated.
    pub display_height: u32,
    /// Clockwise turn that shows it upright: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Measured mean, frames per second.
    pub mean_fps: f64,
    /// First frame's time in the container, seconds (may be negative or large).
    pub start_s: f64,
    /// Measured from the first frame's time to the last frame's end, seconds.
    pub duration_s: f64,
    /// FFmpeg's pixel format name.
    pub pixel_format: String,
    /// Bits per component.
    pub bit_depth: u8,
    /// True for PQ or HLG transfer.
    pub hdr: bool,
    /// True when fields are interleaved.
    pub interlaced: bool,
}

/// An audio stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// Index in the container.
    pub index: u32,
    /// FFmpeg's codec name.
    pub codec: String,
    /// Channels.
    pub channels: u16,
    /// Hertz.
    pub sample_rate: u32,
    /// ISO 639-2 tag of the container.
    pub language: Option<String>,
    /// First sample's time in the container, seconds.
    pub start_s: f64,
    /// Measured, seconds.
    pub duration_s: f64,
    /// Marked as the default track.
    pub default: bool,
}
