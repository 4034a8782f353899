//! What changed between two looks: rates, and a short history of them.
//!
//! Only actors of the newest page are kept, so the memory is bounded by the page's limit.

use super::units;
use jiff::Timestamp;
use playhouse_actors::runtime::inspect::view::{ActorView, TreePage};
use std::collections::{HashMap, VecDeque};

/// Rates that are kept per actor: as many as a trend has columns.
pub(super) const TREND: usize = 12;

/// What earlier pages of one watch have told.
#[derive(Default)]
pub(super) struct Samples {
    at: Option<Timestamp>,
    tracks: HashMap<String, Track>,
}

/// What is known of one actor.
struct Track {
    handled: u64,
    busy_s: f64,
    busy: Option<f64>,
    rate: Option<f64>,
    rates: VecDeque<f64>,
}

impl Samples {
    /// Takes a page in; one that is not newer than the last changes nothing.
    pub(super) fn take(&mut self, page: &TreePage) {
        let elapsed_s = self.at.map_or(0.0, |before| units::since(page.at, before));
        if self.at.is_some() && elapsed_s <= 0.0 {
            return;
        }
        let mut before = std::mem::take(&mut self.tracks);
        for actor in &page.actors {
            let track = match before.remove(&actor.path) {
                Some(track) => track.next(actor, elapsed_s),
                None => Track::first(actor),
            };
            self.tracks.insert(actor.path.clone(), track);
        }
        self.at = Some(page.at);
    }

    /// Messages a second; none before the second look, or when its counters began anew.
    pub(super) fn rate(&self, path: &str) -> Option<f64> {
        self.tracks.get(path)?.rate
    }

    /// Share of the time spent in handlers.
    pub(super) fn busy(&self, path: &str) -> Option<f64> {
        self.tracks.get(path)?.busy
    }

    /// The last rates as blocks, newest at the right.
    pub(super) fn trend(&self, path: &str) -> String {
        self.tracks
            .get(path)
            .map(|track| units::spark(track.rates.iter().copied()))
            .unwrap_or_default()
    }
}

impl Track {
    fn first(actor: &ActorView) -> Self {
        let (handled, busy_s) = (actor.handled, actor.busy_s);
        Self { handled, busy_s, busy: None, rate: None, rates: VecDeque::new() }
    }

    fn next(mut self, actor: &ActorView, elapsed_s: f64) -> Self {
        let grown = actor.handled.checked_sub(self.handled);
        self.rate = grown.map(|messages| messages as f64 / elapsed_s);
        let worked_s = actor.busy_s - self.busy_s;
        self.busy = (worked_s >= 0.0).then_some(worked_s / elapsed_s);
        (self.handled, self.busy_s) = (actor.handled, actor.busy_s);
        if let Some(rate) = self.rate {
            self.rates.push_back(rate);
        }
        while self.rates.len() > TREND {
            self.rates.pop_front();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::examples;

    #[test]
    fn a_rate_is_what_was_handled_between_two_looks() {
        let mut samples = Samples::default();
        let mut page = examples::node();
        samples.take(&page);
        assert_eq!(samples.rate("http"), None, "one look has no rate");
        page.at += jiff::SignedDuration::from_secs(2);
        page.actors.iter_mut().find(|actor| actor.path == "http").expect("a listener").handled +=
            30;
        samples.take(&page);
        assert_eq!(samples.rate("http"), Some(15.0));
        samples.take(&page);
        assert_eq!(samples.rate("http"), Some(15.0), "the same page again is no news");
        page.at += jiff::SignedDuration::from_secs(1);
        page.actors.iter_mut().for_each(|actor| actor.handled = 0);
        samples.take(&page);
        assert_eq!(samples.rate("http"), None, "a new life counts from zero");
        page.actors.retain(|actor| actor.path != "http");
        page.at += jiff::SignedDuration::from_secs(1);
        samples.take(&page);
        assert_eq!(samples.trend("http"), "", "who is gone is forgotten");
    }
}
