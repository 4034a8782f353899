//! Everything that actors count, in one table, and the words with which they count it.

use crate::cluster::Moved;
use crate::encode::{Outcome, Product, Work};
use crate::playback::Told;
use playhouse_storage::metrics::{Counters, Histograms, begin_at_zero};
use playhouse_storage::model::{FactKind, NewFact};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use serde_json::Value;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

/// Seconds, with fractions.
type Seconds = Counter<f64, AtomicU64>;
/// By the names of renditions, which a ladder has a few of.
type ByRendition<M> = Family<[(&'static str, String); 1], M>;

/// Upper bounds of speeds, multiples of real time: below 1 a viewer overtakes the encoder.
const SPEEDS: [f64; 10] = [0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// Upper bounds of delays until something is published, seconds.
const DELAYS: [f64; 12] =
    [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0];
/// Upper bounds of start-up times, seconds: around the two that are promised.
const STARTS: [f64; 12] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0];

static UPLOADS: LazyLock<Counters<1>> = LazyLock::new(Counters::default);
static UPLOAD_BYTES: LazyLock<Counter> = LazyLock::new(Counter::default);
static SEGMENTS: LazyLock<ByRendition<Counter>> = LazyLock::new(Family::default);
static JOBS: LazyLock<Counters<1>> = LazyLock::new(Counters::default);
static SPEED: LazyLock<ByRendition<Histogram>> =
    LazyLock::new(|| Family::new_with_constructor(|| Histogram::new(SPEEDS)));
static DEAD_LETTERS: LazyLock<Counter> = LazyLock::new(Counter::default);
static PUBLISHED: LazyLock<Histograms<1>> =
    LazyLock::new(|| Family::new_with_constructor(|| Histogram::new(DELAYS)));
static TOLD: LazyLock<Family<[(&'static str, String); 1], Counter>> =
    LazyLock::new(Family::default);
static MOVES: LazyLock<Counters<1>> = LazyLock::new(Counters::default);
static RENEWALS: LazyLock<Counters<1>> = LazyLock::new(Counters::default);
static SESSIONS: LazyLock<Counter> = LazyLock::new(Counter::default);
static EVENTS: LazyLock<Counters<1>> = LazyLock::new(Counters::default);
static VIEWS: LazyLock<Counters<1>> = LazyLock::new(Counters::default);
static BEGUN: LazyLock<Counters<1>> = LazyLock::new(Counters::default);
static STARTUP: LazyLock<Histogram> = LazyLock::new(|| Histogram::new(STARTS));
static PLAYED: LazyLock<Seconds> = LazyLock::new(Seconds::default);
static STALLED: LazyLock<Seconds> = LazyLock::new(Seconds::default);

fn begin() {
    begin_at_zero(&UPLOADS, "outcome", &["begun", "completed", "blocked", "ended"]);
    begin_at_zero(&JOBS, "outcome", &["done", "failed", "crashed", "lost"]);
    begin_at_zero(&EVENTS, "outcome", &["taken", "repeated", "refused"]);
    begin_at_zero(&VIEWS, "source", &["session", "api"]);
    begin_at_zero(&BEGUN, "outcome", &["shown", "left"]);
    begin_at_zero(&MOVES, "direction", &["gained", "lost"]);
    begin_at_zero(&RENEWALS, "outcome", &["ok", "failed"]);
    for stage in ["playable", "complete"] {
        drop(PUBLISHED.get_or_create(&[("stage", stage)]));
    }
}

pub(super) fn register(registry: &mut Registry) {
    begin();
    media(registry);
    playback(registry);
    registry.register(
        "playhouse_events_told",
        "Events that were carried from the outbox to the event log",
        TOLD.clone(),
    );
    registry.register(
        "playhouse_shard_moves",
        "Shards that came to this node or left it",
        MOVES.clone(),
    );
}

/// What a node of a cluster counts besides.
pub(super) fn register_citizen(registry: &mut Registry) {
    registry.register(
        "playhouse_lease_renewals",
        "Renewals of this node's lease that were tried",
        RENEWALS.clone(),
    );
}

fn media(registry: &mut Registry) {
    registry.register("playhouse_uploads", "Uploads by what became of them", UPLOADS.clone());
    registry.register_with_unit(
        "playhouse_upload",
        "Bytes of uploads that were taken",
        Unit::Bytes,
        UPLOAD_BYTES.clone(),
    );
    registry.register(
        "playhouse_encode_segments",
        "Segments that were committed",
        SEGMENTS.clone(),
    );
    registry.register(
        "playhouse_encode_jobs",
        "Attempts at encode jobs by what came of them",
        JOBS.clone(),
    );
    registry.register_with_unit(
        "playhouse_encode_speed",
        "Media encoded per time taken, of whole jobs: 1 is real time",
        Unit::Other("ratio".to_owned()),
        SPEED.clone(),
    );
    registry.register(
        "playhouse_dead_letters",
        "Renditions that were given up and wait for an operator",
        DEAD_LETTERS.clone(),
    );
    registry.register_with_unit(
        "playhouse_publish_delay",
        "From the last byte of an upload until it plays, and until it is complete",
        Unit::Seconds,
        PUBLISHED.clone(),
    );
}

fn playback(registry: &mut Registry) {
    registry.register("playhouse_playback_sessions", "Sessions opened", SESSIONS.clone());
    registry.register(
        "playhouse_playback_events",
        "Events of players by what came of them",
        EVENTS.clone(),
    );
    registry.register("playhouse_views", "Views that count, by who told them", VIEWS.clone());
    registry.register(
        "playhouse_playback_starts",
        "Sessions by whether their viewer saw a picture before leaving",
        BEGUN.clone(),
    );
    registry.register_with_unit(
        "playhouse_playback_startup",
        "From the wish to play until the first frame, as players tell it",
        Unit::Seconds,
        STARTUP.clone(),
    );
    registry.register_with_unit(
        "playhouse_playback_played",
        "Time that viewers watched, as their sessions report it",
        Unit::Seconds,
        PLAYED.clone(),
    );
    registry.register_with_unit(
        "playhouse_playback_stalled",
        "Time that viewers waited for media, as their sessions report it",
        Unit::Seconds,
        STALLED.clone(),
    );
}

/// An upload began, or ended in some way.
pub(super) fn upload(outcome: &'static str) {
    UPLOADS.get_or_create(&[("outcome", outcome)]).inc();
}

/// Bytes of an upload were written.
pub fn upload_bytes(bytes: u64) {
    UPLOAD_BYTES.inc_by(bytes);
}

pub(super) fn segment(rendition: &str) {
    SEGMENTS.get_or_create(&[("rendition", rendition.to_owned())]).inc();
}

pub(super) fn dead_letter() {
    DEAD_LETTERS.inc();
}

/// Something is published, so many seconds after the last byte of its upload.
pub(super) fn published(stage: &'static str, after_s: f64) {
    PUBLISHED.get_or_create(&[("stage", stage)]).observe(after_s.max(0.0));
}

/// The owner of a job took what came of an attempt at it.
pub(crate) fn attempt_ended(outcome: &Outcome, work: &Value) {
    let word = match outcome {
        Outcome::Done { product } => {
            if let Product::Encoded { speed: Some(speed) } = product {
                SPEED.get_or_create(&[("rendition", renditions(work))]).observe(*speed);
            }
            "done"
        }
        Outcome::Crashed { .. } | Outcome::Hung { .. } | Outcome::Misspoke { .. } => "crashed",
        Outcome::Failed { .. }
        | Outcome::SpawnFailed { .. }
        | Outcome::InitChanged { .. }
        | Outcome::HostFailed { .. } => "failed",
        Outcome::Lost { .. } | Outcome::Cancelled => "lost",
    };
    JOBS.get_or_create(&[("outcome", word)]).inc();
}

/// What a job serves: the name of its rendition, or that there are several.
fn renditions(work: &Value) -> String {
    match Work::from_value(work).as_ref().map(Work::renditions) {
        Ok([one]) => one.clone(),
        Ok(_) | Err(_) => "several".to_owned(),
    }
}

/// An attempt at a job was lost on this node.
pub(crate) fn attempt_lost() {
    JOBS.get_or_create(&[("outcome", "lost")]).inc();
}

/// Events of one topic are on the event log.
pub(crate) fn events_told(topic: &str, count: usize) {
    TOLD.get_or_create(&[("topic", topic.to_owned())]).inc_by(count as u64);
}

/// Shards came to this node or left it.
pub(crate) fn shards_moved(what: Moved, count: usize) {
    let direction = match what {
        Moved::Claimed => "gained",
        Moved::Released | Moved::Lost => "lost",
    };
    MOVES.get_or_create(&[("direction", direction)]).inc_by(count as u64);
}

/// The lease was renewed, or not.
pub(crate) fn lease_renewed(done: bool) {
    let outcome = if done { "ok" } else { "failed" };
    RENEWALS.get_or_create(&[("outcome", outcome)]).inc();
}

/// A playback session was opened.
pub(crate) fn session_opened() {
    SESSIONS.inc();
}

/// A batch of a player's events was judged.
pub(crate) fn playback_told(told: &Told) {
    static ALL: LazyLock<[Counter; 3]> = LazyLock::new(|| {
        ["taken", "repeated", "refused"].map(|it| EVENTS.get_or_create_owned(&[("outcome", it)]))
    });
    let counts = [told.accepted.into(), told.duplicates.into(), told.refused.len() as u64];
    for (counter, count) in ALL.iter().zip(counts) {
        counter.inc_by(count);
    }
}

/// A trusted server told a view that counts.
pub fn view_told() {
    VIEWS.get_or_create(&[("source", "api")]).inc();
}

/// What is to be counted of a session's facts once they are stored.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    views: u64,
    shown: u64,
    left: u64,
    startups_s: Vec<f64>,
    played_s: f64,
    stalled_s: f64,
}

impl Reported {
    pub(crate) fn of(facts: &[NewFact]) -> Self {
        let mut found = Self::default();
        for fact in facts {
            match &fact.kind {
                FactKind::View { .. } => found.views += 1,
                FactKind::Report(report) => {
                    let shown = report.quality.startup_s.is_some() || report.watch_time_s > 0.0;
                    match shown {
                        true => found.shown += report.sessions,
                        false => found.left += report.sessions,
                    }
                    found.startups_s.extend(report.quality.startup_s);
                    found.played_s += report.watch_time_s;
                    found.stalled_s += report.quality.stalled_s;
                }
                FactKind::Refused { .. } => {}
            }
        }
        found
    }

    /// They are stored.
    pub(crate) fn stands(self) {
        if self.views > 0 {
            VIEWS.get_or_create(&[("source", "session")]).inc_by(self.views);
        }
        BEGUN.get_or_create(&[("outcome", "shown")]).inc_by(self.shown);
        BEGUN.get_or_create(&[("outcome", "left")]).inc_by(self.left);
        self.startups_s.iter().for_each(|startup_s| STARTUP.observe(*startup_s));
        if self.played_s > 0.0 {
            PLAYED.inc_by(self.played_s);
        }
        if self.stalled_s > 0.0 {
            STALLED.inc_by(self.stalled_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::{ContentId, Quality, Report};

    #[test]
    fn a_session_has_shown_something_or_was_left_and_is_counted_once() {
        let check = |sessions, watch_time_s, startup_s, expected| {
            let quality = Quality { startup_s, ..Quality::default() };
            let report = Report { sessions, watch_time_s, quality, ..Report::default() };
            let kind = FactKind::Report(Box::new(report));
            let at = jiff::Timestamp::UNIX_EPOCH;
            let found = Reported::of(&[NewFact { content: ContentId::new(), at, kind }]);
            assert_eq!((found.shown, found.left), expected);
        };
        check(1, 0.0, Some(0.4), (1, 0));
        check(1, 3.0, None, (1, 0));
        check(1, 0.0, None, (0, 1));
        check(0, 0.0, None, (0, 0));
    }
}
