//! The actor: loads the viewer, takes what players tell, stores it, and only then answers.

use super::{Beat, Device, Event, Open, Refusal, Reply, Request, Told, ViewState};
use crate::Platform;
use crate::runtime::{Entity, Exit, Report};
use jiff::Timestamp;
use playhouse_storage::model::{
    ContentId, FactKind, Fence, NewFact, Report as Watched, SessionId, ViewerId,
};
use playhouse_storage::playback::{PutViewer, StoredViewer, ViewerState};
use serde::{Deserialize, Serialize};

/// The role of the viewer is to judge what its sessions are worth.
pub struct Viewer {
    id: ViewerId,
    fence: Fence,
    platform: Platform,
    row_version: u64,
    sessions: Vec<Session>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    id: SessionId,
    content: ContentId,
    device: Device,
    duration_s: Option<f64>,
    seen: Vec<u64>,
    last: Option<(u64, Timestamp, f64)>,
    watched_s: f64,
    view: ViewState,
    ended: bool,
}

impl Entity for Viewer {
    const KIND: &'static str = "playback.viewer";
    type Id = ViewerId;
    type Request = Request;
    type Reply = Reply;

    async fn load(id: ViewerId, fence: Fence, platform: Platform) -> Result<Self, Exit> {
        let stored = platform.engines.playback.load(id).await?;
        let StoredViewer { row_version, record, sessions: changed } = stored;
        let mut sessions: Vec<Session> = match record {
            None => Vec::new(),
            Some(record) => serde_json::from_str(&record).map_err(unreadable)?,
        };
        for (id, text) in changed {
            sessions.retain(|session| session.id != id);
            sessions.push(serde_json::from_str(&text).map_err(unreadable)?);
        }
        Ok(Self { id, fence, platform, row_version, sessions })
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, Exit> {
        match request {
            Request::Open(open) => self.open(open).await,
            Request::Tell { session, events } => self.tell(session, events).await,
            Request::Explain { .. } => Ok(Reply::Refused(Refusal::NotFound)),
            Request::Rest => Ok(Reply::Rested),
        }
    }

    fn report(&self) -> Report {
        Report { state: "idle", bytes: size_of::<Self>() as u64 }
    }
}

fn unreadable(error: serde_json::Error) -> Exit {
    Exit::Failed { error: format!("the stored viewer cannot be read: {error}") }
}

impl Viewer {
    async fn open(&mut self, open: Open) -> Result<Reply, Exit> {
        let earlier = self.sessions.iter().rev().find(|it| it.content == open.content);
        let resume_position_s = earlier.and_then(|it| it.last).map_or(0.0, |last| last.2);
        let now = Timestamp::now();
        let id = (0..).map(|number| SessionId::of(self.id, now, number));
        let id = id.into_iter().find(|id| self.sessions.iter().all(|it| it.id != *id));
        let id = id.unwrap_or_default();
        let session = Session {
            id,
            content: open.content,
            device: open.device,
            duration_s: open.duration_s,
            seen: Vec::new(),
            last: None,
            watched_s: 0.0,
            view: ViewState::Pending,
            ended: false,
        };
        self.sessions.push(session);
        self.put(id, Vec::new()).await?;
        Ok(Reply::Opened { session: id, resume_position_s, beat: None })
    }

    async fn tell(&mut self, id: SessionId, events: Vec<Event>) -> Result<Reply, Exit> {
        let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) else {
            return Ok(Reply::Refused(Refusal::NotFound));
        };
        let (before_s, mut accepted, mut duplicates) = (session.watched_s, 0, 0);
        let mut facts = Vec::new();
        for event in events {
            if session.seen.contains(&event.seq) {
                duplicates += 1;
                continue;
            }
            accepted += 1;
            facts.extend(session.take(self.id, &event));
        }
        let told = Told {
            accepted,
            duplicates,
            refused: Vec::new(),
            view: session.view.clone(),
            beat: Beat {
                content: session.content,
                was_playing_at: None,
                playing: !session.ended,
                counted: !facts.is_empty(),
                watched_s: session.watched_s - before_s,
            },
        };
        if session.watched_s > before_s {
            let report = Watched { watch_time_s: session.watched_s - before_s, ..<_>::default() };
            let kind = FactKind::Report(Box::new(report));
            facts.push(NewFact { content: session.content, at: Timestamp::now(), kind });
        }
        if accepted > 0 {
            self.put(id, facts).await?;
        }
        Ok(Reply::Told(told))
    }

    async fn put(&mut self, id: SessionId, facts: Vec<NewFact>) -> Result<(), Exit> {
        let changed = self.sessions.iter().filter(|session| session.id == id);
        let state = changed
            .map(|session| Ok((session.id, serde_json::to_string(session)?)))
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        let put = PutViewer {
            fence: self.fence,
            viewer: self.id,
            row_version: self.row_version + 1,
            state: ViewerState::Sessions(state),
            facts,
            events: Vec::new(),
        };
        self.platform.engines.playback.put(put).await?;
        self.row_version += 1;
        Ok(())
    }
}

impl Session {
    fn take(&mut self, viewer: ViewerId, event: &Event) -> Option<NewFact> {
        self.seen.push(event.seq);
        if let Some((_, at, position_s)) = self.last.filter(|last| last.0 + 1 == event.seq) {
            let passed_s = event.at.duration_since(at).as_secs_f64();
            let moved_s = event.position_s - position_s;
            if moved_s > 0.0 && moved_s <= passed_s * 4.0 + 1.0 {
                self.watched_s += passed_s.min(moved_s);
            }
        }
        self.last = Some((event.seq, event.at, event.position_s));
        self.ended = matches!(event.action, super::Action::End);
        let needed_s = self.duration_s.map_or(10.0, |duration_s| 10.0_f64.min(duration_s / 2.0));
        if self.watched_s < needed_s || self.view != ViewState::Pending {
            return None;
        }
        self.view = ViewState::Counted { at: event.at };
        let hour = event.at.as_second().div_euclid(3_600);
        let kind = FactKind::View { key: format!("s:{viewer}:{hour}"), viewer: Some(viewer) };
        Some(NewFact { content: self.content, at: event.at, kind })
    }
}
