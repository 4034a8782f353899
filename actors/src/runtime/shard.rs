//! One shard of the node: its fence, and its own map from address to running entity, least
//! recently used first.
//!
//! Admission, start and removal happen under the map's lock, and nothing else does: no load, no
//! handler, no wait. So of one address at most one entity takes messages, the first messages share
//! one start, and an entity is only ever passivated while no message is inside.

use super::address::{Address, KnownHash};
use super::chronicle::Happening;
use super::mailbox::{Closed, Stamp};
use super::resident::{Memory, Resident};
use super::room::Room;
use super::{EntityId, Exit, clock, restart, trace};
use hashlink::LinkedHashMap;
use hashlink::linked_hash_map::RawEntryMut;
use playhouse_storage::model::Fence;
use ractor::{ActorCell, Message};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Entities looked at in search of one that can be passivated.
const LOOKS_MAX: usize = 64;

/// The map of one shard.
pub(super) struct Shard {
    pub(super) fence: Fence,
    room: Arc<Room>,
    memories_max: usize,
    map: Mutex<Map>,
    /// When its least recently used entity was used, by `clock::ticks`; the maximum when empty.
    front: AtomicU64,
}

#[derive(Default)]
struct Map {
    residents: LinkedHashMap<Address, Running, KnownHash>,
    /// Of addresses where nobody runs, the oldest first.
    memories: LinkedHashMap<Address, Box<Memory>, KnownHash>,
    closed: bool,
}

/// One who runs.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) resident: Arc<Resident>,
    pub(super) cell: ActorCell,
    /// Wakes it with a message that means nothing.
    #[cfg_attr(not(debug_assertions), expect(dead_code, reason = "only faults on order wake"))]
    pub(super) nudge: fn(&ActorCell),
    used: u64,
}

/// Whom a message is for.
pub(super) struct To<'a, I> {
    pub(super) kind: &'static str,
    pub(super) id: &'a I,
    pub(super) hash: u64,
}

/// Why a message was not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its mailbox is full.
    Full,
    /// The node has no room for another entity.
    NoRoom,
    /// It has crashed too often, and rests for so long.
    Resting(Duration),
    Closed,
}

impl Running {
    pub(super) fn new(resident: Arc<Resident>, cell: ActorCell, nudge: fn(&ActorCell)) -> Self {
        Self { resident, cell, nudge, used: clock::ticks() }
    }
}

impl Shard {
    pub(super) fn new(fence: Fence, room: Arc<Room>, memories_max: usize) -> Arc<Self> {
        let front = AtomicU64::new(u64::MAX);
        Arc::new(Self { fence, room, memories_max, map: Mutex::default(), front })
    }

    /// Puts a letter in the mailbox of the entity that it is for, which `start` starts if none
    /// runs. The letter is only taken when it is let in.
    pub(super) fn admit<I: EntityId, M: Message>(
        &self,
        to: &To<'_, I>,
        start: impl FnOnce(Address, Option<Box<Memory>>) -> Option<Running>,
        letter: &mut Option<impl FnOnce(Stamp) -> M>,
    ) -> Result<Arc<Resident>, Refused> {
        let mut map = self.lock();
        if map.closed {
            return Err(Refused::Closed);
        }
        let is_it = |address: &Address| address.is(to.kind, to.id, to.hash);
        if let RawEntryMut::Occupied(mut entry) =
            map.residents.raw_entry_mut().from_hash(to.hash, is_it)
        {
            if entry.get().resident.runs() {
                entry.get_mut().used = clock::ticks();
                entry.to_back();
                let sent = send(entry.get(), letter);
                self.note_front(&map);
                return sent;
            }
            // It has ended and is about to leave the map: its successor takes its place.
            let (_, gone) = entry.remove_entry();
            self.forget(&mut map, &gone.resident);
        }
        let running = self.start(&mut map, to, start)?;
        let sent = send(&running, letter);
        map.residents.insert(running.resident.address.clone(), running);
        self.note_front(&map);
        sent
    }

    fn start<I: EntityId>(
        &self,
        map: &mut Map,
        to: &To<'_, I>,
        start: impl FnOnce(Address, Option<Box<Memory>>) -> Option<Running>,
    ) -> Result<Running, Refused> {
        if !self.room.take() {
            return Err(Refused::NoRoom);
        }
        let address = Address::new(to.kind, to.id, to.hash);
        let memory = map.memories.remove(&address);
        if let Some(rest) = memory.as_ref().and_then(|it| it.rests_until) {
            let rest = rest.saturating_duration_since(Instant::now());
            if !rest.is_zero() {
                map.memories.extend(memory.map(|memory| (address, memory)));
                self.room.give_back();
                return Err(Refused::Resting(rest));
            }
        }
        let running = start(address, memory);
        if running.is_none() {
            self.room.give_back();
        }
        running.ok_or(Refused::Closed)
    }

    /// Notes why an entity ended and takes it out of the map. Only the first reason counts.
    pub(super) fn ended(&self, resident: &Arc<Resident>, exit: &Exit) {
        if !resident.ends(exit) {
            return;
        }
        trace::entity_cut_off(resident, exit);
        let mut map = self.lock();
        let listed = map.residents.get(&resident.address);
        if listed.is_some_and(|listed| Arc::ptr_eq(&listed.resident, resident)) {
            map.residents.remove(&resident.address);
            self.crashed(resident, exit);
            self.forget(&mut map, resident);
            self.note_front(&map);
        }
    }

    /// Writes an end down that was not in order.
    fn crashed(&self, resident: &Resident, exit: &Exit) {
        let trace = resident.vitals.doing().trace;
        let policy = resident.kind.rules.restart;
        if !exit.in_order() {
            resident.kind.ledger.crashed();
        }
        match exit {
            Exit::Stopped => {}
            Exit::Fenced | Exit::Busy | Exit::Overtaken | Exit::Killed => {
                resident.remember(|memory| {
                    memory.chronicle.ended(exit, trace);
                    memory.restarts += 1;
                });
            }
            Exit::Panicked { .. } | Exit::Failed { .. } | Exit::TimedOut { .. } | Exit::Stuck => {
                let now = Instant::now();
                resident.remember(|memory| {
                    memory.chronicle.ended(exit, trace);
                    memory.restarts += 1;
                    let rest = restart::rest(&policy, &memory.crashes, now);
                    memory.crashes.record(&policy, now);
                    memory.rests_until = rest.map(|rest| now + rest);
                    if let Some(rest) = rest {
                        let detail = format!("rests for {:.1} s", rest.as_secs_f64());
                        memory.chronicle.note(Happening::Restarting, &detail, 0);
                    }
                });
            }
        }
    }

    /// It has left the map: its place is free, and what is remembered of it is kept.
    fn forget(&self, map: &mut Map, resident: &Resident) {
        self.room.give_back();
        if let Some(memory) = resident.leave() {
            map.memories.insert(resident.address.clone(), memory);
            if map.memories.len() > self.memories_max {
                map.memories.pop_front();
            }
        }
    }

    /// Stops whoever has no message inside and had none for `idle`. Answers how many.
    pub(super) fn stop_idle(&self, idle: Duration) -> usize {
        let mut map = self.lock();
        let mut leaving = vec![];
        map.residents.retain(|_, running| {
            let idle = running.resident.vitals.is_idle(idle);
            if idle {
                leaving.push(running.clone());
            }
            !idle
        });
        for running in &leaving {
            self.passivate(&mut map, running, "idle");
        }
        self.note_front(&map);
        leaving.len()
    }

    /// Stops the least recently used entity that has no message inside. False when there is none.
    pub(super) fn evict(&self) -> bool {
        let mut map = self.lock();
        for _ in 0..LOOKS_MAX {
            let Some(mut front) = map.residents.front_entry() else { break };
            if front.get().resident.vitals.gauge.inside() > 0 {
                // It is in use now.
                front.get_mut().used = clock::ticks();
                front.to_back();
                continue;
            }
            let running = front.remove();
            self.passivate(&mut map, &running, "the node is over its limit of residents");
            self.note_front(&map);
            return true;
        }
        self.note_front(&map);
        false
    }

    fn passivate(&self, map: &mut Map, running: &Running, why: &str) {
        if running.resident.has_memory() {
            running.resident.note(Happening::Passivated, why);
        }
        running.resident.kind.ledger.passivated();
        self.forget(map, &running.resident);
        running.cell.stop(None);
    }

    /// Lets nobody in any more and answers who runs.
    pub(super) fn close(&self) -> Vec<Running> {
        let mut map = self.lock();
        map.closed = true;
        map.residents.values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().residents.len()
    }

    /// When its least recently used entity was used; the maximum when it has none.
    pub(super) fn front(&self) -> u64 {
        self.front.load(Ordering::Relaxed)
    }

    /// Looks at everybody who runs. Under the lock: the look must be short.
    pub(super) fn visit(&self, look: &mut dyn FnMut(&Running)) {
        self.lock().residents.values().for_each(look);
    }

    /// The one who runs at the address that a text names.
    pub(super) fn find(&self, kind: &str, id: &str) -> Option<Running> {
        let map = self.lock();
        let found =
            map.residents.iter().find(|(address, _)| address.kind == kind && address.id() == id);
        found.map(|(_, running)| running.clone())
    }

    fn note_front(&self, map: &Map) {
        let front = map.residents.front().map_or(u64::MAX, |(_, running)| running.used);
        self.front.store(front, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        // No code that can panic leaves the map half changed.
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under the lock: cloning the ways to an actor to send behind it costs more than sending.
fn send<M: Message>(
    running: &Running,
    letter: &mut Option<impl FnOnce(Stamp) -> M>,
) -> Result<Arc<Resident>, Refused> {
    let gauge = &running.resident.vitals.gauge;
    let stamp = gauge.admit().map_err(|closed| match closed {
        Closed::Full => Refused::Full,
        Closed::Ended => Refused::Closed,
    })?;
    let letter = letter.take().ok_or(Refused::Closed)?;
    if running.cell.send_message(letter(stamp)).is_err() {
        // It has ended since. The reply went with the letter, so the sender is told why.
        gauge.withdrawn();
    }
    Ok(Arc::clone(&running.resident))
}
