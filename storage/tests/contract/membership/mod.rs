//! Who lives and who owns: one owner for each shard, whose right ends with its lease, at once when
//! it leaves, and early when enough peers say so.

mod changes;
mod interleavings;
mod suspicions;

use super::records::{commit, content};
use futures_util::future::join;
use playhouse_storage::catalog::{Catalog, Write};
use playhouse_storage::membership::Membership;
use playhouse_storage::model::*;
use playhouse_storage::{Error, Stores};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const SHARDS: u16 = 8;
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// The same, empty database, seen by two processes.
pub(crate) struct House<'a> {
    one: &'a dyn Membership,
    two: &'a dyn Membership,
    catalog: &'a dyn Catalog,
}

pub(crate) async fn check(one: &Stores, two: &Stores) {
    let house = House { one: &*one.membership, two: &*two.membership, catalog: &*one.catalog };
    the_first_node_makes_the_cluster_and_ends_the_right_of_a_loner(&house).await;
    another_cluster_and_another_count_are_told_what_to_do(&house).await;
    a_loner_takes_nothing_from_a_cluster_that_lives(&house).await;
    two_who_claim_side_by_side_share_no_shard(&house).await;
    the_dead_are_inherited_after_their_lease_and_not_before(&house).await;
    a_release_at_an_old_epoch_changes_nothing(&house).await;
    whoever_leaves_frees_its_shards_at_once(&house).await;
    a_name_has_one_life_at_a_time(&house).await;
    everybody_sees_one_clock(&house).await;
    suspicions::check(&house).await;
    changes::check(&house).await;
    interleavings::check(&house).await;
}

pub(crate) fn newcomer(name: &str) -> Newcomer {
    Newcomer {
        name: name.parse().unwrap(),
        link: format!("{name}:7001"),
        http: format!("http://{name}:8080"),
        zone: "west".into(),
        weight: 3,
        build: "0.1.0".into(),
    }
}

async fn enter(port: &dyn Membership, name: &str, ttl: Duration) -> NodeLife {
    enter_with(port, name, ttl, SHARDS).await
}

pub(crate) async fn enter_with(
    port: &dyn Membership,
    name: &str,
    ttl: Duration,
    shards: u16,
) -> NodeLife {
    port.join("house", shards, &newcomer(name), ttl).await.unwrap()
}

async fn everybody_sees_one_clock(house: &House<'_>) {
    let (first, second) = (house.one.clock().await.unwrap(), house.two.clock().await.unwrap());
    assert!(second >= first, "{second} after {first}");
    let here = jiff::Timestamp::now().duration_since(second).as_secs_f64();
    assert!((0.0..60.0).contains(&here), "the server runs on this machine: {here} s");
}

fn all() -> Vec<ShardId> {
    (0..SHARDS).map(ShardId).collect()
}

async fn view(port: &dyn Membership) -> View {
    port.view(LONG).await.unwrap()
}

async fn member(port: &dyn Membership, life: &NodeLife) -> Member {
    let members = view(port).await.members;
    members.into_iter().find(|member| member.life == *life).expect("it is a member")
}

/// Waits until the database says that the lease is over.
pub(crate) async fn over(port: &dyn Membership, life: &NodeLife) {
    let over = async {
        while member(port, life).await.alive {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), over).await.expect("a lease ends");
}

async fn owners(port: &dyn Membership) -> Vec<Option<NodeLife>> {
    port.holdings().await.unwrap().into_iter().map(|holding| holding.owner).collect()
}

async fn epochs(port: &dyn Membership) -> Vec<u64> {
    port.holdings().await.unwrap().into_iter().map(|holding| holding.epoch.0).collect()
}

/// Whether a write under the fence is committed.
async fn writes(catalog: &dyn Catalog, fence: Fence) -> bool {
    let row = content("of an owner");
    let write = commit(fence, vec![Write::InsertContent(Box::new(row.clone()))]);
    match catalog.commit(write).await {
        Ok(()) => true,
        Err(Error::Fenced { .. }) => {
            assert_eq!(catalog.content(row.id).await.unwrap(), None);
            false
        }
        Err(error) => panic!("{error}"),
    }
}

fn is_over<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::NotFound { what }) if what.starts_with("a lease of node "))
}

async fn the_first_node_makes_the_cluster_and_ends_the_right_of_a_loner(house: &House<'_>) {
    let error = house.one.view(LONG).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let loner = house.catalog.claim_shards(SHARDS).await.unwrap()[3];
    assert!(writes(house.catalog, loner).await);
    let ann = enter(house.one, "ann", LONG).await;
    assert!(!writes(house.catalog, loner).await);
    let found = view(house.two).await;
    let lease = 1..=LONG.as_millis() as i64;
    assert!(lease.contains(&found.members[0].lease_left_ms), "{found:?}");
    let lease_left_ms = found.members[0].lease_left_ms;
    let Newcomer { name, link, http, zone, weight, build } = newcomer("ann");
    let life = NodeLife { name, incarnation: 1 };
    assert_eq!(ann, life);
    let (phase, suspected_by) = (Phase::Up, vec![]);
    let alive = true;
    #[rustfmt::skip]
    let member = Member {
        life, link, http, zone, weight, build, phase, alive, lease_left_ms, suspected_by,
    };
    let rules = Rules { members_min: 1, moves_max: 32, pins: [].into() };
    let (version, moves, shard_count, members) = (1, 0, SHARDS, vec![member]);
    assert_eq!(found, View { version, moves, shard_count, members, rules });
    assert_eq!(owners(house.two).await, vec![None; SHARDS.into()]);
    house.one.leave(&ann).await.unwrap();
}

async fn another_cluster_and_another_count_are_told_what_to_do(house: &House<'_>) {
    let before = view(house.one).await;
    for (cluster, count, named) in [
        ("barn", SHARDS, vec!["belongs to the cluster \"house\"", "\"barn\"", "of its own"]),
        ("house", 16, vec!["with 8 shards", "says 16", "shard_count = 8"]),
    ] {
        let told = house.one.join(cluster, count, &newcomer("bob"), LONG).await;
        let error = told.unwrap_err().to_string();
        assert!(named.iter().all(|part| error.contains(part)), "{error}");
    }
    assert_eq!(view(house.one).await.members.len(), before.members.len());
}

async fn a_loner_takes_nothing_from_a_cluster_that_lives(house: &House<'_>) {
    let ann = enter(house.one, "ann", LONG).await;
    let mine = house.one.claim(&ann, &all()).await.unwrap();
    let error = house.catalog.claim_shards(SHARDS).await.unwrap_err().to_string();
    for part in ["cluster \"house\"", "alive: ann", "configure it to join", "wait 60 s"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(writes(house.catalog, mine[0]).await);
    house.one.leave(&ann).await.unwrap();
    let moves = view(house.one).await.moves;
    let loner = house.catalog.claim_shards(SHARDS).await.unwrap();
    assert!(!writes(house.catalog, mine[0]).await && writes(house.catalog, loner[0]).await);
    assert_eq!(owners(house.two).await, vec![None; SHARDS.into()]);
    assert!(view(house.one).await.moves > moves);
}

async fn two_who_claim_side_by_side_share_no_shard(house: &House<'_>) {
    let ann = enter(house.one, "ann", LONG).await;
    let bob = enter(house.two, "bob", LONG).await;
    let backwards: Vec<_> = all().into_iter().rev().collect();
    for _ in 0..20 {
        let (before, moves) = (epochs(house.one).await, view(house.one).await.moves);
        let all = all();
        let (anns, bobs) =
            join(house.one.claim(&ann, &all), house.two.claim(&bob, &backwards)).await;
        let (anns, bobs) = (anns.unwrap(), bobs.unwrap());
        let mut both = [&anns[..], &bobs].concat();
        both.sort_by_key(|fence| fence.shard);
        assert_eq!(both.iter().map(|fence| fence.shard).collect::<Vec<_>>(), all);
        assert!(both.iter().zip(before).all(|(fence, epoch)| fence.epoch.0 == epoch + 1));
        for (shard, owner) in owners(house.one).await.into_iter().enumerate() {
            let anns = anns.iter().any(|fence| usize::from(fence.shard.0) == shard);
            assert_eq!(owner.as_ref(), Some(if anns { &ann } else { &bob }));
        }
        assert!(house.one.claim(&ann, &all).await.unwrap().is_empty(), "nothing is left");
        assert!(view(house.one).await.moves > moves);
        house.one.release(&ann, &anns).await.unwrap();
        house.two.release(&bob, &bobs).await.unwrap();
        assert_eq!(owners(house.one).await, vec![None; SHARDS.into()]);
    }
    house.one.leave(&ann).await.unwrap();
    house.two.leave(&bob).await.unwrap();
}

async fn the_dead_are_inherited_after_their_lease_and_not_before(house: &House<'_>) {
    let ann = enter(house.one, "ann", SHORT).await;
    let bob = enter(house.two, "bob", LONG).await;
    let mine = house.one.claim(&ann, &all()).await.unwrap();
    assert_eq!(mine.len(), all().len());
    for _ in 0..3 {
        assert_eq!(house.two.claim(&bob, &all()).await.unwrap(), []);
        house.one.renew(&ann, SHORT).await.unwrap();
    }
    let version = view(house.two).await.version;
    over(house.two, &ann).await;
    assert_eq!(view(house.two).await.version, version, "that a lease runs out is no change");
    assert!(member(house.two, &ann).await.lease_left_ms <= 0);
    assert!(is_over(&house.one.renew(&ann, LONG).await), "never again");
    assert!(is_over(&house.one.claim(&ann, &all()).await));
    assert!(writes(house.catalog, mine[0]).await, "nobody has taken it");
    let inherited = house.two.claim(&bob, &[ShardId(0), ShardId(5)]).await.unwrap();
    let expected = [&mine[0], &mine[5]]
        .map(|fence| Fence { shard: fence.shard, epoch: Epoch(fence.epoch.0 + 1) });
    assert_eq!(inherited, expected);
    assert!(!writes(house.catalog, mine[0]).await && writes(house.catalog, inherited[0]).await);
    assert_eq!(owners(house.one).await[1], Some(ann), "what was not asked for is as it was");
    house.two.leave(&bob).await.unwrap();
}

async fn a_release_at_an_old_epoch_changes_nothing(house: &House<'_>) {
    let ann = enter(house.one, "ann", LONG).await;
    let bob = enter(house.two, "bob", LONG).await;
    let old = house.one.claim(&ann, &[ShardId(2), ShardId(6)]).await.unwrap();
    house.one.release(&ann, &old).await.unwrap();
    assert_eq!(epochs(house.one).await[2], old[0].epoch.0, "the next claim raises it");
    let new = house.one.claim(&ann, &[ShardId(2), ShardId(6)]).await.unwrap();
    let (holdings, moves) = (house.one.holdings().await.unwrap(), view(house.one).await.moves);
    house.one.release(&ann, &old).await.unwrap();
    house.two.release(&bob, &new).await.unwrap();
    house.one.release(&ann, &[]).await.unwrap();
    assert_eq!(house.one.holdings().await.unwrap(), holdings);
    assert_eq!(view(house.one).await.moves, moves);
    house.one.release(&ann, &[new[1], old[0]]).await.unwrap();
    let found = owners(house.one).await;
    assert_eq!((&found[2], &found[6]), (&Some(ann.clone()), &None));
    house.one.leave(&ann).await.unwrap();
    house.two.leave(&bob).await.unwrap();
}

async fn whoever_leaves_frees_its_shards_at_once(house: &House<'_>) {
    let ann = enter(house.one, "ann", LONG).await;
    let bob = enter(house.two, "bob", LONG).await;
    let taken = house.one.claim(&ann, &all()).await.unwrap().len();
    assert_eq!(taken, usize::from(SHARDS));
    house.one.leave(&ann).await.unwrap();
    assert_eq!(owners(house.two).await, vec![None; SHARDS.into()]);
    assert!(!member(house.two, &ann).await.alive);
    assert!(is_over(&house.one.renew(&ann, LONG).await));
    assert_eq!(house.two.claim(&bob, &all()).await.unwrap().len(), usize::from(SHARDS));
    house.one.leave(&ann).await.unwrap();
    assert_eq!(owners(house.two).await, vec![Some(bob.clone()); SHARDS.into()], "twice is once");
    house.two.leave(&bob).await.unwrap();
}

async fn a_name_has_one_life_at_a_time(house: &House<'_>) {
    let first = enter(house.one, "ann", SHORT).await;
    let shards = house.one.claim(&first, &all()).await.unwrap().len();
    assert_eq!(shards, usize::from(SHARDS));
    let error = house.two.join("house", SHARDS, &newcomer("ann"), LONG).await.unwrap_err();
    let Error::Alive { name, left_ms } = &error else { panic!("{error}") };
    assert!(name == "ann" && (1..=300).contains(left_ms), "{error}");
    over(house.two, &first).await;
    let second = enter(house.two, "ann", LONG).await;
    assert_eq!(second.incarnation, first.incarnation + 1);
    assert!(is_over(&house.one.renew(&first, LONG).await));
    assert!(is_over(&house.one.claim(&first, &all()).await));
    house.one.leave(&first).await.unwrap();
    house.two.renew(&second, LONG).await.unwrap();
    assert_eq!(house.two.claim(&second, &all()).await.unwrap().len(), usize::from(SHARDS));
    house.two.leave(&second).await.unwrap();
}
