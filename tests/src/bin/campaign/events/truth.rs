//! What was told, and whether the sums and the topic say the same.

use super::fill::Outbox;
use super::options::Options;
use super::topic::Seen;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

/// Shards of producers that no node has: what the node tells by itself stays apart.
const SHARDS: u64 = 16;
const COUNTRIES: [&str; 4] = ["NG", "DE", "BR", "ZZ"];
const DEVICES: [&str; 5] = ["desktop", "mobile", "tablet", "tv", "other"];

/// Views by content, country and device.
pub(super) type Sums = BTreeMap<(String, String, String), u64>;

/// How the events of a run are named. Runs have shards of their own, since a broker may still have
/// the events of another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    first_shard: u64,
}

/// Everything that was told.
pub(super) struct Truth {
    pub(super) names: Names,
    contents: Vec<String>,
    choice: u64,
    /// Events so far; the number of one says its shard and sequence.
    pub(super) told: u64,
    sums: Sums,
}

/// One event to be told.
pub(super) struct Event {
    pub(super) shard: u64,
    pub(super) sequence: u64,
    pub(super) content: String,
    pub(super) payload: Value,
}

impl Names {
    /// The number of an event, if it is one of these.
    pub(super) fn number(self, shard: u64, sequence: u64) -> Option<u64> {
        let shard = shard.checked_sub(self.first_shard).filter(|shard| *shard < SHARDS)?;
        Some((sequence.checked_sub(1)?) * SHARDS + shard)
    }
}

impl Truth {
    pub(super) fn new(options: &Options) -> Self {
        let contents = (0..options.contents).map(|_| Uuid::now_v7().to_string()).collect();
        let names = Names { first_shard: 1_000 + options.seed % 4_000 * SHARDS };
        Self { names, contents, choice: options.seed | 1, told: 0, sums: Sums::new() }
    }

    /// The next event, a view at `at`.
    pub(super) fn next(&mut self, at: &str) -> Event {
        let chosen = self.choose(self.contents.len());
        let content = self.contents[chosen].clone();
        let country = COUNTRIES[self.choose(COUNTRIES.len())];
        let device = DEVICES[self.choose(DEVICES.len())];
        let place = (content.clone(), country.to_owned(), device.to_owned());
        *self.sums.entry(place).or_default() += 1;
        let number = self.told;
        self.told += 1;
        Event {
            shard: self.names.first_shard + number % SHARDS,
            sequence: number / SHARDS + 1,
            payload: json!({ "content_id": content, "facts": [
                { "kind": "view", "at": at, "country": country, "device": device },
            ] }),
            content,
        }
    }

    /// True for an event of this run: a broker may have those of another one.
    pub(super) fn knows(&self, content: &str) -> bool {
        self.contents.iter().any(|known| known == content)
    }

    /// How many views of this run are added.
    pub(super) fn added(&self, catalog: &Outbox) -> anyhow::Result<u64> {
        let sums = catalog.sums()?;
        Ok(sums.iter().filter(|(place, _)| self.knows(&place.0)).map(|(_, views)| views).sum())
    }

    /// What differs from the truth.
    pub(super) fn faults(&self, catalog: &Path, seen: &Seen) -> anyhow::Result<Vec<String>> {
        let mut faults: Vec<_> = (0..self.told)
            .filter(|number| !seen.has(*number))
            .map(|number| format!("event {number} is not on the topic"))
            .collect();
        let found = Outbox::open(catalog)?.sums()?;
        for (place, views) in &self.sums {
            let counted = found.get(place).copied().unwrap_or(0);
            if counted != *views {
                faults.push(format!("{place:?}: {counted} views are added, {views} are true"));
            }
        }
        let strange = found.keys().filter(|place| self.knows(&place.0));
        let strange = strange.filter(|place| !self.sums.contains_key(*place));
        faults.extend(strange.map(|place| format!("{place:?} was never told")));
        Ok(faults)
    }

    fn choose(&mut self, among: usize) -> usize {
        // Xorshift: repeatable, and even enough to spread.
        self.choice ^= self.choice << 13;
        self.choice ^= self.choice >> 7;
        self.choice ^= self.choice << 17;
        (self.choice % among as u64) as usize
    }
}

/// How many events have left the outbox at each kill: spread, but not evenly, over all of them.
pub(super) fn strikes(options: &Options) -> Vec<u64> {
    let share = options.events / (options.kills + 1);
    let jitter = |kill: u64| (options.seed >> (kill % 48)) % (share / 2).max(1);
    (1..=options.kills).map(|kill| kill * share - share / 4 + jitter(kill)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_known_by_its_name() {
        let options = Options::read(&[]).expect("the defaults");
        let mut truth = Truth::new(&options);
        for number in 0..40 {
            let event = truth.next("2026-11-21T20:15:10Z");
            assert_eq!(truth.names.number(event.shard, event.sequence), Some(number));
            assert!(truth.knows(&event.content));
        }
        assert_eq!(truth.names.number(3, 1), None);
        assert_eq!(truth.sums.values().sum::<u64>(), 40);
    }

    #[test]
    fn kills_are_spread_over_all_events() {
        let options = Options::read(&[]).expect("the defaults");
        let strikes = strikes(&options);
        assert_eq!(strikes.len(), 20);
        assert!(strikes.is_sorted() && strikes[19] < options.events && strikes[0] > 0);
    }
}
