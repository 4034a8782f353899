//! What a trace tells of a job: the attempt as one step, and below it what the worker's process
//! did, by its own events. The worker has no way out of its cell, so the node tells it in its name.

use super::outcome::Outcome;
use super::runner::Task;
use crate::runtime::Exit;
use crate::runtime::trace::{self, Context, Hop, Kind, Process, Span};
use jiff::Timestamp;
use playhouse_codecs::worker::Event;
use playhouse_storage::model::{Job, JobClass};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// The program of a worker.
const PROGRAM: &str = "codec-worker";

/// An attempt at a job begins, where its job was put in the queue.
pub(super) fn begin(job: &Job) -> Hop {
    Hop::below(queued(job), Instant::now())
}

/// Where in a trace a job was put in the queue.
pub(super) fn queued(job: &Job) -> Context {
    let queued = job.traceparent.as_deref().and_then(Context::of_traceparent);
    queued.unwrap_or_default()
}

/// The task of an attempt was killed or has panicked, and can tell nothing itself.
pub(super) fn lost(queued: Context, (since, token): (Instant, &str), exit: &Exit) {
    Hop::below(queued, since).end(Some(exit), || {
        Span::new(Kind::Consumer, "process lost").with("playhouse.attempt", token)
    });
}

/// Why an attempt failed. What was taken away from it or called off has not.
pub(super) fn failure(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Done { .. } | Outcome::Lost { .. } | Outcome::Cancelled => None,
        Outcome::Failed { .. }
        | Outcome::Crashed { .. }
        | Outcome::Hung { .. }
        | Outcome::SpawnFailed { .. }
        | Outcome::Misspoke { .. }
        | Outcome::InitChanged { .. }
        | Outcome::HostFailed { .. } => Some(outcome.to_string()),
    }
}

/// The step of an attempt that began at `began`.
pub(super) fn of_job(job: &Job, token: &str, (began, outcome): (Timestamp, &str)) -> Span {
    let class: &'static str = job.class.into();
    let waited = began.duration_since(job.not_before.max(job.created_at));
    Span::new(Kind::Consumer, format!("process {class}"))
        .with("messaging.system", "playhouse.jobs")
        .with("messaging.operation.type", "process")
        .with("messaging.operation.name", "encode")
        .with("messaging.destination.name", class)
        .with("messaging.message.id", job.id.to_string())
        .with("playhouse.content_id", job.content_id.to_string())
        .with("playhouse.attempt", token)
        .with("playhouse.queue.waited_s", waited.as_secs_f64().max(0.0))
        .with("playhouse.outcome", outcome)
}

/// What one worker does.
pub(super) struct Stages {
    worker: Hop,
    class: JobClass,
    process: Option<Process>,
    /// When it had taken its command; until then, when it was started.
    ready: Instant,
    /// When a rendition had its last segment.
    written: BTreeMap<String, Instant>,
}

impl Stages {
    /// A worker is started.
    pub(super) fn begin(class: JobClass) -> Self {
        let now = Instant::now();
        let worker = Hop::below(trace::current(), now);
        Self { worker, class, process: None, ready: now, written: BTreeMap::new() }
    }

    /// Where in the trace it works.
    pub(super) fn context(&self) -> Context {
        self.worker.context()
    }

    /// It runs as this process.
    pub(super) fn runs(&mut self, pid: Option<u32>) {
        self.process = pid.map(|pid| Process { name: PROGRAM, pid });
    }

    /// It has told something.
    pub(super) fn heard(&mut self, event: &Event, task: Option<&Task>) {
        if !self.context().sampled {
            return;
        }
        let now = Instant::now();
        match event {
            Event::Ready { version } => {
                let version = u64::from(*version);
                self.step(self.ready, || {
                    Span::new(Kind::Internal, "confine").with("playhouse.worker.protocol", version)
                });
                self.ready = now;
            }
            Event::Probed { .. } => {
                self.step(self.ready, || Span::new(Kind::Internal, "open and probe"));
            }
            Event::InitWritten { rendition, bytes, codecs, .. } => self.step(self.ready, || {
                Span::new(Kind::Internal, "open to first frame")
                    .with("playhouse.rendition", rendition.as_str())
                    .with("playhouse.init.bytes", *bytes)
                    .with("playhouse.codecs", codecs.as_str())
            }),
            Event::SegmentWritten { rendition, index, bytes, .. } => {
                let since = self.written.insert(rendition.clone(), now).unwrap_or(self.ready);
                let frames = task.and_then(|task| task.frames(rendition, *index));
                self.step(since, || segment(rendition, *index, *bytes, frames));
            }
            Event::PictureWritten { kind, bytes, .. } => self.step(self.ready, || {
                Span::new(Kind::Internal, "picture")
                    .with("playhouse.picture.kind", kind.as_str())
                    .with("playhouse.picture.bytes", *bytes)
            }),
            Event::Progress { .. } | Event::Tried { .. } | Event::Done | Event::Failed { .. } => {}
        }
    }

    /// It has ended; why, if it had not done all.
    pub(super) fn ended(self, why: Option<&Outcome>) {
        let failed = why.and_then(failure);
        let exit = why.map_or_else(|| "done".to_owned(), ToString::to_string);
        self.worker.end(failed.as_ref().map(|why| why as _), || {
            let class: &'static str = self.class.into();
            Span::new(Kind::Internal, format!("{PROGRAM} {class}"))
                .with("playhouse.worker.exit", exit)
                .by(self.process)
        });
    }

    fn step(&self, since: Instant, describe: impl FnOnce() -> Span) {
        let hop = Hop::below(self.context(), since);
        hop.end(None, || describe().by(self.process.clone()));
    }
}

fn segment(rendition: &str, index: u32, bytes: u64, frames: Option<u64>) -> Span {
    let span = Span::new(Kind::Internal, "segment")
        .with("playhouse.rendition", rendition)
        .with("playhouse.segment.index", u64::from(index))
        .with("playhouse.segment.bytes", bytes);
    match frames {
        Some(frames) => span.with("playhouse.segment.frames", frames),
        None => span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_called_off_is_no_failure() {
        let lost = Outcome::Lost { reason: "deleted".to_owned() };
        assert_eq!((failure(&lost), failure(&Outcome::Cancelled)), (None, None));
        let crashed = Outcome::Crashed { signal: Some(11), code: None };
        let told = Some("the encoder process crashed (signal 11)".to_owned());
        assert_eq!(failure(&crashed), told);
    }
}
