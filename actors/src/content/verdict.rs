//! What the end of a job means for its content: pure.
//!
//! A probe that found something is held against the limits. A job of several renditions that
//! failed is split into one job per rendition, whose failures count; what is the node's own fault
//! goes back into the queue as it is.

use super::machine::{Facts, Step, insert_job, next_jobs, stored};
use super::{facts, renditions};
use crate::encode::{Outcome, Product, Work};
use crate::rendition::attempts::{self, Attempt, Verdict};
use jiff::{SignedDuration, Timestamp};
use playhouse_codecs::limits::{self, Kind, Refusal};
use playhouse_codecs::media::MediaInfo;
use playhouse_codecs::plan::EncodePlan;
use playhouse_storage::catalog::Write;
use playhouse_storage::model::{
    Blocked, Job, JobClass, JobId, JobState, MediaKind, Stage, UploadMetadata,
};
use std::time::Duration;

/// How an attempt at a job has ended.
pub(super) struct Ended<'a> {
    pub(super) job: &'a Job,
    pub(super) token: &'a str,
    pub(super) outcome: &'a Outcome,
    /// A random number in `0.0..1.0`.
    pub(super) dice: f64,
    /// What the upload claimed.
    pub(super) claimed: &'a UploadMetadata,
}

/// The job that `token` still holds, if it does.
pub(super) fn held<'a>(jobs: &'a [Job], id: JobId, token: &str) -> Option<&'a Job> {
    jobs.iter().find(|job| {
        job.id == id && matches!(&job.state, JobState::Leased { token: now, .. } if now == token)
    })
}

/// What follows; `None` when the job is to be left alone.
pub(super) fn ended(facts: &Facts, ended: &Ended) -> Option<Step> {
    let step = match Work::from_value(&ended.job.work) {
        Ok(Work::Probe { attempts }) => probed(facts, ended, attempts),
        Ok(Work::Pictures { attempts }) => pictured(facts, ended, attempts),
        Ok(Work::Encode { renditions, .. }) => encoded(facts, ended, &renditions),
        Err(error) => {
            tracing::error!(job = %ended.job.id, %error, "a job that cannot be read was dropped");
            Some(finish(facts, ended))
        }
    };
    step.filter(|_| !matches!(ended.outcome, Outcome::Lost { .. }))
}

fn probed(facts: &Facts, ended: &Ended, attempts: u32) -> Option<Step> {
    match ended.outcome {
        Outcome::Done { product: Product::Probed { media } } => {
            return Some(match validate(facts, ended, media) {
                Ok(kind) => accepted(facts, ended, media, kind),
                Err(refusal) => refused(facts, ended, refusal),
            });
        }
        Outcome::Failed { kind, detail } => {
            if let Some(refusal) = Refusal::of_failure(*kind, detail) {
                return Some(refused(facts, ended, refusal));
            }
        }
        Outcome::Done { product: Product::Encoded { .. } | Product::Pictures { .. } }
        | Outcome::Crashed { .. }
        | Outcome::Hung { .. }
        | Outcome::SpawnFailed { .. }
        | Outcome::Misspoke { .. }
        | Outcome::InitChanged { .. }
        | Outcome::Lost { .. }
        | Outcome::HostFailed { .. }
        | Outcome::Cancelled => {}
    }
    match decide(facts, ended, attempts) {
        Verdict::Finished | Verdict::GiveUp { .. } => Some(unexaminable(facts, ended)),
        Verdict::Retry { attempts, after } => {
            Some(again(facts, ended, after, &Work::Probe { attempts }))
        }
        Verdict::Leave => None,
    }
}

fn validate(facts: &Facts, ended: &Ended, media: &MediaInfo) -> Result<Kind, Refusal> {
    let size_bytes = facts.content.source.as_ref().map_or(0, |source| source.size_bytes);
    let claimed = ended.claimed.filetype.as_deref();
    limits::check(media, size_bytes, claimed, &facts.config.limits)
}

fn accepted(facts: &Facts, ended: &Ended, media: &MediaInfo, kind: Kind) -> Step {
    let step = Step::of(facts, |content| {
        content.media = serde_json::to_value(media).ok();
        content.kind = Some(match kind {
            Kind::Video => MediaKind::Video,
            Kind::Audio => MediaKind::Audio,
        });
        content.stage = Stage::Scan;
    });
    step.with([finish_job(ended)])
}

fn refused(facts: &Facts, ended: &Ended, refusal: Refusal) -> Step {
    let code = refusal.code.as_str().to_owned();
    blocked(facts, ended, Blocked { code, detail: refusal.detail })
}

fn unexaminable(facts: &Facts, ended: &Ended) -> Step {
    let detail = format!("the file could not be examined: {}", ended.outcome);
    blocked(facts, ended, Blocked { code: "probe_failed".into(), detail })
}

/// The intention is stored; the source's bytes go next.
fn blocked(facts: &Facts, ended: &Ended, why: Blocked) -> Step {
    let step = Step::of(facts, |content| content.blocked = Some(why));
    step.with([finish_job(ended)]).telling(facts::upload_blocked)
}

fn pictured(facts: &Facts, ended: &Ended, attempts: u32) -> Option<Step> {
    if let Outcome::Done { product: Product::Pictures { pictures } } = ended.outcome {
        let step = Step::of(facts, |content| content.pictures.clone_from(pictures));
        return Some(step.with([finish_job(ended)]));
    }
    match decide(facts, ended, attempts) {
        Verdict::Retry { attempts, after } => {
            Some(again(facts, ended, after, &Work::Pictures { attempts }))
        }
        // A film without a poster is better than none.
        Verdict::Finished | Verdict::GiveUp { .. } => Some(finish(facts, ended)),
        Verdict::Leave => None,
    }
}

fn encoded(facts: &Facts, ended: &Ended, served: &[String]) -> Option<Step> {
    let rest: Vec<Job> = facts.jobs.iter().filter(|job| job.id != ended.job.id).cloned().collect();
    let without = Facts { jobs: &rest, ..*facts };
    match ended.outcome {
        Outcome::Done { product } => {
            let speed = match product {
                Product::Encoded { speed } => *speed,
                Product::Probed { .. } | Product::Pictures { .. } => None,
            };
            let plan: Option<EncodePlan> = stored(facts.content.plan.as_ref());
            let jobs = plan.map(|plan| next_jobs(&without, &plan, speed)).unwrap_or_default();
            Some(finish(facts, ended).with(jobs))
        }
        Outcome::Failed { .. }
        | Outcome::Crashed { .. }
        | Outcome::Hung { .. }
        | Outcome::Misspoke { .. }
        | Outcome::InitChanged { .. } => {
            Some(finish(facts, ended).with(split(&without, ended, served)))
        }
        Outcome::SpawnFailed { .. } | Outcome::HostFailed { .. } | Outcome::Cancelled => {
            match decide(facts, ended, 0) {
                Verdict::Retry { after, .. } => {
                    let step = Step::of(facts, |_| {});
                    Some(step.with([requeue(facts, ended, after, ended.job.work.clone())]))
                }
                Verdict::Finished | Verdict::GiveUp { .. } | Verdict::Leave => None,
            }
        }
        Outcome::Lost { .. } => None,
    }
}

/// One job per unfinished rendition. A failed opening splits the whole ladder: with the one decode
/// that all others would share, they would fail alike.
fn split(without: &Facts, ended: &Ended, served: &[String]) -> Vec<Write> {
    let mut names = renditions::unserved(without.renditions, without.jobs);
    if ended.job.class != JobClass::Opening {
        names.retain(|name| served.contains(name));
    }
    let job = |name: String| {
        let work = Work::Encode { renditions: vec![name], end: None };
        insert_job(without, JobClass::Single, &work)
    };
    names.into_iter().map(job).collect()
}

fn decide(facts: &Facts, ended: &Ended, attempts: u32) -> Verdict {
    let attempt = Attempt { attempts, progress: false, dice: ended.dice };
    attempts::decide(ended.outcome, attempt, &facts.config.encode)
}

fn finish(facts: &Facts, ended: &Ended) -> Step {
    Step::of(facts, |_| {}).with([finish_job(ended)])
}

fn finish_job(ended: &Ended) -> Write {
    Write::FinishJob { id: ended.job.id, token: ended.token.to_owned() }
}

fn again(facts: &Facts, ended: &Ended, after: Duration, work: &Work) -> Step {
    Step::of(facts, |_| {}).with([requeue(facts, ended, after, work.to_value())])
}

fn requeue(facts: &Facts, ended: &Ended, after: Duration, work: serde_json::Value) -> Write {
    Write::RequeueJob {
        id: ended.job.id,
        token: ended.token.to_owned(),
        not_before: later(facts.now, after),
        work,
    }
}

/// A while from now.
pub(crate) fn later(now: Timestamp, after: Duration) -> Timestamp {
    let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
    now.saturating_add(after).unwrap_or(Timestamp::MAX)
}
