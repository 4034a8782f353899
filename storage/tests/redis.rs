//! The contract of the cache on a Redis server and on a cluster of them, which `ops/services up
//! redis redis-cluster` starts, and `PLAYHOUSE_TEST_REDIS` and `PLAYHOUSE_TEST_REDIS_CLUSTER` name.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[path = "contract/cache.rs"]
mod cache;

use playhouse_storage::cache::{Config, redis};

#[tokio::test]
async fn a_redis_server_keeps_the_contract() {
    keeps_the_contract("PLAYHOUSE_TEST_REDIS").await;
}

/// Keys go to the server that has their slot, wherever the URL points.
#[tokio::test]
async fn a_redis_cluster_keeps_the_contract() {
    keeps_the_contract("PLAYHOUSE_TEST_REDIS_CLUSTER").await;
}

async fn keeps_the_contract(variable: &str) {
    let url = std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} names no server: run `ops/services up redis redis-cluster`")
    });
    let config = Config { deadline_ms: 5_000, ..Config::default() };
    cache::check(redis::open(&url, &config).unwrap().as_ref()).await;
}
