//! When a content plays, and what users are told about it.

use playhouse_codecs::ladder::VideoRung;
use playhouse_codecs::order::OPENING_SEGMENTS;
use playhouse_codecs::plan::EncodePlan;
use playhouse_storage::model::{Content, Rendition, RenditionState, Stage, Status};

/// A rendition that a player may begin with: its first two segments, or all of them, are there.
pub(super) fn is_ready(rendition: &Rendition) -> bool {
    match rendition.state {
        RenditionState::Complete => true,
        RenditionState::Waiting | RenditionState::Encoding => {
            rendition.segments_done >= OPENING_SEGMENTS
        }
        RenditionState::Failed => false,
    }
}

/// Nothing more will come of it.
pub(super) fn has_ended(rendition: &Rendition) -> bool {
    matches!(rendition.state, RenditionState::Complete | RenditionState::Failed)
}

/// The row of a rendition.
pub(super) fn find<'a>(renditions: &'a [Rendition], name: &str) -> Option<&'a Rendition> {
    renditions.iter().find(|rendition| rendition.name == name)
}

/// What a video rung is played with: its own audio, or, when that has failed, the first other one
/// that has not.
pub(super) fn audio_of<'a>(
    plan: &EncodePlan,
    rung: &VideoRung,
    renditions: &'a [Rendition],
) -> Option<&'a Rendition> {
    let own = rung.audio.as_deref().and_then(|name| find(renditions, name))?;
    if own.state != RenditionState::Failed {
        return Some(own);
    }
    let names = plan.ladder.audio.iter().map(|audio| audio.name.as_str());
    let mut others = names.filter_map(|name| find(renditions, name));
    others.find(|other| other.state != RenditionState::Failed)
}

/// Whether something plays: the lowest rung that has not failed with its audio, or the lowest
/// audio of audio-only content.
pub(super) fn plays(plan: &EncodePlan, renditions: &[Rendition]) -> bool {
    let alive = |name: &str| {
        find(renditions, name).filter(|rendition| rendition.state != RenditionState::Failed)
    };
    if plan.ladder.video.is_empty() {
        let lowest = plan.ladder.audio.iter().find_map(|rung| alive(&rung.name));
        return lowest.is_some_and(is_ready);
    }
    let lowest = plan.ladder.video.iter().find_map(|rung| Some((rung, alive(&rung.name)?)));
    lowest.is_some_and(|(rung, video)| {
        is_ready(video) && audio_of(plan, rung, renditions).is_none_or(is_ready)
    })
}

/// What users are told, from where the pipeline stands.
pub(super) fn status(content: &Content) -> Status {
    match content.stage {
        Stage::Receive => Status::Uploading,
        Stage::Blocked => Status::Blocked,
        Stage::Failed => Status::Failed,
        // Refused, while its source is being removed.
        Stage::Validate if content.blocked.is_some() => Status::Failed,
        Stage::Validate
        | Stage::Scan
        | Stage::Fingerprint
        | Stage::Plan
        | Stage::Encode
        | Stage::Finish
        | Stage::Done
        | Stage::Deleting => match (content.published_at, content.unlisted) {
            (None, _) => Status::Processing,
            (Some(_), true) => Status::Draft,
            (Some(_), false) => Status::Published,
        },
    }
}
