//! The role of a line is to keep one peer reached: dial, carry, and dial again when it breaks.

use super::connection::{Connection, Missed};
use super::core::Core;
use super::dialler;
use super::parcel::What;
use crate::cluster::{Peer, PeerState};
use crate::runtime::Backoff;
use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// How much a new round trip moves the mean, as for TCP (RFC 6298 section 2.3).
const NEWS: f64 = 1.0 / 8.0;

/// The way to one peer.
pub(super) struct Line {
    pub(super) peer: Peer,
    connection: ArcSwapOption<Connection>,
    notes: mpsc::Sender<Vec<u8>>,
    now: Mutex<Now>,
    gone: CancellationToken,
}

/// What is told of a line.
struct Now {
    since: Timestamp,
    round_trip_ms: Option<f64>,
    last_error: Option<String>,
}

impl Line {
    /// Begins to dial a peer.
    pub(super) fn start(peer: Peer, core: &Arc<Core>) -> Arc<Self> {
        let (notes, waiting) = mpsc::channel(core.config.notes_waiting_max);
        let now = Now { since: Timestamp::now(), round_trip_ms: None, last_error: None };
        let line = Arc::new(Self {
            peer,
            connection: ArcSwapOption::empty(),
            notes,
            now: Mutex::new(now),
            gone: CancellationToken::new(),
        });
        let (each, shared) = (Arc::clone(&line), Arc::clone(core));
        core.tasks.run("keeps a peer reached", async move {
            let gone = each.gone.clone();
            gone.run_until_cancelled(each.run(&shared, waiting)).await;
        });
        line
    }

    /// Ends it: the peer is no member any more, or is another life or at another address.
    pub(super) fn end(&self) {
        self.gone.cancel();
    }

    /// The connection, while one stands.
    pub(super) fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.load_full()
    }

    /// Why there is none.
    pub(super) fn reason(&self) -> String {
        let reason = self.now().last_error.clone();
        reason.unwrap_or_else(|| "it is being dialled for the first time".to_owned())
    }

    /// Lets a note wait for its turn. False when it is dropped.
    pub(super) fn tell(&self, note: &Value) -> bool {
        let Some(connection) = self.connection() else { return false };
        let note = note.to_string().into_bytes();
        // In a bunch of one it is between two brackets.
        note.len() + 2 <= connection.body_bytes_max() && self.notes.try_send(note).is_ok()
    }

    pub(super) fn state(&self, credits: u32) -> PeerState {
        let connection = self.connection();
        let now = self.now();
        PeerState {
            life: self.peer.life.clone(),
            address: self.peer.address.clone(),
            since: now.since,
            connected: connection.is_some(),
            round_trip_ms: connection.as_ref().and(now.round_trip_ms),
            in_flight: connection.as_ref().map_or(0, |connection| connection.in_flight()),
            credits: connection.as_ref().map_or(credits, |connection| connection.credits()),
            last_error: now.last_error.clone(),
        }
    }

    async fn run(&self, core: &Core, mut waiting: mpsc::Receiver<Vec<u8>>) {
        let redial = core.config.redial();
        let mut failures = 0;
        loop {
            match dialler::dial(&self.peer, core).await {
                Ok(connection) => {
                    let stood = Instant::now();
                    // Notes of before are no news.
                    while waiting.try_recv().is_ok() {}
                    self.carry(connection, core, &mut waiting).await;
                    // One that breaks as soon as it stands is dialled ever more rarely, too.
                    failures = if stood.elapsed() >= redial.most { 0 } else { failures };
                }
                Err(error) => self.fails(core, error),
            }
            tokio::time::sleep(Backoff::jittered(redial.after(failures), rand::random())).await;
            failures = failures.saturating_add(1);
        }
    }

    /// Holds a connection until it breaks.
    async fn carry(
        &self,
        connection: Arc<Connection>,
        core: &Core,
        waiting: &mut mpsc::Receiver<Vec<u8>>,
    ) {
        let standing = self.stands(connection);
        let connection = &standing.connection;
        tracing::info!(node = %core.me, peer = %self.peer.life.name, "the link to a peer stands");
        let reason = tokio::select! {
            () = connection.over() => "the connection was closed".to_owned(),
            reason = self.beat(connection, core) => reason,
            reason = carry_notes(connection, core, waiting) => reason,
        };
        let name = &self.peer.life.name;
        tracing::warn!(node = %core.me, peer = %name, reason, "the link to a peer broke");
        self.now().last_error = Some(reason.clone());
        // Before the asks are told: who hears of the break finds nobody connected.
        drop(standing.broken(&reason));
    }

    fn stands(&self, connection: Arc<Connection>) -> Standing<'_> {
        let mut now = self.now();
        (now.since, now.last_error) = (Timestamp::now(), None);
        drop(now);
        self.connection.store(Some(Arc::clone(&connection)));
        Standing { line: self, connection, reason: "the peer is no member any more".to_owned() }
    }

    /// Asks again and again whether the peer is there; ends when no answer came within the
    /// deadline.
    async fn beat(&self, connection: &Connection, core: &Core) -> String {
        let mut tick = tokio::time::interval(core.config.heartbeat());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Counted from the last answer, and the next heartbeat leaves one interval later.
        let within = core.config.heartbeat_deadline() - core.config.heartbeat();
        loop {
            tick.tick().await;
            let began = Instant::now();
            if let Err(missed) = connection.call(What::Beat, Vec::new(), within).await {
                return silent(missed, core);
            }
            let took = began.elapsed().as_secs_f64() * 1000.0;
            let mut now = self.now();
            let mean = now.round_trip_ms.map_or(took, |mean| mean + (took - mean) * NEWS);
            now.round_trip_ms = Some(mean);
        }
    }

    fn fails(&self, core: &Core, error: String) {
        let mut now = self.now();
        if now.last_error.as_ref() != Some(&error) {
            let name = &self.peer.life.name;
            tracing::warn!(node = %core.me, peer = %name, error, "a peer is not reached");
            now.last_error = Some(error);
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn silent(missed: Missed, core: &Core) -> String {
    match missed {
        Missed::Late => {
            format!("no answer to heartbeats for {} ms", core.config.heartbeat_deadline_ms)
        }
        Missed::Broken => "the connection was closed".to_owned(),
    }
}

/// Carries notes in bunches, the next one when the one before has arrived.
async fn carry_notes(
    connection: &Connection,
    core: &Core,
    waiting: &mut mpsc::Receiver<Vec<u8>>,
) -> String {
    let mut first = waiting.recv().await;
    while let Some(note) = first.take() {
        let mut bunch = b"[".to_vec();
        bunch.extend(note);
        while let Ok(next) = waiting.try_recv() {
            if bunch.len() + next.len() + 2 > connection.body_bytes_max() {
                first = Some(next);
                break;
            }
            bunch.push(b',');
            bunch.extend(next);
        }
        bunch.push(b']');
        let within = core.config.heartbeat_deadline();
        if let Err(missed) = connection.call(What::Notes, bunch, within).await {
            return silent(missed, core);
        }
        if first.is_none() {
            first = waiting.recv().await;
        }
    }
    "nobody can send notes any more".to_owned()
}

/// A connection that stands. However it ends, the line shows it, and its asks are told.
struct Standing<'a> {
    line: &'a Line,
    connection: Arc<Connection>,
    reason: String,
}

impl Standing<'_> {
    fn broken(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.reason);
        self
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.line.connection.store(None);
        self.line.now().since = Timestamp::now();
        self.connection.end(&self.reason);
    }
}
