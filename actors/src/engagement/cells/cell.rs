//! One content's live numbers at this ingress: one stripe of atomics, more when it is hot.
//!
//! Stripes are never taken away from under a writer: a cell that is joined writes to its first
//! stripe again, what is in the others is read with it, and their slots age out.

use super::slots::{Number, Slots};
use std::cell::Cell as ThreadCell;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// What a stripe needs from the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Slots that count.
    pub(super) slots: u32,
    /// Events a second above which there are more stripes.
    pub(super) split_rate: u64,
    /// Stripes at most.
    pub(super) stripes_max: usize,
}

/// One content.
#[derive(Debug)]
pub(super) struct Cell {
    shape: Shape,
    first: Stripe,
    /// All but the first, once it was split.
    more: OnceLock<Box<[Stripe]>>,
    /// Stripes that are written to now.
    spread: AtomicUsize,
    told: Mutex<Told>,
}

/// Numbers on cache lines of their own: two lines, since processors fetch pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Stripe {
    events: AtomicU64,
    views: AtomicU64,
    watched_ms: AtomicU64,
    slots: Slots,
}

/// What was told when.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    taken_at: Duration,
    told_at: Duration,
    busy_at: Duration,
    viewers_now: u64,
}

/// What is to be told of a content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taken {
    /// Views since it was last taken.
    pub views: u64,
    /// Viewers who play now.
    pub viewers_now: u64,
    /// Watched since it was last taken, seconds.
    pub watched_s: f64,
}

/// A sign of life of one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    /// The slot that it was in.
    pub(super) was_in: Option<Number>,
    /// The slot that it is in now.
    pub(super) is_in: Option<Number>,
    /// Views with it.
    pub(super) views: u64,
    /// Watched with it, milliseconds.
    pub(super) watched_ms: u64,
}

impl Cell {
    pub(super) fn new(shape: Shape, now: Duration) -> Self {
        let told = Told { taken_at: now, told_at: now, busy_at: now, viewers_now: 0 };
        Self {
            shape,
            first: Stripe::new(shape.slots),
            more: OnceLock::new(),
            spread: AtomicUsize::new(1),
            told: Mutex::new(told),
        }
    }

    /// Notes a sign of life. No lock, and no line that another core writes to while it is split.
    pub(super) fn note(&self, sign: &Sign) {
        self.stripe().note(sign);
    }

    /// Takes what has come in. None when there is nothing that `repeat` or a change makes worth
    /// telling.
    pub(super) fn take(&self, slot: Number, now: Duration, repeat: Duration) -> Option<Taken> {
        let mut told = self.told();
        let viewers_now = self.viewers_now(slot);
        let (events, views) = (self.drain(|it| &it.events), self.drain(|it| &it.views));
        self.adjust(events, now.saturating_sub(told.taken_at));
        told.taken_at = now;
        if events > 0 || viewers_now > 0 {
            told.busy_at = now;
        }
        let is_old = now.saturating_sub(told.told_at) >= repeat;
        let watched = self.sum(|it| &it.watched_ms) > 0;
        let is_new = views > 0 || viewers_now != told.viewers_now;
        if !is_new && !(is_old && (viewers_now > 0 || watched)) {
            return None;
        }
        told.told_at = now;
        told.viewers_now = viewers_now;
        let watched_s = self.drain(|it| &it.watched_ms) as f64 / 1_000.0;
        Some(Taken { views, viewers_now, watched_s })
    }

    /// Puts back what was taken and could not be told.
    pub(super) fn put_back(&self, taken: &Taken) {
        self.first.views.fetch_add(taken.views, Ordering::Relaxed);
        self.first.watched_ms.fetch_add((taken.watched_s * 1_000.0) as u64, Ordering::Relaxed);
        self.told().viewers_now = u64::MAX;
    }

    /// How long nothing has come.
    pub(super) fn idle(&self, now: Duration) -> Duration {
        if self.sum(|it| &it.events) > 0 {
            return Duration::ZERO;
        }
        now.saturating_sub(self.told().busy_at)
    }

    /// Stripes that are written to now.
    pub(super) fn spread(&self) -> usize {
        self.spread.load(Ordering::Relaxed)
    }

    fn stripe(&self) -> &Stripe {
        let spread = self.spread();
        if spread <= 1 {
            return &self.first;
        }
        let at = me() % spread;
        let more = self.more.get().filter(|_| at > 0);
        more.map_or(&self.first, |more| &more[at - 1])
    }

    fn stripes(&self) -> impl Iterator<Item = &Stripe> {
        std::iter::once(&self.first).chain(self.more.get().into_iter().flatten())
    }

    pub(super) fn viewers_now(&self, slot: Number) -> u64 {
        let sum: i64 = self.stripes().map(|stripe| stripe.slots.sum(slot)).sum();
        sum.max(0).unsigned_abs()
    }

    fn drain(&self, number: impl Fn(&Stripe) -> &AtomicU64) -> u64 {
        self.stripes().map(|stripe| number(stripe).swap(0, Ordering::Relaxed)).sum()
    }

    fn sum(&self, number: impl Fn(&Stripe) -> &AtomicU64) -> u64 {
        self.stripes().map(|stripe| number(stripe).load(Ordering::Relaxed)).sum()
    }

    /// Splits what many write to, and joins what few do.
    fn adjust(&self, events: u64, time: Duration) {
        let spread = self.spread();
        let next = spread_for(spread, events, time, &self.shape);
        if next > 1 {
            let count = self.shape.stripes_max - 1;
            self.more.get_or_init(|| (0..count).map(|_| Stripe::new(self.shape.slots)).collect());
        }
        if next != spread {
            self.spread.store(next, Ordering::Relaxed);
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Twice as many stripes above the rate, half as many below a quarter of it.
fn spread_for(spread: usize, events: u64, time: Duration, shape: &Shape) -> usize {
    let seconds = time.as_secs_f64();
    if seconds <= 0.0 {
        return spread;
    }
    let (rate, split) = (events as f64 / seconds, shape.split_rate as f64);
    if rate > split {
        (spread * 2).min(shape.stripes_max)
    } else if rate < split / 4.0 {
        (spread / 2).max(1)
    } else {
        spread
    }
}

impl Stripe {
    fn new(slots: u32) -> Self {
        Self {
            events: AtomicU64::default(),
            views: AtomicU64::default(),
            watched_ms: AtomicU64::default(),
            slots: Slots::new(slots),
        }
    }

    // Relaxed: numbers that nothing else hangs on.
    fn note(&self, sign: &Sign) {
        self.events.fetch_add(1, Ordering::Relaxed);
        if sign.views > 0 {
            self.views.fetch_add(sign.views, Ordering::Relaxed);
        }
        if sign.watched_ms > 0 {
            self.watched_ms.fetch_add(sign.watched_ms, Ordering::Relaxed);
        }
        if sign.was_in != sign.is_in {
            sign.was_in.into_iter().for_each(|slot| self.slots.add(slot, -1));
            sign.is_in.into_iter().for_each(|slot| self.slots.add(slot, 1));
        }
    }
}

/// A number of the calling thread, in the order in which threads first ask.
fn me() -> usize {
    static THREADS: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static ME: ThreadCell<usize> = const { ThreadCell::new(usize::MAX) };
    }
    ME.with(|me| {
        if me.get() == usize::MAX {
            me.set(THREADS.fetch_add(1, Ordering::Relaxed) as usize);
        }
        me.get()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { slots: 9, split_rate: 1_000, stripes_max: 8 };
    const REPEAT: Duration = Duration::from_secs(10);

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn view() -> Sign {
        Sign { was_in: None, is_in: None, views: 1, watched_ms: 0 }
    }

    #[test]
    fn what_is_new_is_told_once_and_what_stays_is_repeated() {
        let cell = Cell::new(SHAPE, s(0));
        assert_eq!(cell.take(100, s(1), REPEAT), None);
        cell.note(&Sign { was_in: None, is_in: Some(100), views: 1, watched_ms: 1_500 });
        let taken = cell.take(100, s(2), REPEAT);
        assert_eq!(taken, Some(Taken { views: 1, viewers_now: 1, watched_s: 1.5 }));
        assert_eq!(cell.take(100, s(3), REPEAT), None);
        let again = cell.take(100, s(12), REPEAT);
        assert_eq!(again, Some(Taken { views: 0, viewers_now: 1, watched_s: 0.0 }));
        let gone = cell.take(109, s(13), REPEAT);
        assert_eq!(gone, Some(Taken { views: 0, viewers_now: 0, watched_s: 0.0 }));
        assert_eq!(cell.idle(s(43)), s(31));
    }

    #[test]
    fn what_could_not_be_told_is_told_the_next_time() {
        let cell = Cell::new(SHAPE, s(0));
        cell.note(&view());
        let taken = cell.take(100, s(1), REPEAT).expect("it is new");
        cell.put_back(&taken);
        cell.note(&view());
        assert_eq!(cell.take(100, s(2), REPEAT).map(|taken| taken.views), Some(2));
    }

    #[test]
    fn a_hot_cell_is_split_and_a_cool_one_joined() {
        let check = |spread, events, expected| {
            assert_eq!(spread_for(spread, events, s(1), &SHAPE), expected, "{spread}, {events}");
        };
        check(1, 1_000, 1);
        check(1, 1_001, 2);
        check(4, 9_999, 8);
        check(8, 9_999, 8);
        check(8, 250, 8);
        check(8, 249, 4);
        check(1, 0, 1);
    }

    #[test]
    fn nothing_is_lost_while_it_is_split_and_joined() {
        let cell = Cell::new(SHAPE, s(0));
        let (threads, each) = (4_u64, 20_000_u64);
        let mut found = 0;
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..each).for_each(|_| cell.note(&view())));
            }
            for tick in 1..200 {
                found +=
                    cell.take(100, Duration::from_millis(tick), REPEAT).map_or(0, |it| it.views);
            }
        });
        found += cell.take(100, s(1), REPEAT).map_or(0, |taken| taken.views);
        assert_eq!(found, threads * each);
    }
}
