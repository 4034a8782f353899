//! Constant frame rates. Containers lie, so the rate comes from the measured mean.
//!
//! Everything after the choice is exact integer arithmetic: a frame is `den` ticks of a timescale
//! of `num` per second, so boundaries cannot drift however long the content is.

use serde::{Deserialize, Serialize};

/// Frames per second as a fraction; the numerator is the timescale of the video's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRate {
    /// Numerator, and ticks per second.
    pub num: u32,
    /// Denominator, and ticks per frame.
    pub den: u32,
}

const FPS_23_976: FrameRate = FrameRate { num: 24_000, den: 1_001 };
const FPS_24: FrameRate = FrameRate { num: 24, den: 1 };
const FPS_25: FrameRate = FrameRate { num: 25, den: 1 };
const FPS_29_97: FrameRate = FrameRate { num: 30_000, den: 1_001 };
const FPS_30: FrameRate = FrameRate { num: 30, den: 1 };
const FPS_50: FrameRate = FrameRate { num: 50, den: 1 };
const FPS_59_94: FrameRate = FrameRate { num: 60_000, den: 1_001 };
const FPS_60: FrameRate = FrameRate { num: 60, den: 1 };
const ALL: [FrameRate; 8] =
    [FPS_23_976, FPS_24, FPS_25, FPS_29_97, FPS_30, FPS_50, FPS_59_94, FPS_60];

/// A mean so near to a standard rate is that rate: measured means are off by a frame or a rounded
/// timestamp, while whole rates differ by 4 % or more.
const TOLERANCE: f64 = 0.005;

impl FrameRate {
    /// The rate of audio-only content's timeline: 40 ms, a whole number of samples.
    pub const VIRTUAL: Self = FPS_25;

    /// The constant rate for a measured mean.
    ///
    /// A mean within 0.5 % of a standard rate is that rate. A slower one that a standard rate up
    /// to 30 is a whole multiple of takes that rate (12 to 24, 15 to 30: each frame is shown
    /// equally long); a faster one likewise a whole fraction (120 to 60, 100 to 50). Anything
    /// between takes the next higher whole rate, so that no picture is lost (27 to 30). What is no
    /// number, or not positive, is 25.
    #[must_use]
    pub fn nearest(mean_fps: f64) -> Self {
        if !mean_fps.is_finite() || mean_fps <= 0.0 {
            return Self::VIRTUAL;
        }
        standard(mean_fps)
            .or_else(|| multiple(mean_fps))
            .or_else(|| fraction(mean_fps))
            .unwrap_or_else(|| next_higher(mean_fps))
    }

    /// Frames per second.
    #[must_use]
    pub fn fps(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The number of frames nearest to a duration, at least 1.
    #[must_use]
    pub fn frames_in(self, duration_s: f64) -> u64 {
        // Beyond any limit on sources, and below what the integer arithmetic could overflow at.
        const DURATION_S_MAX: f64 = 1e9;
        let duration_s = if duration_s.is_nan() { 0.0 } else { duration_s };
        let frames = duration_s.clamp(0.0, DURATION_S_MAX) * f64::from(self.num);
        ((frames / f64::from(self.den)).round() as u64).max(1)
    }

    /// Ticks (of `num` per second) from 0 to the start of a frame.
    #[must_use]
    pub fn ticks(self, frame: u64) -> u64 {
        frame * u64::from(self.den)
    }

    /// Seconds from 0 to the start of a frame.
    #[must_use]
    pub fn seconds(self, frame: u64) -> f64 {
        self.ticks(frame) as f64 / f64::from(self.num)
    }

    /// The first whole unit, of `units` per second, at or after the start of a frame.
    #[must_use]
    pub fn units_at_or_after(self, frame: u64, units: u32) -> u64 {
        let exact = u128::from(self.ticks(frame)) * u128::from(units);
        u64::try_from(exact.div_ceil(u128::from(self.num))).unwrap_or(u64::MAX)
    }
}

/// `30000/1001`, or `25`.
impl std::fmt::Display for FrameRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            den => write!(f, "{}/{den}", self.num),
        }
    }
}

fn off(rate: FrameRate, mean_fps: f64) -> f64 {
    (rate.fps() / mean_fps - 1.0).abs()
}

fn standard(mean_fps: f64) -> Option<FrameRate> {
    let near = ALL.into_iter().filter(|rate| off(*rate, mean_fps) <= TOLERANCE);
    near.min_by(|a, b| off(*a, mean_fps).total_cmp(&off(*b, mean_fps)))
}

/// Up to five times, and up to 30: beyond, a small step in time is not worth its bits.
fn multiple(mean_fps: f64) -> Option<FrameRate> {
    (2..=5)
        .filter_map(|times| standard(mean_fps * f64::from(times)))
        .find(|rate| rate.fps() <= FPS_30.fps())
}

fn fraction(mean_fps: f64) -> Option<FrameRate> {
    (2..=10)
        .filter_map(|parts| standard(mean_fps / f64::from(parts)))
        .find(|rate| rate.fps() >= FPS_50.fps())
}

fn next_higher(mean_fps: f64) -> FrameRate {
    let whole = [FPS_24, FPS_25, FPS_30, FPS_50];
    whole.into_iter().find(|rate| rate.fps() > mean_fps).unwrap_or(FPS_60)
}
