//! Goal: an operator reads from a picture what is so and what comes next. Method: the pure
//! functions over views, holdings and reports made by hand.

use super::*;
use crate::cluster::{Known, Moved, PhaseError, Route, RoutePicture, Way, turned};
use crate::runtime::Directory;
use playhouse_storage::model::{Epoch, Holding, Phase, Pin, View, ViewChange};
use std::collections::BTreeMap;
use std::sync::Arc;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("an example")
}

fn name(name: &str) -> NodeName {
    name.parse().expect("an example")
}

fn life(of: &str) -> NodeLife {
    NodeLife { name: name(of), incarnation: 1 }
}

fn member(of: &str, alive: bool) -> Member {
    Member {
        life: life(of),
        link: format!("{of}:7000"),
        http: format!("http://{of}"),
        zone: "z1".to_owned(),
        weight: 1,
        build: "1".to_owned(),
        phase: Phase::Up,
        alive,
        lease_left_ms: if alive { 9_000 } else { -500 },
        suspected_by: Vec::new(),
    }
}

/// `a` and `b` live, `c` is dead; shard 0 is a's, 1 is b's, 2 is c's, 3 is nobody's. The pins say
/// that all should be a's.
fn survey() -> Survey {
    let pins = (0..4).map(|shard| (ShardId(shard), Pin::Node(name("a")))).collect();
    let view = View {
        version: 12,
        moves: 40,
        shard_count: 4,
        members: vec![member("a", true), member("b", true), member("c", false)],
        rules: Rules { members_min: 2, moves_max: 32, pins },
    };
    let owners = [Some(life("a")), Some(life("b")), Some(life("c")), None];
    let holding = |(shard, owner)| Holding { shard: ShardId(shard), epoch: Epoch(7), owner };
    let holdings = (0..).zip(owners).map(holding).collect();
    Survey {
        clustered: true,
        by: life("a"),
        view: Arc::new(view),
        holdings: Arc::new(holdings),
        at: at(0),
        stale: None,
    }
}

fn changed(change: impl FnOnce(&mut View)) -> Survey {
    let mut survey = survey();
    change(Arc::make_mut(&mut survey.view));
    survey
}

fn report(of: &str, fences: &[(u16, u64)], moved_at: i64) -> NodeReport {
    let directory = Directory::shared(4, crate::runtime::Config::default());
    for (shard, epoch) in fences {
        directory.open(Fence { shard: ShardId(*shard), epoch: Epoch(*epoch) });
    }
    let why = "nobody living owned it".to_owned();
    let of_shard = ShardId(fences[0].0);
    let (epoch, what) = (7, Moved::Claimed);
    let moved = Move { at: at(moved_at), shard: of_shard, epoch, what, why, took_ms: 3 };
    NodeReport { moves: vec![moved], ..NodeReport::alone(life(of), &directory) }
}

fn link(of: &str, connected: bool) -> PeerState {
    PeerState {
        life: life(of),
        address: format!("{of}:7000"),
        since: at(-60),
        connected,
        round_trip_ms: Some(0.4),
        in_flight: 1,
        credits: 64,
        last_error: (!connected).then(|| "connection refused".to_owned()),
    }
}

fn why(survey: &Survey, shard: usize) -> String {
    standing::all(&survey.view, &survey.holdings)[shard].why.clone()
}

#[test]
fn every_member_is_told_of_by_the_database_and_by_itself_or_marked_missing() {
    let survey = survey();
    let told = Told {
        reports: [
            (life("a"), Ok(report("a", &[(0, 7), (1, 6)], -9))),
            (life("b"), Err("no answer within 2.5 s".to_owned())),
        ]
        .into(),
        links: vec![link("b", false)],
    };
    let picture = ClusterPicture::draw(&survey, told);
    let counts = ShardCounts { all: 4, owned: 2, free: 2, to_move: 1 };
    assert_eq!((picture.view_version, picture.shards), (12, counts));
    let [a, b, c] = picture.members.as_slice() else { panic!("{picture:?}") };
    assert_eq!((a.shards_owned, a.shards_desired, a.missing.as_deref()), (1, 4, None));
    assert_eq!((a.shards_unserved, a.shards_stray), (Some(0), Some(1)), "shard 1 at epoch 6");
    assert!(a.reached.is_none() && b.reached.as_ref().is_some_and(|link| !link.connected));
    assert_eq!(b.missing.as_deref(), Some("no answer within 2.5 s"));
    assert_eq!((b.shards_owned, b.shards_unserved), (1, None), "nothing is known of it");
    assert_eq!(c.missing.as_deref(), Some("its lease is over"));
    let text = serde_json::to_string(&picture).expect("an example");
    assert_eq!(serde_json::from_str::<ClusterPicture>(&text).expect("an example"), picture);
}

#[test]
fn moves_of_all_nodes_are_told_once_and_the_newest_first() {
    let told = Told {
        reports: [
            (life("a"), Ok(report("a", &[(0, 7)], -9))),
            (life("b"), Ok(report("b", &[(1, 7)], -2))),
        ]
        .into(),
        links: Vec::new(),
    };
    let picture = ClusterPicture::draw(&survey(), told);
    let nodes: Vec<_> = picture.recent_moves.iter().map(|it| it.node.as_str()).collect();
    assert_eq!(nodes, ["b", "a"]);
    let reports = picture.members.iter().filter_map(|member| member.report.as_ref());
    assert!(reports.into_iter().all(|it| it.moves.is_empty() && it.fences.is_empty()));
}

#[test]
fn a_shard_says_where_it_goes_and_why() {
    let pinned = survey();
    assert_eq!(why(&pinned, 0), "it is where it should be: it is pinned to a");
    assert_eq!(why(&pinned, 1), "it is pinned to a: b gives it to a");
    assert_eq!(why(&pinned, 2), "its owner c is dead: a claims it");
    assert_eq!(why(&pinned, 3), "nobody owns it: a claims it");
    let alone = changed(|view| view.rules.members_min = 3);
    let waits = "its owner c is dead, and nobody takes over: 2 of the 3 members live that there \
                 must be";
    assert_eq!(why(&alone, 2), waits);
    let drains = changed(|view| {
        view.rules.pins = BTreeMap::new();
        view.members[0].phase = Phase::Draining;
    });
    assert_eq!(why(&drains, 0), "a drains: it gives it to b");
    assert_eq!(why(&drains, 1), "it is where it should be");
    let all_drain =
        changed(|view| view.members.iter_mut().for_each(|it| it.phase = Phase::Draining));
    assert_eq!(why(&all_drain, 0), "a keeps it: no member may take it");
    let unmet = changed(|view| {
        view.rules.pins = [(ShardId(0), Pin::Zone("z9".to_owned()))].into();
        view.members[1].phase = Phase::Draining;
    });
    let kept = "it is where it should be: it is pinned to the zone z9, where no member may own it \
                now";
    assert_eq!(why(&unmet, 0), kept);
}

#[test]
fn a_page_of_shards_is_of_one_owner_and_goes_on_where_the_last_ended() {
    let check = |owner, after: Option<u16>, limit, expected: &[u16], next: Option<u16>| {
        let wanted = Wanted { owner, after: after.map(ShardId), limit };
        let page = ShardsPage::draw(&survey(), &wanted);
        let shards: Vec<_> = page.shards.iter().map(|shard| shard.shard.0).collect();
        assert_eq!((shards.as_slice(), page.next_cursor), (expected, next.map(ShardId)));
        assert_eq!(page.counts.all, 4, "the counts are of all shards");
    };
    check(None, None, 4, &[0, 1, 2, 3], None);
    check(None, None, 3, &[0, 1, 2], Some(2));
    check(None, Some(2), 3, &[3], None);
    check(Some(Some(name("b"))), None, 4, &[1], None);
    check(Some(None), None, 4, &[3], None);
}

fn route(shard: u16, known: Known) -> RoutePicture {
    RoutePicture::draw(&survey(), "x".to_owned(), ShardId(shard), known)
}

fn known(owner: Option<&str>, epoch: u64) -> Known {
    let route = Route { epoch, owner: owner.map(name) };
    Known { route, held: None, lives: true, link: None, third: None }
}

#[test]
fn a_route_says_what_would_become_of_an_ask_now() {
    let check = |shard, known, way, text: &str| {
        let told = route(shard, known);
        assert_eq!((told.way, told.why.as_str()), (way, text));
        assert_eq!(told.to.is_some(), matches!(way, Way::Sent | Way::Relayed));
    };
    let held = |lives| {
        let held = Some(Fence { shard: ShardId(0), epoch: Epoch(7) });
        Known { held, lives, ..known(Some("a"), 7) }
    };
    check(0, held(true), Way::Here, "a serves shard 0 itself, at epoch 7");
    let dead = "a serves shard 0, but its own lease is over: it refuses all asks";
    check(0, held(false), Way::Refused, dead);
    let sent = Known { link: Some(link("b", true)), ..known(Some("b"), 7) };
    check(1, sent, Way::Sent, "a sends it to b, which owns shard 1 at epoch 7");
    let cut = Known { link: Some(link("b", false)), ..known(Some("b"), 7) };
    let why = "b owns shard 1 and a does not reach it (connection refused): it waits";
    check(1, cut.clone(), Way::Waits, why);
    let why = "b owns shard 1 and a does not reach it (connection refused): c passes it on";
    check(1, Known { third: Some(name("c")), ..cut }, Way::Relayed, why);
    let why = "a knows nobody who owns shard 3: the ask waits until one claims it";
    check(3, known(None, 7), Way::Waits, why);
    let why = "a is just taking shard 0 or giving it up: the ask waits";
    check(0, known(Some("a"), 7), Way::Waits, why);
}

#[test]
fn a_route_says_when_the_database_knows_better_or_not_yet() {
    let older = Known { link: Some(link("c", true)), ..known(Some("c"), 6) };
    let why = "a sends it to c, which owns shard 1 at epoch 6; by the database b owns it, at epoch \
               7: it is told soon";
    assert_eq!(route(1, older).why, why);
    let newer = Known { link: Some(link("c", true)), ..known(Some("c"), 8) };
    let why = "a sends it to c, which owns shard 1 at epoch 8; the database was read before, when \
               b owned it at epoch 7";
    assert_eq!(route(1, newer).why, why);
}

#[test]
fn the_last_member_that_may_own_shards_is_not_drained() {
    let view = |draining: &[usize]| {
        let mut view = (*survey().view).clone();
        draining.iter().for_each(|at| view.members[*at].phase = Phase::Draining);
        view
    };
    let change = turned(&view(&[]), &name("a"), Phase::Draining).expect("an example");
    assert_eq!(change, Some(ViewChange::Phase(name("a"), Phase::Draining)));
    let only = turned(&view(&[1]), &name("a"), Phase::Draining);
    assert!(matches!(only, Err(PhaseError::OnlyOne(_))), "c is dead: {only:?}");
    assert_eq!(turned(&view(&[1]), &name("b"), Phase::Draining).expect("an example"), None);
    assert!(turned(&view(&[1]), &name("b"), Phase::Up).expect("an example").is_some());
    let unknown = turned(&view(&[]), &name("z"), Phase::Up);
    assert!(matches!(unknown, Err(PhaseError::NotAMember(_))), "{unknown:?}");
}
