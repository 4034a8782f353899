//! Goal: the same holds for more nodes, more shards and longer times than can be looked at in full.
//! Method: seeded walks through a world of five nodes; `SEED=` walks one again.

use super::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use stateright::Expectation;
use std::collections::BTreeSet;

const WORLD: World = World {
    nodes: 5,
    shards: 8,
    ticks: 400,
    writes: u16::MAX,
    lives: u16::MAX,
    deaths: 20,
    stops: 40,
    cuts: 20,
    drains: 1,
    renewals: 3,
    late: 5,
    lease: [12, 3, 2],
    suspicion: Some([3, 6]),
};
const WALKS: u64 = 16;
/// Of so many steps one may be a mishap; in between the nodes settle.
const MISHAP: u32 = 60;

/// Walks until time is over; answers what was seen on the way.
fn walk(seed: u64) -> (usize, BTreeSet<Event>) {
    let model = Cluster::new(WORLD, None);
    let mut always = model.properties();
    always.retain(|property| property.expectation == Expectation::Always);
    let mut random = StdRng::seed_from_u64(seed);
    let mut state = State::new(&model);
    let (mut steps, mut seen) = (0, BTreeSet::new());
    while state.now < WORLD.ticks {
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        let mishaps = random.random_ratio(1, MISHAP);
        actions.retain(|action| mishaps || !is_mishap(action));
        let action = *actions.choose(&mut random).expect("time goes on");
        let Some(next) = model.next_state(&state, action) else { continue };
        state = next;
        steps += 1;
        seen.insert(state.last);
        for property in &always {
            let holds = (property.condition)(&model, &state);
            assert!(holds, "SEED={seed}, step {steps}, {action:?}: not {}", property.name);
        }
    }
    (steps, seen)
}

fn is_mishap(action: &Action) -> bool {
    use Action::{Abort, CutOff, Die, Drain, Tick};
    matches!(action, Tick(Some(_)) | Die(_) | CutOff(_) | Drain(_) | Abort(_))
}

#[test]
fn five_nodes_never_write_at_once() {
    let given = std::env::var("SEED").ok().map(|seed| seed.parse().expect("SEED is a number"));
    let first = given.unwrap_or_else(|| rand::random_range(0..1 << 32));
    let last = if given.is_some() { first } else { first + WALKS - 1 };
    let mut all = BTreeSet::new();
    for seed in first..=last {
        let (steps, seen) = walk(seed);
        println!("SEED={seed}: {steps} steps, {seen:?}");
        all.extend(seen);
    }
    if given.is_none() {
        use Event::{Acknowledged, EndedEarly, FencedItself, HandedOver, RefusedLate, TakenOver};
        for event in [Acknowledged, EndedEarly, FencedItself, HandedOver, RefusedLate, TakenOver] {
            assert!(all.contains(&event), "{event:?} was never seen from SEED={first} on");
        }
    }
}
