//! Records to write, with every field set to something that must come back.

use jiff::Timestamp;
use playhouse_storage::catalog::{Commit, NewEvent, Write};
use playhouse_storage::model::*;
use serde_json::json;

/// A commit of these writes with one event.
pub(crate) fn commit(fence: Fence, writes: Vec<Write>) -> Commit {
    Commit { fence, writes, events: vec![event("media.published")] }
}

pub(crate) fn event(topic: &str) -> NewEvent {
    NewEvent { topic: topic.into(), key: "k".into(), payload: json!({ "n": 1 }), trace: None }
}

/// A time `seconds` from a fixed one, with nanoseconds that must not get lost.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + seconds, 123_456_789).unwrap()
}

pub(crate) fn upload(content: ContentId) -> Upload {
    Upload {
        id: UploadId::new(),
        content_id: content,
        owner: "ada".into(),
        size_bytes: 20 << 30,
        offset_bytes: 5,
        state: UploadState::Receiving,
        metadata: UploadMetadata {
            filename: Some("a \"b\".mp4".into()),
            residency: Residency::Ng,
            ..UploadMetadata::default()
        },
        grant: 3,
        created_at: time(0),
        expires_at: time(60),
        parts: Some(UploadParts {
            part_size_bytes: 20 << 20,
            handle: "a \"name\"".into(),
            accepted: Some("abc".into()),
        }),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        row_version: 1,
    }
}

pub(crate) fn content(title: &str) -> Content {
    Content {
        id: ContentId::new(),
        upload_id: UploadId::new(),
        owner: "ada".into(),
        title: title.into(),
        description: "50 % of $1 and ?2".into(),
        language: Some("yo".into()),
        residency: Residency::Global,
        protection: Protection::Cbcs,
        kind: Some(MediaKind::Video),
        status: Status::Processing,
        stage: Stage::Encode,
        source: Some(Source {
            key: "source/x".into(),
            size_bytes: 7,
            sha256: None,
            completed_at: time(1),
        }),
        media: Some(json!({ "streams": [] })),
        plan: Some(json!({ "rungs": [1, 2] })),
        duration_s: Some(6.0),
        pictures: Vec::new(),
        scan: Check::NotConfigured,
        fingerprint: Check::Found { engine: "e 1".into(), what: "w".into() },
        blocked: Some(Blocked { code: "not_media".into(), detail: "d".into() }),
        tier: Tier::Cooling,
        unlisted: true,
        created_at: time(0),
        updated_at: time(2),
        published_at: Some(time(3)),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        row_version: 1,
    }
}

pub(crate) fn rendition(content_id: ContentId, name: &str, position: u32) -> Rendition {
    Rendition {
        content_id,
        name: name.into(),
        kind: MediaKind::Video,
        position,
        spec: json!({ "height": 360 }),
        state: RenditionState::Encoding,
        segments_total: 5,
        segments_done: 1,
        attempts: 2,
        init: Some(Init {
            key: "i".into(),
            sha256: "ab".into(),
            bytes: 700,
            codecs: "avc1.64001e".into(),
            timescale: 30_000,
        }),
        average_bps: Some(400_000),
        peak_bps: None,
        last_error: Some("crashed".into()),
        row_version: 1,
    }
}

pub(crate) fn segment(content_id: ContentId, rendition: &str, index: u32) -> Segment {
    Segment {
        content_id,
        rendition: rendition.into(),
        index,
        attempt: "a1".into(),
        key: format!("c/{rendition}/a1/{index}.m4s"),
        start: u64::from(index) * 180_180,
        duration: 180_180,
        bytes: 300_000,
        sha256: "cd".into(),
    }
}

pub(crate) fn job(content_id: ContentId, class: JobClass, created: i64) -> Job {
    Job {
        id: JobId::new(),
        content_id,
        class,
        work: json!({ "segments": [0, 1] }),
        state: JobState::Ready,
        not_before: time(0),
        created_at: time(created),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00".into()),
    }
}

pub(crate) fn dead_letter(content_id: ContentId) -> DeadLetter {
    DeadLetter {
        id: DeadLetterId::new(),
        content_id,
        rendition: "360p".into(),
        reason: "hangs".into(),
        attempts: 5,
        work: json!({}),
        created_at: time(9),
        replayed_at: None,
    }
}

pub(crate) fn counter(content_id: ContentId) -> Counter {
    Counter {
        content_id,
        views: 7,
        likes: 3,
        watch_time_s: 12.5,
        trend: Some(20_000.25),
        hot: true,
        watched_day: 20_777,
        uniques: vec![1, 0, 255],
        stats: json!({"retention": [1, 2]}),
        row_version: 1,
    }
}
