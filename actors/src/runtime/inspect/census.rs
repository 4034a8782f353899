//! One pass over all residents: sums by kind, and who is slow or stuck. Taken by the watchdog once
//! a second and read by everybody, so that many watchers cost no more than one.
//!
//! The sums of lives that have ended are read before the pass, and who has ended is passed by: so
//! no life is counted twice, whenever it ends. One that ends meanwhile is in the next census.

use super::members::working;
use super::view::Status;
use crate::runtime::Watch;
use crate::runtime::kind::Kind;
use crate::runtime::ledger::Sums;
use crate::runtime::population::Population;
use crate::runtime::resident::Resident;
use crate::runtime::vitals::Vitals;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a pass over all residents found.
#[derive(Clone, Debug, Default)]
pub(in crate::runtime) struct Census {
    pub(in crate::runtime) kinds: BTreeMap<&'static str, KindCount>,
}

/// The residents of one kind, and what those did who have left.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct KindCount {
    pub(in crate::runtime) residents: u64,
    /// Of their lives, and of those that had ended when the pass began.
    pub(in crate::runtime) sums: Sums,
    pub(in crate::runtime) oldest_s: Option<f64>,
    /// Bound of each mailbox.
    pub(in crate::runtime) bound: u32,
    pub(in crate::runtime) working: u64,
    pub(in crate::runtime) slow: u64,
    pub(in crate::runtime) stuck: u64,
}

/// Counts of one shard, by kind: few, so that a short list is faster than a map.
#[derive(Default)]
pub(in crate::runtime) struct Counts(Vec<(Arc<Kind>, KindCount)>);

impl Counts {
    /// Counts one more, unless it has ended. True when it is at work.
    pub(in crate::runtime) fn add(&mut self, resident: &Resident) -> bool {
        if !resident.runs() {
            return false;
        }
        let known = self.0.iter().position(|(kind, _)| Arc::ptr_eq(kind, &resident.kind));
        let place = known.unwrap_or_else(|| {
            self.0.push((Arc::clone(&resident.kind), KindCount::default()));
            self.0.len() - 1
        });
        self.0[place].1.add(&resident.vitals, resident.kind.rules.watch)
    }
}

impl KindCount {
    fn add(&mut self, vitals: &Vitals, watch: Watch) -> bool {
        let sums = Sums::of(vitals);
        let at_work = sums.depth > 0;
        self.residents += 1;
        self.sums += sums;
        self.bound = vitals.gauge.bound();
        if at_work {
            let oldest_s = vitals.gauge.oldest_s().unwrap_or(0.0);
            self.oldest_s = Some(self.oldest_s.map_or(oldest_s, |it| it.max(oldest_s)));
            match working(vitals, watch) {
                None => {}
                Some(Status::Stuck) => self.stuck += 1,
                Some(Status::Slow) => self.slow += 1,
                Some(_) => self.working += 1,
            }
        }
        at_work
    }

    fn merge(&mut self, other: &Self) {
        self.residents += other.residents;
        self.sums += other.sums;
        self.bound = self.bound.max(other.bound);
        self.oldest_s = match (self.oldest_s, other.oldest_s) {
            (Some(left), Some(right)) => Some(left.max(right)),
            (left, right) => left.or(right),
        };
        self.working += other.working;
        self.slow += other.slow;
        self.stuck += other.stuck;
    }
}

impl Census {
    /// Begins a pass.
    pub(in crate::runtime) fn begin(population: &Population) -> Self {
        let ended = |kind: Arc<Kind>| {
            (kind.name, KindCount { sums: kind.ledger.past(), ..KindCount::default() })
        };
        Self { kinds: population.kinds.all().into_iter().map(ended).collect() }
    }

    /// Looks at every resident once.
    pub(in crate::runtime) fn of(population: &Population) -> Self {
        let mut census = Self::begin(population);
        for shard in population.shards() {
            let mut counts = Counts::default();
            shard.visit(&mut |running| {
                counts.add(&running.resident);
            });
            census.add(counts);
        }
        census
    }

    /// Adds the counts of a shard.
    pub(in crate::runtime) fn add(&mut self, counts: Counts) {
        for (kind, count) in counts.0 {
            self.kinds.entry(kind.name).or_default().merge(&count);
        }
    }

    pub(in crate::runtime) fn kind(&self, name: &str) -> KindCount {
        self.kinds.get(name).copied().unwrap_or_default()
    }
}
