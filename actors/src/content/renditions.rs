//! The rows of a content's renditions, and which of them no job serves.

use super::publish;
use crate::encode::Work;
use playhouse_codecs::order::Targets;
use playhouse_codecs::plan::EncodePlan;
use playhouse_storage::catalog::Write;
use playhouse_storage::model::{ContentId, Job, MediaKind, Rendition, RenditionState};
use serde_json::Value;

/// The rows of a fresh plan, in ladder order: video before audio, lowest first.
pub(super) fn rows(content: ContentId, plan: &EncodePlan) -> Vec<Write> {
    let video = plan.ladder.video.iter().map(|rung| {
        (MediaKind::Video, rung.name.clone(), serde_json::to_value(rung).unwrap_or_default())
    });
    let audio = plan.ladder.audio.iter().map(|rung| {
        (MediaKind::Audio, rung.name.clone(), serde_json::to_value(rung).unwrap_or_default())
    });
    let total = plan.timeline.segments();
    let row = |(position, (kind, name, spec)): (u32, (MediaKind, String, Value))| {
        Write::InsertRendition(Box::new(Rendition {
            content_id: content,
            name,
            kind,
            position,
            spec,
            state: RenditionState::Waiting,
            segments_total: total,
            segments_done: 0,
            attempts: 0,
            init: None,
            average_bps: None,
            peak_bps: None,
            last_error: None,
            row_version: 1,
        }))
    };
    (0..).zip(video.chain(audio)).map(row).collect()
}

/// Names of the renditions of some targets.
pub(super) fn names(targets: &Targets) -> Vec<String> {
    let video = targets.video.iter().map(|target| target.rung.name.clone());
    let audio = targets.audio.iter().map(|target| target.rung.name.clone());
    video.chain(audio).collect()
}

/// Renditions that are not at their end and that no job serves.
pub(super) fn unserved(renditions: &[Rendition], jobs: &[Job]) -> Vec<String> {
    let served: Vec<String> = jobs
        .iter()
        .filter_map(|job| Work::from_value(&job.work).ok())
        .flat_map(|work| work.renditions().to_vec())
        .collect();
    renditions
        .iter()
        .filter(|rendition| !publish::has_ended(rendition) && !served.contains(&rendition.name))
        .map(|rendition| rendition.name.clone())
        .collect()
}
