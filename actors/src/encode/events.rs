//! What each event of a worker does: the script of an attempt. Files are adopted one by one, so
//! that nothing which was told is lost with the worker.

use super::outcome::Outcome;
use super::process::Worker;
use super::runner::Follow;
use super::segments::Written;
use crate::events::Hint;
use playhouse_codecs::worker::{Command, Event, PROTOCOL_VERSION};
use playhouse_storage::model::{Picture, PictureKind};

impl Follow {
    /// Takes one event; true when it was the last.
    pub(super) async fn take(
        &mut self,
        worker: &mut Worker,
        command: &Command,
        event: Event,
    ) -> Result<bool, Outcome> {
        self.attempt.pulse.beat(doing(&event));
        if let Some(stages) = &mut self.stages {
            stages.heard(&event, self.task.as_ref());
        }
        match event {
            Event::Ready { version } if version == PROTOCOL_VERSION => {
                let sent = worker.send(command).await;
                sent.map_err(|error| Outcome::Misspoke { detail: error.to_string() })?;
            }
            Event::Ready { version } => {
                let detail = format!("it speaks version {version} and not {PROTOCOL_VERSION}");
                return Err(Outcome::SpawnFailed { error: detail });
            }
            Event::Probed { media } => self.media = Some(media),
            Event::InitWritten { rendition, file, bytes, sha256, codecs, timescale } => {
                let written = Written { file, bytes, sha256 };
                self.attempt.init(&rendition, written, codecs, timescale).await?;
            }
            Event::SegmentWritten {
                rendition, index, file, pts, duration, bytes, sha256, ..
            } => {
                let written = Written { file, bytes, sha256 };
                self.attempt.segment(&rendition, index, (pts, duration), written).await?;
                worker.tell_committed().await;
                self.show(worker.pid());
            }
            Event::Progress { frame } => self.tell_progress(frame),
            Event::PictureWritten { kind, file, width, height, at_ms, bytes } => {
                let written = Written { file, bytes, sha256: String::new() };
                self.picture(&kind, written, (width, height), at_ms).await?;
            }
            Event::Tried { .. } => {
                return Err(Outcome::Misspoke { detail: "it tried what nobody asked".into() });
            }
            Event::Done => return Ok(true),
            Event::Failed { kind, detail } => return Err(Outcome::Failed { kind, detail }),
        }
        Ok(false)
    }

    fn tell_progress(&self, frame: u64) {
        if let Some(task) = &self.task {
            let frames = task.plan.timeline.frames.max(1);
            self.attempt.shop.hub.tell(Hint::Progress {
                content: self.attempt.content,
                renditions: self.attempt.renditions.keys().cloned().collect(),
                progress: (frame as f64 / frames as f64).min(1.0),
            });
        }
    }

    async fn picture(
        &mut self,
        kind: &str,
        written: Written,
        (width, height): (u32, u32),
        at_ms: u64,
    ) -> Result<(), Outcome> {
        let of_kind = |kind| self.pictures.iter().filter(|it| it.kind == kind).count() + 1;
        let (kind, stem) = match kind {
            "thumbnail" => {
                (PictureKind::Thumbnail, format!("thumb-{}", of_kind(PictureKind::Thumbnail)))
            }
            "storyboard" => (PictureKind::Storyboard, "storyboard".to_owned()),
            other => {
                return Err(Outcome::Misspoke { detail: format!("{other} is no picture") });
            }
        };
        let name = format!("{stem}.jpg");
        if self.pictures.iter().any(|picture| picture.name == name) {
            return Err(Outcome::Misspoke { detail: format!("{name} came twice") });
        }
        let key = format!("{}/pictures/{stem}-{}.jpg", self.attempt.media, self.attempt.token);
        self.attempt.adopt(&written, &key).await?;
        let bytes = written.bytes;
        self.pictures.push(Picture { kind, key, name, width, height, at_ms, bytes });
        Ok(())
    }
}

/// What the runner does about an event, in an operator's words.
fn doing(event: &Event) -> &'static str {
    match event {
        Event::Ready { .. } => "gives its worker the job",
        Event::InitWritten { .. } => "commits an init segment",
        Event::SegmentWritten { .. } => "commits a segment",
        Event::PictureWritten { .. } => "stores a picture",
        Event::Probed { .. }
        | Event::Progress { .. }
        | Event::Tried { .. }
        | Event::Done
        | Event::Failed { .. } => "hears its worker",
    }
}
