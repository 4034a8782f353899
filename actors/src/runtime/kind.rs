//! What all entities of one kind have in common: rules, sums, handler times.

use super::ledger::{Ledger, Sums};
use super::restart::RestartPolicy;
use super::{Config, Watch};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A kind of entity on this node.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) rules: EntityRules,
    pub(super) ledger: Ledger,
    /// The highest sums that anybody was told.
    told: Mutex<Sums>,
}

/// What holds for every entity of a kind: a row of the supervision table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityRules {
    /// An entity that crashed is loaded by its next message. After `intensity` crashes within
    /// `window` messages are answered `Busy` for the backoff: what crashes at once again must not
    /// keep the store busy.
    pub restart: RestartPolicy,
    /// How long its handlers may take.
    pub watch: Watch,
}

/// The kinds of a node: those of the table, and others with the rules of the configuration.
pub(super) struct Kinds {
    known: Mutex<BTreeMap<&'static str, Arc<Kind>>>,
    otherwise: EntityRules,
}

impl Kinds {
    pub(super) fn new(config: &Config) -> Self {
        Self { known: Mutex::default(), otherwise: config.entity_rules() }
    }

    /// Fixes the rules of a kind before its first message.
    pub(super) fn add(&self, name: &'static str, rules: EntityRules) {
        self.known().insert(name, Arc::new(Kind::new(name, rules)));
    }

    pub(super) fn get(&self, name: &'static str) -> Arc<Kind> {
        let mut known = self.known();
        let kind = known.entry(name).or_insert_with(|| Arc::new(Kind::new(name, self.otherwise)));
        Arc::clone(kind)
    }

    pub(super) fn all(&self) -> Vec<Arc<Kind>> {
        self.known().values().cloned().collect()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Arc<Kind>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kind {
    fn new(name: &'static str, rules: EntityRules) -> Self {
        Self { name, rules, ledger: Ledger::new(), told: Mutex::default() }
    }

    /// Sums of all lives as a census found them, and never less than was told before: a life that
    /// ends between two looks is found by neither, and a counter that falls is read as a new one.
    pub(super) fn sums(&self, found: Sums) -> Sums {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = found.at_least(&told);
        *told
    }
}
