//! What every cache keeps to, as far as it keeps anything.

use bytes::Bytes;
use playhouse_storage::cache::Cache;
use std::time::{Duration, Instant};
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);
/// A server frees what has timed out when it comes to it.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// A name that no other run uses.
fn name(what: &str) -> String {
    format!("{what}:{}", Uuid::now_v7())
}

pub(crate) async fn check(cache: &dyn Cache) {
    cache.ping().await.unwrap();
    what_was_put_is_there_until_its_time_is_over(cache).await;
    what_is_used_lives_on(cache).await;
    a_key_is_new_once(cache).await;
    a_window_counts_from_its_first(cache).await;
    bytes_come_back_as_they_were(cache).await;
}

async fn what_was_put_is_there_until_its_time_is_over(cache: &dyn Cache) {
    let key = name("put");
    assert_eq!(cache.get(&key).await.unwrap(), None);
    cache.put(&key, Bytes::from_static(b"one"), LONG).await.unwrap();
    cache.put(&key, Bytes::from_static(b"two"), LONG).await.unwrap();
    assert_eq!(cache.get(&key).await.unwrap().as_deref(), Some(&b"two"[..]));
    cache.remove(&key).await.unwrap();
    cache.remove(&key).await.unwrap();
    assert_eq!(cache.get(&key).await.unwrap(), None);
    cache.put(&key, Bytes::from_static(b"short"), SHORT).await.unwrap();
    gone(cache, &key).await;
}

async fn what_is_used_lives_on(cache: &dyn Cache) {
    let (used, unused) = (name("used"), name("unused"));
    assert_eq!(cache.get_and_keep(&used, LONG).await.unwrap(), None);
    for key in [&used, &unused] {
        cache.put(key, Bytes::from_static(b"x"), SHORT).await.unwrap();
    }
    assert!(cache.get_and_keep(&used, LONG).await.unwrap().is_some());
    gone(cache, &unused).await;
    assert!(cache.get(&used).await.unwrap().is_some());
}

async fn a_key_is_new_once(cache: &dyn Cache) {
    let key = name("seen");
    assert!(cache.is_new(&key, LONG).await.unwrap());
    assert!(!cache.is_new(&key, LONG).await.unwrap());
    cache.remove(&key).await.unwrap();
    assert!(cache.is_new(&key, LONG).await.unwrap());
}

async fn a_window_counts_from_its_first(cache: &dyn Cache) {
    let key = name("count");
    for expected in 1..=3 {
        let count = cache.count(&key, LONG).await.unwrap();
        assert_eq!(count.count, expected);
        assert!(count.resets_in <= LONG && count.resets_in > LONG / 2, "{count:?}");
    }
    let key = name("count-short");
    let first = Instant::now();
    assert_eq!(cache.count(&key, SHORT).await.unwrap().count, 1);
    // Counting does not make the window longer.
    while cache.count(&key, SHORT).await.unwrap().count != 1 {
        assert!(first.elapsed() < GONE_WITHIN, "the window never ends");
        tokio::time::sleep(SHORT / 10).await;
    }
    assert!(first.elapsed() >= SHORT, "the window ended early");
}

async fn bytes_come_back_as_they_were(cache: &dyn Cache) {
    let key = name("bytes");
    for bytes in [Vec::new(), (0..=255).collect(), vec![7; 1 << 20]] {
        cache.put(&key, Bytes::from(bytes.clone()), LONG).await.unwrap();
        assert!(cache.get(&key).await.unwrap().unwrap() == bytes, "{} bytes", bytes.len());
    }
}

async fn gone(cache: &dyn Cache, key: &str) {
    let began = Instant::now();
    while cache.get(key).await.unwrap().is_some() {
        assert!(began.elapsed() < GONE_WITHIN, "{key} outlives its time");
        tokio::time::sleep(SHORT / 10).await;
    }
}
