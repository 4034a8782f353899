//! How far a job is: the frames that every rendition has passed.

use playhouse_codecs::plan::{AUDIO_RATE, Timeline};
use std::sync::atomic::{AtomicU64, Ordering};

/// One mark for each rendition.
pub(super) struct Progress {
    /// Frames.
    video: Vec<AtomicU64>,
    /// Samples.
    audio: Vec<AtomicU64>,
}

impl Progress {
    pub(super) fn new(video: usize, audio: usize) -> Self {
        let marks = |count| std::iter::repeat_with(AtomicU64::default).take(count).collect();
        Self { video: marks(video), audio: marks(audio) }
    }

    /// Rendition `index` has passed so many frames.
    pub(super) fn set_video(&self, index: usize, frames: u64) {
        self.video[index].store(frames, Ordering::Relaxed);
    }

    /// Rendition `index` has passed so many samples.
    pub(super) fn set_audio(&self, index: usize, samples: u64) {
        self.audio[index].store(samples, Ordering::Relaxed);
    }

    /// Frames that all have passed.
    pub(super) fn frames(&self, timeline: &Timeline) -> u64 {
        let per_second = timeline.rate.fps() / f64::from(AUDIO_RATE);
        let video = self.video.iter().map(|mark| mark.load(Ordering::Relaxed));
        let audio = self.audio.iter().map(|mark| {
            // Sound may outlast the last frame by a part of a packet.
            ((mark.load(Ordering::Relaxed) as f64 * per_second) as u64).min(timeline.frames)
        });
        video.chain(audio).min().unwrap_or(0)
    }
}
