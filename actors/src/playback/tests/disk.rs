//! What a store keeps of one viewer, and an actor around it that may die at any moment.

use super::super::addresses::{Addresses, Admission};
use super::super::batch::Court;
use super::super::record::{Opened, Record};
use super::super::{Config, Event, Open, Told};
use playhouse_storage::model::{FactKind, NewFact, SessionId, ViewerId};
use std::collections::{BTreeMap, HashSet};

/// A store.
#[derive(Default)]
pub(super) struct Disk {
    whole: Option<String>,
    beside: BTreeMap<SessionId, String>,
    pub(super) facts: Vec<NewFact>,
    keys: HashSet<(String, playhouse_storage::model::ContentId)>,
}

/// When the actor dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dies {
    Never,
    /// Nothing was stored.
    BeforePut,
    /// All was stored and nobody told.
    BeforeAnswer,
}

/// One viewer on a disk.
pub(super) struct Life {
    pub(super) viewer: ViewerId,
    pub(super) disk: Disk,
    pub(super) record: Record,
    pub(super) config: Config,
    pub(super) addresses: Addresses,
}

impl Life {
    pub(super) fn new(config: Config) -> Self {
        let addresses = Addresses::new(100);
        let (disk, record) = (Disk::default(), Record::default());
        Self { viewer: ViewerId::new(7), disk, record, config, addresses }
    }

    pub(super) fn open(&mut self, open: Open, now: i64) -> SessionId {
        self.opens(open, now).session
    }

    pub(super) fn opens(&mut self, open: Open, now: i64) -> Opened {
        let opened = self.record.open(self.viewer, open, now, &self.config).expect("room");
        if opened.forgot {
            self.put_whole(opened.facts.clone());
        } else {
            self.put(&opened.changed, opened.facts.clone());
        }
        opened
    }

    /// Tells a batch; none when the actor died, which the player cannot tell apart.
    pub(super) fn tell(
        &mut self,
        id: SessionId,
        events: &[Event],
        now: i64,
        dies: Dies,
    ) -> Option<Told> {
        let court =
            Court { viewer: self.viewer, now, config: &self.config, addresses: &self.addresses };
        let outcome = self.record.tell(id, events, &court).expect("the session is known");
        if dies != Dies::BeforePut && outcome.told.accepted > 0 {
            self.put(&[id], outcome.facts);
            outcome.admission.into_iter().for_each(Admission::keep);
        }
        if dies == Dies::Never {
            return Some(outcome.told);
        }
        self.reload();
        None
    }

    pub(super) fn rest(&mut self, now: i64) {
        let facts = self.record.rest(now, &self.config);
        self.put_whole(facts);
    }

    pub(super) fn reload(&mut self) {
        let beside: Vec<_> = self.disk.beside.clone().into_iter().collect();
        let whole = self.disk.whole.as_deref();
        self.record = Record::decode(whole, &beside, &self.config).expect("it can be read");
    }

    fn put(&mut self, ids: &[SessionId], facts: Vec<NewFact>) {
        for id in ids {
            let session = self.record.session(*id).expect("it has changed");
            self.disk.beside.insert(*id, session.encode().expect("it can be written"));
        }
        self.keep(facts);
    }

    fn put_whole(&mut self, facts: Vec<NewFact>) {
        self.disk.whole = Some(self.record.encode().expect("it can be written"));
        self.disk.beside.clear();
        self.keep(facts);
    }

    fn keep(&mut self, facts: Vec<NewFact>) {
        for fact in facts {
            match &fact.kind {
                FactKind::View { key, .. }
                    if !self.disk.keys.insert((key.clone(), fact.content)) => {}
                _ => self.disk.facts.push(fact),
            }
        }
    }
}
