//! Goal: a dead peer is accused in time, by those only who may judge it. Method: one node's watch,
//! looking once a second at views made by hand.

use super::super::lease::Terms;
use super::*;
use playhouse_storage::model::{Phase, Rules};

const AFTER: Duration = Duration::from_millis(2_500);
const FRESH: Duration = Duration::from_secs(5);
const TERMS: Terms = Terms { ttl: s(10), every: s(3), margin: s(1) };

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn life(name: &str) -> NodeLife {
    NodeLife { name: name.parse().expect("a name"), incarnation: 1 }
}

fn view(names: &[&str]) -> View {
    let member = |name: &&str| Member {
        life: life(name),
        link: String::new(),
        http: String::new(),
        zone: "z".to_owned(),
        weight: 1,
        build: String::new(),
        phase: Phase::Up,
        alive: true,
        lease_left_ms: 10_000,
        suspected_by: Vec::new(),
    };
    View {
        version: 1,
        moves: 0,
        shard_count: 16,
        members: names.iter().map(member).collect(),
        rules: Rules { members_min: 1, moves_max: 32, pins: BTreeMap::new() },
    }
}

/// A node `me` that looks at `view`, at times of its own, with a lease that is renewed in time.
struct Node {
    watch: Watch,
    began: Instant,
    view: View,
}

impl Node {
    fn new(me: &str, names: &[&str]) -> Self {
        let watch = Watch::new(life(me), AFTER, FRESH);
        Self { watch, began: Instant::now(), view: view(names) }
    }

    fn look(&mut self, at: Duration, reached: &[&str]) -> Vec<Step> {
        let now = self.began + at;
        let reached = reached.iter().map(|name| life(name)).collect();
        self.watch.look(now, &Lease::granted(TERMS, now), &self.view, &reached)
    }

    /// Looks every second from `from` to `to`; only the last look is told.
    fn watch(&mut self, from: u64, to: u64, reached: &[&str]) -> Vec<Step> {
        let looks = (from..=to).map(|at| self.look(s(at), reached));
        looks.last().unwrap_or_default()
    }
}

fn suspect(name: &str) -> Step {
    Step::Suspect(life(name))
}

#[test]
fn who_is_away_for_long_is_accused_and_again_before_it_is_forgotten() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    assert_eq!(node.watch(0, 3, &["b", "c"]), []);
    assert_eq!(node.watch(4, 6, &["b"]), [], "c is away since 4 s");
    assert!(!node.watch.accuses());
    assert_eq!(node.look(s(7), &["b"]), [suspect("c")]);
    assert!(node.watch.accuses());
    assert_eq!(node.watch(8, 9, &["b"]), [], "it was said");
    assert_eq!(node.look(s(10), &["b"]), [suspect("c")], "it would soon be forgotten");
}

#[test]
fn what_the_database_did_not_hear_is_said_again_at_once() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    assert_eq!(node.watch(0, 3, &["b"]), [suspect("c")]);
    node.watch.unsaid(&life("c"));
    assert_eq!(node.look(s(4), &["b"]), [suspect("c")]);
}

#[test]
fn a_short_absence_is_nothing() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    assert_eq!(node.watch(0, 2, &["b"]), []);
    assert_eq!(node.look(s(3), &["b", "c"]), []);
    assert_eq!(node.watch(4, 6, &["b"]), [], "it counts anew");
}

#[test]
fn who_is_reached_again_is_trusted_until_the_database_knows() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    node.view.members[2].suspected_by =
        vec!["a".parse().expect("a name"), "b".parse().expect("a name")];
    assert_eq!(node.look(s(0), &["b", "c"]), [Step::Trust(life("c"))]);
    assert_eq!(node.look(s(1), &["b", "c"]), [Step::Trust(life("c"))], "the answer was lost");
    node.view.members[2].suspected_by.remove(0);
    assert_eq!(node.look(s(2), &["b", "c"]), [], "what b says is for b to take back");
}

#[test]
fn who_reaches_nobody_is_the_one_cut_off() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    assert_eq!(node.watch(0, 20, &[]), []);
    let mut two = Node::new("a", &["a", "b"]);
    assert_eq!(two.watch(0, 20, &[]), [], "of two nobody can tell who it is");
}

#[test]
fn the_smaller_side_accuses_nobody() {
    let all = ["a", "b", "c", "d", "e"];
    assert_eq!(Node::new("a", &all).watch(0, 3, &["b"]), []);
    let larger = Node::new("c", &all).watch(0, 3, &["d", "e"]);
    assert_eq!(larger, [suspect("a"), suspect("b")]);
}

#[test]
fn of_two_equal_sides_one_accuses() {
    let all = ["a", "b", "c", "d"];
    assert_eq!(Node::new("b", &all).watch(0, 3, &["a"]), [suspect("c"), suspect("d")]);
    assert_eq!(Node::new("d", &all).watch(0, 3, &["c"]), []);
}

#[test]
fn the_dead_are_not_accused_and_accuse_nobody() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    node.view.members[2].alive = false;
    assert_eq!(node.watch(0, 9, &["b"]), []);
    node.view.members[2].alive = true;
    node.view.members[0].alive = false;
    assert_eq!(node.watch(10, 19, &["b"]), []);
}

#[test]
fn a_new_life_is_another_one() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    assert_eq!(node.watch(0, 2, &["b"]), []);
    node.view.members[2].life.incarnation = 2;
    assert_eq!(node.watch(3, 5, &["b"]), [], "it has just come");
}

#[test]
fn with_a_short_lease_nothing_is_said() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    let lease = Lease::granted(TERMS, node.began);
    let reached = BTreeSet::from([life("b")]);
    for at in 0..6 {
        let said = node.watch.look(node.began + s(at), &lease, &node.view, &reached);
        assert_eq!(said.len(), usize::from(at == 3), "at {at} s");
    }
    let said = node.watch.look(node.began + s(7), &lease, &node.view, &reached);
    assert_eq!(said, [], "c would have been accused again");
}

/// A node that was stopped for 3 s believed that the others were away for as long.
#[test]
fn the_time_in_which_a_node_was_stopped_itself_does_not_count() {
    let mut node = Node::new("a", &["a", "b", "c"]);
    assert_eq!(node.watch(0, 1, &["b"]), []);
    assert_eq!(node.look(s(4), &["b"]), [], "it was away itself");
    assert_eq!(node.watch(5, 6, &["b"]), []);
    assert_eq!(node.look(s(7), &["b"]), [suspect("c")]);
}
