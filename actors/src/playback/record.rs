//! All that is known of one viewer, as pure functions: sessions, where they stopped, what counted.
//!
//! Written whole when the viewer rests; between that each change of a session is stored beside it.
//! What the record keeps apart follows from its sessions, so that one which is read back with what
//! lies beside it knows everything that was acknowledged.

use super::resume::{Resume, Resumes};
use super::session::Session;
use super::view::{Counted, remember};
use super::{Beat, Config, Open, Playing, Refusal};
use jiff::Timestamp;
use playhouse_storage::model::{ContentId, NewFact, SessionId, ViewerId};
use serde::{Deserialize, Serialize};

/// A viewer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The oldest first.
    pub(super) sessions: Vec<Session>,
    /// Where those stopped that are not among the sessions any more.
    resumes: Resumes,
    /// Views that were counted lately.
    pub(super) counted: Vec<Counted>,
}

/// The record as it is written: sessions under their ids, `r` positions, `v` views.
#[derive(Serialize)]
struct Written<'a> {
    s: Vec<(SessionId, &'a Session)>,
    r: &'a Resumes,
    v: &'a [Counted],
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Read {
    s: Vec<(SessionId, Session)>,
    r: Resumes,
    v: Vec<Counted>,
}

/// A session that was opened.
#[derive(Debug, PartialEq)]
pub(super) struct Opened {
    pub(super) session: SessionId,
    pub(super) resume_position_s: f64,
    /// Of the session whose place it takes.
    pub(super) beat: Option<Beat>,
    /// Sessions that have changed, this one included.
    pub(super) changed: Vec<SessionId>,
    pub(super) facts: Vec<NewFact>,
    /// Another one was forgotten for it, so that the record is to be written whole.
    pub(super) forgot: bool,
}

impl Record {
    /// The record as it was written whole, and the sessions that have changed since.
    pub(super) fn decode(
        whole: Option<&str>,
        changed: &[(SessionId, String)],
        config: &Config,
    ) -> serde_json::Result<Self> {
        let Read { s, r, v } = whole.map_or(Ok(Read::default()), serde_json::from_str)?;
        let mut sessions: Vec<_> = s.into_iter().map(|(id, it)| it.named(id)).collect();
        for (id, text) in changed {
            sessions.retain(|session| session.id != *id);
            sessions.push(Session::decode(*id, text)?);
        }
        // Ids rise with time.
        sessions.sort_unstable_by_key(|session| session.id);
        sessions.shrink_to_fit();
        let mut record = Self { sessions, resumes: r, counted: v };
        for session in &record.sessions {
            let counted = session.view.and_then(|view| view.counted(session.content));
            if let Some(counted) = counted {
                remember(&mut record.counted, counted, config.counted_max);
            }
        }
        Ok(record)
    }

    /// The whole record to be stored.
    pub(super) fn encode(&self) -> serde_json::Result<String> {
        let s = self.sessions.iter().map(|session| (session.id, session)).collect();
        serde_json::to_string(&Written { s, r: &self.resumes, v: &self.counted })
    }

    pub(super) fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    /// Opens a session at `now` (milliseconds since 1970), unless as many devices play as may.
    pub(super) fn open(
        &mut self,
        viewer: ViewerId,
        open: Open,
        now: i64,
        config: &Config,
    ) -> Result<Opened, Refusal> {
        self.admit(&open, now, config)?;
        let resume_position_s = self.resume(open.content, open.duration_s);
        let (mut facts, mut changed, mut beat) = (Vec::new(), Vec::new(), None);
        for session in &mut self.sessions {
            let same = session.content == open.content && session.device.id == open.device.id;
            if same && !session.has_ended() {
                session.end();
                facts.extend(session.report(true));
                changed.push(session.id);
                beat = Some(session.beat(now, false, config));
            }
        }
        let forgot = self.make_room(now, config, &mut facts);
        let session = self.new_id(viewer, now);
        self.sessions.reserve_exact(1);
        self.sessions.push(Session::new(session, open));
        changed.push(session);
        Ok(Opened { session, resume_position_s, beat, changed, facts, forgot })
    }

    /// The limit counts other devices: on one, whoever opens a second film leaves the first.
    fn admit(&self, open: &Open, now: i64, config: &Config) -> Result<(), Refusal> {
        let mut playing: Vec<Playing> = Vec::new();
        for session in self.sessions.iter().filter(|session| session.plays(now, config)) {
            let device = &session.device;
            let known = playing.iter().any(|playing| playing.device.id == device.id);
            if device.id != open.device.id && !known {
                let since = session.id.opened_at();
                playing.push(Playing { device: device.clone(), content: session.content, since });
            }
        }
        let streams_max = config.streams_per_viewer_max;
        if streams_max > 0 && playing.len() >= streams_max as usize {
            return Err(Refusal::StreamLimit { streams_max, playing });
        }
        Ok(())
    }

    fn new_id(&self, viewer: ViewerId, now: i64) -> SessionId {
        let opened_at = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
        // Not more than are remembered can be opened at one time.
        let mut number = 0;
        loop {
            let id = SessionId::of(viewer, opened_at, number);
            if self.session(id).is_none() {
                return id;
            }
            number += 1;
        }
    }

    fn resume(&self, content: ContentId, duration_s: Option<f64>) -> f64 {
        let sessions = self.sessions.iter().filter(|session| session.content == content);
        let known = sessions.filter_map(Resume::of).chain(self.resumes.of(content));
        let last = known.max_by_key(|resume| resume.at);
        last.map_or(0.0, |resume| resume.seconds(duration_s))
    }

    /// Forgets sessions until there is room for another one.
    fn make_room(&mut self, now: i64, config: &Config, facts: &mut Vec<NewFact>) -> bool {
        let mut forgot = false;
        while self.sessions.len() >= config.sessions_max {
            // Those that are over first, then the longest silent.
            let key = |session: &Session| (!session.is_over(now, config), session.alive());
            let sessions = self.sessions.iter().enumerate();
            let oldest = sessions.min_by_key(|(_, session)| key(session));
            let Some((at, _)) = oldest else { break };
            self.forget(at, config, facts);
            forgot = true;
        }
        forgot
    }

    fn forget(&mut self, at: usize, config: &Config, facts: &mut Vec<NewFact>) {
        let mut session = self.sessions.remove(at);
        facts.extend(session.report(true));
        if let Some(resume) = Resume::of(&session) {
            self.resumes.note(resume, config.resume_max);
        }
    }

    /// Reports the sessions that are over, and forgets those of which no event would be taken any
    /// more.
    pub(super) fn rest(&mut self, now: i64, config: &Config) -> Vec<NewFact> {
        let mut facts = Vec::new();
        for session in self.sessions.iter_mut().filter(|session| session.is_over(now, config)) {
            facts.extend(session.report(true));
        }
        let kept_since = now.saturating_sub(config.event_age_max_ms());
        let old = |session: &Session| session.heard() < kept_since;
        while let Some(at) = self.sessions.iter().position(old) {
            self.forget(at, config, &mut facts);
        }
        let first_hour = super::view::hour_of(kept_since) - 1;
        self.counted.retain(|counted| counted.hour >= first_hour);
        self.sessions.shrink_to_fit();
        self.counted.shrink_to_fit();
        facts
    }

    /// True while a session plays.
    pub(super) fn plays(&self, now: i64, config: &Config) -> bool {
        self.sessions.iter().any(|session| session.plays(now, config))
    }

    /// Bytes behind the record.
    pub(super) fn weight(&self) -> usize {
        let sessions = self.sessions.iter().map(Session::weight).sum::<usize>();
        sessions
            + self.sessions.capacity() * size_of::<Session>()
            + self.counted.capacity() * size_of::<Counted>()
            + self.resumes.weight()
    }
}
