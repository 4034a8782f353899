//! In which order a content's renditions are made.
//!
//! First what plays at once: the opening of the lowest rung. Then, as a rule, one decode feeds all
//! rungs, which costs the least. Where that would come out slower than people watch, or other
//! content waits for its turn, the lowest rung is finished alone first.

use crate::ladder::VideoRung;
use crate::plan::EncodePlan;
use crate::worker::{AudioTarget, VideoTarget};
use serde::{Deserialize, Serialize};

/// Segments of the opening job: players start with two.
pub const OPENING_SEGMENTS: u32 = 2;
/// Below this speed, in times real time, a viewer of the lowest rung would catch up with it while
/// other jobs take their share of the cores.
const GROUP_SPEED_MIN: f64 = 1.5;
/// Cost of decoding a pixel in parts of the cost of encoding one (H.264, x264 veryfast): four
/// rungs of 1080p film from one decode take 0.68 of the time that they take from four.
const DECODE_COST: f64 = 0.3;

/// What follows the opening job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// All rungs from one decode.
    Group,
    /// The lowest rung and its audio alone, then the others from one decode.
    LowestFirst,
}

/// The renditions of one job, each with its range of segments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// Video renditions, lowest first.
    pub video: Vec<VideoTarget>,
    /// Audio renditions, lowest first.
    pub audio: Vec<AudioTarget>,
}

/// Decides what follows the opening job.
///
/// `opening_speed` is the measured speed of the opening job in times real time, `None` when it is
/// not known any more; then the safe order is taken. `others_wait` says that other content waits
/// for a worker.
#[must_use]
pub fn after_opening(plan: &EncodePlan, opening_speed: Option<f64>, others_wait: bool) -> Order {
    let alone = plan.ladder.video.len() < 2;
    let lowest_is_done = plan.timeline.segments() <= OPENING_SEGMENTS;
    if alone || lowest_is_done {
        return Order::Group;
    }
    let fast = opening_speed.is_some_and(|speed| group_speed(plan, speed) >= GROUP_SPEED_MIN);
    if fast && !others_wait { Order::Group } else { Order::LowestFirst }
}

/// The speed to expect of all rungs from one decode, given that of the lowest alone.
///
/// The source is taken to be as large as the highest rung; the rate is common to all.
fn group_speed(plan: &EncodePlan, opening_speed: f64) -> f64 {
    let pixels = |rung: &VideoRung| f64::from(rung.width) * f64::from(rung.height);
    let rungs = &plan.ladder.video;
    let decode = DECODE_COST * rungs.last().map_or(0.0, pixels);
    let lowest = decode + rungs.first().map_or(0.0, pixels);
    let all = decode + rungs.iter().map(pixels).sum::<f64>();
    opening_speed * lowest / all
}

/// The opening job: the first segments of the lowest rung and of the audio that goes with it.
#[must_use]
pub fn opening(plan: &EncodePlan) -> Targets {
    lowest(plan, |_| 0).until(OPENING_SEGMENTS)
}

/// The lowest rung and its audio, or the lowest audio of audio-only content, from the first
/// segment that is not finished (`finished` tells how many a rendition has) to the end.
#[must_use]
pub fn lowest(plan: &EncodePlan, finished: impl Fn(&str) -> u32) -> Targets {
    let mut targets = remaining(plan, finished);
    let ladder = &plan.ladder;
    let audio = match ladder.video.first() {
        Some(rung) => rung.audio.as_ref(),
        None => ladder.audio.first().map(|rung| &rung.name),
    };
    let video = ladder.video.first().map(|rung| &rung.name);
    targets.video.retain(|target| Some(&target.rung.name) == video);
    targets.audio.retain(|target| Some(&target.rung.name) == audio);
    targets
}

/// Every rendition that is not complete, from its first segment that is not finished to the end.
#[must_use]
pub fn remaining(plan: &EncodePlan, finished: impl Fn(&str) -> u32) -> Targets {
    let end = plan.timeline.segments();
    let video = plan.ladder.video.iter().map(|rung| {
        let first = finished(&rung.name);
        VideoTarget { rung: rung.clone(), first, end }
    });
    let audio = plan.ladder.audio.iter().map(|rung| {
        let first = finished(&rung.name);
        AudioTarget { rung: rung.clone(), first, end }
    });
    Targets {
        video: video.filter(|target| target.first < target.end).collect(),
        audio: audio.filter(|target| target.first < target.end).collect(),
    }
}

impl Targets {
    /// The same renditions up to segment `end`.
    #[must_use]
    pub fn until(mut self, end: u32) -> Self {
        self.video.iter_mut().for_each(|target| target.end = target.end.min(end));
        self.audio.iter_mut().for_each(|target| target.end = target.end.min(end));
        self.video.retain(|target| target.first < target.end);
        self.audio.retain(|target| target.first < target.end);
        self
    }

    /// One job per rendition: how a failed group goes on.
    #[must_use]
    pub fn split(self) -> Vec<Self> {
        let video =
            self.video.into_iter().map(|target| Self { video: vec![target], audio: vec![] });
        let audio =
            self.audio.into_iter().map(|target| Self { video: vec![], audio: vec![target] });
        video.chain(audio).collect()
    }

    /// Nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.video.is_empty() && self.audio.is_empty()
    }
}
