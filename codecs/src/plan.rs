//! Where segments begin and end, in frames and in samples, the same in all renditions.
//!
//! Video segments are whole GOPs, audio segments whole AAC packets; both follow from the rate and
//! the number of frames alone, in integers. So any worker can make any segment, players switch
//! renditions at any boundary, and what was written can be held against what was planned.

use crate::ladder::Ladder;
use crate::media::{AudioInfo, MediaInfo};
use crate::rate::FrameRate;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Sample rate of every audio rendition, hertz; also its timescale.
pub const AUDIO_RATE: u32 = 48_000;
/// Samples of an AAC-LC packet.
pub const PACKET_SAMPLES: u64 = 1_024;
/// GOPs of a segment: six seconds, which the HLS authoring rules recommend.
const SEGMENT_GOPS: u32 = 3;

/// Everything that is fixed about a content's encode, stored with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodePlan {
    /// The renditions.
    pub ladder: Ladder,
    /// The common timeline.
    pub timeline: Timeline,
}

/// The common timeline. For audio-only content a virtual 25 frames per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Constant frame rate of every video rendition.
    pub rate: FrameRate,
    /// Frames of the whole content.
    pub frames: u64,
    /// Frames of a closed GOP: round(2 × rate).
    pub gop_frames: u32,
    /// Frames of a segment: three GOPs.
    pub segment_frames: u32,
}

impl EncodePlan {
    /// What is made of a source that has passed [`crate::limits::check`].
    #[must_use]
    pub fn new(media: &MediaInfo) -> Self {
        let timeline = match (&media.video, audio_track(media)) {
            (Some(video), _) => Timeline::new(FrameRate::nearest(video.mean_fps), video.duration_s),
            (None, Some(audio)) => Timeline::new(FrameRate::VIRTUAL, audio.duration_s),
            (None, None) => Timeline::new(FrameRate::VIRTUAL, 0.0),
        };
        Self { ladder: Ladder::of(media), timeline }
    }
}

/// The audio stream that is encoded: the first one marked as default, else the first.
#[must_use]
pub fn audio_track(media: &MediaInfo) -> Option<&AudioInfo> {
    media.audio.iter().find(|audio| audio.default).or(media.audio.first())
}

impl Timeline {
    /// The timeline of content that lasts `duration_s` seconds: at least one frame.
    #[must_use]
    pub fn new(rate: FrameRate, duration_s: f64) -> Self {
        // round(2 × num / den), in integers.
        let gop_frames = (4 * rate.num + rate.den) / (2 * rate.den);
        let segment_frames = SEGMENT_GOPS * gop_frames;
        Self { rate, frames: rate.frames_in(duration_s), gop_frames, segment_frames }
    }

    /// Number of segments, the same for video and audio, at least 1.
    ///
    /// All but the last have `segment_frames`. A rest shorter than one AAC packet (a single frame
    /// at 50 or 60 per second) belongs to the segment before it: its audio segment would be empty.
    #[must_use]
    pub fn segments(&self) -> u32 {
        let full = self.frames / u64::from(self.segment_frames);
        let rest = self.frames % u64::from(self.segment_frames);
        let rest_counts = full == 0 || !self.is_below_a_packet(rest);
        u32::try_from(full + u64::from(rest_counts)).unwrap_or(u32::MAX)
    }

    fn is_below_a_packet(&self, frames: u64) -> bool {
        self.rate.units_at_or_after(frames, AUDIO_RATE) < PACKET_SAMPLES
    }

    /// The frames of segment `k`; empty beyond the last.
    #[must_use]
    pub fn segment_range(&self, k: u32) -> Range<u64> {
        self.boundary(k)..self.boundary(k.saturating_add(1))
    }

    /// The first frame of segment `k`; the number of frames for any `k` beyond the last.
    fn boundary(&self, k: u32) -> u64 {
        if k >= self.segments() {
            return self.frames;
        }
        u64::from(k) * u64::from(self.segment_frames)
    }

    /// Ticks per second of the video renditions.
    #[must_use]
    pub fn timescale(&self) -> u32 {
        self.rate.num
    }

    /// Presentation time of the first frame of segment `k`, ticks of [`Self::timescale`].
    #[must_use]
    pub fn video_start(&self, k: u32) -> u64 {
        self.rate.ticks(self.boundary(k))
    }

    /// Length of segment `k` of a video rendition, ticks of [`Self::timescale`].
    #[must_use]
    pub fn video_duration(&self, k: u32) -> u64 {
        self.video_start(k.saturating_add(1)) - self.video_start(k)
    }

    /// Samples at [`AUDIO_RATE`] that last as long as the video: the last may outlast its end.
    #[must_use]
    pub fn audio_samples(&self) -> u64 {
        self.rate.units_at_or_after(self.frames, AUDIO_RATE)
    }

    /// The AAC packets of segment `k`, counted from 0; never empty but beyond the last segment.
    ///
    /// The segment begins with the first packet at or after the video boundary; the last packet
    /// of the last segment covers the end, so audio outlasts video by less than a packet.
    #[must_use]
    pub fn audio_packets(&self, k: u32) -> Range<u64> {
        self.first_packet(k)..self.first_packet(k.saturating_add(1))
    }

    fn first_packet(&self, k: u32) -> u64 {
        let samples = self.rate.units_at_or_after(self.boundary(k), AUDIO_RATE);
        samples.div_ceil(PACKET_SAMPLES)
    }

    /// Presentation time of the first sample of segment `k`, ticks of [`AUDIO_RATE`].
    #[must_use]
    pub fn audio_start(&self, k: u32) -> u64 {
        self.first_packet(k) * PACKET_SAMPLES
    }

    /// Length of segment `k` of an audio rendition, ticks of [`AUDIO_RATE`].
    #[must_use]
    pub fn audio_duration(&self, k: u32) -> u64 {
        self.audio_start(k.saturating_add(1)) - self.audio_start(k)
    }

    /// Length of the content, seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.rate.seconds(self.frames)
    }

    /// `EXT-X-TARGETDURATION` of every playlist, fixed from the first segment on: a full segment
    /// to the nearest second (RFC 8216, 4.3.3.1), whatever audio or a short rest add to one.
    #[must_use]
    pub fn target_duration_s(&self) -> u32 {
        let (num, den) = (u64::from(self.rate.num), u64::from(self.rate.den));
        let rounded = (2 * u64::from(self.segment_frames) * den + num) / (2 * num);
        u32::try_from(rounded.max(1)).unwrap_or(u32::MAX)
    }
}
