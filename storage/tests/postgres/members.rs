//! What is promised of members when several nodes meet in one database server: nobody goes on with
//! what was good before they waited, and nobody waits for each other both.
//!
//! Threads of the runtime go on while a test drops its database: the server waits for a connection
//! that is just being made, and that one for its client.

use crate::contract::membership::{enter_with, newcomer, over};
use crate::contract::records::{commit, content};
use crate::server::{Database, Node, Way};
use futures_util::future::{join, join_all, join3};
use playhouse_storage::catalog::Write;
use playhouse_storage::membership::Verdict;
use playhouse_storage::model::*;
use playhouse_storage::{Error, Stores};
use std::cell::Cell;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

const SHARDS: u16 = 64;
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(400);

fn all() -> Vec<ShardId> {
    (0..SHARDS).map(ShardId).collect()
}

async fn enter(node: &Stores, name: &str, ttl: Duration) -> NodeLife {
    enter_with(&*node.membership, name, ttl, SHARDS).await
}

/// Waits until somebody waits for a lock.
async fn stuck(client: &Client) {
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                   AND datname = current_database()";
    let stuck = async {
        while client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), stuck).await.expect("somebody waits");
}

async fn two_nodes(database: &Database) -> (Node, Node) {
    (database.open().await, database.open().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_waits_for_a_commit_of_the_dead_and_the_claimer_lives_on() {
    let database = Database::new(Way::Direct).await;
    let (old, new) = two_nodes(&database).await;
    let (ann, bob) = (enter(&old, "ann", SHORT).await, enter(&new, "bob", SHORT).await);
    let first = old.membership.claim(&ann, &all()).await.unwrap();
    // A commit of the owner that has checked its fence and stands still.
    let (still, watcher) = (database.client().await, database.client().await);
    still.batch_execute("BEGIN; SELECT * FROM shard WHERE shard = 2 FOR SHARE").await.unwrap();
    let done = Cell::new(false);
    let alive = async {
        while !done.get() {
            new.membership.renew(&bob, SHORT).await.unwrap();
            sleep(Duration::from_millis(20)).await;
        }
    };
    let story = async {
        over(&*new.membership, &ann).await;
        let others: Vec<_> = all().into_iter().filter(|shard| shard.0 != 2).collect();
        let taken = new.membership.claim(&bob, &others).await.unwrap();
        assert_eq!(taken.len(), others.len(), "one that stands still holds up itself only");
        let wanted = [ShardId(2)];
        let mut claim = Box::pin(new.membership.claim(&bob, &wanted));
        // Longer than the claimer's lease: while it waits it renews that.
        assert!(timeout(SHORT * 2, &mut claim).await.is_err(), "it waits");
        stuck(&watcher).await;
        still.batch_execute("COMMIT").await.unwrap();
        let second = claim.await.unwrap();
        done.set(true);
        second
    };
    let (second, ()) = join(story, alive).await;
    let expected = Fence { shard: ShardId(2), epoch: Epoch(first[2].epoch.0 + 1) };
    assert_eq!(second, [expected]);
    let row = content("late");
    let late = commit(first[2], vec![Write::InsertContent(Box::new(row.clone()))]);
    let error = old.catalog.commit(late).await.unwrap_err();
    assert!(matches!(error, Error::Fenced { shard: 2, .. }), "{error}");
    assert_eq!(new.catalog.content(row.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waited_past_the_own_lease_claims_nothing() {
    let database = Database::new(Way::Direct).await;
    let (old, new) = two_nodes(&database).await;
    let (ann, bob) = (enter(&old, "ann", LONG).await, enter(&new, "bob", SHORT).await);
    old.membership.claim(&ann, &all()).await.unwrap();
    old.membership.leave(&ann).await.unwrap();
    let before = old.membership.holdings().await.unwrap();
    let still = database.client().await;
    still.batch_execute("BEGIN; SELECT * FROM shard WHERE shard = 9 FOR SHARE").await.unwrap();
    let shards = all();
    let claim = new.membership.claim(&bob, &shards);
    let waited = async {
        over(&*old.membership, &bob).await;
        still.batch_execute("COMMIT").await.unwrap();
    };
    let (told, ()) = join(claim, waited).await;
    assert!(matches!(told, Err(Error::NotFound { .. })), "{told:?}");
    assert_eq!(old.membership.holdings().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_that_waited_past_the_lease_revives_nobody() {
    let database = Database::new(Way::Direct).await;
    let node = database.open().await;
    let ann = enter(&node, "ann", SHORT).await;
    let (still, watcher) = (database.client().await, database.client().await);
    still.batch_execute("BEGIN; SELECT * FROM node FOR SHARE").await.unwrap();
    let waited = async {
        stuck(&watcher).await;
        over(&*node.membership, &ann).await;
        still.batch_execute("COMMIT").await.unwrap();
    };
    let (told, ()) = join(node.membership.renew(&ann, LONG), waited).await;
    assert!(matches!(told, Err(Error::NotFound { .. })), "{told:?}");
    let members = node.membership.view(LONG).await.unwrap().members;
    assert!(!members[0].alive, "{members:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accusers_at_one_moment_are_two() {
    let database = Database::new(Way::Direct).await;
    let (one, two) = two_nodes(&database).await;
    let verdict = Verdict { by: 2, within: LONG };
    for _ in 0..10 {
        let dan = enter(&one, "dan", LONG).await;
        let (ann, bob) = (enter(&one, "ann", LONG).await, enter(&two, "bob", LONG).await);
        let (of_ann, of_bob) = join(
            one.membership.suspect(&ann, &dan, verdict),
            two.membership.suspect(&bob, &dan, verdict),
        )
        .await;
        let over = [of_ann.unwrap(), of_bob.unwrap()];
        assert!(over.contains(&true), "{over:?}");
        one.membership.leave(&ann).await.unwrap();
        one.membership.leave(&bob).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_members_do_at_once_they_never_wait_for_each_other_both() {
    let database = Database::new(Way::Direct).await;
    let nodes = join_all((0..4).map(|_| database.open())).await;
    let work = nodes.iter().enumerate().map(async |(at, node)| {
        let name = format!("node-{at}");
        let mut shards = all();
        // Each asks in an order of its own.
        shards.rotate_left(at * 17);
        for round in 0..30 {
            let me = enter(node, &name, LONG).await;
            let mut fences = node.membership.claim(&me, &shards).await.unwrap();
            let view = node.membership.view(LONG).await.unwrap();
            let verdict = Verdict { by: 9, within: LONG };
            for other in view.members.iter().filter(|it| it.life != me && it.alive) {
                node.membership.suspect(&me, &other.life, verdict).await.unwrap();
            }
            let drain = ViewChange::Phase(me.name.clone(), Phase::Draining);
            match node.membership.change(view.version, drain).await {
                Ok(_) | Err(Error::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            if round % 2 == 0 {
                fences.reverse();
                node.membership.release(&me, &fences).await.unwrap();
            }
            node.membership.leave(&me).await.unwrap();
        }
    });
    join_all(work).await;
    drop(nodes);
    // The server counts what a connection has met when that has ended.
    let client = database.client().await;
    let others = "SELECT COUNT(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND application_name <> 'test'";
    let gone = async {
        while client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.expect("connections end");
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_renewed_while_every_other_connection_is_taken() {
    let database = Database::new(Way::Direct).await;
    let mut config = database.config();
    config.postgres.calls_max = 16;
    let node = database.open_with(&config).await;
    let ann = enter(&node, "ann", LONG).await;
    let fences = node.membership.claim(&ann, &all()).await.unwrap();
    let (still, watcher) = (database.client().await, database.client().await);
    still.batch_execute("BEGIN; LOCK TABLE content").await.unwrap();
    let write = |fence: &Fence| {
        let row = content("held up");
        node.catalog.commit(commit(*fence, vec![Write::InsertContent(Box::new(row))]))
    };
    let commits = join_all(fences.iter().map(write));
    let renewals = async {
        stuck(&watcher).await;
        assert!(matches!(node.catalog.ping().await, Err(Error::Busy)), "nothing is left");
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let began = Instant::now();
            node.membership.renew(&ann, LONG).await.unwrap();
            slowest = slowest.max(began.elapsed());
        }
        still.batch_execute("COMMIT").await.unwrap();
        slowest
    };
    let (told, slowest) = join(commits, renewals).await;
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(told.iter().any(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_answer_that_was_lost_the_holdings_say_what_was_claimed() {
    let database = Database::new(Way::Direct).await;
    let (one, two) = two_nodes(&database).await;
    let (ann, bob) = (enter(&one, "ann", LONG).await, enter(&two, "bob", LONG).await);
    let claims = async |node: &Stores, me: &NodeLife| {
        let mut lost = 0;
        for _ in 0..60 {
            match node.membership.claim(me, &all()).await {
                Ok(fences) => {
                    let found = held(node, me).await;
                    assert!(fences.iter().all(|fence| found.contains(fence)), "{fences:?}");
                }
                Err(Error::Unavailable { .. }) => lost += 1,
                Err(error) => panic!("{error}"),
            }
            // Giving back may be repeated, so it is, until it is done.
            let mine = held(node, me).await;
            node.membership.release(me, &mine).await.unwrap();
            assert_eq!(held(node, me).await, []);
        }
        lost
    };
    let cut = async {
        let client = database.client().await;
        for _ in 0..25 {
            database.cut(&client).await;
            sleep(Duration::from_millis(70)).await;
        }
    };
    let (anns, bobs, ()) = join3(claims(&one, &ann), claims(&two, &bob), cut).await;
    println!("answers lost: {anns}, {bobs}");
    let told = one.membership.join("house", SHARDS, &newcomer("ann"), LONG).await;
    assert!(matches!(told, Err(Error::Alive { .. })), "{told:?}");
}

async fn held(node: &Stores, me: &NodeLife) -> Vec<Fence> {
    let holdings = node.membership.holdings().await.unwrap().into_iter();
    let mine = holdings.filter(|it| it.owner.as_ref() == Some(me));
    mine.map(|it| Fence { shard: it.shard, epoch: it.epoch }).collect()
}
