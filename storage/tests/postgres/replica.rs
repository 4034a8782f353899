//! Reads that may lag go to a standby, as long as it is there and near.
//!
//! `PLAYHOUSE_TEST_STANDBY` names a standby of the server of the other tests, and
//! `PLAYHOUSE_TEST_STANDBY_ADMIN` the same for who may stop its replay.

use crate::contract::records::{commit, content};
use crate::server::{Database, Node, Way, client, variable};
use playhouse_storage::catalog::{ContentQuery, Write};
use playhouse_storage::model::Fence;
use std::time::{Duration, Instant};
use tokio::time::sleep;

async fn insert(node: &Node, fence: Fence, title: &str) {
    let mut row = content(title);
    row.owner = "ada".into();
    let writes = vec![Write::InsertContent(Box::new(row))];
    node.catalog.commit(commit(fence, writes)).await.unwrap();
}

/// Titles in the list for everybody, or in that of their owner.
async fn titles(node: &Node, owner: Option<&str>) -> Vec<String> {
    let owner = owner.map(str::to_owned);
    let query = ContentQuery { owner, limit: 10, ..ContentQuery::default() };
    let found = node.catalog.contents(query).await.unwrap();
    found.into_iter().map(|content| content.title).collect()
}

async fn wait_for(node: &Node, wanted: &[&str]) {
    let until = Instant::now() + Duration::from_secs(30);
    while titles(node, None).await != wanted {
        assert!(Instant::now() < until, "still {:?}", titles(node, None).await);
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_answers_what_may_lag_until_it_is_too_far_behind() {
    let database = Database::new(Way::Direct).await;
    let mut config = database.config();
    config.postgres.replica = database.on_standby();
    config.postgres.replica_lag_max_ms = 600_000;
    config.postgres.replica_check_ms = 1;
    let patient = database.open_with(&config).await;
    config.postgres.replica_lag_max_ms = 0;
    let impatient = database.open_with(&config).await;
    let fence = patient.catalog.claim_shards(1).await.unwrap()[0];
    insert(&patient, fence, "first").await;
    wait_for(&patient, &["first"]).await;

    let standby = client(&variable("PLAYHOUSE_TEST_STANDBY_ADMIN")).await;
    standby.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
    insert(&patient, fence, "second").await;
    let (late, now) = (titles(&patient, None).await, titles(&impatient, None).await);
    let own = titles(&patient, Some("ada")).await;
    standby.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
    assert_eq!(late, ["first"], "the standby answered");
    assert_eq!(now, ["second", "first"], "it was further behind than is borne");
    assert_eq!(own, ["second", "first"], "who has just changed something sees it");
    wait_for(&patient, &["second", "first"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_standby_a_node_asks_the_primary() {
    let database = Database::new(Way::Direct).await;
    let mut config = database.config();
    config.postgres.replica = "postgres://nobody:none@127.0.0.1:1/none".into();
    let node = database.open_with(&config).await;
    let fence = node.catalog.claim_shards(1).await.unwrap()[0];
    insert(&node, fence, "film").await;
    assert_eq!(titles(&node, None).await, ["film"]);
}
