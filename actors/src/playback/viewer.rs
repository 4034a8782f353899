//! The actor: loads the record, takes what players tell, stores it, and only then answers.
//!
//! Whatever fails ends it, so that what is in memory is never ahead of what is stored: the next
//! message loads it anew, and the player sends its events again.

use super::addresses::{Addresses, Admission};
use super::batch::{Court, Outcome};
use super::record::Record;
use super::{Config, Event, Open, Refusal, Reply, Request};
use crate::Platform;
use crate::metrics;
use crate::runtime::{Entity, Exit, Report};
use jiff::Timestamp;
use playhouse_storage::failpoint;
use playhouse_storage::model::{Fence, NewFact, SessionId, ViewerId};
use playhouse_storage::playback::{Playback, PutViewer, StoredViewer, ViewerState};
use std::sync::Arc;

/// The role of the viewer is to judge what its sessions are worth.
pub struct Viewer {
    id: ViewerId,
    fence: Fence,
    // Of the platform no more than is needed: there are many viewers.
    store: Arc<dyn Playback>,
    config: Arc<crate::Config>,
    addresses: Addresses,
    record: Record,
    row_version: u64,
    /// Something is stored beside the record.
    unfolded: bool,
}

impl Entity for Viewer {
    const KIND: &'static str = "playback.viewer";
    type Id = ViewerId;
    type Request = Request;
    type Reply = Reply;

    async fn load(id: ViewerId, fence: Fence, platform: Platform) -> Result<Self, Exit> {
        let stored = platform.engines.playback.load(id).await?;
        let StoredViewer { row_version, record, sessions } = stored;
        let Platform { engines, config, addresses, .. } = platform;
        let record = Record::decode(record.as_deref(), &sessions, &config.playback);
        let (record, unfolded) = (record.map_err(unreadable)?, !sessions.is_empty());
        let store = engines.playback;
        Ok(Self { id, fence, store, config, addresses, record, row_version, unfolded })
    }

    /// An older session of the same content and device ends, and events have numbers.
    fn repeats(_: &Request) -> bool {
        true
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, Exit> {
        match request {
            Request::Open(open) => self.open(open).await,
            Request::Tell { session, events } => self.tell(session, &events).await,
            Request::Explain { session } => Ok(self.explain(session)),
            Request::Rest => self.rest().await,
        }
    }

    fn report(&self) -> Report {
        let plays = self.record.plays(now(), self.config());
        let bytes = size_of::<Self>() + self.record.weight();
        Report { state: if plays { "playing" } else { "idle" }, bytes: bytes as u64 }
    }
}

impl Viewer {
    fn config(&self) -> &Config {
        &self.config.playback
    }

    async fn open(&mut self, open: Open) -> Result<Reply, Exit> {
        let opened = match self.record.open(self.id, open, now(), &self.config.playback) {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Reply::Refused(refusal)),
        };
        let state = if opened.forgot { self.whole()? } else { self.changed(&opened.changed)? };
        self.put(state, opened.facts).await?;
        metrics::session_opened();
        let (session, resume_position_s) = (opened.session, opened.resume_position_s);
        Ok(Reply::Opened { session, resume_position_s, beat: opened.beat })
    }

    async fn tell(&mut self, id: SessionId, events: &[Event]) -> Result<Reply, Exit> {
        let (viewer, now) = (self.id, now());
        let (config, addresses) = (&self.config.playback, &self.addresses);
        let court = Court { viewer, now, config, addresses };
        let Some(outcome) = self.record.tell(id, events, &court) else {
            return Ok(Reply::Refused(Refusal::NotFound));
        };
        let Outcome { told, facts, admission } = outcome;
        // What was known or refused is the same the next time, stored or not.
        if told.accepted > 0 || !facts.is_empty() {
            let state = self.changed(&[id])?;
            self.put(state, facts).await?;
            admission.into_iter().for_each(Admission::keep);
        }
        metrics::playback_told(&told);
        failpoint::pass("playback.before_ack");
        Ok(Reply::Told(told))
    }

    fn explain(&self, id: SessionId) -> Reply {
        match self.record.session(id) {
            Some(session) => Reply::Explained(Box::new(session.explain(now(), self.config()))),
            None => Reply::Refused(Refusal::NotFound),
        }
    }

    async fn rest(&mut self) -> Result<Reply, Exit> {
        let facts = self.record.rest(now(), &self.config.playback);
        if self.unfolded || !facts.is_empty() {
            let state = self.whole()?;
            self.put(state, facts).await?;
        }
        Ok(Reply::Rested)
    }

    fn whole(&self) -> Result<ViewerState, Exit> {
        Ok(ViewerState::Whole(self.record.encode().map_err(unreadable)?))
    }

    fn changed(&self, ids: &[SessionId]) -> Result<ViewerState, Exit> {
        let sessions = self.record.sessions.iter().filter(|session| ids.contains(&session.id));
        let states = sessions.map(|session| Ok((session.id, session.encode()?)));
        let states: serde_json::Result<_> = states.collect();
        Ok(ViewerState::Sessions(states.map_err(unreadable)?))
    }

    async fn put(&mut self, state: ViewerState, facts: Vec<NewFact>) -> Result<(), Exit> {
        let unfolded = matches!(state, ViewerState::Sessions(_));
        let counted = metrics::Reported::of(&facts);
        let put = PutViewer {
            fence: self.fence,
            viewer: self.id,
            row_version: self.row_version + 1,
            state,
            facts,
            events: Vec::new(),
        };
        self.store.put(put).await?;
        counted.stands();
        self.row_version += 1;
        self.unfolded = unfolded;
        Ok(())
    }
}

fn unreadable(error: serde_json::Error) -> Exit {
    Exit::Failed { error: format!("the viewer's record: {error}") }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    Timestamp::now().as_millisecond()
}
