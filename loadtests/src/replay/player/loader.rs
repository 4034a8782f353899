//! The side of a session that reads media: a segment when the buffer has room for it, video and
//! audio side by side.

use super::phone::{Phone, Question, Read};
use super::{Film, Session, get, note_unstarted, on_time};
use crate::replay::kind::Kind;
use crate::replay::ledger::Outcome;
use crate::replay::run::Run;
use tokio::time::{Instant, sleep_until};

/// Who reads it.
pub(super) struct Loader<'a> {
    pub(super) run: &'a Run,
    pub(super) session: &'a Session,
    /// Bytes a second of media on a bad line.
    pub(super) trickle: Option<u64>,
}

impl Loader<'_> {
    /// Reads segments as long as somebody watches.
    pub(super) async fn load(
        &self,
        film: &Film,
        video: &mut Phone<'_>,
        audio: &mut Phone<'_>,
        wished: Instant,
    ) {
        let inits = (film.video.init.as_deref(), film.audio.init.as_deref());
        if self.both((video, audio), Kind::Init, inits, Instant::now()).await {
            self.segments(film, video, audio, wished).await;
        }
        if !self.session.show().has_started() {
            note_unstarted(self.run, wished, self.session.until);
        }
    }

    /// Reads one segment after the other, until somebody leaves or one is not to be had.
    async fn segments(
        &self,
        film: &Film,
        video: &mut Phone<'_>,
        audio: &mut Phone<'_>,
        wished: Instant,
    ) {
        let mut start_ms = 0;
        for (place, (address, length_ms)) in film.video.segments.iter().enumerate() {
            // From here on nothing is under way: what is wanted before is wanted now.
            let Some(intended) = self.room(start_ms, Instant::now()).await else { return };
            let beside = film.audio.segments.get(place).map(|(address, _)| address.as_str());
            let pair = (Some(address.as_str()), beside);
            let good = self.both((&mut *video, &mut *audio), Kind::Segment, pair, intended).await;
            if !good || Instant::now() >= self.session.until {
                return;
            }
            start_ms += length_ms;
            self.show(start_ms, wished);
        }
    }

    /// Waits until there is room for what begins there: the intended moment, or none when nobody
    /// watches any more. Nothing is intended before `free`.
    async fn room(&self, start_ms: i64, free: Instant) -> Option<Instant> {
        let ahead_ms = (1000.0 * self.run.of.scenario.players.buffer_s) as i64;
        let at = self.session.show().room_at(start_ms, ahead_ms, free).max(free);
        sleep_until(at.min(self.session.until)).await;
        (Instant::now() < self.session.until).then(|| on_time(at))
    }

    /// Fetches video and audio side by side; whether both came.
    async fn both(
        &self,
        (video, audio): (&mut Phone<'_>, &mut Phone<'_>),
        kind: Kind,
        (picture, sound): (Option<&str>, Option<&str>),
        intended: Instant,
    ) -> bool {
        let (picture, sound) = tokio::join!(
            self.fetch(video, kind, picture, intended),
            self.fetch(audio, kind, sound, intended),
        );
        picture && sound
    }

    async fn fetch(
        &self,
        phone: &mut Phone<'_>,
        kind: Kind,
        address: Option<&str>,
        intended: Instant,
    ) -> bool {
        let Some(address) = address else { return true };
        let (kind, read) = match self.trickle {
            Some(pace) if kind == Kind::Segment => {
                (Kind::Trickle, Read::Trickle(pace, self.session.until))
            }
            _ => (kind, Read::Drain),
        };
        let line = format!("GET {address}");
        phone.ask(Question { line: &line, ..get(kind, intended, read) }).await
    }

    /// Puts a segment on the screen's side.
    fn show(&self, end_ms: i64, wished: Instant) {
        let first = !self.session.show().has_started();
        let wall = |moment| self.run.wall_ms(moment);
        let now = Instant::now();
        let dry = self.session.show().load(now, end_ms, wall);
        if first {
            self.run.note_span(Kind::Startup, (wished, now), Outcome::Good);
        }
        if let Some(dry) = dry {
            self.run.note_span(Kind::Stall, (dry, now), Outcome::Good);
        }
        self.session.changed.notify_one();
    }
}
