//! One pass over all residents: sums by kind, and who is slow or stuck. Taken by the watchdog once
//! a second and read by everybody, so that many watchers cost no more than one.

use super::members::working;
use super::view::Status;
use crate::runtime::ledger::Sums;
use crate::runtime::population::Population;
use std::collections::BTreeMap;

/// What a pass over all residents found.
#[derive(Clone, Debug, Default)]
pub(in crate::runtime) struct Census {
    pub(in crate::runtime) kinds: BTreeMap<&'static str, KindCount>,
}

/// The residents of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct KindCount {
    pub(in crate::runtime) residents: u64,
    pub(in crate::runtime) sums: Sums,
    pub(in crate::runtime) oldest_s: Option<f64>,
    /// Bound of each mailbox.
    pub(in crate::runtime) bound: u32,
    pub(in crate::runtime) working: u64,
    pub(in crate::runtime) slow: u64,
    pub(in crate::runtime) stuck: u64,
}

impl Census {
    /// Looks at every resident once.
    pub(in crate::runtime) fn of(population: &Population) -> Self {
        let mut census = Self::default();
        for shard in population.shards() {
            shard.visit(&mut |running| {
                let resident = &running.resident;
                let vitals = &resident.vitals;
                let count = census.kinds.entry(resident.kind.name).or_default();
                count.residents += 1;
                count.sums += Sums::of(vitals);
                count.bound = vitals.gauge.bound();
                if vitals.gauge.inside() > 0 {
                    let oldest_s = vitals.gauge.oldest_s().unwrap_or(0.0);
                    count.oldest_s = Some(count.oldest_s.map_or(oldest_s, |it| it.max(oldest_s)));
                    match working(vitals, resident.kind.rules.watch) {
                        None => {}
                        Some(Status::Stuck) => count.stuck += 1,
                        Some(Status::Slow) => count.slow += 1,
                        Some(_) => count.working += 1,
                    }
                }
            });
        }
        census
    }

    pub(in crate::runtime) fn kind(&self, name: &str) -> KindCount {
        self.kinds.get(name).copied().unwrap_or_default()
    }
}
