//! Where segments begin and end, in frames and in samples, the same in all renditions.

use crate::ladder::Ladder;
use crate::rate::FrameRate;
use serde::{Deserialize, Serialize};

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
