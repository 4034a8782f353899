//! What operators change: of two who read the same view, one is told to look again.

use super::*;

pub(super) async fn check(house: &House<'_>) {
    of_two_operators_one_looks_again(house).await;
    rules_that_cannot_hold_are_refused(house).await;
    a_member_is_forgotten_when_it_is_dead_and_owns_nothing(house).await;
}

async fn of_two_operators_one_looks_again(house: &House<'_>) {
    let ann = enter(house.one, "ann", LONG).await;
    let version = view(house.one).await.version;
    let drain = || ViewChange::Phase(ann.name.clone(), Phase::Draining);
    let pins = [(ShardId(7), Pin::Zone("east".into())), (ShardId(1), Pin::Node(ann.name.clone()))];
    let rules = Rules { members_min: 2, moves_max: 4, pins: pins.into() };
    let both = join(
        house.one.change(version, drain()),
        house.two.change(version, ViewChange::Rules(rules.clone())),
    );
    let (drained, ruled) = both.await;
    let (won, lost) = if drained.is_ok() { (drained, ruled) } else { (ruled, drained) };
    assert_eq!(won.unwrap(), version + 1);
    let error = lost.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert!(error.to_string().contains(&format!("at version {}", version + 1)), "{error}");
    let version = house.two.change(version + 1, drain()).await.unwrap();
    let version = house.two.change(version, ViewChange::Rules(rules.clone())).await.unwrap();
    let found = view(house.one).await;
    assert_eq!((found.version, &found.rules), (version, &rules));
    let drains = member(house.one, &ann).await;
    assert!(drains.phase == Phase::Draining && drains.alive && !drains.is_able());
    house.one.leave(&ann).await.unwrap();
    let again = enter(house.one, "ann", LONG).await;
    let found = view(house.one).await;
    assert_eq!(found.version, version + 1, "who joins is a change");
    assert_eq!(member(house.one, &again).await.phase, Phase::Draining, "it was not told otherwise");
    let up = ViewChange::Phase(ann.name.clone(), Phase::Up);
    house.one.change(found.version, up).await.unwrap();
    assert!(member(house.one, &again).await.is_able());
    house.one.leave(&again).await.unwrap();
}

async fn rules_that_cannot_hold_are_refused(house: &House<'_>) {
    let before = view(house.one).await;
    let refused = async |change: ViewChange, part: &str| {
        let error = house.one.change(before.version, change).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let rules = Rules { moves_max: 0, ..before.rules.clone() };
    refused(ViewChange::Rules(rules), "moves_max must be at least 1").await;
    let rules = Rules { members_min: 0, ..before.rules.clone() };
    refused(ViewChange::Rules(rules), "members_min must be at least 1").await;
    let pins = [(ShardId(SHARDS), Pin::Zone("west".into()))].into();
    let rules = Rules { pins, ..before.rules.clone() };
    refused(ViewChange::Rules(rules), "shards 0 to 7").await;
    let nobody: NodeName = "nobody".parse().unwrap();
    refused(ViewChange::Phase(nobody.clone(), Phase::Up), "not found: a member named nobody").await;
    refused(ViewChange::Remove(nobody), "not found: a member named nobody").await;
    assert_eq!(view(house.one).await.version, before.version);
    assert_eq!(view(house.one).await.rules, before.rules);
}

async fn a_member_is_forgotten_when_it_is_dead_and_owns_nothing(house: &House<'_>) {
    let ann = enter(house.one, "ann", SHORT).await;
    let bob = enter(house.two, "bob", LONG).await;
    house.one.claim(&ann, &all()).await.unwrap();
    let remove = async || {
        let version = view(house.two).await.version;
        house.two.change(version, ViewChange::Remove(ann.name.clone())).await
    };
    let error = remove().await.unwrap_err().to_string();
    assert!(error.contains("ann is alive"), "{error}");
    over(house.two, &ann).await;
    let error = remove().await.unwrap_err().to_string();
    assert!(error.contains("ann still owns 8 shards"), "{error}");
    house.two.claim(&bob, &all()).await.unwrap();
    let version = remove().await.unwrap();
    let found = view(house.two).await;
    assert_eq!(found.version, version);
    assert!(found.members.iter().all(|member| member.life.name != ann.name), "{found:?}");
    let error = remove().await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let again = enter(house.one, "ann", LONG).await;
    assert_eq!(again.incarnation, ann.incarnation + 1, "an old process is never the new one");
    assert!(is_over(&house.one.renew(&ann, LONG).await));
    house.one.leave(&again).await.unwrap();
    house.two.leave(&bob).await.unwrap();
}
