//! The contract of the event log on a broker: `ops/services up kafka` starts one, and its
//! `PLAYHOUSE_TEST_KAFKA` names it. Beside it what only brokers have: they may be away.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[path = "contract/mod.rs"]
#[allow(dead_code, reason = "the suites of the other ports run on their own engines")]
mod contract;

mod broker;

use broker::Broker;
use contract::analytics::event;
use contract::eventlog::{check, records};
use contract::records::time;
use playhouse_storage::analytics::{PlayEvent, SeriesQuery, minute_of};
use playhouse_storage::eventlog::{Delivery, EventLog, kafka::KafkaLog};
use playhouse_storage::model::ContentId;
use playhouse_storage::{Config, Error, Stores};
use std::time::Duration;
use tokio::time::Instant;

fn brokers() -> String {
    let url = std::env::var("PLAYHOUSE_TEST_KAFKA")
        .expect("PLAYHOUSE_TEST_KAFKA names no broker: run `ops/services up kafka`");
    url.trim_start_matches("kafka://").to_owned()
}

/// As `ops/services` says for its broker.
fn config() -> Config {
    let mut config = Config::default();
    config.kafka.reread = true;
    config.kafka.batch_records_max = 40;
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_keep_the_contract() {
    let config = config();
    let log = KafkaLog::open(&brokers(), &config).unwrap();
    check(&log, config.kafka.batch_records_max as usize).await;
}

/// Two members share the partitions of a topic while one of them never commits, and adds what it
/// holds once more when it has long been replaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_and_a_zombie_count_nothing_twice() {
    let folder = tempfile::TempDir::new().unwrap();
    let stores = Stores::open(&Config::default(), folder.path()).await.unwrap();
    let log = KafkaLog::open(&brokers(), &config()).unwrap();
    let topic = format!("test.rebalance.{}", uuid::Uuid::now_v7().simple());
    let group = format!("{topic}.group");
    for first in (0..2_000).step_by(500) {
        log.append(&topic, records(first..first + 500)).await.unwrap();
    }
    let content = ContentId::new();
    let events = |read: Vec<Delivery>| -> Vec<PlayEvent> {
        let event = |it: Delivery| {
            let place = (it.topic, it.partition, it.offset);
            PlayEvent { place, ..event(content, it.record.shard, it.record.sequence, it.record.at) }
        };
        read.into_iter().map(event).collect()
    };
    let mut zombie = log.subscribe(&group, &[&topic]).await.unwrap();
    let (mut held, end) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while held.len() < 300 {
        assert!(Instant::now() < end, "it reads nothing");
        held.extend(events(zombie.next(200, Duration::from_millis(200)).await.unwrap()));
    }
    stores.analytics.add(&group, held.clone()).await.unwrap();
    let mut heir = log.subscribe(&group, &[&topic]).await.unwrap();
    let mut added = held.len() as u64;
    while added < 2_000 {
        assert!(Instant::now() < end, "{added} of 2000 are added");
        for member in [&mut zombie, &mut heir] {
            let read = member.next(150, Duration::from_millis(100)).await.unwrap_or_default();
            added += stores.analytics.add(&group, events(read)).await.unwrap();
        }
        // The zombie's share is never committed.
        heir.commit().await.ok();
    }
    drop(zombie);
    assert_eq!(stores.analytics.add(&group, held).await.unwrap(), 0, "the zombie's last act");
    // What was not committed comes again, and adds nothing.
    let quiet = Instant::now() + Duration::from_secs(15);
    let mut again = 0;
    while Instant::now() < quiet && again == 0 {
        let read = events(heir.next(500, Duration::from_millis(500)).await.unwrap());
        again += read.len();
        assert_eq!(stores.analytics.add(&group, read).await.unwrap(), 0);
    }
    assert!(again > 0, "what the zombie has read and not committed is read by its heir");
    let minute = minute_of(time(0));
    let all = SeriesQuery {
        content,
        from: minute - 1,
        to: minute + 100,
        step: 1 << 40,
        split: None,
        limit: 1,
    };
    let sums = stores.analytics.series(&all).await.unwrap();
    assert_eq!(sums[0].amounts.views, 3 * 2_000, "three of each event");
}

/// A broker that forgets may leave some of a topic with members who are dead: a member that hears
/// nothing for two sessions gives its share up and asks for one anew. Elsewhere it waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_hears_nothing_joins_anew_where_brokers_forget() {
    let topic = format!("test.quiet.{}", uuid::Uuid::now_v7().simple());
    for forgets in [true, false] {
        let mut config = config();
        (config.kafka.reread, config.kafka.session_timeout_ms) = (forgets, 2_000);
        let log = KafkaLog::open(&brokers(), &config).unwrap();
        log.append(&topic, records(0..10)).await.unwrap();
        let group = format!("{topic}.{forgets}");
        let mut member = log.subscribe(&group, &[&topic]).await.unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while member.next(100, Duration::from_millis(200)).await.unwrap().is_empty() {
            assert!(Instant::now() < end, "it reads nothing");
        }
        member.commit().await.unwrap();
        let quiet = Instant::now() + Duration::from_secs(6);
        let mut revoked = false;
        while !revoked && Instant::now() < quiet {
            match member.next(100, Duration::from_millis(200)).await {
                Ok(_) => {}
                Err(Error::Revoked) => revoked = true,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(revoked, forgets, "after three sessions without a record");
    }
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

/// Each node would keep a core busy with nothing else for as long as the brokers are away.
#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_went_away_cost_no_computing() {
    let broker = Broker::start().await;
    let mut config = Config::default();
    config.kafka.request_timeout_ms = 2_000;
    let log = KafkaLog::open(&broker.address, &config).unwrap();
    log.ping().await.unwrap();
    broker.leave().await;
    log.ping().await.unwrap_err();
    let error = log.prepare(&["t"]).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let spent = broker::spent();
    assert!(spent < 50, "{spent} hundredths of the 2 s are spent on connecting");
}
