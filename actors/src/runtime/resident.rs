//! One running entity, as its shard knows it, and what is remembered of one that has ended.

use super::address::Address;
use super::chronicle::{Chronicle, Happening};
use super::kind::Kind;
use super::restart::History;
use super::vitals::Vitals;
use super::{Exit, trace};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::time::Instant;

/// One running entity.
pub(super) struct Resident {
    pub(super) address: Address,
    pub(super) kind: Arc<Kind>,
    pub(super) vitals: Vitals,
    exit: OnceLock<Exit>,
    /// The exit that it was killed with, known before it ends.
    doom: OnceLock<Exit>,
    /// What was remembered when it was activated, and what has happened since.
    memory: Mutex<Option<Box<Memory>>>,
}

/// What is remembered of an address while nobody runs there.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) chronicle: Chronicle,
    /// The crashes that its kind's rules still count.
    pub(super) crashes: History,
    pub(super) restarts: u64,
    /// It is not loaded before this time.
    pub(super) rests_until: Option<Instant>,
}

impl Resident {
    pub(super) fn new(
        address: Address,
        kind: Arc<Kind>,
        memory: Option<Box<Memory>>,
        mailbox_messages_max: usize,
    ) -> Arc<Self> {
        kind.ledger.begins();
        let resident = Self {
            address,
            kind,
            vitals: Vitals::new(mailbox_messages_max),
            exit: OnceLock::new(),
            doom: OnceLock::new(),
            memory: Mutex::new(memory),
        };
        if resident.has_memory() {
            resident.note(Happening::Activated, "");
        }
        Arc::new(resident)
    }

    /// True when something about it is worth remembering.
    pub(super) fn has_memory(&self) -> bool {
        self.lock().is_some()
    }

    /// Notes something that is worth remembering. That it was activated is only written down with
    /// the first such thing: most entities come and go without any.
    pub(super) fn note(&self, what: Happening, detail: &str) {
        let trace = self.vitals.doing().trace;
        self.remember(|memory| memory.chronicle.note(what, detail, trace));
    }

    /// Reads or changes what will be remembered of it.
    pub(super) fn remember<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(self.lock().get_or_insert_with(|| {
            let mut memory = Box::<Memory>::default();
            memory.chronicle.note_at(self.vitals.began(), Happening::Activated);
            memory
        }))
    }

    /// Reads what is remembered of it, if anything is.
    pub(super) fn recall<T>(&self, read: impl FnOnce(&Memory) -> T) -> Option<T> {
        self.lock().as_deref().map(read)
    }

    /// Notes why it ended. False when that was known already: only the first reason counts.
    pub(super) fn ends(&self, exit: &Exit) -> bool {
        if self.exit.set(exit.clone()).is_err() {
            return false;
        }
        let lost = self.kind.ledger.retire(&self.vitals);
        trace::entity_ended(&self.address, exit, lost);
        true
    }

    /// What the shard keeps of it after its end.
    pub(super) fn leave(&self) -> Option<Box<Memory>> {
        self.lock().take()
    }

    /// True until it has ended.
    pub(super) fn runs(&self) -> bool {
        self.exit.get().is_none()
    }

    /// Why it ended; what it was killed with, or `Killed`, when nobody could say.
    pub(super) fn exit(&self) -> Exit {
        self.exit.get().cloned().unwrap_or_else(|| self.doom())
    }

    /// Says with what exit it is about to be killed. The first to say so is believed.
    pub(super) fn condemn(&self, exit: Exit) {
        let _ = self.doom.set(exit);
    }

    /// The exit of one that was killed.
    pub(super) fn doom(&self) -> Exit {
        self.doom.get().cloned().unwrap_or(Exit::Killed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Box<Memory>>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
