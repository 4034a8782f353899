//! The actor: reads the rows, asks the machine, commits, and only then acts.

use super::machine::{self, Facts, Next, Step};
use super::{Edit, Refusal, Reply, Request, facts, loads, remedy, verdict};
use crate::Platform;
use crate::encode::{self, Outcome};
use crate::metrics;
use crate::runtime::trace::{self, Context};
use crate::runtime::{Entity, Exit, Report};
use crate::weight;
use jiff::Timestamp;
use playhouse_storage::blobs::keys;
use playhouse_storage::catalog::{Commit, NewEvent, Write};
use playhouse_storage::model::{
    Check, Content, ContentId, DeadLetterId, Fence, Job, JobClass, JobId, Rendition, Residency,
    Source, Stage, Status, Tier, UploadId, UploadMetadata,
};

/// The role of the pipeline is to decide what comes next for its content.
pub struct Pipeline {
    id: ContentId,
    fence: Fence,
    platform: Platform,
    content: Option<Content>,
}

/// More steps than any content has: a machine that does not come to rest is a bug.
const STEPS_MAX: u32 = 32;

type Answer = Result<Result<(), Refusal>, Exit>;

impl Entity for Pipeline {
    const KIND: &'static str = "content.pipeline";
    type Id = ContentId;
    type Request = Request;
    type Reply = Reply;

    async fn load(id: ContentId, fence: Fence, platform: Platform) -> Result<Self, Exit> {
        let content = platform.engines.catalog.content(id).await?;
        Ok(Self { id, fence, platform, content })
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, Exit> {
        if let Err(refusal) = self.carry_out(request).await? {
            return Ok(Reply::Refused(refusal));
        }
        self.settle().await?;
        Ok(match &self.content {
            Some(content) => Reply::Content(Box::new(content.clone())),
            None => Reply::Deleted,
        })
    }

    /// Until it rests, all is the work of its upload, whoever moves it on: a timer, or a boot.
    fn trace(&self) -> Option<Context> {
        let content = self.content.as_ref()?;
        let under_way = !content.stage.is_settled() && content.stage != Stage::Deleting;
        Context::of_traceparent(content.traceparent.as_deref().filter(|_| under_way)?)
    }

    fn report(&self) -> Report {
        let content = self.content.as_ref();
        let state = content.map_or("absent", |content| content.stage.into());
        let bytes = size_of::<Self>() + content.map_or(0, weight::content);
        Report { state, bytes: bytes as u64 }
    }
}

/// The rows beside the content's own.
#[derive(Default)]
struct Rows {
    renditions: Vec<Rendition>,
    jobs: Vec<Job>,
    others_wait: bool,
}

impl Pipeline {
    async fn carry_out(&mut self, request: Request) -> Answer {
        if let Request::Open { upload_id, owner, metadata } = request {
            return self.open(upload_id, owner, metadata).await;
        }
        let Some(content) = self.content.clone() else {
            return Ok(Err(Refusal::NotFound));
        };
        match request {
            Request::Receive { key, size_bytes } => self.receive(&content, key, size_bytes).await,
            Request::Abandon if content.stage == Stage::Receive => self.delete(&content).await,
            Request::Abandon | Request::Advance | Request::Open { .. } => Ok(Ok(())),
            Request::JobEnded { job, token, outcome } => {
                self.job_ended(&content, job, &token, &outcome).await
            }
            Request::Hashed { sha256 } => self.hashed(&content, sha256).await,
            Request::Unreadable => self.unreadable(&content).await,
            Request::Move { from, to } => self.move_on(&content, from, to).await,
            Request::Edit(edit) => self.edit(&content, edit).await,
            Request::Delete => self.delete(&content).await,
            Request::Replay(letter) => self.replay(&content, letter).await,
        }
    }

    /// Asked twice (a crash came before the answer), the second finds the first.
    async fn open(
        &mut self,
        upload_id: UploadId,
        owner: String,
        metadata: UploadMetadata,
    ) -> Answer {
        if self.content.is_none() {
            let content = fresh(self.id, upload_id, owner, metadata);
            let events = vec![facts::upload_initiated(&content)];
            let write = Write::InsertContent(Box::new(content.clone()));
            self.store(vec![write], events, content).await?;
        }
        Ok(Ok(()))
    }

    async fn receive(&mut self, content: &Content, key: String, size_bytes: u64) -> Answer {
        if content.stage != Stage::Receive {
            // Handed over already; a source that is not ours is refused.
            let ours = content.source.as_ref().is_none_or(|source| source.key == key);
            let refusal = || Refusal::NotNow("the content has another source".into());
            return Ok(if ours { Ok(()) } else { Err(refusal()) });
        }
        let rows = Rows::default();
        let facts = self.facts(content, &rows);
        let source = Source { key, size_bytes, sha256: None, completed_at: facts.now };
        let step = Step::of(&facts, |content| {
            content.source = Some(source);
            content.stage = Stage::Validate;
        });
        let step = step.with([machine::probe_job(&facts)]);
        self.take(step).await.map(Ok)
    }

    async fn job_ended(
        &mut self,
        content: &Content,
        job: JobId,
        token: &str,
        outcome: &Outcome,
    ) -> Answer {
        let rows = self.rows().await?;
        let Some(job) = verdict::held(&rows.jobs, job, token) else { return Ok(Ok(())) };
        let upload = self.platform.engines.catalog.upload(content.upload_id).await?;
        let claimed = upload.map(|upload| upload.metadata).unwrap_or_default();
        let dice = rand::random::<f64>();
        let ended = verdict::Ended { job, token, outcome, dice, claimed: &claimed };
        match verdict::ended(&self.facts(content, &rows), &ended) {
            Some(step) => {
                self.take(step).await?;
                metrics::attempt_ended(outcome, &job.work);
                Ok(Ok(()))
            }
            None => Ok(Ok(())),
        }
    }

    async fn hashed(&mut self, content: &Content, sha256: String) -> Answer {
        let rows = Rows::default();
        let step = Step::of(&self.facts(content, &rows), |content| {
            if let Some(source) = &mut content.source {
                source.sha256 = Some(sha256);
            }
        });
        self.take(step).await.map(Ok)
    }

    async fn unreadable(&mut self, content: &Content) -> Answer {
        let rows = Rows::default();
        match machine::unhashed(&self.facts(content, &rows)) {
            Some(step) => self.take(step).await.map(Ok),
            None => Ok(Ok(())),
        }
    }

    async fn edit(&mut self, content: &Content, edit: Edit) -> Answer {
        let rows = Rows::default();
        match remedy::edit(&self.facts(content, &rows), edit) {
            Ok(step) => self.take(step).await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn move_on(&mut self, content: &Content, from: Tier, to: Tier) -> Answer {
        if !loads::may_move(content, from, to) {
            return Ok(Ok(()));
        }
        let rows = Rows::default();
        let step = Step::of(&self.facts(content, &rows), |content| content.tier = to);
        self.take(step).await.map(Ok)
    }

    async fn delete(&mut self, content: &Content) -> Answer {
        let rows = Rows::default();
        match remedy::delete(&self.facts(content, &rows)) {
            Some(step) => self.take(step).await.map(Ok),
            None => Ok(Ok(())),
        }
    }

    async fn replay(&mut self, content: &Content, letter: DeadLetterId) -> Answer {
        let Some(letter) = self.platform.engines.catalog.dead_letter(letter).await? else {
            return Ok(Err(Refusal::NotFound));
        };
        let rows = self.rows().await?;
        match remedy::replay(&self.facts(content, &rows), &letter) {
            Ok(step) => self.take(step).await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Takes steps until there is nothing to do but wait.
    async fn settle(&mut self) -> Result<(), Exit> {
        for _ in 0..STEPS_MAX {
            let Some(content) = self.content.clone() else { return Ok(()) };
            let rows = match content.stage {
                Stage::Validate | Stage::Encode | Stage::Finish => self.rows().await?,
                Stage::Receive
                | Stage::Scan
                | Stage::Fingerprint
                | Stage::Plan
                | Stage::Done
                | Stage::Blocked
                | Stage::Failed
                | Stage::Deleting => Rows::default(),
            };
            match machine::advance(&self.facts(&content, &rows)) {
                Next::Wait => return self.ask_for_hash(&content),
                Next::Commit(step) => self.take(*step).await?,
                Next::Scan => self.scan(&content).await?,
                Next::Fingerprint => self.compare(&content).await?,
                Next::DropSource => self.drop_source(&content).await?,
                Next::Remove => self.remove(content.residency).await?,
            }
        }
        Err(Exit::Failed { error: format!("no rest after {STEPS_MAX} steps") })
    }

    /// The hash runs beside the encode. The pool forgets it when the node ends; it is asked again
    /// by whoever advances the content next.
    fn ask_for_hash(&self, content: &Content) -> Result<(), Exit> {
        if let Some(source) = machine::source_to_hash(content) {
            let key = source.key.clone();
            self.platform.pool.hint(encode::Message::Hash { content: content.id, key });
        }
        Ok(())
    }

    async fn scan(&mut self, content: &Content) -> Result<(), Exit> {
        let check = match &content.source {
            Some(source) => self.platform.checks.scanner.scan(self.id, source).await?,
            None => Check::NotConfigured,
        };
        let rows = Rows::default();
        let step = machine::scanned(&self.facts(content, &rows), check);
        self.take(step).await
    }

    async fn compare(&mut self, content: &Content) -> Result<(), Exit> {
        let check = match &content.source {
            Some(source) => self.platform.checks.fingerprinter.compare(self.id, source).await?,
            None => Check::NotConfigured,
        };
        let rows = Rows::default();
        let step = machine::compared(&self.facts(content, &rows), check);
        self.take(step).await
    }

    async fn drop_source(&mut self, content: &Content) -> Result<(), Exit> {
        let sources = keys::sources(content.residency, self.id);
        self.platform.engines.blobs.delete_prefix(&sources).await?;
        let rows = Rows::default();
        let step = machine::refused(&self.facts(content, &rows));
        self.take(step).await
    }

    /// Bytes first, rows last: as long as a row is there, the removal can go on after a crash.
    async fn remove(&mut self, residency: Residency) -> Result<(), Exit> {
        // May get lost: with its job the attempt loses the right to commit, and ends then.
        self.platform.pool.hint(encode::Message::Cancel(self.id));
        for below in [keys::media(residency, self.id), keys::sources(residency, self.id)] {
            self.platform.engines.blobs.delete_prefix(&below).await?;
        }
        let writes = vec![Write::DeleteContent(self.id)];
        let commit = Commit { fence: self.fence, writes, events: vec![] };
        self.platform.commit(self.id, commit).await?;
        self.content = None;
        Ok(())
    }

    async fn rows(&self) -> Result<Rows, Exit> {
        let catalog = &self.platform.engines.catalog;
        Ok(Rows {
            renditions: catalog.renditions(self.id).await?,
            jobs: catalog.jobs_of(self.id).await?,
            others_wait: self.platform.engines.jobs.waiting(&JobClass::ALL, self.id).await? > 0,
        })
    }

    fn facts<'a>(&'a self, content: &'a Content, rows: &'a Rows) -> Facts<'a> {
        Facts {
            content,
            renditions: &rows.renditions,
            jobs: &rows.jobs,
            others_wait: rows.others_wait,
            now: Timestamp::now(),
            config: &self.platform.config,
        }
    }

    async fn take(&mut self, step: Step) -> Result<(), Exit> {
        let Step { content, mut writes, events } = step;
        writes.insert(0, Write::UpdateContent(Box::new(content.clone())));
        self.store(writes, events, content).await
    }

    async fn store(
        &mut self,
        writes: Vec<Write>,
        events: Vec<NewEvent>,
        next: Content,
    ) -> Result<(), Exit> {
        let commit = Commit { fence: self.fence, writes, events };
        self.platform.commit(self.id, commit).await?;
        self.content = Some(next);
        Ok(())
    }
}

pub(crate) fn fresh(
    id: ContentId,
    upload_id: UploadId,
    owner: String,
    said: UploadMetadata,
) -> Content {
    let now = Timestamp::now();
    Content {
        id,
        upload_id,
        owner,
        title: said.title.or(said.filename).unwrap_or_else(|| "Untitled".into()),
        description: said.description.unwrap_or_default(),
        language: said.language,
        residency: said.residency,
        protection: said.protection,
        kind: None,
        status: Status::Uploading,
        stage: Stage::Receive,
        source: None,
        media: None,
        plan: None,
        duration_s: None,
        pictures: vec![],
        scan: Check::Pending,
        fingerprint: Check::Pending,
        blocked: None,
        tier: Tier::Hot,
        unlisted: false,
        created_at: now,
        updated_at: now,
        published_at: None,
        traceparent: trace::traceparent(),
        row_version: 1,
    }
}
