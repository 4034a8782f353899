//! Somebody who watches: opens a session, reads playlists and segments at the speed of the film
//! with some ahead, says so every few seconds, and leaves.
//!
//! Within a session a player asks one thing after the other, as real ones do: what comes next is
//! intended when the film's clock wants it, or when the answer before it has come. Three
//! connections are kept for the session: video, audio, and what is told.

mod hls;
mod loader;
mod phone;
mod show;
mod teller;

use super::kind::Kind;
use super::ledger::Outcome;
use super::run::Run;
use super::story::View;
use crate::random::Random;
use crate::target::Content;
use crate::wire::{header, text};
use hls::Media;
use loader::Loader;
use phone::{Phone, Question, Read};
use serde_json::json;
use show::Show;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// Connections of a player.
const SEATS: u32 = 3;
/// Times that something is asked before a player gives up.
const TRIES: u32 = 4;
/// Timers of the runtime have steps of a millisecond: who is woken within two is on time.
const TIMER: Duration = Duration::from_millis(2);
/// Before somebody whose session failed tries to watch again.
const DISAPPOINTED: Duration = Duration::from_secs(1);

/// What somebody wants.
pub(super) struct Wish {
    pub(super) intended: Instant,
    pub(super) server: usize,
    pub(super) content: u32,
    pub(super) seed: u64,
}

/// One who watches.
struct Player<'a> {
    run: &'a Run,
    content: &'a Content,
    wish: &'a Wish,
    random: Random,
    tell: Phone<'a>,
    video: Phone<'a>,
    audio: Phone<'a>,
    /// `playhouse_viewer=…`, from the first session on.
    cookie: String,
    /// Bytes a second of media on a bad line.
    trickle: Option<u64>,
}

/// What the two sides of a session share.
struct Session {
    line: String,
    show: Mutex<Show>,
    changed: Notify,
    /// When they leave.
    until: Instant,
}

/// The playlists of a session.
struct Film {
    video: Media,
    audio: Media,
}

/// Plays one session, and maybe more of the same.
pub(super) async fn play(run: &Run, wish: Wish) {
    let Some(_seats) = run.pool.seats(SEATS, run.deadline(wish.intended)).await else {
        run.note_unsent(Kind::Session, wish.intended);
        return;
    };
    let mut player = Player::new(run, &wish);
    let mut intended = wish.intended;
    loop {
        if !player.session(intended).await {
            sleep(DISAPPOINTED).await;
        }
        let again = player.random.chance(run.of.scenario.players.rewatch_share);
        if !again || run.is_over() {
            return;
        }
        intended = Instant::now();
    }
}

impl<'a> Player<'a> {
    fn new(run: &'a Run, wish: &'a Wish) -> Self {
        let players = &run.of.scenario.players;
        let mut random = Random::new(wish.seed, 0);
        let slow = random.chance(players.trickle_share) && players.trickle_bytes_per_s > 0;
        let phone =
            |stream, narrow| Phone::new(run, wish.server, narrow, Random::new(wish.seed, stream));
        Self {
            run,
            content: &run.of.contents[wish.content as usize],
            wish,
            random,
            tell: phone(1, false),
            video: phone(2, slow),
            audio: phone(3, slow),
            cookie: String::new(),
            trickle: slow.then_some(players.trickle_bytes_per_s),
        }
    }

    /// Watches once; whether a picture came.
    async fn session(&mut self, intended: Instant) -> bool {
        let players = &self.run.of.scenario.players;
        let wanted_s = players.watch_mean_s * self.random.exponential();
        let until = (intended + Duration::from_secs_f64(wanted_s)).min(self.run.end());
        let Some((line, film)) = self.prepare(intended).await else {
            note_unstarted(self.run, intended, until);
            return false;
        };
        let total_ms = film.video.segments.iter().map(|(_, length_ms)| length_ms).sum();
        let show = Mutex::new(Show::new(total_ms, intended));
        let session = Session { line, show, changed: Notify::new(), until };
        let loader = Loader { run: self.run, session: &session, trickle: self.trickle };
        tokio::join!(
            loader.load(&film, &mut self.video, &mut self.audio, intended),
            teller::tell(self.run, &session, &mut self.tell),
        );
        // It never went on.
        if let Some(dry) = session.show().dry_since().filter(|dry| *dry < until) {
            self.run.note_span(Kind::Stall, (dry, until), Outcome::Left);
        }
        self.judge(&session);
        session.show().has_started()
    }

    /// Opens a session and reads the playlists of one variant.
    async fn prepare(&mut self, intended: Instant) -> Option<(String, Film)> {
        let (id, master) = self.open(intended).await?;
        let text = playlist(&mut self.video, &master).await?;
        let variants = hls::variants(&text, &master);
        let (video, audio) = variants.get(self.random.below(variants.len()))?;
        let (video, audio) = tokio::join!(playlist_at(&mut self.video, Some(video)), async {
            playlist_at(&mut self.audio, audio.as_ref()).await
        });
        let film = Film { video: video?, audio: audio? };
        let line = format!("POST /api/v1/playback/sessions/{id}/events");
        (!film.video.segments.is_empty()).then_some((line, film))
    }

    /// Opens a session: its id, and where its playlist is.
    async fn open(&mut self, intended: Instant) -> Option<(String, String)> {
        let device = format!("load-{:016x}", self.wish.seed);
        let body = json!({ "content_id": self.content.id, "device": device }).to_string();
        let headers = match self.cookie.as_str() {
            "" => String::new(),
            cookie => format!("Cookie: {cookie}\r\n"),
        };
        let question = Question {
            kind: Kind::Session,
            intended,
            line: "POST /api/v1/playback/sessions",
            headers: &headers,
            body: body.as_bytes(),
            read: Read::Keep,
            tries: TRIES,
        };
        if !self.tell.ask(question).await {
            return None;
        }
        let reply = self.tell.last();
        if let Some(cookie) = header(reply.head, "set-cookie") {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        let id = text(reply.body, "session_id")?.to_owned();
        Some((id, text(reply.body, "hls")?.to_owned()))
    }

    /// What the oracle must know of a session that is over.
    fn judge(&self, session: &Session) {
        let rule_s = self.run.of.scenario.players.view_after_s;
        let needed_ms = (1000.0 * rule_s.min(self.content.duration_s / 2.0)).round() as i64;
        let viewer = self.cookie.split_once('=').map_or("", |(_, value)| value);
        let viewer = viewer.split('.').next().unwrap_or_default();
        let (hour, certain) = match session.show().story.view(needed_ms) {
            View::No => return,
            View::Yes(hour) => (hour, true),
            View::Maybe(hour) => (hour, false),
        };
        self.run.oracle.watched(viewer, self.wish.content, hour, certain);
    }
}

impl Session {
    fn show(&self) -> MutexGuard<'_, Show> {
        self.show.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A playlist; the empty one when none is wanted.
async fn playlist_at(phone: &mut Phone<'_>, address: Option<&String>) -> Option<Media> {
    let Some(address) = address else { return Some(Media::default()) };
    Some(hls::media(&playlist(phone, address).await?, address))
}

async fn playlist(phone: &mut Phone<'_>, address: &str) -> Option<String> {
    if phone.is_over() {
        return None;
    }
    let question = get(Kind::Manifest, Instant::now(), Read::Keep);
    let line = format!("GET {address}");
    let good = phone.ask(Question { line: &line, ..question }).await;
    good.then(|| String::from_utf8_lossy(phone.last().body).into_owned())
}

fn get(kind: Kind, intended: Instant, read: Read) -> Question<'static> {
    Question { kind, intended, line: "", headers: "", body: b"", read, tries: TRIES }
}

/// No picture came. Whoever has left before has waited for as long as that at least; a failure
/// stands with the time-out at least, or to fail fast would look like to start fast.
fn note_unstarted(run: &Run, wished: Instant, until: Instant) {
    let now = Instant::now();
    if now >= until {
        run.note_span(Kind::Startup, (wished, now), Outcome::Left);
    } else {
        run.note_span(Kind::Startup, (wished, now.max(run.deadline(wished))), Outcome::Timeout);
    }
}

/// The intended moment of what a timer has woken: a timer's own step is nobody's lateness.
fn on_time(at: Instant) -> Instant {
    let now = Instant::now();
    if now.saturating_duration_since(at) <= TIMER { now } else { at }
}
