//! Peers that do not reach a node: one who says so is no proof, and the dead say nothing.

use super::*;
use playhouse_storage::membership::Verdict;

const TWO: Verdict = Verdict { by: 2, within: LONG };

pub(super) async fn check(house: &House<'_>) {
    two_accusers_end_a_lease_and_one_does_not(house).await;
    a_suspicion_that_is_stale_or_taken_back_counts_for_nothing(house).await;
    the_dead_accuse_nobody(house).await;
    two_who_accuse_each_other_are_both_answered(house).await;
}

async fn enter_all<const N: usize>(house: &House<'_>, names: [&str; N]) -> [NodeLife; N] {
    let mut lives = Vec::new();
    for name in names {
        lives.push(enter(house.one, name, LONG).await);
    }
    lives.try_into().unwrap()
}

async fn leave_all(house: &House<'_>, lives: &[&NodeLife]) {
    for life in lives {
        house.one.leave(life).await.unwrap();
    }
}

async fn suspected_by(house: &House<'_>, life: &NodeLife, fresh: Duration) -> Vec<String> {
    let members = house.two.view(fresh).await.unwrap().members;
    let member = members.into_iter().find(|member| member.life == *life).unwrap();
    member.suspected_by.into_iter().map(String::from).collect()
}

async fn two_accusers_end_a_lease_and_one_does_not(house: &House<'_>) {
    let [ann, bob, cat, dan] = enter_all(house, ["ann", "bob", "cat", "dan"]).await;
    house.one.claim(&dan, &all()).await.unwrap();
    for _ in 0..3 {
        assert!(!house.one.suspect(&ann, &dan, TWO).await.unwrap(), "one, again and again");
    }
    assert_eq!(suspected_by(house, &dan, LONG).await, ["ann"]);
    house.one.renew(&dan, LONG).await.unwrap();
    let three = Verdict { by: 3, within: LONG };
    assert!(!house.two.suspect(&bob, &dan, three).await.unwrap());
    assert_eq!(suspected_by(house, &dan, LONG).await, ["ann", "bob"]);
    let version = view(house.one).await.version;
    assert!(house.two.suspect(&bob, &dan, TWO).await.unwrap());
    assert_eq!(view(house.one).await.version, version, "that a lease ends is no change");
    assert!(is_over(&house.one.renew(&dan, LONG).await));
    assert!(is_over(&house.one.suspect(&dan, &ann, TWO).await));
    assert!(house.one.suspect(&cat, &dan, TWO).await.unwrap(), "it is over");
    assert_eq!(house.two.claim(&bob, &all()).await.unwrap().len(), usize::from(SHARDS));
    // A new life is not the one that was accused.
    let again = enter(house.one, "dan", LONG).await;
    assert!(house.one.suspect(&cat, &dan, TWO).await.unwrap());
    assert_eq!(suspected_by(house, &again, LONG).await, [""; 0]);
    assert!(!house.one.suspect(&cat, &again, TWO).await.unwrap());
    let alone = house.one.suspect(&cat, &cat, TWO).await.unwrap_err();
    assert!(matches!(alone, Error::Invalid(_)), "{alone}");
    leave_all(house, &[&ann, &bob, &cat, &again]).await;
}

async fn a_suspicion_that_is_stale_or_taken_back_counts_for_nothing(house: &House<'_>) {
    let [ann, bob, dan] = enter_all(house, ["ann", "bob", "dan"]).await;
    let short = Duration::from_millis(100);
    assert!(!house.one.suspect(&ann, &dan, TWO).await.unwrap());
    house.one.trust(&ann, &dan).await.unwrap();
    assert_eq!(suspected_by(house, &dan, LONG).await, [""; 0]);
    assert!(!house.one.suspect(&bob, &dan, TWO).await.unwrap());
    let stale = async {
        while !suspected_by(house, &dan, short).await.is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), stale).await.expect("it grows old");
    assert_eq!(suspected_by(house, &dan, LONG).await, ["bob"]);
    let lately = Verdict { by: 2, within: short };
    assert!(!house.one.suspect(&ann, &dan, lately).await.unwrap());
    assert!(house.one.suspect(&ann, &dan, TWO).await.unwrap(), "within a minute there are two");
    leave_all(house, &[&ann, &bob]).await;
}

async fn the_dead_accuse_nobody(house: &House<'_>) {
    let [ann, bob, cat, dan] = enter_all(house, ["ann", "bob", "cat", "dan"]).await;
    assert!(!house.one.suspect(&ann, &dan, TWO).await.unwrap());
    house.one.leave(&ann).await.unwrap();
    assert_eq!(suspected_by(house, &dan, LONG).await, [""; 0], "an accuser that is dead");
    let again = enter(house.one, "ann", LONG).await;
    assert!(!house.two.suspect(&bob, &dan, TWO).await.unwrap(), "that was her earlier life");
    assert!(is_over(&house.one.suspect(&ann, &dan, TWO).await));
    assert!(member(house.one, &dan).await.alive);
    assert!(house.one.suspect(&cat, &dan, TWO).await.unwrap());
    leave_all(house, &[&again, &bob, &cat]).await;
}

async fn two_who_accuse_each_other_are_both_answered(house: &House<'_>) {
    let alone = Verdict { by: 1, within: LONG };
    for _ in 0..10 {
        let [ann, bob] = enter_all(house, ["ann", "bob"]).await;
        let (of_bob, of_ann) =
            join(house.one.suspect(&ann, &bob, alone), house.two.suspect(&bob, &ann, alone)).await;
        match (&of_bob, &of_ann) {
            (Ok(true), _) => assert!(is_over(&of_ann), "{of_ann:?}"),
            (_, Ok(true)) => assert!(is_over(&of_bob), "{of_bob:?}"),
            both => panic!("{both:?}"),
        }
        leave_all(house, &[&ann, &bob]).await;
    }
}
