//! One attempt at one job: starts a worker, follows its events, reports its end.
//!
//! Runs as a task linked to the pool. Everything that can happen comes out as an [`Outcome`]; when
//! the task itself is lost, the pool clears away what it had. It says what it does after each event
//! of its worker, which speaks every 750 ms, so a silent worker shows as what it waits for.

use super::body::Body;
use super::outcome::{Outcome, Product};
use super::process::{self, Setup, Worker};
use super::segments::{Attempt, host};
use super::source::{Server, Source, Waits};
use super::spans::{self, Stages};
use super::{Work, Workshop, commands, shown};
use crate::content;
use crate::runtime::Pulse;
use crate::runtime::trace::{self, Context, Hop};
use jiff::Timestamp;
use playhouse_codecs::media::MediaInfo;
use playhouse_codecs::order::Targets;
use playhouse_codecs::plan::EncodePlan;
use playhouse_codecs::worker::{Command, FailureKind};
use playhouse_storage::Error;
use playhouse_storage::blobs::keys;
use playhouse_storage::model::{Content, Job, Picture};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// One attempt at one job.
pub(super) struct Run {
    pub(super) shop: Workshop,
    pub(super) job: Job,
    pub(super) token: String,
    /// Its place in the world outside.
    pub(super) body: Body,
    /// Becomes true when the job is to be dropped.
    pub(super) cancel: watch::Receiver<bool>,
}

/// Does the job and reports how it ended; false when nobody has taken the report.
pub(super) async fn run(run: Run, pulse: Pulse) -> bool {
    let hop = spans::begin(&run.job);
    trace::within(hop.context(), attempt(run, pulse, hop)).await
}

async fn attempt(run: Run, pulse: Pulse, hop: Hop) -> bool {
    let began_at = Timestamp::now();
    let body = run.body.clone();
    let mut follow = Follow {
        attempt: Attempt {
            shop: run.shop,
            content: run.job.content_id,
            media: String::new(),
            job: run.job.id,
            token: run.token,
            body: run.body,
            pulse,
            renditions: BTreeMap::new(),
        },
        job: run.job,
        cancel: run.cancel,
        task: None,
        media: None,
        pictures: vec![],
        began: Instant::now(),
        stages: None,
    };
    let outcome = follow.job().await.map_or_else(|end| end, |product| Outcome::Done { product });
    body.remove_files().await;
    let (failed, told) = (spans::failure(&outcome), outcome.to_string());
    let taken = follow.report(outcome).await;
    hop.end(failed.as_ref().map(|why| why as _), || {
        spans::of_job(&follow.job, &follow.attempt.token, (began_at, &told))
    });
    taken
}

/// What an encode has to bring.
pub(super) struct Task {
    pub(super) plan: EncodePlan,
    targets: Targets,
}

impl Task {
    /// Frames of a segment of video; none of audio.
    pub(super) fn frames(&self, rendition: &str, index: u32) -> Option<u64> {
        let is_video = self.targets.video.iter().any(|target| target.rung.name == rendition);
        let range = self.plan.timeline.segment_range(index);
        is_video.then(|| range.end.saturating_sub(range.start))
    }
}

/// An attempt under way.
pub(super) struct Follow {
    pub(super) attempt: Attempt,
    pub(super) job: Job,
    cancel: watch::Receiver<bool>,
    pub(super) task: Option<Task>,
    pub(super) media: Option<MediaInfo>,
    pub(super) pictures: Vec<Picture>,
    began: Instant,
    /// What its worker does, while there is one.
    pub(super) stages: Option<Stages>,
}

/// Since the worker's last event.
const WAITS: &str = "waits for its worker";

impl Follow {
    async fn job(&mut self) -> Result<Product, Outcome> {
        self.attempt.pulse.beat("reads what there is to do");
        self.show(None);
        let work = Work::from_value(&self.job.work).map_err(|error| internal(&error))?;
        let catalog = &self.attempt.shop.catalog;
        let content = catalog.content(self.job.content_id).await.map_err(host)?;
        let content =
            content.ok_or_else(|| Outcome::Lost { reason: "the content was deleted".into() })?;
        self.attempt.media = keys::media(content.residency, content.id);
        let command = match &work {
            Work::Probe { .. } => Command::Probe,
            Work::Pictures { .. } => {
                let duration_s = content.duration_s.unwrap_or_default();
                let config = &self.attempt.shop.config.encode;
                commands::pictures(&media(&content)?, duration_s, config)
            }
            Work::Encode { renditions, end } => {
                match self.encode(&content, renditions, *end).await? {
                    Some(command) => command,
                    // An earlier attempt made it all and could not say so.
                    None => return Ok(Product::Encoded { speed: None }),
                }
            }
        };
        self.attempt.pulse.beat("starts its worker");
        let mut stages = Stages::begin(self.job.class);
        let (mut worker, server) = self.spawn(&content, &command, stages.context()).await?;
        stages.runs(worker.pid());
        self.stages = Some(stages);
        self.began = Instant::now();
        self.show(worker.pid());
        let waits = server.waits();
        let followed = tokio::select! {
            followed = self.follow(&mut worker, &command, &waits) => followed,
            fault = server.serve() => Err(fault),
        };
        if let Some(stages) = self.stages.take() {
            stages.ended(followed.as_ref().err());
        }
        match followed {
            Ok(()) => {
                self.attempt.pulse.beat("waits for its worker to end");
                worker.end(self.exit_time()).await;
                self.product(&work)
            }
            Err(outcome) => {
                self.attempt.pulse.beat("ends its worker");
                worker.kill().await;
                let (job, log) = (self.job.id, worker.last_words().await);
                tracing::warn!(%job, class = ?self.job.class, %outcome, log, "an attempt ended");
                Err(outcome)
            }
        }
    }

    async fn encode(
        &mut self,
        content: &Content,
        renditions: &[String],
        end: Option<u32>,
    ) -> Result<Option<Command>, Outcome> {
        let plan = content::stored::<EncodePlan>(content.plan.as_ref());
        let plan = plan.ok_or_else(|| internal(&"the plan is missing"))?;
        for name in renditions {
            self.attempt.begin(name).await?;
        }
        let finished = |name: &str| self.attempt.finished(name);
        let targets = commands::targets(&plan, renditions, end, finished);
        if targets.is_empty() {
            return Ok(None);
        }
        let media = media(content)?;
        let command = commands::encode(&self.attempt.token, &media, &plan, targets.clone());
        self.task = Some(Task { plan, targets });
        Ok(Some(command))
    }

    async fn spawn(
        &self,
        content: &Content,
        command: &Command,
        context: Context,
    ) -> Result<(Worker, Server), Outcome> {
        let shop = &self.attempt.shop;
        let config = &shop.config.encode;
        let failed = |error: std::io::Error| Outcome::SpawnFailed { error: error.to_string() };
        let source = content.source.as_ref().ok_or_else(|| internal(&"there is no source"))?;
        let source = Source::open(&shop.blobs, &source.key, config).await?;
        tokio::fs::create_dir_all(self.attempt.body.folder()).await.map_err(failed)?;
        let setup = Setup {
            executable: &process::executable(&config.worker_path).map_err(failed)?,
            body: &self.attempt.body,
            memory_bytes: commands::memory_bytes(command, config),
            file_bytes: config.worker_file_bytes_max,
            traceparent: context.traceparent(),
        };
        let worker = Worker::spawn(&setup, source.descriptor).map_err(failed)?;
        Ok((worker, source.server))
    }

    /// Follows the worker to its last word. The lease is renewed beside, a silent worker is given
    /// up, and so is one whose job was taken away.
    async fn follow(
        &mut self,
        worker: &mut Worker,
        command: &Command,
        waits: &Waits,
    ) -> Result<(), Outcome> {
        let config = self.attempt.shop.config.encode.clone();
        let silence = Duration::from_secs(config.worker_silence_s);
        let mut renew = interval(Duration::from_secs(config.lease_renew_s));
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        self.attempt.pulse.beat(WAITS);
        let mut cancel = self.cancel.clone();
        loop {
            // The lease's renewals do not count: only the worker shows that the worker lives.
            tokio::select! {
                event = worker.next() => match event {
                    Ok(Some(event)) => {
                        if self.take(worker, command, event).await? {
                            return Ok(());
                        }
                        heard = Instant::now();
                        self.attempt.pulse.beat(WAITS);
                    }
                    Ok(None) => return Err(worker.crash(self.exit_time()).await),
                    Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                        return Err(Outcome::Misspoke { detail: error.to_string() });
                    }
                    Err(_) => return Err(worker.crash(self.exit_time()).await),
                },
                () = sleep_until(heard + silence) => {
                    if waits.now() {
                        let what = "the source does not come".into();
                        return Err(host(Error::Unavailable { what }));
                    }
                    return Err(Outcome::Hung { silent_s: config.worker_silence_s });
                }
                _ = renew.tick() => self.renew().await?,
                () = cancelled(&mut cancel) => return Err(Outcome::Cancelled),
            }
        }
    }

    /// Shows an operator how far it is.
    pub(super) fn show(&self, worker: Option<u32>) {
        let renditions = self.attempt.renditions.values();
        let line = shown::line(self.job.class, self.job.content_id, renditions, worker);
        self.attempt.pulse.say(line);
    }

    async fn renew(&self) -> Result<(), Outcome> {
        let shop = &self.attempt.shop;
        let lease = Duration::from_secs(shop.config.encode.lease_s);
        let until = content::later(Timestamp::now(), lease);
        match shop.jobs.renew(self.job.id, &self.attempt.token, until).await {
            Ok(()) => Ok(()),
            Err(Error::Conflict { what }) => Err(Outcome::Lost { reason: what }),
            Err(error) => {
                tracing::warn!(job = %self.job.id, %error, "a lease was not renewed");
                Ok(())
            }
        }
    }

    /// What it brought; a worker that says it is done and is not has failed.
    fn product(&mut self, work: &Work) -> Result<Product, Outcome> {
        match work {
            Work::Probe { .. } => {
                let media = self.media.take();
                let media = media.ok_or_else(|| mismatch("it found nothing and did not say so"))?;
                Ok(Product::Probed { media: Box::new(media) })
            }
            Work::Pictures { .. } => {
                Ok(Product::Pictures { pictures: std::mem::take(&mut self.pictures) })
            }
            Work::Encode { .. } => {
                let Some(task) = &self.task else {
                    return Ok(Product::Encoded { speed: None });
                };
                let video = task.targets.video.iter().map(|it| (&it.rung.name, it.end));
                let audio = task.targets.audio.iter().map(|it| (&it.rung.name, it.end));
                for (name, end) in video.chain(audio) {
                    let done = self.attempt.finished(name);
                    if done < end {
                        return Err(mismatch(&format!("{name} ended at segment {done} of {end}")));
                    }
                }
                Ok(Product::Encoded { speed: self.speed(task) })
            }
        }
    }

    /// Seconds of content per second, by the video target that had the most to do.
    fn speed(&self, task: &Task) -> Option<f64> {
        let timeline = &task.plan.timeline;
        let frames = task.targets.video.iter().map(|target| {
            timeline.segment_range(target.end).start - timeline.segment_range(target.first).start
        });
        let made_s = timeline.rate.seconds(frames.max()?);
        let took_s = self.began.elapsed().as_secs_f64();
        (took_s > 0.0).then_some(made_s / took_s)
    }

    fn exit_time(&self) -> Duration {
        Duration::from_secs(self.attempt.shop.config.encode.worker_exit_s)
    }
}

async fn cancelled(cancel: &mut watch::Receiver<bool>) {
    // Without a sender there is no pool any more, and this task ends with it.
    let _ = cancel.wait_for(|cancelled| *cancelled).await;
}

fn media(content: &Content) -> Result<MediaInfo, Outcome> {
    let media = content::stored::<MediaInfo>(content.media.as_ref());
    media.ok_or_else(|| internal(&"what the probe found is missing"))
}

fn internal(detail: &dyn std::fmt::Display) -> Outcome {
    Outcome::Failed { kind: FailureKind::Internal, detail: detail.to_string() }
}

fn mismatch(detail: &str) -> Outcome {
    Outcome::Failed { kind: FailureKind::PlanMismatch, detail: detail.to_owned() }
}
