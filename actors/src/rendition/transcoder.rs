//! The actor: holds the record, applies the rules, commits under the attempt's token.

use super::attempts::{Attempt, Verdict, decide};
use super::progress::{self, InitVerdict};
use super::{Refusal, RenditionId, Reply, Request};
use crate::Platform;
use crate::content::later;
use crate::encode::Outcome;
use crate::metrics;
use crate::runtime::{Entity, Exit, Report};
use crate::weight;
use jiff::Timestamp;
use playhouse_codecs::plan::{EncodePlan, Timeline};
use playhouse_storage::catalog::{Commit, Write};
use playhouse_storage::failpoint;
use playhouse_storage::model::{
    DeadLetter, DeadLetterId, Fence, Init, Job, JobId, JobState, Rendition, RenditionState, Segment,
};
use std::time::Duration;

/// The role of the transcoder is to know which segments of its rendition are finished.
pub struct Transcoder {
    id: RenditionId,
    fence: Fence,
    platform: Platform,
    known: Option<Known>,
}

/// The record, and the plan that it was made by (fixed for life).
#[derive(Clone)]
struct Known {
    rendition: Rendition,
    timeline: Timeline,
}

type Answer = Result<Result<Reply, Refusal>, Exit>;

impl Entity for Transcoder {
    const KIND: &'static str = "rendition.transcoder";
    type Id = RenditionId;
    type Request = Request;
    type Reply = Reply;

    async fn load(id: RenditionId, fence: Fence, platform: Platform) -> Result<Self, Exit> {
        let mut loaded = Self { id, fence, platform, known: None };
        loaded.read().await?;
        Ok(loaded)
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, Exit> {
        let answer = match request {
            Request::Begin { job, token } => self.begin(job, &token).await?,
            Request::InitReady { job, token, init } => self.init(job, token, init).await?,
            Request::SegmentReady { job, token, segment } => {
                self.segment(job, token, segment).await?
            }
            Request::AttemptEnded { job, token, outcome } => {
                self.attempt_ended(job, token, outcome).await?
            }
        };
        Ok(answer.unwrap_or_else(Reply::Refused))
    }

    fn report(&self) -> Report {
        let known = self.known.as_ref();
        let state = known.map_or("absent", |known| known.rendition.state.into());
        let bytes =
            size_of::<Self>() + known.map_or(0, |known| weight::rendition(&known.rendition));
        Report { state, bytes: bytes as u64 }
    }
}

impl Transcoder {
    /// The pipeline creates the record, revives it and removes it, so it is read at each begin.
    async fn read(&mut self) -> Result<(), Exit> {
        let catalog = &self.platform.engines.catalog;
        let rendition = catalog.rendition(self.id.content, &self.id.name).await?;
        let content = catalog.content(self.id.content).await?;
        let plan = content.and_then(|content| content.plan);
        let plan = crate::content::stored::<EncodePlan>(plan.as_ref());
        self.known = rendition
            .zip(plan)
            .map(|(rendition, plan)| Known { rendition, timeline: plan.timeline });
        Ok(())
    }

    fn known(&self) -> Result<Known, Refusal> {
        self.known.clone().ok_or(Refusal::NotFound)
    }

    async fn begin(&mut self, job: JobId, token: &str) -> Answer {
        self.read().await?;
        let known = match self.known() {
            Ok(known) => known,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if self.held(job, token).await?.is_none() {
            return Ok(Err(Refusal::NotHeld));
        }
        Ok(Ok(Reply::Started(Box::new(known.rendition))))
    }

    async fn held(&self, job: JobId, token: &str) -> Result<Option<Job>, Exit> {
        let jobs = self.platform.engines.catalog.jobs_of(self.id.content).await?;
        let ours =
            |job: &Job| matches!(&job.state, JobState::Leased { token: now, .. } if now == token);
        Ok(jobs.into_iter().find(|it| it.id == job && ours(it)))
    }

    async fn init(&mut self, job: JobId, token: String, init: Init) -> Answer {
        let known = match self.known() {
            Ok(known) => known,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let hold = Write::HoldJob { id: job, token };
        match progress::take_init(&known.rendition, init) {
            InitVerdict::Same => Ok(Ok(Reply::Committed(Box::new(known.rendition)))),
            InitVerdict::First(next) => {
                let committed = self.store(vec![hold], next).await?;
                Ok(committed.map(|rendition| Reply::Committed(Box::new(rendition))))
            }
            InitVerdict::Unlike(next) => {
                let old = self.segments().await?;
                let drop = Write::DeleteSegments(self.id.content, self.id.name.clone());
                let committed = self.store(vec![hold, drop], next).await?;
                if committed.is_ok() {
                    self.forget_blobs(&known.rendition, &old).await;
                }
                Ok(committed.map(|_| Reply::Restarted))
            }
        }
    }

    /// No row names them any more. What cannot be removed now goes with the content.
    async fn forget_blobs(&self, before: &Rendition, old: &[Segment]) {
        let init = before.init.iter().map(|init| &init.key);
        for key in init.chain(old.iter().map(|segment| &segment.key)) {
            if let Err(error) = self.platform.engines.blobs.delete(key).await {
                tracing::warn!(key, %error, "a dropped segment was not removed");
            }
        }
    }

    async fn segment(&mut self, job: JobId, token: String, segment: Segment) -> Answer {
        let known = match self.known() {
            Ok(known) => known,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if self.is_repeated(&known.rendition, &segment).await? {
            return Ok(Ok(Reply::Committed(Box::new(known.rendition))));
        }
        let mut next = match progress::take_segment(&known.rendition, &segment, &known.timeline) {
            Ok(next) => next,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if next.state == RenditionState::Complete {
            let mut all = self.segments().await?;
            all.push(segment.clone());
            progress::measured(&mut next, &all, &known.timeline);
        }
        let writes =
            vec![Write::HoldJob { id: job, token }, Write::InsertSegment(Box::new(segment))];
        let committed = self.store(writes, next).await?;
        failpoint::pass("segment.before_ack");
        Ok(committed.map(|rendition| Reply::Committed(Box::new(rendition))))
    }

    /// The pool asks again when an answer got lost: the same segment twice is one.
    async fn is_repeated(&self, rendition: &Rendition, segment: &Segment) -> Result<bool, Exit> {
        if segment.index + 1 != rendition.segments_done {
            return Ok(false);
        }
        Ok(self.segments().await?.last().is_some_and(|last| last.key == segment.key))
    }

    async fn attempt_ended(&mut self, job: JobId, token: String, outcome: Outcome) -> Answer {
        let (known, held) = match (self.known(), self.held(job, &token).await?) {
            (Ok(known), Some(held)) => (known, held),
            (Err(refusal), _) => return Ok(Err(refusal)),
            (Ok(_), None) => return Ok(Err(Refusal::NotHeld)),
        };
        let made = self.segments().await?;
        let attempt = Attempt {
            attempts: known.rendition.attempts,
            progress: made.iter().any(|segment| segment.attempt == token),
            dice: rand::random(),
        };
        let verdict = if known.rendition.state == RenditionState::Complete {
            Verdict::Finished
        } else {
            decide(&outcome, attempt, &self.platform.config.encode)
        };
        let work = held.work.clone();
        let ended = Ended { job: held, token, reason: outcome.to_string() };
        let answer = match verdict {
            Verdict::Finished => self.finish(ended, known.rendition).await,
            Verdict::Retry { attempts, after } => {
                self.retry(ended, known.rendition, attempts, after).await
            }
            Verdict::GiveUp { attempts } => self.give_up(ended, known.rendition, attempts).await,
            Verdict::Leave => Ok(Err(Refusal::NotHeld)),
        }?;
        if answer.is_ok() {
            metrics::attempt_ended(&outcome, &work);
        }
        Ok(answer)
    }

    async fn finish(&mut self, ended: Ended, rendition: Rendition) -> Answer {
        let write = Write::FinishJob { id: ended.job.id, token: ended.token };
        let stored = self.store(vec![write], progress::changed(&rendition)).await?;
        Ok(stored.map(|_| Reply::Finished))
    }

    async fn retry(
        &mut self,
        ended: Ended,
        rendition: Rendition,
        attempts: u32,
        after: Duration,
    ) -> Answer {
        tracing::warn!(
            rendition = %self.id, attempts, reason = ended.reason, ?after, "encode attempt failed"
        );
        let not_before = later(Timestamp::now(), after);
        let (id, token, work) = (ended.job.id, ended.token, ended.job.work);
        let requeue = Write::RequeueJob { id, token, not_before, work };
        let mut next = progress::changed(&rendition);
        next.attempts = attempts;
        next.last_error = Some(ended.reason);
        Ok(self.store(vec![requeue], next).await?.map(|_| Reply::Retry { not_before }))
    }

    async fn give_up(&mut self, ended: Ended, rendition: Rendition, attempts: u32) -> Answer {
        tracing::error!(
            rendition = %self.id, attempts, reason = ended.reason, "rendition given up"
        );
        let letter = DeadLetter {
            id: DeadLetterId::new(),
            content_id: self.id.content,
            rendition: self.id.name.clone(),
            reason: ended.reason.clone(),
            attempts,
            work: ended.job.work,
            created_at: Timestamp::now(),
            replayed_at: None,
        };
        let finish = Write::FinishJob { id: ended.job.id, token: ended.token };
        let mut next = progress::changed(&rendition);
        next.state = RenditionState::Failed;
        next.attempts = attempts;
        next.last_error = Some(ended.reason);
        let writes = vec![finish, Write::InsertDeadLetter(Box::new(letter))];
        Ok(self.store(writes, next).await?.map(|_| Reply::GaveUp))
    }

    async fn segments(&self) -> Result<Vec<Segment>, Exit> {
        let catalog = &self.platform.engines.catalog;
        Ok(catalog.segments(self.id.content, &self.id.name).await?)
    }

    /// A conflict means that the job is not this attempt's any more (or that the content is gone):
    /// nothing was written, and the record is read again.
    async fn store(
        &mut self,
        mut writes: Vec<Write>,
        next: Rendition,
    ) -> Result<Result<Rendition, Refusal>, Exit> {
        writes.push(Write::UpdateRendition(Box::new(next.clone())));
        let commit = Commit { fence: self.fence, writes, events: vec![] };
        match self.platform.commit(self.id.content, commit).await {
            Ok(()) => {
                if let Some(known) = &mut self.known {
                    known.rendition = next.clone();
                }
                Ok(Ok(next))
            }
            Err(playhouse_storage::Error::Conflict { what }) => {
                tracing::info!(rendition = %self.id, what, "a late result was refused");
                self.read().await?;
                Ok(Err(Refusal::NotHeld))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// An attempt that has ended.
struct Ended {
    job: Job,
    token: String,
    reason: String,
}
