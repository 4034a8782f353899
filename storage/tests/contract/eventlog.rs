//! The event log: offsets without a gap, reads from anywhere, groups that remember.

use super::records::time;
use playhouse_storage::Error;
use playhouse_storage::eventlog::{EventLog, Record};
use serde_json::json;
use std::sync::Arc;

pub(crate) async fn check(log: Arc<dyn EventLog>) {
    offsets_rise_by_one(&*log).await;
    groups_remember_their_place(&*log).await;
    names_are_checked(&*log).await;
}

pub(crate) fn records(sequences: std::ops::Range<u64>) -> Vec<Record> {
    let record = |sequence| Record {
        key: "k".into(),
        shard: 3,
        sequence,
        at: time(sequence as i64),
        payload: json!({ "text": "ọ̀rọ̀".repeat(50), "n": sequence }),
    };
    sequences.map(record).collect()
}

async fn offsets_rise_by_one(log: &dyn EventLog) {
    let topic = "media.upload.completed";
    assert_eq!(log.read(topic, 0, 10).await.unwrap(), []);
    for first in (0..3000).step_by(300) {
        assert_eq!(log.append(topic, records(first..first + 300)).await.unwrap(), first);
    }
    assert_eq!(log.append(topic, Vec::new()).await.unwrap(), 3000);
    for offset in [0, 1, 299, 300, 1234, 2999, 1, 3000, 9000] {
        let found = log.read(topic, offset, 1).await.unwrap();
        let expected = records(offset..(offset + 1).min(3000).max(offset));
        let expected: Vec<_> =
            expected.into_iter().filter(|_| offset < 3000).map(|record| (offset, record)).collect();
        assert_eq!(found, expected, "{offset}");
    }
    let mut offset = 0;
    loop {
        let found = log.read(topic, offset, 170).await.unwrap();
        let Some((last, _)) = found.last() else { break };
        let expected: Vec<_> = (offset..=*last).zip(records(offset..last + 1)).collect();
        assert_eq!(found, expected);
        offset = last + 1;
    }
    assert_eq!(offset, 3000);
    assert_eq!(log.append("other", records(0..1)).await.unwrap(), 0);
}

async fn groups_remember_their_place(log: &dyn EventLog) {
    assert_eq!(log.committed("g", "t").await.unwrap(), 0);
    for offset in [7, 12] {
        log.commit("g", "t", offset).await.unwrap();
        assert_eq!(log.committed("g", "t").await.unwrap(), offset);
    }
    assert_eq!(log.committed("h", "t").await.unwrap(), 0);
    assert_eq!(log.committed("g", "u").await.unwrap(), 0);
}

async fn names_are_checked(log: &dyn EventLog) {
    for name in ["", "..", "a/b", ".tmp", "a b"] {
        assert!(matches!(log.append(name, records(0..1)).await, Err(Error::Invalid(_))));
        assert!(matches!(log.read(name, 0, 1).await, Err(Error::Invalid(_))));
        assert!(matches!(log.commit(name, "t", 1).await, Err(Error::Invalid(_))));
        assert!(matches!(log.committed("g", name).await, Err(Error::Invalid(_))));
    }
}
