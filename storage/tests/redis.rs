//! The contract of the cache on a Redis server: `ops/services up redis` starts one, and its
//! `PLAYHOUSE_TEST_REDIS` names it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[path = "contract/cache.rs"]
mod cache;

use playhouse_storage::cache::{Config, redis};

#[tokio::test]
async fn a_redis_server_keeps_the_contract() {
    let url = std::env::var("PLAYHOUSE_TEST_REDIS")
        .expect("PLAYHOUSE_TEST_REDIS names no server: run `ops/services up redis`");
    let config = Config { deadline_ms: 5_000, ..Config::default() };
    cache::check(redis::open(&url, &config).unwrap().as_ref()).await;
}
