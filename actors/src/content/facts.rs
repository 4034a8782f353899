//! The events that a pipeline tells, by the mission's topic names.

use playhouse_storage::catalog::NewEvent;
use playhouse_storage::model::{Content, Rendition};
use serde_json::{Value, json};

pub(super) fn upload_initiated(content: &Content) -> NewEvent {
    let payload = json!({ "upload_id": content.upload_id, "title": content.title });
    event("media.upload.initiated", content, payload)
}

pub(super) fn upload_blocked(content: &Content) -> NewEvent {
    let payload = json!({ "reason": content.blocked });
    event("media.upload.blocked", content, payload)
}

pub(super) fn copyright_cleared(content: &Content) -> NewEvent {
    let payload = json!({ "fingerprint": content.fingerprint });
    event("media.copyright.cleared", content, payload)
}

pub(super) fn published(content: &Content) -> NewEvent {
    let payload = json!({ "kind": content.kind, "duration_s": content.duration_s });
    event("media.published", content, payload)
}

pub(super) fn transcoding_completed(content: &Content, renditions: &[Rendition]) -> NewEvent {
    let list: Vec<Value> = renditions
        .iter()
        .map(|it| json!({ "name": it.name, "state": it.state, "average_bps": it.average_bps }))
        .collect();
    event("media.transcoding.completed", content, json!({ "renditions": list }))
}

fn event(topic: &str, content: &Content, mut payload: Value) -> NewEvent {
    payload["content_id"] = json!(content.id);
    payload["owner"] = json!(content.owner);
    NewEvent { topic: topic.into(), key: content.id.to_string(), payload, trace: None }
}
