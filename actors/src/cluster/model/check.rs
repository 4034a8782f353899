//! Goal: whatever is late, lost, stopped or killed, a shard has one writer at a time. Method: all
//! states of some small worlds are looked at; then the same with one fault planted at a time, which
//! must come to light.

use super::*;
use stateright::{Checker, Expectation, HasDiscoveries};
use std::collections::BTreeSet;

/// One node: renewals overtake each other, are late or lost; its clock stands still once.
const ALONE: World = World {
    nodes: 1,
    shards: 1,
    ticks: 6,
    writes: 2,
    lives: 1,
    deaths: 0,
    stops: 1,
    cuts: 0,
    drains: 0,
    renewals: 2,
    late: 1,
    lease: [4, 1, 1],
    suspicion: None,
};

/// A second node takes over while the first, or its clock, is stopped.
const PAIR: World = World { nodes: 2, ticks: 4, renewals: 1, late: 1, lease: [3, 1, 1], ..ALONE };

/// A node is killed and comes back to claim what it had.
const DEATH: World = World { ticks: 3, lives: 2, deaths: 1, stops: 0, late: 0, ..PAIR };

/// An operator drains a node.
const DRAIN: World = World { ticks: 3, drains: 1, stops: 0, late: 0, ..PAIR };

/// Three nodes: one is cut off from the others and accused. No lease runs out meanwhile.
const TRIO: World = World {
    nodes: 3,
    ticks: 2,
    writes: 1,
    cuts: 1,
    stops: 0,
    late: 0,
    lease: [9, 4, 1],
    suspicion: Some([2, 4]),
    ..PAIR
};

fn explore(told: &str, world: World, seen: &[&'static str]) {
    let began = std::time::Instant::now();
    let checker = Cluster::new(world, None).checker().spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{told}: {states} states, {depth} steps deep, {:?}", began.elapsed());
    for property in checker.model().properties() {
        if property.expectation == Expectation::Always {
            checker.assert_no_discovery(property.name);
        }
    }
    for what in seen {
        checker.assert_any_discovery(what);
    }
}

#[test]
fn a_node_is_silent_in_time_whatever_its_renewals_meet() {
    explore("alone", ALONE, &[TOLD, SILENT, FENCED]);
}

#[test]
fn a_stopped_owner_neither_commits_nor_tells_after_another_claimed() {
    explore("pair", PAIR, &[TAKEN_OVER, REFUSED, FENCED, TOLD, SILENT, FOUND]);
}

#[test]
fn a_node_that_dies_and_comes_back_is_another_one() {
    explore("death", DEATH, &[TAKEN_OVER, HANDED_OVER, REFUSED, TOLD]);
}

#[test]
fn a_shard_is_handed_over_without_two_writers() {
    explore("drain", DRAIN, &[HANDED_OVER, REFUSED, TOLD, FOUND]);
}

#[test]
fn a_wrongly_accused_node_loses_time_and_nothing_else() {
    explore("trio", TRIO, &[ENDED_EARLY, TAKEN_OVER, REFUSED, TOLD]);
}

/// The shortest way by which the fault breaks a promise.
fn exposes(fault: Fault, world: World, broken: &'static str) {
    let builder = Cluster::new(world, Some(fault)).checker();
    let wanted = HasDiscoveries::AllOf(BTreeSet::from([broken]));
    let checker = builder.finish_when(wanted).spawn_bfs().join();
    let path = checker.discovery(broken).unwrap_or_else(|| panic!("{fault:?} stays unseen"));
    let states = checker.unique_state_count();
    println!("{fault:?}, {states} states: not {broken}: {:?}", path.into_actions());
}

#[test]
fn every_planted_fault_is_exposed() {
    exposes(Fault::NoFence, PAIR, RISING);
    exposes(Fault::FenceNotHeld, PAIR, NOT_OUTRUN);
    exposes(Fault::DeadlineFromAnswer, ALONE, IN_TIME);
    exposes(Fault::ClaimIgnoresLease, DEATH, LEFT_ALONE);
    exposes(Fault::ClaimByTheDead, DRAIN, DEAD_GET_NONE);
    exposes(Fault::ClaimKeepsEpoch, PAIR, ONE_WRITER);
    exposes(Fault::ReleaseLowersEpoch, DRAIN, ONE_WRITER);
    exposes(Fault::LateAcknowledgement, ALONE, MUTE);
    exposes(Fault::OneSuspectSuffices, TRIO, BY_TWO);
}
