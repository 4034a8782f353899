//! The actor that gives work to workers: claims jobs for free places, watches their ends.
//!
//! It holds nothing that is not in the job table: a pool that is started anew finds every job
//! where it was. Wakes may get lost; the next due time and a slow poll make up for them. A place is
//! taken until nothing is left of the attempt that had it, however that attempt ended.

use super::Workshop;
use super::body::Body;
use super::hashes::{Hashes, Source, hash};
use super::loss::{Losses, Lost};
use super::runner::{self, Run};
use super::slots::{Slot, Slots};
use super::spans;
use crate::content::later;
use crate::runtime::{Exit, Handle, Report, Service};
use jiff::Timestamp;
use playhouse_storage::model::{ContentId, Job, JobClass, JobId, JobState};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What the pool is told.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Message {
    /// A job was put in the queue.
    Wake,
    /// The time of a job that waits has come.
    Due,
    /// Look again, whoever may have forgotten to wake it.
    Poll,
    /// Drop the work for this content: it is being deleted. When it gets lost, the attempt ends
    /// with its next commit or the next renewal of its lease, since its job is gone.
    Cancel(ContentId),
    /// Hash a source; its pipeline gets the answer. When it gets lost, it is told again whenever
    /// the content advances, at the latest with the janitor's next round.
    Hash {
        /// Whose.
        content: ContentId,
        /// The source's blob.
        key: String,
    },
    /// An attempt has ended and is reported; or one that was lost is mended.
    Ended {
        /// Which.
        token: String,
    },
    /// An attempt was killed, has panicked, or found nobody to report to: its job has no owner.
    Lost {
        /// Which.
        token: String,
    },
    /// The task that cleared away what a lost attempt had was lost itself.
    MendLost {
        /// Which attempt.
        token: String,
    },
    /// A source is hashed, or could not be, and its pipeline knows.
    HashEnded,
    /// The task that hashed a source was killed or has panicked.
    HashLost {
        /// Whose.
        content: ContentId,
        /// The source's blob.
        key: String,
    },
}

/// The role of the pool is to keep the cores busy and never too busy.
pub struct Pool {
    shop: Workshop,
    work_dir: PathBuf,
    slots: Slots,
    /// By token, so that a job that was lost and claimed anew is counted twice while it runs twice.
    running: HashMap<String, Running>,
    hashes: Hashes,
    losses: Losses,
    /// The earliest time that a timer is set for.
    due: Option<Timestamp>,
}

struct Running {
    job: JobId,
    body: Body,
    content: ContentId,
    slot: Slot,
    class: JobClass,
    cancel: watch::Sender<bool>,
}

impl Pool {
    /// A pool whose workers write into folders below `work_dir`.
    #[must_use]
    pub fn new(shop: Workshop, work_dir: PathBuf) -> Self {
        let encode = &shop.config.encode;
        let slots =
            if encode.at_node { Slots::new(encode.ordinary_workers()) } else { Slots::none() };
        Self {
            shop,
            work_dir,
            slots,
            running: HashMap::new(),
            hashes: Hashes::default(),
            losses: Losses::default(),
            due: None,
        }
    }

    /// Claims jobs as long as there are places and jobs for them.
    async fn fill(&mut self, me: &Handle<Message>) {
        loop {
            let classes = self.slots.open_to();
            if classes.is_empty() {
                return;
            }
            let now = Timestamp::now();
            let lease = Duration::from_secs(self.shop.config.encode.lease_s);
            match self.shop.jobs.claim(&classes, now, later(now, lease)).await {
                Ok(Some(job)) => self.start_job(job, me),
                Ok(None) => return self.set_timer(me).await,
                Err(error) => {
                    // The poll tries again.
                    tracing::warn!(%error, "no job could be claimed");
                    return;
                }
            }
        }
    }

    fn start_job(&mut self, job: Job, me: &Handle<Message>) {
        let JobState::Leased { token, .. } = &job.state else {
            tracing::error!(job = %job.id, "a claimed job has no lease");
            return;
        };
        let token = token.clone();
        let (cancel, cancelled) = watch::channel(false);
        let slot = self.slots.take(job.class);
        let body = Body::new(self.work_dir.join(&token));
        let running = Running {
            job: job.id,
            body: body.clone(),
            content: job.content_id,
            slot,
            class: job.class,
            cancel,
        };
        self.running.insert(token.clone(), running);
        tracing::info!(job = %job.id, content = %job.content_id, class = ?job.class, "job started");
        let run =
            Run { shop: self.shop.clone(), job, token: token.clone(), body, cancel: cancelled };
        let name = run.job.id.to_string();
        let (queued, since) = (spans::queued(&run.job), Instant::now());
        me.run(
            name,
            move |pulse| runner::run(run, pulse),
            move |ended| match ended {
                Ok(true) => Message::Ended { token },
                Ok(false) => Message::Lost { token },
                Err(exit) => {
                    tracing::warn!(token, %exit, "an attempt was lost");
                    spans::lost(queued, (since, &token), &exit);
                    Message::Lost { token }
                }
            },
        );
    }

    /// The place of a lost attempt stays taken until its process is gone and its job is back.
    fn mend(&mut self, token: String, me: &Handle<Message>) {
        let Some(running) = self.running.get(&token) else { return };
        let (job, policy) = (running.job, self.shop.config.runtime.entity_rules().restart);
        let lost = Lost {
            shop: self.shop.clone(),
            job,
            token: token.clone(),
            body: running.body.clone(),
            rest: self.losses.note(job, &policy, Instant::now(), rand::random()),
        };
        me.run(
            format!("{job}-lost"),
            move |pulse| lost.mend(pulse),
            move |mended| match mended {
                Ok(()) => Message::Ended { token },
                Err(exit) => {
                    tracing::warn!(token, %exit, "what a lost attempt left was not cleared away");
                    Message::MendLost { token }
                }
            },
        );
    }

    /// Wakes itself when the next job that waits may be claimed.
    async fn set_timer(&mut self, me: &Handle<Message>) {
        let now = Timestamp::now();
        let next = match self.shop.jobs.next_due(now).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "the next due time could not be read");
                return;
            }
        };
        if let Some(next) = next.filter(|next| self.due.is_none_or(|due| *next < due)) {
            self.due = Some(next);
            let after = Duration::try_from(next.duration_since(now)).unwrap_or_default();
            me.tell_after(after, Message::Due);
        }
    }

    fn ended(&mut self, token: &str) {
        if let Some(running) = self.running.remove(token) {
            self.slots.give_back(running.slot, running.class);
        }
    }

    /// Tells the waker what it should listen to.
    fn show_places(&self) {
        let classes = self.slots.open_to();
        self.shop.open.send_if_modified(|open| {
            let others = *open != classes;
            *open = classes;
            others
        });
    }

    fn cancel(&mut self, content: ContentId) {
        self.hashes.forget(content);
        for running in self.running.values().filter(|running| running.content == content) {
            running.cancel.send_replace(true);
        }
    }

    fn next_hash(&mut self, me: &Handle<Message>) {
        let Some(source) = self.hashes.next() else { return };
        let Source { content, key } = source.clone();
        let hash = hash(self.shop.clone(), source);
        me.run(
            format!("hash-{content}"),
            |_| hash,
            move |ended| match ended {
                Ok(()) => Message::HashEnded,
                Err(exit) => {
                    tracing::warn!(%content, %exit, "hashing a source was lost");
                    Message::HashLost { content, key }
                }
            },
        );
    }
}

/// Removes what attempts of an earlier run left behind.
async fn empty(folder: &std::path::Path) -> std::io::Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    tokio::fs::create_dir_all(folder).await
}

impl Service for Pool {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        let failed = |error: std::io::Error| Exit::Failed { error: error.to_string() };
        empty(&self.work_dir).await.map_err(failed)?;
        // Attempts are linked to the pool: their workers were killed with the one before. Should
        // one still have a last moment, nothing that it brings is taken: each of its commits holds
        // the job by its token (`Write::HoldJob`, `FinishJob`, `RequeueJob`, all in the fenced
        // transaction), and this takes every token away that this process was given.
        let released = self.shop.jobs.release_own().await?.len();
        tracing::info!(released, "encode pool started");
        // Not a hint, which a full mailbox refuses: without its first poll it would never poll.
        me.tell_after(Duration::ZERO, Message::Poll);
        Ok(())
    }

    async fn handle(&mut self, message: Message, me: &Handle<Message>) -> Result<(), Exit> {
        match message {
            Message::Wake => self.fill(me).await,
            Message::Due => {
                self.due = None;
                self.fill(me).await;
            }
            Message::Poll => {
                self.fill(me).await;
                let every = Duration::from_secs(self.shop.config.encode.poll_s);
                me.tell_after(every, Message::Poll);
            }
            Message::Cancel(content) => self.cancel(content),
            Message::Hash { content, key } => {
                let most = self.shop.config.encode.hashes_waiting_max;
                self.hashes.put(Source { content, key }, most);
                self.next_hash(me);
            }
            Message::Ended { token } => {
                self.ended(&token);
                self.fill(me).await;
            }
            Message::Lost { token } => self.mend(token, me),
            // Not at once, for the same reason as below.
            Message::MendLost { token } => {
                me.tell_after(self.shop.config.runtime.retry_after(), Message::Lost { token });
            }
            Message::HashEnded => {
                self.hashes.ended();
                self.next_hash(me);
            }
            Message::HashLost { content, key } => {
                self.hashes.ended();
                self.next_hash(me);
                // Not at once: a source that ends whoever reads it must not keep the node busy.
                let after = self.shop.config.runtime.retry_after();
                me.tell_after(after, Message::Hash { content, key });
            }
        }
        self.show_places();
        Ok(())
    }

    fn report(&self) -> Report {
        let state = if self.running.is_empty() { "idle" } else { "encoding" };
        // A record and its key; a token and a work folder's name are some 200 bytes each.
        let running = self.running.len() * (size_of::<Running>() + 400);
        Report { state, bytes: (size_of::<Self>() + running + self.hashes.weight()) as u64 }
    }
}
