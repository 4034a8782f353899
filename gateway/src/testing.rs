//! Records that the tests of this crate start from.

use playhouse_storage::model::{
    Check, Content, ContentId, Init, MediaKind, Picture, PictureKind, Protection, Rendition,
    RenditionState, Residency, Source, Stage, Status, UploadId,
};
use serde_json::json;

/// A published film of ada's, half encoded.
pub(crate) fn content() -> Content {
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    Content {
        id: id(),
        upload_id: UploadId("01900000-0000-7000-8000-000000000002".parse().unwrap()),
        owner: "ada".into(),
        title: "A film".into(),
        description: "With sound".into(),
        language: Some("en".into()),
        residency: Residency::Global,
        protection: Protection::None,
        kind: Some(MediaKind::Video),
        status: Status::Published,
        stage: Stage::Encode,
        source: Some(Source {
            key: "sources/1".into(),
            size_bytes: 1_000,
            sha256: None,
            completed_at: at,
        }),
        media: None,
        plan: None,
        duration_s: Some(12.0),
        pictures: vec![Picture {
            kind: PictureKind::Thumbnail,
            key: "pictures/1".into(),
            name: "thumb-1.jpg".into(),
            width: 320,
            height: 180,
            at_ms: 1_500,
            bytes: 9_000,
        }],
        scan: Check::NotConfigured,
        fingerprint: Check::Pending,
        blocked: None,
        tier: playhouse_storage::model::Tier::Hot,
        unlisted: false,
        created_at: at,
        updated_at: at,
        published_at: Some(at),
        traceparent: None,
        row_version: 3,
    }
}

/// Its 360p, half done, after one failed attempt.
pub(crate) fn video() -> Rendition {
    Rendition {
        content_id: id(),
        name: "360p".into(),
        kind: MediaKind::Video,
        position: 0,
        spec: json!({
            "name": "360p", "width": 640, "height": 360, "crf": 23, "maxrate_bps": 400_000,
            "preset": "veryfast", "profile": "main", "audio": "audio-64k",
        }),
        state: RenditionState::Encoding,
        segments_total: 2,
        segments_done: 1,
        attempts: 1,
        init: None,
        average_bps: None,
        peak_bps: None,
        last_error: Some("the worker was killed".into()),
        row_version: 2,
    }
}

/// Its sound, complete.
pub(crate) fn audio() -> Rendition {
    Rendition {
        name: "audio-64k".into(),
        kind: MediaKind::Audio,
        position: 1,
        spec: json!({"name": "audio-64k", "bitrate_bps": 64_000, "channels": 2}),
        state: RenditionState::Complete,
        segments_done: 2,
        attempts: 0,
        init: Some(Init {
            key: "init".into(),
            sha256: "00".into(),
            bytes: 700,
            codecs: "mp4a.40.2".into(),
            timescale: 48_000,
        }),
        average_bps: Some(63_000),
        peak_bps: Some(66_000),
        last_error: None,
        ..video()
    }
}

fn id() -> ContentId {
    ContentId("01900000-0000-7000-8000-000000000001".parse().unwrap())
}
