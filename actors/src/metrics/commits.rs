//! What a commit means to who counts: read from its rows before it runs, counted once it stands.
//! So what is counted is exactly what is durable, whichever actor wrote it.

use super::counted;
use jiff::Timestamp;
use playhouse_storage::catalog::{Commit, Write};
use playhouse_storage::model::{Content, UploadState};

/// What is to be counted of a commit.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Counted {
    uploads: Vec<&'static str>,
    segments: Vec<String>,
    dead_letters: u64,
    published: Vec<(&'static str, f64)>,
}

impl Counted {
    /// What is to be counted when a commit stands.
    pub(crate) fn of(commit: &Commit, now: Timestamp) -> Self {
        let mut counted = Self::default();
        commit.writes.iter().for_each(|write| counted.add(write));
        let content = commit.writes.iter().find_map(|write| match write {
            Write::UpdateContent(content) => Some(content.as_ref()),
            _ => None,
        });
        for event in &commit.events {
            match (event.topic.as_str(), content) {
                ("media.upload.completed", _) => counted.uploads.push("completed"),
                ("media.upload.blocked", _) => counted.uploads.push("blocked"),
                ("media.published", Some(content)) => counted.publishes("playable", content, now),
                ("media.transcoding.completed", Some(content)) => {
                    counted.publishes("complete", content, now);
                }
                _ => {}
            }
        }
        counted
    }

    /// The commit stands.
    pub(crate) fn stands(self) {
        self.uploads.into_iter().for_each(counted::upload);
        self.segments.iter().for_each(|rendition| counted::segment(rendition));
        (0..self.dead_letters).for_each(|_| counted::dead_letter());
        self.published.into_iter().for_each(|(stage, after_s)| counted::published(stage, after_s));
    }

    fn add(&mut self, write: &Write) {
        match write {
            Write::InsertUpload(_) => self.uploads.push("begun"),
            Write::UpdateUpload(upload) => match upload.state {
                UploadState::Terminated | UploadState::Expired => self.uploads.push("ended"),
                UploadState::Receiving | UploadState::Completed => {}
            },
            Write::InsertSegment(segment) => self.segments.push(segment.rendition.clone()),
            Write::InsertDeadLetter(_) => self.dead_letters += 1,
            _ => {}
        }
    }

    fn publishes(&mut self, stage: &'static str, content: &Content, now: Timestamp) {
        if let Some(source) = &content.source {
            let after = now.duration_since(source.completed_at);
            self.published.push((stage, after.as_secs_f64()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::fresh;
    use playhouse_storage::catalog::NewEvent;
    use playhouse_storage::model::{
        ContentId, Epoch, Fence, ShardId, Source, UploadId, UploadMetadata,
    };
    use serde_json::json;

    fn commit(writes: Vec<Write>, topics: &[&str]) -> Commit {
        let event = |topic: &&str| NewEvent {
            topic: (*topic).to_owned(),
            key: String::new(),
            payload: json!({}),
            trace: None,
        };
        let fence = Fence { shard: ShardId(0), epoch: Epoch(1) };
        Commit { fence, writes, events: topics.iter().map(event).collect() }
    }

    #[test]
    fn a_delay_is_counted_from_the_last_byte_to_what_is_published() {
        let mut content =
            fresh(ContentId::new(), UploadId::new(), "ada".into(), UploadMetadata::default());
        let completed_at: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        content.source =
            Some(Source { key: "k".into(), size_bytes: 1, sha256: None, completed_at });
        let now = "2026-01-02T03:04:07.5Z".parse().expect("a time");
        let update = Write::UpdateContent(Box::new(content));
        let topics = ["media.published", "media.transcoding.completed"];
        let counted = Counted::of(&commit(vec![update.clone()], &topics), now);
        assert_eq!(counted.published, [("playable", 2.5), ("complete", 2.5)]);
        let counted = Counted::of(&commit(vec![update], &["media.copyright.cleared"]), now);
        assert_eq!(counted, Counted::default());
    }
}
