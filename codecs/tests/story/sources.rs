//! Sources as a probe would describe them.

use playhouse_codecs::media::{AudioInfo, MediaInfo, VideoInfo};

/// An MP4 with H.264 and stereo AAC, 30 s at 25 frames a second.
pub(crate) fn film(width: u32, height: u32) -> MediaInfo {
    MediaInfo {
        container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        announced_s: Some(30.0),
        video: Some(VideoInfo {
            index: 0,
            codec: "h264".into(),
            width,
            height,
            display_width: width,
            display_height: height,
            rotation: 0,
            mean_fps: 25.0,
            start_s: 0.0,
            duration_s: 30.0,
            pixel_format: "yuv420p".into(),
            bit_depth: 8,
            hdr: false,
            interlaced: false,
        }),
        audio: vec![sound(1, 2)],
    }
}

/// The same without sound.
pub(crate) fn silent(width: u32, height: u32) -> MediaInfo {
    MediaInfo { audio: vec![], ..film(width, height) }
}

/// A FLAC file of 95 s.
pub(crate) fn song(channels: u16) -> MediaInfo {
    let mut track = sound(0, channels);
    track.codec = "flac".into();
    track.duration_s = 95.0;
    MediaInfo { container: "flac".into(), announced_s: Some(95.0), video: None, audio: vec![track] }
}

/// An audio track of 30 s.
pub(crate) fn sound(index: u32, channels: u16) -> AudioInfo {
    AudioInfo {
        index,
        codec: "aac".into(),
        channels,
        sample_rate: 48_000,
        language: None,
        start_s: 0.0,
        duration_s: 30.0,
        default: false,
    }
}
