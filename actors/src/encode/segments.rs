//! From a worker's finished file to a committed record.
//!
//! The file is adopted under a name never used before (the attempt is in it), then its rendition
//! commits the row. When the row is refused, nobody will ever name the blob: it is removed and
//! the attempt ends.

use super::Workshop;
use super::body::Body;
use super::outcome::Outcome;
use crate::rendition::{Refusal, Reply, Request};
use crate::runtime::{AskError, Pulse};
use playhouse_codecs::order::OPENING_SEGMENTS;
use playhouse_storage::Error;
use playhouse_storage::model::{ContentId, Init, JobId, Rendition, RenditionState, Segment};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An attempt, as it speaks to its renditions.
pub(super) struct Attempt {
    pub(super) shop: Workshop,
    pub(super) content: ContentId,
    /// Begins the keys of what it makes; empty, which no key begins with, until it is known where
    /// that may rest.
    pub(super) media: String,
    pub(super) job: JobId,
    pub(super) token: String,
    pub(super) body: Body,
    /// What an operator sees of it.
    pub(super) pulse: Pulse,
    /// Records as they were last seen, by name.
    pub(super) renditions: BTreeMap<String, Rendition>,
}

/// A file that the worker says is whole.
pub(super) struct Written {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Attempt {
    /// Asks a rendition where this attempt goes on.
    pub(super) async fn begin(&mut self, name: &str) -> Result<(), Outcome> {
        let begin = Request::Begin { job: self.job, token: self.token.clone() };
        match self.ask(name, begin).await? {
            Reply::Started(rendition) => {
                self.renditions.insert(name.to_owned(), *rendition);
                Ok(())
            }
            other => Err(unexpected(other)),
        }
    }

    /// Segments that a rendition has.
    pub(super) fn finished(&self, name: &str) -> u32 {
        self.renditions.get(name).map_or(0, |rendition| rendition.segments_done)
    }

    /// An init segment: the first one is kept, an equal one is not needed.
    pub(super) async fn init(
        &mut self,
        name: &str,
        written: Written,
        codecs: String,
        timescale: u32,
    ) -> Result<(), Outcome> {
        let rendition = self.known(name)?;
        if rendition.init.as_ref().is_some_and(|init| init.sha256 == written.sha256) {
            return Ok(());
        }
        let key = format!("{}/{name}/init-{}.mp4", self.media, self.token);
        self.adopt(&written, &key).await?;
        let (sha256, bytes) = (written.sha256, written.bytes);
        let init = Init { key: key.clone(), sha256, bytes, codecs, timescale };
        let request = Request::InitReady { job: self.job, token: self.token.clone(), init };
        let reply = self.ask(name, request).await?;
        self.committed(name, &key, reply).await
    }

    /// A segment. Its pipeline is told when that can change anything.
    pub(super) async fn segment(
        &mut self,
        name: &str,
        index: u32,
        (start, duration): (u64, u64),
        written: Written,
    ) -> Result<(), Outcome> {
        self.known(name)?;
        let key = format!("{}/{name}/{index:05}-{}.m4s", self.media, self.token);
        self.adopt(&written, &key).await?;
        let segment = Segment {
            content_id: self.content,
            rendition: name.to_owned(),
            index,
            attempt: self.token.clone(),
            key: key.clone(),
            start,
            duration,
            bytes: written.bytes,
            sha256: written.sha256,
        };
        let request = Request::SegmentReady { job: self.job, token: self.token.clone(), segment };
        let reply = self.ask(name, request).await?;
        self.committed(name, &key, reply).await?;
        let now = self.known(name)?;
        if now.state == RenditionState::Complete || now.segments_done == OPENING_SEGMENTS {
            self.advance().await;
        }
        Ok(())
    }

    /// Tells the pipeline to look. A lost word is made up for by the next one, or the janitor.
    pub(super) async fn advance(&self) {
        let deadline = self.shop.config.ask_deadline();
        let pipeline = self.shop.pipeline(self.content);
        if let Err(error) = pipeline.ask(crate::content::Request::Advance, deadline).await {
            tracing::warn!(content = %self.content, %error, "the pipeline was not advanced");
        }
    }

    fn known(&self, name: &str) -> Result<&Rendition, Outcome> {
        self.renditions.get(name).ok_or_else(|| Outcome::Misspoke {
            detail: format!("{name} is no rendition of this job"),
        })
    }

    async fn committed(&mut self, name: &str, key: &str, reply: Reply) -> Result<(), Outcome> {
        match reply {
            Reply::Committed(rendition) => {
                self.renditions.insert(name.to_owned(), *rendition);
                Ok(())
            }
            Reply::Restarted => Err(Outcome::InitChanged { rendition: name.to_owned() }),
            Reply::Started(_)
            | Reply::Finished
            | Reply::Retry { .. }
            | Reply::GaveUp
            | Reply::Refused(_) => {
                if let Err(error) = self.shop.blobs.delete(key).await {
                    tracing::warn!(key, %error, "a refused result was not removed");
                }
                Err(unexpected(reply))
            }
        }
    }

    /// Moves a file of the worker into the blob store. The worker is not trusted: neither with
    /// the name nor with the kind nor with the size of the file.
    pub(super) async fn adopt(&self, written: &Written, key: &str) -> Result<(), Outcome> {
        let file = inside(self.body.folder(), &written.file)?;
        let metadata = tokio::fs::symlink_metadata(&file).await.map_err(|error| {
            Outcome::Misspoke { detail: format!("{} is not there: {error}", written.file) }
        })?;
        if !metadata.is_file() || metadata.len() != written.bytes {
            let detail = format!("{} is not a file of {} bytes", written.file, written.bytes);
            return Err(Outcome::Misspoke { detail });
        }
        self.shop.blobs.adopt(&file, key).await.map(drop).map_err(host)
    }

    /// Asks a rendition, patiently: what is busy now answers soon, and every request may be sent
    /// twice.
    pub(super) async fn ask(&self, name: &str, request: Request) -> Result<Reply, Outcome> {
        let entity = self.shop.transcoder(self.content, name);
        let config = &self.shop.config;
        let mut tries = 0;
        loop {
            tries += 1;
            match entity.ask(request.clone(), config.ask_deadline()).await {
                Ok(reply) => return Ok(reply),
                Err(error) if tries >= config.ask_tries_max => {
                    return Err(Outcome::HostFailed { error: error.to_string() });
                }
                Err(error) => {
                    self.pulse.beat("asks its rendition again");
                    tokio::time::sleep(pause(&error)).await;
                }
            }
        }
    }
}

/// How long to wait before the next try.
pub(super) fn pause(error: &AskError) -> Duration {
    match error {
        AskError::Busy { retry_after } => *retry_after,
        AskError::Expired | AskError::Ended(_) | AskError::Unavailable => {
            Duration::from_millis(200)
        }
    }
}

/// The node's own side failed.
pub(super) fn host(error: Error) -> Outcome {
    Outcome::HostFailed { error: error.to_string() }
}

fn inside(folder: &Path, file: &str) -> Result<PathBuf, Outcome> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if file.is_empty() || file.starts_with('.') || !file.chars().all(plain) {
        return Err(Outcome::Misspoke { detail: format!("{file:?} is no file name") });
    }
    Ok(folder.join(file))
}

fn unexpected(reply: Reply) -> Outcome {
    match reply {
        Reply::Refused(refusal @ (Refusal::NotFound | Refusal::NotHeld)) => {
            Outcome::Lost { reason: refusal.to_string() }
        }
        Reply::Refused(refusal @ (Refusal::OutOfOrder { .. } | Refusal::NotAsPlanned(_))) => {
            Outcome::Misspoke { detail: refusal.to_string() }
        }
        Reply::Started(_)
        | Reply::Committed(_)
        | Reply::Restarted
        | Reply::Finished
        | Reply::Retry { .. }
        | Reply::GaveUp => Outcome::HostFailed { error: "an answer to another question".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_cannot_name_a_file_outside_its_folder() {
        let folder = Path::new("/work/t");
        assert_eq!(inside(folder, "360p-00001.m4s"), Ok(PathBuf::from("/work/t/360p-00001.m4s")));
        for name in ["", "..", "../x", "/etc/passwd", "a/b", ".hidden", "a\0b"] {
            assert!(inside(folder, name).is_err(), "{name:?}");
        }
    }
}
