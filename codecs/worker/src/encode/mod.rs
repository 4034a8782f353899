//! One job: segments of several renditions from one decode of video and one of audio.
//!
//! Video and audio run side by side over the same descriptor. Every segment is announced the
//! moment it is whole, so whatever ends this process costs at most the segments being made.

mod aac;
mod audio;
mod h264;
mod placing;
mod progress;
mod resample;
mod segments;
mod video;

use crate::control::Control;
use crate::failure::{Failure, Result};
use crate::output::Output;
use playhouse_codecs::worker::EncodeJob;
use progress::Progress;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What every rendition of a job shares.
pub(crate) struct Context<'a> {
    control: &'a Control,
    output: &'a Output,
    job: &'a EncodeJob,
    progress: Progress,
}

/// Does the job.
///
/// # Errors
/// `PlanMismatch` when what comes out is not what was planned, `Internal` for the rest.
pub(crate) fn encode(control: &Control, output: &Output, job: &EncodeJob) -> Result<()> {
    check(job)?;
    let progress = Progress::new(job.video.len(), job.audio.len());
    let context = Context { control, output, job, progress };
    std::thread::scope(|scope| {
        let audio = scope.spawn(|| stop_on_failure(&context, || audio::encode(&context)));
        let video = stop_on_failure(&context, || video::encode(&context));
        let audio = audio.join().unwrap_or_else(|_| Err(Failure::internal("a panic in audio")));
        first_cause(video, audio)
    })
}

impl Context<'_> {
    /// A sign of life with the frames that all renditions have passed.
    pub(crate) fn pulse(&self) -> Result<()> {
        self.control.pulse(|| self.done())
    }

    fn done(&self) -> u64 {
        self.progress.frames(&self.job.timeline)
    }
}

/// A panic stops the other part too: it would encode to its end for nobody.
fn stop_on_failure(context: &Context<'_>, part: impl FnOnce() -> Result<()>) -> Result<()> {
    let result = catch_unwind(AssertUnwindSafe(part));
    let result = result.unwrap_or_else(|_| Err(Failure::internal("a panic")));
    if result.is_err() {
        context.control.stop();
    }
    result
}

/// Of two failures the one that did not merely follow the other.
fn first_cause(video: Result<()>, audio: Result<()>) -> Result<()> {
    match (video, audio) {
        (Err(video), Err(audio)) if video == Failure::stopped() => Err(audio),
        (Err(video), _) => Err(video),
        (Ok(()), audio) => audio,
    }
}

fn check(job: &EncodeJob) -> Result<()> {
    let segments = job.timeline.segments();
    let video = job.video.iter().map(|target| (&target.rung.name, target.first, target.end));
    let audio = job.audio.iter().map(|target| (&target.rung.name, target.first, target.end));
    for (name, first, end) in video.chain(audio) {
        if first >= end || end > segments {
            let detail = format!("{name}: segments {first}..{end} of {segments} are none");
            return Err(Failure::mismatch(detail));
        }
    }
    if !job.video.is_empty() && job.media.video.is_none() {
        return Err(Failure::mismatch("video renditions of a source without video"));
    }
    if !job.audio.is_empty() && job.audio_index.is_none() {
        return Err(Failure::mismatch("audio renditions without an audio stream"));
    }
    Ok(())
}
