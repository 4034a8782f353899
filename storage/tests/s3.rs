//! S3 under the contract suites of its two ports, and what only it has: parts, several nodes on
//! one bucket, and a bucket for each place where bytes may rest.
//!
//! The service is the one that `PLAYHOUSE_TEST_S3` names; each test makes buckets of its own
//! there and removes them.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test says what it means by its name")]

#[allow(dead_code, reason = "the suites of other ports")]
mod contract;
mod service;

use bytes::Bytes;
use futures_util::TryStreamExt;
use playhouse_storage::blobs::places::Shelf;
use playhouse_storage::blobs::{Blobs, keys};
use playhouse_storage::model::{ContentId, Residency, UploadId};
use playhouse_storage::staging::parts::{Part, PartsOf};
use playhouse_storage::{Config, Error, Stores};
use service::Service;
use std::net::TcpListener;
use std::time::Duration;
use tempfile::TempDir;

const MIB: usize = 1 << 20;
const ANYWHERE: Residency = Residency::Global;

/// Bytes that differ everywhere.
fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8).collect()
}

async fn read(blobs: &dyn Blobs, key: &str) -> Vec<u8> {
    let chunks: Vec<Bytes> = blobs.read(key, None).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

/// A node of its own on the service's buckets.
async fn node(service: &Service) -> (Stores, TempDir) {
    let folder = TempDir::new().unwrap();
    (Stores::open(&service.config, folder.path()).await.unwrap(), folder)
}

#[tokio::test]
async fn the_blobs_keep_their_contract() {
    let service = Service::new().await;
    let (stores, _folder) = node(&service).await;
    let outside = TempDir::new().unwrap();
    contract::blobs::check(stores.blobs, outside.path()).await;
    service.remove().await;
}

#[tokio::test]
async fn the_staging_keeps_its_contract() {
    let service = Service::new().await;
    let (stores, _folder) = node(&service).await;
    contract::staging::check(stores.staging, stores.blobs).await;
    service.remove().await;
}

#[tokio::test]
async fn two_shelves_keep_their_contract() {
    let service = Service::with_cold().await;
    let (stores, _folder) = node(&service).await;
    let outside = TempDir::new().unwrap();
    contract::tiers::check(&*stores.blobs, outside.path()).await;
    service.remove().await;
}

#[tokio::test]
async fn what_is_resident_goes_to_no_cold_bucket_but_its_own() {
    let service = Service::with_cold().await;
    let (stores, _folder) = node(&service).await;
    let key = format!("{}/720p/0", keys::media(Residency::Ng, ContentId::new()));
    stores.blobs.put(&key, Bytes::from_static(b"x")).await.unwrap();
    assert!(stores.blobs.has_cold(Residency::Global) && !stores.blobs.has_cold(Residency::Ng));
    let refused = stores.blobs.carry(&key, Shelf::Cold, None).await.unwrap_err();
    assert!(refused.to_string().contains("residency_ng_cold_bucket"), "{refused}");
    assert_eq!(read(&*stores.blobs, &key).await, b"x");
    assert_eq!(service.resident_objects().await, [key]);
    let elsewhere = [service.objects().await, service.cold_objects().await].concat();
    assert_eq!(elsewhere, Vec::<String>::new());
    service.remove().await;
}

#[tokio::test]
async fn uploads_in_parts_keep_their_contract() {
    let service = Service::new().await;
    let (stores, _folder) = node(&service).await;
    contract::parts::check(&*stores.staging, &*stores.blobs).await;
    service.remove().await;
}

#[tokio::test]
async fn a_large_file_goes_up_in_parts_and_is_there_at_once() {
    let service = Service::new().await;
    let (stores, folder) = node(&service).await;
    let bytes = noise(11 * MIB + 3);
    let file = folder.path().join("large");
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!(stores.blobs.adopt(&file, "large").await.unwrap(), bytes.len() as u64);
    assert!(!file.exists());
    assert_eq!(read(&*stores.blobs, "large").await, bytes);
    let hash = stores.blobs.sha256("large").await.unwrap();
    stores.blobs.put("small", Bytes::from(bytes)).await.unwrap();
    assert_eq!(stores.blobs.sha256("small").await.unwrap(), hash);
    service.remove().await;
}

#[tokio::test]
async fn of_two_nodes_with_one_key_the_first_stays() {
    let service = Service::new().await;
    let ((one, _a), (two, _b)) = (node(&service).await, node(&service).await);
    let (left, right) = (Bytes::from(noise(MIB)), Bytes::from(noise(MIB / 2)));
    one.blobs.put("k", left.clone()).await.unwrap();
    let lost = two.blobs.put("k", right).await.unwrap_err();
    assert!(matches!(&lost, Error::Exists { what } if what == "k"), "{lost}");
    assert_eq!(read(&*two.blobs, "k").await, left);
    two.blobs.delete("k").await.unwrap();
    // What this node remembers of it is no promise.
    assert!(matches!(one.blobs.read("k", None).await.err(), Some(Error::NotFound { .. })));
    assert!(matches!(one.blobs.size("k").await, Err(Error::NotFound { .. })));
    service.remove().await;
}

/// Uploads `bytes` in pieces of odd sizes, each behind a grant of another node.
async fn upload_by_turns(nodes: &[&Stores], upload: UploadId, bytes: &[u8]) {
    let mut at = 0usize;
    for (token, length) in (1..).zip([MIB, 7 * MIB + 1, 3, 2 * MIB, 6 * MIB, usize::MAX]) {
        let staging = &nodes[token as usize % nodes.len()].staging;
        let end = at.saturating_add(length).min(bytes.len());
        let mut writer = staging.open(upload, ANYWHERE, token, at as u64).await.unwrap();
        for chunk in bytes[at..end].chunks(300_000) {
            writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
        }
        assert_eq!(writer.sync().await.unwrap(), end as u64);
        // Never committed: the next grant begins before it.
        writer.write(Bytes::from(vec![0; MIB])).await.unwrap();
        writer.sync().await.unwrap();
        at = end;
        if at == bytes.len() {
            break;
        }
    }
}

#[tokio::test]
async fn an_upload_goes_on_at_any_node_wherever_it_was_cut() {
    let service = Service::new().await;
    let ((one, _a), (two, _b)) = (node(&service).await, node(&service).await);
    let (upload, bytes) = (UploadId::new(), noise(23 * MIB + 7));
    upload_by_turns(&[&one, &two], upload, &bytes).await;
    // The last writer went beyond the end, too; its bytes are dropped by the last grant.
    let token = 99;
    drop(two.staging.open(upload, ANYWHERE, token, bytes.len() as u64).await.unwrap());
    one.staging.seal(upload, bytes.len() as u64, "source/film").await.unwrap();
    assert!(read(&*two.blobs, "source/film").await == bytes, "the bytes are those that were sent");
    assert_eq!(two.staging.list().await.unwrap(), []);
    assert_eq!(service.objects().await, ["source/film"]);
    service.remove().await;
}

#[tokio::test]
async fn a_zombie_at_another_node_lands_nothing() {
    let service = Service::new().await;
    let ((old, _a), (new, _b)) = (node(&service).await, node(&service).await);
    let (upload, bytes) = (UploadId::new(), noise(12 * MIB));
    let mut zombie = old.staging.open(upload, ANYWHERE, 1, 0).await.unwrap();
    zombie.write(Bytes::copy_from_slice(&bytes[..MIB])).await.unwrap();
    assert_eq!(zombie.sync().await.unwrap(), MIB as u64);
    let mut writer = new.staging.open(upload, ANYWHERE, 2, MIB as u64).await.unwrap();
    // It has not heard of it, and sends a whole part and a tail over the same place.
    zombie.write(Bytes::from(vec![0xff; 9 * MIB])).await.unwrap();
    assert!(matches!(zombie.sync().await, Err(Error::Revoked)));
    writer.write(Bytes::copy_from_slice(&bytes[MIB..])).await.unwrap();
    assert_eq!(writer.sync().await.unwrap(), bytes.len() as u64);
    assert!(matches!(zombie.sync().await, Err(Error::Revoked)));
    let late = old.staging.open(upload, ANYWHERE, 1, 0).await.err();
    assert!(matches!(late, Some(Error::Revoked)));
    new.staging.seal(upload, bytes.len() as u64, "source/film").await.unwrap();
    assert!(read(&*old.blobs, "source/film").await == bytes);
    assert!(matches!(writer.sync().await, Err(Error::Revoked)));
    service.remove().await;
}

#[tokio::test]
async fn a_writer_too_many_is_answered_busy() {
    let mut service = Service::new().await;
    service.config.s3.uploads_max = 1;
    let (stores, _folder) = node(&service).await;
    let first = stores.staging.open(UploadId::new(), ANYWHERE, 1, 0).await.unwrap();
    let busy = stores.staging.open(UploadId::new(), ANYWHERE, 1, 0).await.err();
    assert!(matches!(busy, Some(Error::Busy)));
    drop(first);
    stores.staging.open(UploadId::new(), ANYWHERE, 1, 0).await.unwrap();
    service.remove().await;
}

#[tokio::test]
async fn what_may_rest_in_one_country_is_written_there_and_nowhere_else() {
    let service = Service::new().await;
    let (stores, folder) = node(&service).await;
    let (content, upload) = (ContentId::new(), UploadId::new());
    let mut writer = stores.staging.open(upload, Residency::Ng, 1, 0).await.unwrap();
    writer.write(Bytes::from(noise(6 * MIB))).await.unwrap();
    writer.sync().await.unwrap();
    let only_there = async |what: &str| {
        assert!(!service.resident_objects().await.is_empty(), "{what}");
        let elsewhere = [service.objects().await, service.staging_objects().await].concat();
        assert_eq!(elsewhere, Vec::<String>::new(), "{what}");
    };
    only_there("while it is uploaded").await;
    assert_eq!(stores.staging.list().await.unwrap(), [upload]);
    let source = keys::source(Residency::Ng, content, upload);
    stores.staging.seal(upload, 6 * MIB as u64, &source).await.unwrap();
    let segment = format!("{}/360p/00000-t.m4s", keys::media(Residency::Ng, content));
    let file = folder.path().join("segment");
    std::fs::write(&file, b"segment").unwrap();
    stores.blobs.adopt(&file, &segment).await.unwrap();
    only_there("when it is finished").await;
    assert_eq!(service.resident_objects().await, [segment.clone(), source]);
    assert_eq!(read(&*stores.blobs, &segment).await, b"segment");
    stores.blobs.delete_prefix(&keys::media(Residency::Ng, content)).await.unwrap();
    stores.blobs.delete_prefix(&keys::sources(Residency::Ng, content)).await.unwrap();
    assert_eq!(service.resident_objects().await, Vec::<String>::new());
    service.remove().await;
}

#[tokio::test]
async fn parts_of_such_content_come_to_its_bucket_and_to_no_other() {
    let service = Service::new().await;
    let (stores, _folder) = node(&service).await;
    let (content, upload) = (ContentId::new(), UploadId::new());
    let key = keys::source(Residency::Ng, content, upload);
    let handle = stores.staging.begin(upload, &key).await.unwrap();
    let of = PartsOf { upload, key: key.clone(), handle };
    let part = Part { number: 1, start: 0, bytes: 9 };
    let url = stores.staging.url(&of, part, Duration::from_secs(60)).await.unwrap().unwrap();
    let name = service.resident_name();
    assert!(url.contains(&format!("/{name}/")), "{url} is not of {name}");
    let sent = contract::parts::send(&*stores.staging, &of, part, b"in Nigeria").await;
    assert!(sent.is_err(), "ten bytes are not the nine that the URL was signed for");
    let sent = contract::parts::send(&*stores.staging, &of, part, b"in Lagos!").await.unwrap();
    stores.staging.assemble(&of, 9, &[sent]).await.unwrap();
    assert_eq!(service.resident_objects().await, [key]);
    let elsewhere = [service.objects().await, service.staging_objects().await].concat();
    assert_eq!(elsewhere, Vec::<String>::new());
    service.remove().await;
}

#[tokio::test]
async fn urls_are_those_that_clients_reach() {
    let mut service = Service::new().await;
    service.config.s3.public_endpoint = "https://media.example".to_owned();
    let (stores, _folder) = node(&service).await;
    let (upload, key) = (UploadId::new(), "source/a/b".to_owned());
    let handle = stores.staging.begin(upload, &key).await.unwrap();
    let of = PartsOf { upload, key, handle };
    let part = Part { number: 7, start: 0, bytes: 9 };
    let url = stores.staging.url(&of, part, Duration::from_secs(60)).await.unwrap().unwrap();
    assert!(url.starts_with("https://media.example/"), "{url}");
    assert!(url.contains("partNumber=7") && url.contains("X-Amz-Expires=60"), "{url}");
    stores.staging.abandon(&of).await.unwrap();
    service.remove().await;
}

#[tokio::test]
async fn without_a_bucket_for_it_such_content_is_refused() {
    let mut service = Service::new().await;
    service.config.s3.residency_ng_bucket.clear();
    let (stores, _folder) = node(&service).await;
    let refused = stores.staging.open(UploadId::new(), Residency::Ng, 1, 0).await.err().unwrap();
    assert!(refused.to_string().contains("storage.s3.residency_ng_bucket"), "{refused}");
    service.remove().await;
}

#[tokio::test]
async fn a_service_that_is_gone_is_told_as_one() {
    let mut service = Service::new().await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    service.config.s3.endpoint = format!("http://{gone}");
    service.config.s3.retry_longest_ms = 1;
    let (stores, _folder) = node(&service).await;
    let error = stores.blobs.size("k").await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { .. }), "{error}");
    let error = stores.staging.open(UploadId::new(), ANYWHERE, 1, 0).await.err().unwrap();
    assert!(matches!(&error, Error::Unavailable { .. }), "{error}");
    service.remove().await;
}

/// A player whose node waited for a service that was cut off stood still for half a minute.
#[tokio::test]
async fn who_reads_from_a_service_that_does_not_answer_waits_once_and_not_for_long() {
    // The system takes connections for it, nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config { blobs: "s3://media".into(), ..Config::default() };
    config.s3.endpoint = format!("http://{}", silent.local_addr().unwrap());
    (config.s3.access_key, config.s3.secret_key) = ("key".into(), "secret".to_owned().into());
    (config.s3.read_wait_ms, config.s3.rest_ms) = (100, 600_000);
    let folder = TempDir::new().unwrap();
    let stores = Stores::open(&config, folder.path()).await.unwrap();
    let mut why = Vec::new();
    for _ in 0..2 {
        match stores.blobs.read("content/film.mp4", None).await {
            Err(Error::Unavailable { what }) => why.push(what),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("nobody answers"),
        }
    }
    assert!(why[0].ends_with("it does not answer in time"), "{}", why[0]);
    assert!(why[1].ends_with("it did not answer a moment ago"), "{}", why[1]);
}

#[tokio::test]
async fn a_wrong_key_is_told_with_where_it_is_set() {
    let mut service = Service::new().await;
    service.config.s3.secret_key = "wrong".to_owned().into();
    let (stores, _folder) = node(&service).await;
    let error = stores.blobs.put("k", Bytes::new()).await.unwrap_err().to_string();
    assert!(error.contains("storage.s3.access_key") && !error.contains("wrong"), "{error}");
    service.remove().await;
}

/// A service that cannot list what is unfinished keeps it, which is no error either.
#[tokio::test]
async fn a_write_under_way_is_no_orphan() {
    let service = Service::new().await;
    let (stores, _folder) = node(&service).await;
    let upload = service.begin("node/large").await;
    assert_eq!(stores.blobs.end_orphans().await.unwrap(), 0);
    service.complete("node/large", &upload, b"whole").await;
    assert_eq!(read(&*stores.blobs, "large").await, b"whole");
    service.remove().await;
}
