//! One shard of the node: its fence, and its own map from address to running entity.
//!
//! Admission, start and removal happen under the map's lock, and nothing else does: no load, no
//! handler, no wait. So of one address at most one entity takes messages, the first messages share
//! one start, and an entity is only ever stopped for idleness while no message is inside.

use super::mailbox::{Gauge, Ticket};
use super::{Exit, trace};
use playhouse_storage::model::{Fence, ShardId};
use ractor::{ActorCell, Message};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The map of one shard.
pub(super) struct Shard {
    pub(super) fence: Fence,
    map: Mutex<Map>,
}

#[derive(Default)]
struct Map {
    residents: HashMap<Address, (Arc<Resident>, ActorCell)>,
    closed: bool,
}

/// Kind and id of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address {
    pub(super) kind: &'static str,
    pub(super) id: Box<str>,
}

/// What is known about one running entity from outside.
pub(super) struct Resident {
    pub(super) address: Address,
    gauge: Arc<Gauge>,
    handled: AtomicU64,
    last_message: Mutex<Instant>,
    exit: OnceLock<Exit>,
}

/// One running entity, as an inspector sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResidentView {
    /// Its kind.
    pub kind: &'static str,
    /// Its address within the kind.
    pub id: String,
    /// Its shard.
    pub shard: ShardId,
    /// Messages that wait or are handled.
    pub inside: usize,
    /// Messages handled since it was loaded.
    pub handled: u64,
}

/// Why a message was not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Closed,
}

impl Shard {
    pub(super) fn new(fence: Fence) -> Arc<Self> {
        Arc::new(Self { fence, map: Mutex::default() })
    }

    /// Puts a letter in the mailbox of the entity at `address`, which `start` starts if none runs.
    pub(super) fn admit<M: Message>(
        &self,
        address: Address,
        start: impl FnOnce(Address) -> Option<(Arc<Resident>, ActorCell)>,
        letter: impl FnOnce(Ticket) -> M,
    ) -> Result<Arc<Resident>, Refused> {
        let mut map = self.lock();
        if map.closed {
            return Err(Refused::Closed);
        }
        let (resident, cell) = match map.residents.entry(address) {
            Entry::Occupied(entry) if entry.get().0.exit.get().is_none() => entry.into_mut(),
            // It has ended and is about to leave the map: its successor takes its place.
            Entry::Occupied(mut entry) => {
                let started = start(entry.key().clone()).ok_or(Refused::Closed)?;
                entry.insert(started);
                entry.into_mut()
            }
            Entry::Vacant(entry) => {
                let started = start(entry.key().clone()).ok_or(Refused::Closed)?;
                entry.insert(started)
            }
        };
        let ticket = resident.gauge.admit().ok_or(Refused::Full)?;
        cell.send_message(letter(ticket)).map_err(|_| Refused::Closed)?;
        Ok(Arc::clone(resident))
    }

    /// Notes why an entity ended and takes it out of the map. Only the first reason counts.
    pub(super) fn ended(&self, resident: &Arc<Resident>, exit: Exit) {
        if resident.exit.set(exit.clone()).is_err() {
            return;
        }
        trace::entity_ended(resident.address.kind, &resident.address.id, &exit);
        let mut map = self.lock();
        let is_listed = |(listed, _): &(Arc<Resident>, _)| Arc::ptr_eq(listed, resident);
        if map.residents.get(&resident.address).is_some_and(is_listed) {
            map.residents.remove(&resident.address);
        }
    }

    /// Stops whoever has no message inside and had none for `idle`. Answers how many.
    pub(super) fn stop_idle(&self, idle: Duration) -> usize {
        let mut map = self.lock();
        let leaving = map.residents.extract_if(|_, (resident, _)| resident.is_idle(idle));
        leaving.map(|(_, (_, cell))| cell.stop(None)).count()
    }

    /// Lets nobody in any more and answers who runs.
    pub(super) fn close(&self) -> Vec<(Arc<Resident>, ActorCell)> {
        let mut map = self.lock();
        map.closed = true;
        map.residents.values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().residents.len()
    }

    pub(super) fn views(&self) -> Vec<ResidentView> {
        self.lock().residents.values().map(|(resident, _)| self.view(resident)).collect()
    }

    fn view(&self, resident: &Resident) -> ResidentView {
        ResidentView {
            kind: resident.address.kind,
            id: resident.address.id.to_string(),
            shard: self.fence.shard,
            inside: resident.gauge.inside(),
            handled: resident.handled.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        // No code that can panic leaves the map half changed.
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resident {
    pub(super) fn new(address: Address, mailbox_messages_max: usize) -> Arc<Self> {
        Arc::new(Self {
            address,
            gauge: Gauge::new(mailbox_messages_max),
            handled: AtomicU64::new(0),
            last_message: Mutex::new(Instant::now()),
            exit: OnceLock::new(),
        })
    }

    /// Notes that a message has been handled.
    pub(super) fn handled(&self) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        *self.last_message.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Waits until everything that it has been asked is done.
    pub(super) async fn finished(&self) {
        self.gauge.emptied().await;
    }

    /// Why it ended; `Killed` when nobody could say.
    pub(super) fn exit(&self) -> Exit {
        self.exit.get().cloned().unwrap_or(Exit::Killed)
    }

    fn is_idle(&self, idle: Duration) -> bool {
        let last = *self.last_message.lock().unwrap_or_else(PoisonError::into_inner);
        self.gauge.inside() == 0 && last.elapsed() >= idle
    }
}
