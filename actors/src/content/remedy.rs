//! What people do to a content: edit it, delete it, replay what gave up. Pure.

use super::machine::{Facts, Step, insert_job};
use super::{Edit, Refusal};
use crate::encode::Work;
use playhouse_storage::catalog::Write;
use playhouse_storage::model::{Content, DeadLetter, JobClass, Rendition, RenditionState, Stage};

/// Changes what viewers are shown.
pub(super) fn edit(facts: &Facts, edit: Edit) -> Result<Step, Refusal> {
    check_present(facts.content)?;
    Ok(Step::of(facts, |content| {
        if let Some(title) = edit.title {
            content.title = title;
        }
        if let Some(description) = edit.description {
            content.description = description;
        }
        if edit.language.is_some() {
            content.language = edit.language;
        }
        if let Some(unlisted) = edit.unlisted {
            content.unlisted = unlisted;
        }
    }))
}

/// Stores the intention to remove it: after a crash the removal goes on.
pub(super) fn delete(facts: &Facts) -> Option<Step> {
    (facts.content.stage != Stage::Deleting).then(|| {
        let step = Step::of(facts, |content| content.stage = Stage::Deleting);
        step.with([Write::DeleteJobs(facts.content.id)])
    })
}

/// Puts a dead letter's work back: the rendition waits again with a clean count.
pub(super) fn replay(facts: &Facts, letter: &DeadLetter) -> Result<Step, Refusal> {
    check_present(facts.content)?;
    if letter.content_id != facts.content.id {
        return Err(Refusal::NotFound);
    }
    if letter.replayed_at.is_some() {
        return Err(Refusal::NotNow("it has been replayed already".into()));
    }
    if facts.content.source.is_none() {
        return Err(Refusal::NotNow("the source is gone".into()));
    }
    let rendition = facts
        .renditions
        .iter()
        .find(|it| it.name == letter.rendition && it.state == RenditionState::Failed)
        .ok_or_else(|| Refusal::NotNow("the rendition has not failed".into()))?;
    let work = Work::Encode { renditions: vec![letter.rendition.clone()], end: None };
    let step = Step::of(facts, |content| {
        content.stage = Stage::Encode;
        content.blocked = None;
    });
    Ok(step.with([
        Write::UpdateRendition(Box::new(revived(rendition))),
        insert_job(facts, JobClass::Single, &work),
        Write::ReplayDeadLetter(letter.id, facts.now),
    ]))
}

fn revived(rendition: &Rendition) -> Rendition {
    let begun = rendition.segments_done > 0;
    Rendition {
        state: if begun { RenditionState::Encoding } else { RenditionState::Waiting },
        attempts: 0,
        row_version: rendition.row_version + 1,
        ..rendition.clone()
    }
}

fn check_present(content: &Content) -> Result<(), Refusal> {
    match content.stage {
        Stage::Deleting => Err(Refusal::NotNow("the content is being deleted".into())),
        Stage::Receive
        | Stage::Validate
        | Stage::Scan
        | Stage::Fingerprint
        | Stage::Plan
        | Stage::Encode
        | Stage::Finish
        | Stage::Done
        | Stage::Blocked
        | Stage::Failed => Ok(()),
    }
}
