//! A player in the hands of a restless person.

use super::super::{Action, Event};
use super::{START, time};
use rand::Rng;
use rand::rngs::StdRng;

/// What a person does within some minutes, in order; the clock never runs out of the hour.
pub(super) fn events(random: &mut StdRng, duration_s: f64) -> Vec<Event> {
    let mut player = Player { at: START, position_s: 0.0, playing: false, events: Vec::new() };
    player.pass(random.random_range(0..3_000));
    let startup_s = Some(f64::from(random.random_range(10..4_000_u32)) / 1e3);
    player.does(random, Action::Start { startup_s });
    for _ in 0..random.random_range(0..60) {
        player.pass(random.random_range(0..20_000));
        player.position_s = player.position_s.min(duration_s);
        player.acts(random, duration_s);
    }
    if random.random_bool(0.7) {
        player.does(random, Action::End);
    }
    player.events
}

struct Player {
    at: i64,
    position_s: f64,
    playing: bool,
    events: Vec<Event>,
}

impl Player {
    fn pass(&mut self, ms: i64) {
        self.at += ms;
        if self.playing {
            self.position_s += ms as f64 / 1e3;
        }
    }

    fn acts(&mut self, random: &mut StdRng, duration_s: f64) {
        match random.random_range(0..12) {
            0 => self.does(random, Action::Pause),
            1 => {
                let from_position_s = random.random_bool(0.8).then_some(self.position_s);
                self.position_s = random.random_range(0.0..duration_s);
                self.does(random, Action::Seek { from_position_s });
            }
            2 => self.runs_dry(random),
            3 => self.does(random, Action::Error { code: None, message: None }),
            4 | 5 => self.does(random, Action::Play { stall_s: None }),
            _ => self.does(random, Action::Heartbeat { playing: self.playing }),
        }
    }

    /// With or without heartbeats meanwhile, and whether it comes back or not.
    fn runs_dry(&mut self, random: &mut StdRng) {
        self.does(random, Action::Buffering);
        let began = self.at;
        for _ in 0..random.random_range(0..3) {
            self.pass(random.random_range(0..5_000));
            self.does(random, Action::Heartbeat { playing: false });
        }
        self.pass(random.random_range(0..5_000));
        let waited_s = (self.at - began) as f64 / 1e3;
        let stall_s = random.random_bool(0.5).then_some(waited_s);
        if random.random_bool(0.8) {
            self.does(random, Action::Play { stall_s });
        }
    }

    fn does(&mut self, random: &mut StdRng, action: Action) {
        self.playing = match &action {
            Action::Start { .. } | Action::Play { .. } => true,
            Action::Pause | Action::Buffering | Action::End => false,
            Action::Seek { .. } | Action::Error { .. } | Action::Heartbeat { .. } => self.playing,
        };
        let bitrate_bps = random.random_bool(0.3).then(|| random.random_range(1e5..9e6));
        let (seq, at, position_s) = (self.events.len() as u64, time(self.at), self.position_s);
        self.events.push(Event {
            seq,
            at,
            position_s,
            action,
            bitrate_bps,
            rate: None,
            starved: false,
        });
    }
}

/// The same events in another order, some of them several times, cut into batches.
pub(super) fn muddle(random: &mut StdRng, events: &[Event]) -> Vec<Vec<Event>> {
    use rand::seq::SliceRandom;
    let mut muddled = events.to_vec();
    for _ in 0..random.random_range(0..=events.len() / 4) {
        muddled.push(events[random.random_range(0..events.len())].clone());
    }
    if random.random_bool(0.5) {
        muddled.shuffle(random);
    } else {
        // Neighbours change places, as batches under way side by side do.
        muddled.sort_by_cached_key(|event| event.seq + random.random_range(0..6));
    }
    let mut batches = Vec::new();
    let mut left = muddled.as_slice();
    while !left.is_empty() {
        let (batch, rest) = left.split_at(random.random_range(1..=left.len().min(8)));
        batches.push(batch.to_vec());
        left = rest;
    }
    batches
}
