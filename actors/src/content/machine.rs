//! What comes next for a content: a pure function of its rows.
//!
//! Each step is one commit; the actor takes steps until there is nothing to do but wait. Asked
//! again about the same rows it says the same, so a crash after a commit costs nothing.

use super::{facts, publish, renditions};
use crate::config::Config;
use crate::encode::Work;
use jiff::Timestamp;
use playhouse_codecs::media::MediaInfo;
use playhouse_codecs::order::{self, Order};
use playhouse_codecs::plan::EncodePlan;
use playhouse_storage::catalog::{NewEvent, Write};
use playhouse_storage::model::{
    Blocked, Check, Content, Job, JobClass, JobId, JobState, MediaKind, Rendition, Source, Stage,
};

/// The rows of a content, and what is known besides.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) content: &'a Content,
    pub(super) renditions: &'a [Rendition],
    pub(super) jobs: &'a [Job],
    /// Other content waits for a worker.
    pub(super) others_wait: bool,
    pub(super) now: Timestamp,
    pub(super) config: &'a Config,
}

/// What comes next.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// Somebody else's move.
    Wait,
    /// A commit.
    Commit(Box<Step>),
    /// Ask the malware scanner; its answer goes to [`scanned`].
    Scan,
    /// Ask the fingerprint engine; its answer goes to [`compared`].
    Fingerprint,
    /// Remove the refused source's bytes; then [`refused`].
    DropSource,
    /// Remove every byte, then the rows.
    Remove,
}

/// One commit: the content as it will be, other rows and events.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) content: Content,
    pub(super) writes: Vec<Write>,
    pub(super) events: Vec<NewEvent>,
}

impl Step {
    /// A step to a next version of the content.
    pub(super) fn of(facts: &Facts, change: impl FnOnce(&mut Content)) -> Self {
        let mut content = facts.content.clone();
        change(&mut content);
        content.status = publish::status(&content);
        content.updated_at = facts.now;
        content.row_version += 1;
        Self { content, writes: vec![], events: vec![] }
    }

    /// The same with an event about the content as it will be.
    pub(super) fn telling(mut self, event: impl FnOnce(&Content) -> NewEvent) -> Self {
        self.events.push(event(&self.content));
        self
    }

    /// The same with more rows.
    pub(super) fn with(mut self, writes: impl IntoIterator<Item = Write>) -> Self {
        self.writes.extend(writes);
        self
    }

    pub(super) fn next(self) -> Next {
        Next::Commit(Box::new(self))
    }
}

/// What comes next for a content with these rows.
pub(super) fn advance(facts: &Facts) -> Next {
    match facts.content.stage {
        Stage::Receive | Stage::Done | Stage::Blocked | Stage::Failed => Next::Wait,
        Stage::Validate => validate(facts),
        Stage::Scan => Next::Scan,
        Stage::Fingerprint => Next::Fingerprint,
        Stage::Plan => plan(facts),
        Stage::Encode => encode(facts),
        Stage::Finish => finish(facts),
        Stage::Deleting => Next::Remove,
    }
}

fn validate(facts: &Facts) -> Next {
    if facts.content.blocked.is_some() {
        return Next::DropSource;
    }
    if facts.jobs.iter().any(|job| job.class == JobClass::Probe) {
        return Next::Wait;
    }
    Step::of(facts, |_| {}).with([probe_job(facts)]).next()
}

/// The job that begins validation.
pub(super) fn probe_job(facts: &Facts) -> Write {
    insert_job(facts, JobClass::Probe, &Work::Probe { attempts: 0 })
}

/// The refused source is gone.
pub(super) fn refused(facts: &Facts) -> Step {
    Step::of(facts, |content| {
        content.source = None;
        content.stage = Stage::Failed;
    })
}

/// The scanner has answered.
pub(super) fn scanned(facts: &Facts, check: Check) -> Step {
    let found = finding(&check, "malware");
    judged(facts, found, |content| content.scan = check, Stage::Fingerprint)
}

/// The fingerprint engine has answered. Only an engine that looked can clear a content.
pub(super) fn compared(facts: &Facts, check: Check) -> Step {
    let cleared = matches!(check, Check::Clean { .. });
    let found = finding(&check, "copyright");
    let step = judged(facts, found, |content| content.fingerprint = check, Stage::Plan);
    if cleared { step.telling(facts::copyright_cleared) } else { step }
}

fn finding(check: &Check, code: &str) -> Option<Blocked> {
    match check {
        Check::Found { engine, what } => {
            Some(Blocked { code: code.into(), detail: format!("{engine} found {what}") })
        }
        Check::Pending | Check::NotConfigured | Check::Clean { .. } => None,
    }
}

fn judged(
    facts: &Facts,
    found: Option<Blocked>,
    record: impl FnOnce(&mut Content),
    next: Stage,
) -> Step {
    let blocked = found.is_some();
    let step = Step::of(facts, |content| {
        record(content);
        content.stage = if blocked { Stage::Blocked } else { next };
        content.blocked = found;
    });
    if blocked { step.telling(facts::upload_blocked) } else { step }
}

fn plan(facts: &Facts) -> Next {
    let Some(media) = stored::<MediaInfo>(facts.content.media.as_ref()) else {
        return unreadable(facts, "media").next();
    };
    let plan = EncodePlan::new(&media);
    let lowest = order::opening(&plan);
    let opening =
        Work::Encode { renditions: renditions::names(&lowest), end: Some(order::OPENING_SEGMENTS) };
    let mut writes = renditions::rows(facts.content.id, &plan);
    writes.push(insert_job(facts, JobClass::Opening, &opening));
    if facts.content.kind == Some(MediaKind::Video) {
        writes.push(insert_job(facts, JobClass::Pictures, &Work::Pictures { attempts: 0 }));
    }
    let step = Step::of(facts, |content| {
        content.plan = serde_json::to_value(&plan).ok();
        content.duration_s = Some(plan.timeline.duration_s());
        content.stage = Stage::Encode;
    });
    step.with(writes).next()
}

fn encode(facts: &Facts) -> Next {
    let Some(plan) = stored::<EncodePlan>(facts.content.plan.as_ref()) else {
        return unreadable(facts, "plan").next();
    };
    let jobs = next_jobs(facts, &plan, None);
    let ended = facts.renditions.iter().all(publish::has_ended);
    let publishes = facts.content.published_at.is_none() && publish::plays(&plan, facts.renditions);
    if jobs.is_empty() && !ended && !publishes {
        return Next::Wait;
    }
    let step = Step::of(facts, |content| {
        if publishes {
            content.published_at = Some(facts.now);
        }
        if ended {
            content.stage = Stage::Finish;
        }
    });
    let step = if publishes { step.telling(facts::published) } else { step };
    step.with(jobs).next()
}

/// Jobs for renditions that no job serves yet. After the opening job comes what the order says:
/// all from one decode, or the lowest rung alone first.
pub(super) fn next_jobs(facts: &Facts, plan: &EncodePlan, speed: Option<f64>) -> Vec<Write> {
    let first = |job: &Job| matches!(job.class, JobClass::Opening | JobClass::Lowest);
    if facts.jobs.iter().any(first) {
        return vec![];
    }
    let all = renditions::unserved(facts.renditions, facts.jobs);
    if all.is_empty() {
        return vec![];
    }
    let finished = |name: &str| {
        publish::find(facts.renditions, name).map_or(0, |rendition| rendition.segments_done)
    };
    let mut lowest = renditions::names(&order::lowest(plan, finished));
    lowest.retain(|name| all.contains(name));
    let alone = !lowest.is_empty()
        && lowest.len() < all.len()
        && order::after_opening(plan, speed, facts.others_wait) == Order::LowestFirst;
    let (class, names) = if alone { (JobClass::Lowest, lowest) } else { (JobClass::Group, all) };
    vec![insert_job(facts, class, &Work::Encode { renditions: names, end: None })]
}

fn finish(facts: &Facts) -> Next {
    if source_to_hash(facts.content).is_some() || !facts.jobs.is_empty() {
        return Next::Wait;
    }
    // A rung may have given up after it was published: what does not play any more has failed.
    let plan = stored::<EncodePlan>(facts.content.plan.as_ref());
    let failed = !plan.is_some_and(|plan| publish::plays(&plan, facts.renditions));
    let step = Step::of(facts, |content| {
        content.stage = if failed { Stage::Failed } else { Stage::Done };
        if failed {
            content.published_at = None;
            content.blocked = Some(Blocked {
                code: "encode_failed".into(),
                detail: "no rendition could be made; an operator can try again".into(),
            });
        }
    });
    step.telling(|content| facts::transcoding_completed(content, facts.renditions)).next()
}

/// The source, when it is time to hash it: after the content plays, since until then it would take
/// a core and the disk from what makes it play.
pub(super) fn source_to_hash(content: &Content) -> Option<&Source> {
    let due = match content.stage {
        Stage::Encode => content.published_at.is_some(),
        Stage::Finish => true,
        Stage::Receive
        | Stage::Validate
        | Stage::Scan
        | Stage::Fingerprint
        | Stage::Plan
        | Stage::Done
        | Stage::Blocked
        | Stage::Failed
        | Stage::Deleting => false,
    };
    let source = content.source.as_ref().filter(|source| due && source.sha256.is_none());
    source.filter(|_| content.blocked.is_none())
}

/// The source that was to be hashed cannot be read: its owner is told. What has been made of it
/// plays on.
pub(super) fn unhashed(facts: &Facts) -> Option<Step> {
    source_to_hash(facts.content)?;
    Some(Step::of(facts, |content| {
        content.blocked = Some(Blocked {
            code: "source_unreadable".into(),
            detail: "the stored file cannot be read any more; upload it again".into(),
        });
    }))
}

/// A row that an older or newer program wrote and this one cannot read ends the content, with a
/// reason, instead of leaving it in limbo.
fn unreadable(facts: &Facts, what: &str) -> Step {
    Step::of(facts, |content| {
        content.stage = Stage::Failed;
        content.blocked = Some(Blocked {
            code: "unreadable".into(),
            detail: format!("the stored {what} cannot be read by this version"),
        });
    })
}

/// Reads a value that a record carries for us.
pub(crate) fn stored<T: serde::de::DeserializeOwned>(
    value: Option<&serde_json::Value>,
) -> Option<T> {
    value.and_then(|value| T::deserialize(value).ok())
}

/// A new job that may be claimed at once.
pub(super) fn insert_job(facts: &Facts, class: JobClass, work: &Work) -> Write {
    Write::InsertJob(Box::new(Job {
        id: JobId::new(),
        content_id: facts.content.id,
        class,
        work: work.to_value(),
        state: JobState::Ready,
        not_before: facts.now,
        created_at: facts.now,
        traceparent: None,
    }))
}
