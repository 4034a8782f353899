//! The event log: nothing that was appended is missing or out of its key's order, groups go on
//! where they committed, a member that was replaced is no harm.

use super::records::time;
use playhouse_storage::Error;
use playhouse_storage::eventlog::local::LocalLog;
use playhouse_storage::eventlog::{Consumer, Delivery, EventLog, Record};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// A group of real brokers takes some seconds to agree on who reads what.
const DEADLINE: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_millis(200);

/// What every engine must do. Topics and groups are new: brokers keep those of other tests.
/// On each partition `reread` records may come again although they were committed.
pub(crate) async fn check(log: &dyn EventLog, reread: usize) {
    log.ping().await.unwrap();
    records_come_back_whole_and_in_order(log).await;
    a_group_goes_on_where_it_committed(log, reread).await;
    a_member_is_replaced_without_a_loss(log).await;
    several_topics_are_read_by_one_member(log).await;
    a_member_waits_for_what_comes(log).await;
    what_is_too_large_is_refused_alone(log).await;
    names_are_checked(log).await;
}

pub(crate) fn records(sequences: std::ops::Range<u64>) -> Vec<Record> {
    sequences.map(record).collect()
}

fn record(sequence: u64) -> Record {
    Record {
        key: format!("k{}", sequence % 7),
        shard: (sequence % 3) as u16,
        sequence,
        at: time(sequence as i64),
        schema: 2,
        trace: sequence.is_multiple_of(2).then(|| format!("{sequence:032x}")),
        payload: json!({ "text": "ọ̀rọ̀".repeat(50), "n": sequence }),
    }
}

fn name(what: &str) -> String {
    format!("test.{what}.{}", Uuid::now_v7().simple())
}

/// Reads until there are `count` records.
async fn read(member: &mut dyn Consumer, count: usize) -> Vec<Delivery> {
    let (mut found, end) = (Vec::new(), Instant::now() + DEADLINE);
    while found.len() < count {
        assert!(Instant::now() < end, "{} of {count} records", found.len());
        let some = member.next(170, WAIT).await.unwrap();
        assert!(some.len() <= 170);
        found.extend(some);
    }
    found
}

/// Sequences by key, in the order in which they were read.
fn by_key(found: &[Delivery]) -> HashMap<&str, Vec<u64>> {
    let mut keys: HashMap<&str, Vec<u64>> = HashMap::new();
    for delivery in found {
        keys.entry(&delivery.record.key).or_default().push(delivery.record.sequence);
    }
    keys
}

async fn records_come_back_whole_and_in_order(log: &dyn EventLog) {
    let topic = name("whole");
    log.prepare(&[&topic]).await.unwrap();
    for first in (0..3000).step_by(300) {
        log.append(&topic, records(first..first + 300)).await.unwrap();
    }
    log.append(&topic, Vec::new()).await.unwrap();
    let mut member = log.subscribe(&name("g"), &[&topic]).await.unwrap();
    let found = read(&mut *member, 3000).await;
    assert_eq!(found.len(), 3000, "each once: nothing failed in between");
    let mut offsets: HashMap<u32, u64> = HashMap::new();
    for delivery in &found {
        assert_eq!(delivery.record, record(delivery.record.sequence));
        assert_eq!(delivery.topic, topic);
        let next = offsets.entry(delivery.partition).or_default();
        assert_eq!(delivery.offset, *next, "partition {}", delivery.partition);
        *next += 1;
    }
    for (key, sequences) in by_key(&found) {
        assert!(sequences.is_sorted(), "{key}: {sequences:?}");
    }
    let places: HashSet<_> = found.iter().map(|it| (&it.record.key, it.partition)).collect();
    assert_eq!(places.len(), 7, "a key lies in one partition");
}

async fn a_group_goes_on_where_it_committed(log: &dyn EventLog, reread: usize) {
    let (topic, group) = (name("groups"), name("g"));
    log.append(&topic, records(0..500)).await.unwrap();
    let mut seen = {
        let mut member = log.subscribe(&group, &[&topic]).await.unwrap();
        let seen = read(&mut *member, 300).await;
        member.commit().await.unwrap();
        // What is read after it was not committed, and comes again.
        read(&mut *member, 1).await;
        seen
    };
    let committed = distinct(&seen);
    let mut member = log.subscribe(&group, &[&topic]).await.unwrap();
    let (mut again, end) = (0, Instant::now() + DEADLINE);
    while distinct(&seen).len() < 500 {
        assert!(Instant::now() < end, "{} of 500 records", distinct(&seen).len());
        let found = member.next(170, WAIT).await.unwrap();
        again += distinct(&found).intersection(&committed).count();
        seen.extend(found);
    }
    // What comes again may come last.
    loop {
        let found = member.next(170, WAIT).await.unwrap();
        if found.is_empty() {
            break;
        }
        again += found.len();
    }
    assert!(again <= 6 * reread, "{again} came again that were committed");
    member.commit().await.unwrap();
    member.commit().await.unwrap();
    let mut other = log.subscribe(&name("h"), &[&topic]).await.unwrap();
    assert_eq!(read(&mut *other, 500).await.len(), 500, "another group reads all of it");
}

fn distinct(found: &[Delivery]) -> HashSet<u64> {
    found.iter().map(|it| it.record.sequence).collect()
}

/// The second member takes over what the first has not committed. Whatever the first still does
/// fails, or is its own share: all records are read by somebody.
async fn a_member_is_replaced_without_a_loss(log: &dyn EventLog) {
    let (topic, group) = (name("replaced"), name("g"));
    log.append(&topic, records(0..400)).await.unwrap();
    let mut first = log.subscribe(&group, &[&topic]).await.unwrap();
    read(&mut *first, 100).await;
    let mut second = log.subscribe(&group, &[&topic]).await.unwrap();
    let (mut seen, end) = (HashSet::new(), Instant::now() + DEADLINE);
    let mut first_is_out = false;
    while seen.len() < 400 {
        assert!(Instant::now() < end, "{} of 400 records", seen.len());
        if !first_is_out {
            match first.next(50, WAIT).await {
                Ok(found) => seen.extend(found.into_iter().map(|it| it.record.sequence)),
                Err(Error::Revoked | Error::Unavailable { .. }) => first_is_out = true,
                Err(error) => panic!("{error}"),
            }
        }
        let found = second.next(50, WAIT).await.unwrap();
        seen.extend(found.into_iter().map(|it| it.record.sequence));
    }
    assert_eq!(seen.len(), 400);
}

async fn several_topics_are_read_by_one_member(log: &dyn EventLog) {
    let (one, two) = (name("one"), name("two"));
    log.append(&one, records(0..250)).await.unwrap();
    log.append(&two, records(250..300)).await.unwrap();
    let mut member = log.subscribe(&name("g"), &[&one, &two]).await.unwrap();
    let found = read(&mut *member, 300).await;
    assert_eq!(found.iter().filter(|it| it.topic == two).count(), 50);
}

async fn a_member_waits_for_what_comes(log: &dyn EventLog) {
    let topic = name("later");
    let mut member = log.subscribe(&name("g"), &[&topic]).await.unwrap();
    assert_eq!(member.next(9, WAIT).await.unwrap(), []);
    let (found, appended) = tokio::join!(read(&mut *member, 3), log.append(&topic, records(0..3)));
    appended.unwrap();
    assert_eq!(found.len(), 3);
}

async fn what_is_too_large_is_refused_alone(log: &dyn EventLog) {
    let topic = name("large");
    let huge = Record { payload: json!("x".repeat(300 << 10)), ..record(0) };
    let error = log.append(&topic, vec![huge]).await.unwrap_err();
    assert!(error.to_string().contains("event_record_bytes_max"), "{error}");
    log.append(&topic, records(0..1)).await.unwrap();
}

async fn names_are_checked(log: &dyn EventLog) {
    for name in ["", "..", "a/b", ".tmp", "a b"] {
        assert!(matches!(log.append(name, records(0..1)).await, Err(Error::Invalid(_))));
        assert!(matches!(log.prepare(&[name]).await, Err(Error::Invalid(_))));
        assert!(matches!(log.subscribe(name, &["t"]).await.err(), Some(Error::Invalid(_))));
        assert!(matches!(log.subscribe("g", &[name]).await.err(), Some(Error::Invalid(_))));
    }
}

/// What the local log tells beside: offsets without a gap, reads from anywhere.
pub(crate) async fn check_local(log: &LocalLog) {
    let topic = "media.upload.completed";
    assert_eq!(log.read(topic, 0, 10).await.unwrap(), []);
    for first in (0..3000).step_by(300) {
        assert_eq!(log.append(topic, records(first..first + 300)).await.unwrap(), first);
    }
    assert_eq!(log.append(topic, Vec::new()).await.unwrap(), 3000);
    for offset in [0, 1, 299, 300, 1234, 2999, 1, 3000, 9000] {
        let found = log.read(topic, offset, 1).await.unwrap();
        let expected: Vec<_> =
            (offset < 3000).then(|| (offset, record(offset))).into_iter().collect();
        assert_eq!(found, expected, "{offset}");
    }
    let mut offset = 0;
    while let Some((last, _)) = log.read(topic, offset, 170).await.unwrap().last() {
        let found = log.read(topic, offset, 170).await.unwrap();
        let expected: Vec<_> = (offset..=*last).zip(records(offset..last + 1)).collect();
        assert_eq!(found, expected);
        offset = last + 1;
    }
    assert_eq!(offset, 3000);
}
