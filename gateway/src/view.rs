//! The JSON of a content (API.md), built from rows and nothing else.
//!
//! Everybody who may see a content sees the same keys; what is the creator's business alone (who
//! they are, why an attempt failed, how far the upload is) is null for others.

mod pictures;

use playhouse_actors::content::has_mpd;
use playhouse_storage::model::{AuditEntry, Content, DeadLetter, Rendition, Status, Upload};
use serde_json::{Value, json};

/// The rows that a content's JSON is made of.
pub(crate) struct Rows {
    pub(crate) content: Content,
    pub(crate) renditions: Vec<Rendition>,
    /// Read for the creator only, while bytes are coming.
    pub(crate) upload: Option<Upload>,
    /// The reader is the creator or an administrator.
    pub(crate) for_creator: bool,
    /// The reader is the creator.
    pub(crate) owner_is_me: bool,
    /// Among the most watched, lately.
    pub(crate) hot: bool,
}

/// One content with its renditions.
pub(crate) fn content(rows: &Rows) -> Value {
    let content = &rows.content;
    let mut view = summary(content);
    let more = json!({
        "renditions": renditions(rows),
        "dash": dash(rows),
        "blocked_reason": content.blocked,
        "language": content.language,
        "residency": content.residency,
        "protection": content.protection,
        "stage": content.stage,
        "scan": content.scan,
        "fingerprint": content.fingerprint,
        "source": content.source.as_ref().map(|source| json!({
            "size_bytes": source.size_bytes,
            "sha256": source.sha256,
            "completed_at": source.completed_at,
        })),
        "upload": rows.upload.as_ref().map(upload),
        "owner": rows.for_creator.then_some(&content.owner),
        "owner_is_me": rows.owner_is_me,
        "hot": rows.hot,
        "tier": rows.for_creator.then_some(content.tier),
        "unlisted": content.unlisted,
        "updated_at": content.updated_at,
    });
    merge(&mut view, more);
    view
}

/// One content as lists show it.
pub(crate) fn summary(content: &Content) -> Value {
    json!({
        "id": content.id,
        "title": content.title,
        "description": content.description,
        "kind": content.kind,
        "status": shown_status(content),
        "duration_s": content.duration_s,
        "created_at": content.created_at,
        "published_at": content.published_at,
        "hls": plays(content).then(|| format!("/media/{}/master.m3u8", content.id)),
        "thumbnails": pictures::thumbnails(content),
        "storyboard": pictures::storyboard(content),
    })
}

/// An item of a list with its settled views, and whether it was hot when it was last looked at.
pub(crate) fn counted(mut item: Value, (views, hot): (u64, bool)) -> Value {
    merge(&mut item, json!({"views": views, "hot": hot}));
    item
}

/// One dead letter.
pub(crate) fn dead_letter(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "content_id": letter.content_id,
        "rendition": letter.rendition,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "created_at": letter.created_at,
        "replayed_at": letter.replayed_at,
    })
}

/// One order of an operator.
pub(crate) fn audit(entry: &AuditEntry) -> Value {
    json!({
        "id": entry.id,
        "at": entry.at,
        "subject": entry.subject,
        "action": entry.action,
        "path": entry.path,
        "reason": entry.reason,
        "outcome": entry.outcome,
        "trace_id": entry.trace_id,
    })
}

fn merge(view: &mut Value, more: Value) {
    if let (Value::Object(view), Value::Object(more)) = (view, more) {
        view.extend(more);
    }
}

/// A published content that its owner took back is a draft to whoever still sees it.
fn shown_status(content: &Content) -> Status {
    match content.status {
        Status::Published if content.unlisted => Status::Draft,
        other => other,
    }
}

fn plays(content: &Content) -> bool {
    content.published_at.is_some() && content.status != Status::Blocked
}

fn dash(rows: &Rows) -> Option<String> {
    let there = plays(&rows.content) && has_mpd(&rows.renditions);
    there.then(|| format!("/media/{}/manifest.mpd", rows.content.id))
}

fn renditions(rows: &Rows) -> Vec<Value> {
    let mut sorted: Vec<&Rendition> = rows.renditions.iter().collect();
    sorted.sort_by_key(|r| r.position);
    sorted.into_iter().map(|r| rendition(r, rows.for_creator)).collect()
}

fn rendition(rendition: &Rendition, for_creator: bool) -> Value {
    let spec = |key: &str| rendition.spec.get(key).cloned();
    let progress = match rendition.segments_total {
        0 => 0.0,
        total => f64::from(rendition.segments_done) / f64::from(total),
    };
    json!({
        "name": rendition.name,
        "kind": rendition.kind,
        "state": rendition.state,
        "progress": progress,
        "attempts": rendition.attempts,
        "segments_done": rendition.segments_done,
        "segments_total": rendition.segments_total,
        "width": spec("width"),
        "height": spec("height"),
        "channels": spec("channels"),
        "bitrate_bps": spec("maxrate_bps").or_else(|| spec("bitrate_bps")),
        "average_bps": rendition.average_bps,
        "peak_bps": rendition.peak_bps,
        "codecs": rendition.init.as_ref().map(|init| &init.codecs),
        "last_error": for_creator.then_some(rendition.last_error.as_ref()).flatten(),
    })
}

fn upload(upload: &Upload) -> Value {
    json!({
        "id": upload.id,
        "offset_bytes": upload.offset_bytes,
        "size_bytes": upload.size_bytes,
        "state": upload.state,
        "expires_at": upload.expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use expect_test::{Expect, expect};
    use playhouse_storage::model::RenditionState;

    fn check(rows: &Rows, expected: Expect) {
        expected.assert_eq(&format!("{:#}", content(rows)));
    }

    fn rows() -> Rows {
        Rows {
            content: testing::content(),
            renditions: vec![testing::audio(), testing::video()],
            upload: None,
            for_creator: false,
            owner_is_me: false,
            hot: false,
        }
    }

    #[test]
    fn a_viewer_sees_what_api_md_promises_and_nothing_of_the_creators() {
        check(
            &rows(),
            expect![[r#"
                {
                  "blocked_reason": null,
                  "created_at": "2026-01-02T03:04:05Z",
                  "dash": null,
                  "description": "With sound",
                  "duration_s": 12.0,
                  "fingerprint": {
                    "outcome": "pending"
                  },
                  "hls": "/media/01900000-0000-7000-8000-000000000001/master.m3u8",
                  "hot": false,
                  "id": "01900000-0000-7000-8000-000000000001",
                  "kind": "video",
                  "language": "en",
                  "owner": null,
                  "owner_is_me": false,
                  "protection": "none",
                  "published_at": "2026-01-02T03:04:05Z",
                  "renditions": [
                    {
                      "attempts": 1,
                      "average_bps": null,
                      "bitrate_bps": 400000,
                      "channels": null,
                      "codecs": null,
                      "height": 360,
                      "kind": "video",
                      "last_error": null,
                      "name": "360p",
                      "peak_bps": null,
                      "progress": 0.5,
                      "segments_done": 1,
                      "segments_total": 2,
                      "state": "encoding",
                      "width": 640
                    },
                    {
                      "attempts": 0,
                      "average_bps": 63000,
                      "bitrate_bps": 64000,
                      "channels": 2,
                      "codecs": "mp4a.40.2",
                      "height": null,
                      "kind": "audio",
                      "last_error": null,
                      "name": "audio-64k",
                      "peak_bps": 66000,
                      "progress": 1.0,
                      "segments_done": 2,
                      "segments_total": 2,
                      "state": "complete",
                      "width": null
                    }
                  ],
                  "residency": "global",
                  "scan": {
                    "outcome": "not_configured"
                  },
                  "source": {
                    "completed_at": "2026-01-02T03:04:05Z",
                    "sha256": null,
                    "size_bytes": 1000
                  },
                  "stage": "encode",
                  "status": "published",
                  "storyboard": null,
                  "thumbnails": [
                    {
                      "at_s": 1.5,
                      "height": 180,
                      "url": "/media/01900000-0000-7000-8000-000000000001/thumb-1.jpg",
                      "width": 320
                    }
                  ],
                  "tier": null,
                  "title": "A film",
                  "unlisted": false,
                  "updated_at": "2026-01-02T03:04:05Z",
                  "upload": null
                }"#]],
        );
    }

    #[test]
    fn the_creator_sees_why_an_attempt_failed() {
        let mut rows = rows();
        rows.for_creator = true;
        let view = content(&rows);
        assert_eq!(view["owner"], "ada");
        assert_eq!(view["renditions"][0]["last_error"], "the worker was killed");
    }

    #[test]
    fn dash_comes_when_the_lowest_rung_and_its_sound_are_complete() {
        let mut rows = rows();
        assert_eq!(content(&rows)["dash"], Value::Null, "the sound is complete, the rung is not");
        rows.renditions[1].state = RenditionState::Complete;
        assert!(content(&rows)["dash"].as_str().unwrap().ends_with("/manifest.mpd"));
        rows.renditions[0].state = RenditionState::Encoding;
        assert_eq!(content(&rows)["dash"], Value::Null, "the rung is complete, the sound is not");
    }

    #[test]
    fn what_was_taken_back_is_a_draft_and_what_is_blocked_does_not_play() {
        let mut rows = rows();
        rows.content.unlisted = true;
        assert_eq!(content(&rows)["status"], "draft");
        rows.content.status = Status::Blocked;
        assert_eq!(content(&rows)["status"], "blocked");
        assert_eq!(content(&rows)["hls"], Value::Null);
    }
}
