//! Cells: what viewers at this ingress do, per content, as hints for live numbers.
//!
//! A beat costs some atomic additions and no lock: cells are found in maps that are replaced as a
//! whole when one comes or goes, and a content that very many watch has its numbers on several
//! cache lines. The teller takes what has come in and brings it to the counters.

mod cell;
mod slots;

use super::Config;
use crate::playback::Beat;
use arc_swap::ArcSwap;
use cell::{Cell, Shape, Sign};
use jiff::Timestamp;
use playhouse_storage::model::ContentId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use cell::Taken;

/// Maps that are replaced independently: with 65,536 cells one has 256.
const SHARDS: usize = 256;

/// The cells of this ingress. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cells {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shape: Shape,
    slot_s: u64,
    cells_max: usize,
    began: Instant,
    ingress: u64,
    shards: Box<[Shard]>,
    count: AtomicUsize,
    facts_waiting: AtomicU64,
    facts_waiting_max: u64,
}

type Map = HashMap<ContentId, Arc<Cell>>;

#[derive(Debug, Default)]
struct Shard {
    map: ArcSwap<Map>,
    /// Held by whoever replaces the map.
    replacing: Mutex<()>,
}

impl Cells {
    /// No cells yet. A viewer plays for `timeout_s` after their last sign of life, seconds.
    #[must_use]
    pub fn new(config: &Config, timeout_s: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let slots = timeout_s.div_ceil(config.viewer_slot_s);
        let shape = Shape {
            slots: u32::try_from(slots).unwrap_or(u32::MAX).max(1),
            split_rate: config.cell_split_rate,
            stripes_max: 2 * cores,
        };
        let inner = Inner {
            shape,
            slot_s: config.viewer_slot_s,
            cells_max: config.cells_max,
            began: Instant::now(),
            ingress: rand::random(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            count: AtomicUsize::new(0),
            facts_waiting: AtomicU64::new(0),
            facts_waiting_max: config.facts_waiting_max,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Notes what a player told.
    pub fn beat(&self, beat: &Beat) {
        self.beat_at(beat, Timestamp::now());
    }

    /// Notes a view that a server told.
    pub fn view(&self, content: ContentId) {
        self.note(content, &Sign { was_in: None, is_in: None, views: 1, watched_ms: 0 });
    }

    /// True while as many facts wait to be counted as may: no more are taken in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.facts_waiting() >= self.inner.facts_waiting_max
    }

    /// About how many facts wait to be counted.
    #[must_use]
    pub fn facts_waiting(&self) -> u64 {
        self.inner.facts_waiting.load(Ordering::Relaxed)
    }

    /// Says how many facts wait.
    pub fn facts_wait(&self, waiting: u64) {
        self.inner.facts_waiting.store(waiting, Ordering::Relaxed);
    }

    /// Names this ingress to counters.
    pub(super) fn ingress(&self) -> u64 {
        self.inner.ingress
    }

    /// Cells that there are.
    pub(super) fn count(&self) -> usize {
        self.inner.count.load(Ordering::Relaxed)
    }

    /// Takes what is to be told of a content.
    pub(super) fn take(&self, content: ContentId, repeat: Duration) -> Option<Taken> {
        let (slot, now) = (self.slot(Timestamp::now()), self.inner.began.elapsed());
        self.shard(content).map.load().get(&content)?.take(slot, now, repeat)
    }

    /// Puts back what was taken and could not be told.
    pub(super) fn put_back(&self, content: ContentId, taken: &Taken) {
        if let Some(cell) = self.shard(content).map.load().get(&content) {
            cell.put_back(taken);
        }
    }

    /// Takes what is to be told of every content, and lets those go that were idle for long.
    pub fn take_all(&self, repeat: Duration, idle: Duration) -> Vec<(ContentId, Taken)> {
        let (slot, now) = (self.slot(Timestamp::now()), self.inner.began.elapsed());
        let mut found = Vec::new();
        for shard in &self.inner.shards {
            let map = shard.map.load();
            found.extend(map.iter().filter_map(|(content, cell)| {
                cell.take(slot, now, repeat).map(|taken| (*content, taken))
            }));
            if map.values().any(|cell| cell.idle(now) > idle) {
                self.replace(shard, |map| map.retain(|_, cell| cell.idle(now) <= idle));
            }
        }
        found
    }

    /// Sessions that play through this ingress, of all contents.
    #[must_use]
    pub fn viewers_now(&self) -> u64 {
        let slot = self.slot(Timestamp::now());
        let cells = self.inner.shards.iter().map(|shard| shard.map.load());
        cells.map(|map| map.values().map(|cell| cell.viewers_now(slot)).sum::<u64>()).sum()
    }

    /// Stripes that the numbers of a content are spread over; 0 when it has no cell.
    #[must_use]
    pub fn stripes(&self, content: ContentId) -> usize {
        self.shard(content).map.load().get(&content).map_or(0, |cell| cell.spread())
    }

    fn beat_at(&self, beat: &Beat, now: Timestamp) {
        let sign = Sign {
            was_in: beat.was_playing_at.map(|at| self.slot(at)),
            is_in: beat.playing.then(|| self.slot(now)),
            views: u64::from(beat.counted),
            watched_ms: (beat.watched_s * 1_000.0) as u64,
        };
        self.note(beat.content, &sign);
    }

    fn note(&self, content: ContentId, sign: &Sign) {
        let shard = self.shard(content);
        if let Some(cell) = shard.map.load().get(&content) {
            return cell.note(sign);
        }
        if let Some(cell) = self.add(shard, content) {
            cell.note(sign);
        }
    }

    /// The new cell of a content. None when there is no room: a hint that is not needed.
    fn add(&self, shard: &Shard, content: ContentId) -> Option<Arc<Cell>> {
        let now = self.inner.began.elapsed();
        self.replace(shard, |map| {
            if let Some(cell) = map.get(&content) {
                return Some(Arc::clone(cell));
            }
            if self.count() >= self.inner.cells_max {
                let idle = map.iter().max_by_key(|(_, cell)| cell.idle(now));
                let (idle, _) = idle.filter(|(_, cell)| !cell.idle(now).is_zero())?;
                map.remove(&{ *idle });
            }
            let cell = Arc::new(Cell::new(self.inner.shape, now));
            map.insert(content, Arc::clone(&cell));
            Some(cell)
        })
    }

    fn replace<T>(&self, shard: &Shard, change: impl FnOnce(&mut Map) -> T) -> T {
        let _replacing = shard.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut map = Map::clone(&shard.map.load());
        let before = map.len();
        let answer = change(&mut map);
        let count = &self.inner.count;
        match map.len().checked_sub(before) {
            Some(more) => count.fetch_add(more, Ordering::Relaxed),
            None => count.fetch_sub(before - map.len(), Ordering::Relaxed),
        };
        shard.map.store(Arc::new(map));
        answer
    }

    fn shard(&self, content: ContentId) -> &Shard {
        // The last bits of a UUIDv7 are random (RFC 9562 section 5.7).
        let (_, random) = content.0.as_u64_pair();
        &self.inner.shards[random as usize % SHARDS]
    }

    fn slot(&self, at: Timestamp) -> slots::Number {
        let second = at.as_second().max(0).unsigned_abs();
        slots::Number::try_from(second / self.inner.slot_s).unwrap_or(slots::Number::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const REPEAT: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(60);

    fn cells(cells_max: usize) -> Cells {
        Cells::new(&Config { cells_max, ..Config::default() }, 45)
    }

    fn beat(content: ContentId, was_playing_at: Option<Timestamp>, playing: bool) -> Beat {
        Beat { content, was_playing_at, playing, counted: false, watched_s: 0.0 }
    }

    fn viewers(cells: &Cells, content: ContentId) -> Option<u64> {
        cells.take(content, Duration::ZERO).map(|taken| taken.viewers_now)
    }

    #[test]
    fn a_session_is_one_viewer_while_it_plays() {
        let (cells, content) = (cells(10), ContentId::new());
        let now = Timestamp::now();
        let before = now - SignedDuration::from_secs(30);
        cells.beat_at(&beat(content, None, true), before);
        cells.beat_at(&beat(content, Some(before), true), now);
        assert_eq!(viewers(&cells, content), Some(1));
        cells.beat_at(&beat(content, Some(now), false), now);
        assert_eq!(viewers(&cells, content), Some(0));
    }

    #[test]
    fn one_that_says_nothing_any_more_plays_no_longer() {
        let (cells, content) = (cells(10), ContentId::new());
        let long_ago = Timestamp::now() - SignedDuration::from_secs(60);
        cells.beat_at(&beat(content, None, true), long_ago);
        cells.view(content);
        assert_eq!(viewers(&cells, content), Some(0));
    }

    #[test]
    fn cells_are_bounded_and_idle_ones_make_room() {
        let cells = cells(1);
        // The same shard, so that one can take the place of the other.
        let [first, second] =
            [1_u128, 1 + SHARDS as u128].map(|id| ContentId(uuid::Uuid::from_u128(id)));
        cells.view(first);
        cells.view(second);
        assert_eq!((cells.count(), viewers(&cells, second)), (1, None), "the first is in use");
        assert_eq!(cells.take_all(REPEAT, IDLE).len(), 1);
        cells.view(second);
        assert_eq!((cells.count(), viewers(&cells, first)), (1, None));
        assert_eq!(cells.take_all(REPEAT, IDLE).len(), 1);
        cells.take_all(REPEAT, Duration::ZERO);
        assert_eq!(cells.count(), 0);
    }

    #[test]
    fn it_is_full_when_as_many_facts_wait_as_may() {
        let cells = Cells::new(&Config { facts_waiting_max: 100, ..Config::default() }, 45);
        cells.facts_wait(99);
        assert!(!cells.is_full());
        cells.facts_wait(100);
        assert!(cells.is_full());
    }
}
