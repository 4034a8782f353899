//! Constant frame rates. Containers lie, so the rate comes from the measured mean.

use serde::{Deserialize, Serialize};

/// Frames per second as a fraction; the numerator is the timescale of the video's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRate {
    /// Numerator, and ticks per second.
    pub num: u32,
    /// Denominator, and ticks per frame.
    pub den: u32,
}
