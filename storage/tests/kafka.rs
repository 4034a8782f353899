//! The contract of the event log on a broker: `ops/services up kafka` starts one, and its
//! `PLAYHOUSE_TEST_KAFKA` names it. Beside it what only brokers have: they may be away.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[path = "contract/mod.rs"]
#[allow(dead_code, reason = "the suites of the other ports run on their own engines")]
mod contract;

use contract::eventlog::{check, records};
use playhouse_storage::eventlog::{EventLog, kafka::KafkaLog};
use playhouse_storage::{Config, Error};
use std::time::Duration;
use tokio::time::Instant;

fn brokers() -> String {
    let url = std::env::var("PLAYHOUSE_TEST_KAFKA")
        .expect("PLAYHOUSE_TEST_KAFKA names no broker: run `ops/services up kafka`");
    url.trim_start_matches("kafka://").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_keep_the_contract() {
    check(&KafkaLog::open(&brokers(), &Config::default()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_are_away_are_told_within_the_deadline_and_then_at_once() {
    // Nobody listens on port 1.
    let mut config = Config::default();
    config.kafka.append_deadline_ms = 1_500;
    config.kafka.request_timeout_ms = 1_000;
    let log = KafkaLog::open("127.0.0.1:1", &config).unwrap();
    let began = Instant::now();
    let error = log.append("t", records(0..1)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let began = Instant::now();
    let error = log.append("t", records(0..1)).await.unwrap_err();
    assert!(error.to_string().contains("a moment ago"), "{error}");
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert!(matches!(log.ping().await, Err(Error::Unavailable { .. })));
}
