//! One run: arrivals are let go at their moments, whatever becomes of those before them.
//!
//! Every arrival is a task of its own, so that nothing that is slow holds up what comes after it.
//! What is shared by all of them is here: the clock, the bound on connections, the books.

use super::kind::Kind;
use super::ledger::{Ledger, Note, Outcome};
use super::oracle::Oracle;
use super::pacer::Pacer;
use super::plan::{Arrival, Plan, What};
use super::pool::Pool;
use super::{api, player, upload};
use crate::scenario::Scenario;
use crate::target::{Content, Target};
use anyhow::Context;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

/// From the preparation to the first moment of a run.
const LEAD: Duration = Duration::from_millis(200);
/// What still runs then has failed to end: an answer that was under way at the end, and the last
/// word after it, have had their time-outs.
const GRACE: Duration = Duration::from_secs(5);

/// Where a run goes, and what it is made of.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) scenario: Arc<Scenario>,
    /// The same token for all servers.
    pub(crate) targets: Arc<Vec<Target>>,
    pub(crate) contents: Arc<Vec<Content>>,
    /// What is uploaded.
    pub(crate) file: Arc<Vec<u8>>,
    pub(crate) file_name: Arc<str>,
}

/// A cut of all sockets of players.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cutting {
    pub(crate) back_within: Duration,
}

/// What all tasks of a run share.
pub(crate) struct Run {
    pub(crate) of: Setting,
    pub(crate) pool: Pool,
    pub(crate) oracle: Oracle,
    /// Told at each cut.
    pub(crate) cuts: watch::Sender<Cutting>,
    /// Goes before each Idempotency-Key, so that runs do not meet.
    pub(crate) name: String,
    /// Contents that uploads have made.
    pub(crate) uploaded: Mutex<Vec<String>>,
    start: Instant,
    start_wall_ms: i64,
    ledger: Mutex<Ledger>,
}

impl Run {
    /// A run that begins in a moment.
    pub(crate) fn new(of: Setting, plan: &Plan) -> Self {
        let addresses = of.targets.iter().map(|target| target.address.clone()).collect();
        let lead_ms = i64::try_from(LEAD.as_millis()).unwrap_or_default();
        let warm_up = Duration::from_secs_f64(of.scenario.warm_up_s);
        let length = Duration::from_secs_f64(of.scenario.length_s);
        Self {
            pool: Pool::new(addresses, of.scenario.connections_max),
            oracle: Oracle::new(of.contents.len(), plan.keys),
            cuts: watch::Sender::new(Cutting::default()),
            name: uuid::Uuid::now_v7().simple().to_string(),
            uploaded: Mutex::default(),
            start: Instant::now() + LEAD,
            start_wall_ms: crate::clock::now_ms() + lead_ms,
            ledger: Mutex::new(Ledger::new(warm_up, length)),
            of,
        }
    }

    /// A moment of the run.
    pub(crate) fn moment(&self, after: Duration) -> Instant {
        self.start + after
    }

    pub(crate) fn since_start(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    /// The wall clock at a moment, milliseconds since 1970.
    pub(crate) fn wall_ms(&self, moment: Instant) -> i64 {
        let passed = self.since_start(moment).as_millis();
        self.start_wall_ms + i64::try_from(passed).unwrap_or_default()
    }

    /// When nobody begins anything any more.
    pub(crate) fn end(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.of.scenario.length_s)
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end()
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.of.scenario.timeout_s)
    }

    /// When a request that was intended at a moment has taken too long.
    pub(crate) fn deadline(&self, intended: Instant) -> Instant {
        intended + self.timeout()
    }

    /// Whether it is too late, by the generator's own fault, to send what was intended then.
    pub(crate) fn is_late(&self, intended: Instant) -> bool {
        let delay = Instant::now().saturating_duration_since(intended);
        delay.as_secs_f64() > self.of.scenario.late_after_s
    }

    pub(crate) fn note(&self, note: Note) {
        self.ledger().note(note);
    }

    /// No connection was free for it in time.
    pub(crate) fn note_unsent(&self, kind: Kind, intended: Instant) {
        let (took, outcome) = (self.timeout(), Outcome::Unsent);
        let intended = self.since_start(intended);
        self.note(Note { kind, intended, took, late: false, outcome });
    }

    /// A span that is no request.
    pub(crate) fn note_span(&self, kind: Kind, (from, to): (Instant, Instant), outcome: Outcome) {
        let took = to.saturating_duration_since(from);
        self.note(Note { kind, intended: self.since_start(from), took, late: false, outcome });
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets all arrivals go and waits until each has ended; how many would not.
///
/// # Errors
/// When the generator itself fails.
pub(crate) async fn drive(run: &Arc<Run>, plan: Plan) -> anyhow::Result<usize> {
    let (pacer, arrivals) = (Arc::new(Pacer::default()), Arc::new(plan.arrivals));
    let (thread, all, start) = (Arc::clone(&pacer), Arc::clone(&arrivals), run.start.into_std());
    let pacing = tokio::task::spawn_blocking(move || thread.run(start, &all));
    let stopping = Stopping(Arc::clone(&pacer));
    let driven = dispatch(run, &pacer, &arrivals).await;
    drop(stopping);
    pacing.await.context("the pacer")?;
    driven
}

/// Stops a pacer when it goes, also when the run breaks off: nobody waits for its thread then.
struct Stopping(Arc<Pacer>);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.stop();
    }
}

async fn dispatch(run: &Arc<Run>, pacer: &Pacer, all: &[Arrival]) -> anyhow::Result<usize> {
    let (mut tasks, mut sent) = (JoinSet::new(), 0);
    while sent < all.len() {
        let due = pacer.due(sent).await;
        for arrival in &all[sent..due] {
            tasks.spawn(begin(Arc::clone(run), *arrival));
        }
        sent = due;
        while let Some(ended) = tasks.try_join_next() {
            ended.context("a request")?;
        }
    }
    sleep_until(run.end()).await;
    let patience = run.end() + 2 * run.timeout() + GRACE;
    while let Ok(Some(ended)) = timeout_at(patience, tasks.join_next()).await {
        ended.context("a request")?;
    }
    Ok(tasks.len())
}

async fn begin(run: Arc<Run>, arrival: Arrival) {
    let intended = run.moment(arrival.at);
    let server = arrival.server as usize;
    match arrival.what {
        What::Player { content, seed } => {
            player::play(&run, player::Wish { intended, server, content, seed }).await;
        }
        What::Upload { seed } => upload::send(&run, intended, server, seed).await,
        What::View { .. } | What::Engagement { .. } | What::List | What::Like { .. } => {
            api::ask(&run, intended, server, arrival.what).await;
        }
    }
}
