//! Goal: shards are spread evenly, move little, and never more at a time than they may. Method: the
//! pure functions over views and holdings made by hand, by several nodes side by side.

use super::*;
use playhouse_storage::model::{Epoch, Rules};

const SHARDS: u16 = 1024;

fn life(name: &str) -> NodeLife {
    NodeLife { name: name.parse().expect("a name"), incarnation: 1 }
}

fn member(name: &str) -> Member {
    Member {
        life: life(name),
        link: String::new(),
        http: String::new(),
        zone: name[..1].to_owned(),
        weight: 1,
        build: String::new(),
        phase: Phase::Up,
        alive: true,
        lease_left_ms: 10_000,
        suspected_by: Vec::new(),
    }
}

fn view(names: &[&str]) -> View {
    View {
        version: 1,
        moves: 0,
        shard_count: SHARDS,
        members: names.iter().map(|name| member(name)).collect(),
        rules: Rules { members_min: 1, moves_max: 32, pins: BTreeMap::new() },
    }
}

/// The holdings when everything is where it should be.
fn settled(view: &View) -> Vec<Holding> {
    let owner = |shard| desired(shard, view).map(|member| member.life.clone());
    let all = (0..SHARDS).map(ShardId);
    all.map(|shard| Holding { shard, epoch: Epoch(1), owner: owner(shard) }).collect()
}

fn count(holdings: &[Holding], name: &str) -> usize {
    holdings.iter().filter(|it| it.owner == Some(life(name))).count()
}

fn waiting(holdings: &[Holding]) -> usize {
    holdings.iter().filter(|it| it.owner.is_none()).count()
}

fn releases(steps: &[Step]) -> usize {
    steps.iter().filter(|step| matches!(step, Step::Release { .. })).count()
}

fn carry_out(me: &str, steps: Vec<Step>, holdings: &mut [Holding]) {
    for step in steps {
        let (shard, owner) = match step {
            Step::Claim(shard) => (shard, Some(life(me))),
            Step::Release { fence, .. } => (fence.shard, None),
        };
        holdings[usize::from(shard.0)].owner = owner;
    }
}

#[test]
fn the_hash_stays_the_same_for_ever() {
    let told = [hash(ShardId(0), "a", 0), hash(ShardId(1023), "node-7", 3)];
    assert_eq!(told, [5_370_705_428_796_110_187, 11_144_383_809_344_371_032]);
}

#[test]
fn shards_are_spread_evenly_and_by_weight() {
    let mut three = view(&["a1", "b1", "c1"]);
    for name in ["a1", "b1", "c1"] {
        let share = count(&settled(&three), name);
        assert!((290..=390).contains(&share), "{name} has {share}");
    }
    three.members[0].weight = 2;
    let share = count(&settled(&three), "a1");
    assert!((460..=560).contains(&share), "twice the weight: {share} of 1024");
}

#[test]
fn who_comes_or_goes_moves_only_its_own() {
    let (two, three) = (settled(&view(&["a1", "b1"])), settled(&view(&["a1", "b1", "c1"])));
    for (before, after) in two.iter().zip(&three) {
        assert!(before == after || after.owner == Some(life("c1")), "{before:?} to {after:?}");
    }
}

#[test]
fn the_order_of_the_list_does_not_matter() {
    assert_eq!(settled(&view(&["a1", "b1", "c1"])), settled(&view(&["c1", "a1", "b1"])));
}

#[test]
fn a_pin_wins_as_long_as_it_can_be_served() {
    let mut view = view(&["a1", "a2", "b1"]);
    view.rules.pins.insert(ShardId(7), Pin::Node("b1".parse().expect("a name")));
    view.rules.pins.insert(ShardId(8), Pin::Zone("a".to_owned()));
    assert_eq!(desired(ShardId(7), &view).expect("all are able").life, life("b1"));
    assert_eq!(desired(ShardId(8), &view).expect("all are able").zone, "a");
    view.members[2].alive = false;
    assert_eq!(desired(ShardId(7), &view).expect("all are able").zone, "a", "another one serves");
}

#[test]
fn the_dead_are_inherited_at_once_and_only_by_whom_it_concerns() {
    let mut view = view(&["a1", "b1", "c1"]);
    let before = settled(&view);
    view.members[2].alive = false;
    let claims = ["a1", "b1"].map(|me| {
        let steps = steps(&life(me), &view, &before);
        assert_eq!(releases(&steps), 0);
        steps.len()
    });
    assert_eq!(claims[0] + claims[1], count(&before, "c1"));
    assert_eq!(steps(&life("c1"), &view, &before), [], "the dead do nothing");
}

#[test]
fn a_life_inherits_from_the_one_before() {
    let mut view = view(&["a1", "b1"]);
    let before = settled(&view);
    view.members[0].life.incarnation = 2;
    let claims = steps(&view.members[0].life, &view, &before).len();
    assert_eq!(claims, count(&before, "a1"));
    assert_eq!(steps(&life("a1"), &view, &before), [], "the first life of a1 is over");
}

#[test]
fn too_few_take_nothing_over_but_what_was_given_up() {
    let mut view = view(&["a1", "b1", "c1"]);
    view.rules.members_min = 2;
    let mut holdings = settled(&view);
    (view.members[1].alive, view.members[2].alive) = (false, false);
    assert_eq!(steps(&life("a1"), &view, &holdings), []);
    holdings[5].owner = None;
    assert_eq!(steps(&life("a1"), &view, &holdings), [Step::Claim(ShardId(5))]);
    view.members[1].alive = true;
    assert!(steps(&life("a1"), &view, &holdings).len() > 1);
}

/// Two nodes that both give shards away, looking one after the other or at the same time.
#[test]
fn a_few_move_at_a_time_until_all_are_where_they_should_be() {
    for together in [false, true] {
        let mut view = view(&["a1", "b1"]);
        let mut holdings = settled(&view);
        view.members.push(member("c1"));
        view.rules.moves_max = 10;
        let mut rounds = 0;
        while holdings.iter().ne(&settled(&view)) {
            let seen = holdings.clone();
            for me in ["a1", "b1", "c1"] {
                let looks_at = if together { &seen } else { &holdings };
                let steps = steps(&life(me), &view, looks_at);
                carry_out(me, steps, &mut holdings);
                assert!(waiting(&holdings) <= 10, "{} wait", waiting(&holdings));
            }
            rounds += 1;
            assert!(rounds < 200, "it comes to an end");
        }
        assert!(rounds > 20, "{rounds} rounds of at most ten");
    }
}

/// A node that acts on what it read long ago gives up no more than the others left room for.
#[test]
fn a_late_look_stays_within_the_bound() {
    let mut view = view(&["a1", "b1"]);
    let mut holdings = settled(&view);
    view.members.push(member("c1"));
    view.rules.moves_max = 10;
    let late = steps(&life("a1"), &view, &holdings);
    assert!(releases(&late) > 0);
    for me in ["b1", "c1", "b1", "c1", "b1"] {
        let steps = steps(&life(me), &view, &holdings);
        carry_out(me, steps, &mut holdings);
    }
    carry_out("a1", late, &mut holdings);
    assert!(waiting(&holdings) <= 10, "{} wait", waiting(&holdings));
}

#[test]
fn who_drains_gives_everything_away_before_others_balance() {
    let mut view = view(&["a1", "b1", "c1"]);
    let holdings = settled(&view);
    view.members.push(member("d1"));
    view.members[0].phase = Phase::Draining;
    let of = |me: &str, view: &View| releases(&steps(&life(me), view, &holdings));
    assert_eq!((of("a1", &view), of("b1", &view), of("c1", &view)), (32, 0, 0));
    view.rules.moves_max = u16::MAX;
    assert_eq!(of("a1", &view), count(&holdings, "a1"));
    assert!(of("b1", &view) > 0);
}

#[test]
fn nobody_to_give_to_means_to_keep() {
    let mut view = view(&["a1", "b1"]);
    let before = settled(&view);
    view.members[1].alive = false;
    view.members[0].phase = Phase::Draining;
    assert_eq!(steps(&life("a1"), &view, &before), []);
}

#[test]
fn what_is_owned_is_what_the_database_says() {
    let holdings = settled(&view(&["a1", "b1"]));
    let fences: Vec<_> = owned(&life("a1"), &holdings).collect();
    assert_eq!(fences.len(), count(&holdings, "a1"));
    let again = NodeLife { incarnation: 2, ..life("a1") };
    assert_eq!(owned(&again, &holdings).count(), 0, "another life owns nothing of it");
}
