//! Uploads in parts: what came whole is there, in any order; the last whole one counts; the list at
//! the end must mean what is there; afterwards nothing lands.
//!
//! A part is sent as an engine wants it: to its URL, or through its writer.

use bytes::Bytes;
use futures_util::TryStreamExt;
use playhouse_storage::Error;
use playhouse_storage::blobs::Blobs;
use playhouse_storage::model::UploadId;
use playhouse_storage::staging::Staging;
use playhouse_storage::staging::parts::{Claimed, Part, PartsOf};
use std::time::Duration;

/// Least bytes of a part that is not the last.
const PART: u64 = 5 << 20;
const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) async fn check(staging: &dyn Staging, blobs: &dyn Blobs) {
    parts_in_any_order_make_the_file(staging, blobs).await;
    a_part_that_is_sent_again_counts_as_the_last(staging, blobs).await;
    a_list_that_means_other_parts_makes_no_file(staging, blobs).await;
    what_was_abandoned_takes_nothing(staging, blobs).await;
}

fn noise(bytes: u64, seed: u64) -> Vec<u8> {
    (0..bytes).map(|n| ((n + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8).collect()
}

fn part(number: u32, bytes: u64) -> Part {
    Part { number, start: u64::from(number - 1) * PART, bytes }
}

async fn begin(staging: &dyn Staging, key: &str) -> PartsOf {
    let upload = UploadId::new();
    let handle = staging.begin(upload, key).await.unwrap();
    PartsOf { upload, key: key.to_owned(), handle }
}

/// Sends a part; its ETag, or why not.
pub(crate) async fn send(
    staging: &dyn Staging,
    of: &PartsOf,
    part: Part,
    bytes: &[u8],
) -> Result<Claimed, String> {
    let etag = match staging.url(of, part, HOUR).await.unwrap() {
        Some(url) => put(&url, bytes).await?,
        None => {
            let mut into = staging.receive(of, part).await.map_err(|error| error.to_string())?;
            for chunk in bytes.chunks(1_000_003) {
                let written = into.write(Bytes::copy_from_slice(chunk)).await;
                written.map_err(|error| error.to_string())?;
            }
            into.finish(None).await.map_err(|error| error.to_string())?
        }
    };
    Ok(Claimed { number: part.number, etag })
}

async fn put(url: &str, bytes: &[u8]) -> Result<String, String> {
    let client = reqwest_of_rust_s3::Client::new();
    // A service may refuse a part before it has read it.
    let sent = client.put(url).body(bytes.to_vec()).send().await;
    let answer = sent.map_err(|error| format!("{error:?}"))?;
    let etag = answer.headers().get("etag").map(|it| it.to_str().unwrap().replace('"', ""));
    match answer.status().as_u16() {
        200 => Ok(etag.expect("a part is answered with its ETag")),
        status => Err(format!("{status} {}", answer.text().await.unwrap())),
    }
}

async fn read(blobs: &dyn Blobs, key: &str) -> Vec<u8> {
    let chunks: Vec<Bytes> = blobs.read(key, None).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

async fn parts_in_any_order_make_the_file(staging: &dyn Staging, blobs: &dyn Blobs) {
    let of = begin(staging, "source/c1/any-order").await;
    assert_eq!(staging.received(&of).await.unwrap(), []);
    let file = noise(2 * PART + 7, 1);
    let [a, b, c] = [
        &file[..PART as usize],
        &file[PART as usize..2 * PART as usize],
        &file[2 * PART as usize..],
    ];
    let third = send(staging, &of, part(3, 7), c).await.unwrap();
    let first = send(staging, &of, part(1, PART), a).await.unwrap();
    let there = staging.received(&of).await.unwrap();
    let found: Vec<_> = there.iter().map(|it| (it.number, it.bytes)).collect();
    assert_eq!(found, [(1, PART), (3, 7)]);
    for (part, claimed) in there.iter().zip([&first, &third]) {
        assert!(part.etag.as_ref().is_none_or(|etag| *etag == claimed.etag), "{part:?}");
    }
    let second = send(staging, &of, part(2, PART), b).await.unwrap();
    let all = [first, second, third];
    for _ in 0..2 {
        staging.assemble(&of, file.len() as u64, &all).await.unwrap();
        assert!(read(blobs, &of.key).await == file);
    }
    let late = send(staging, &of, part(1, PART), &noise(PART, 9)).await;
    assert!(late.is_err(), "{late:?}");
    assert!(read(blobs, &of.key).await == file, "nothing lands after the end");
    let error = staging.assemble(&of, file.len() as u64 + 1, &all).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    staging.abandon(&of).await.unwrap();
    assert!(read(blobs, &of.key).await == file, "an upload that has come stays");
}

async fn a_part_that_is_sent_again_counts_as_the_last(staging: &dyn Staging, blobs: &dyn Blobs) {
    let of = begin(staging, "source/c1/again").await;
    let (old, new, tail) = (noise(PART, 2), noise(PART, 3), noise(11, 4));
    let first = send(staging, &of, part(1, PART), &old).await.unwrap();
    let second = send(staging, &of, part(2, 11), &tail).await.unwrap();
    let again = send(staging, &of, part(1, PART), &new).await.unwrap();
    assert_ne!(first.etag, again.etag);
    assert_eq!(staging.received(&of).await.unwrap().len(), 2);
    staging.assemble(&of, PART + 11, &[again, second]).await.unwrap();
    assert!(read(blobs, &of.key).await == [new, tail].concat());
}

async fn a_list_that_means_other_parts_makes_no_file(staging: &dyn Staging, blobs: &dyn Blobs) {
    let of = begin(staging, "source/c1/other").await;
    let sent = send(staging, &of, part(1, 9), &noise(9, 5)).await.unwrap();
    let other = Claimed { etag: "0cc175b9c0f1b6a831c399e269772661".to_owned(), ..sent };
    let error = staging.assemble(&of, 9, &[other]).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. } | Error::Corrupt { .. }), "{error}");
    assert!(matches!(blobs.size(&of.key).await, Err(Error::NotFound { .. })));
    staging.abandon(&of).await.unwrap();
}

async fn what_was_abandoned_takes_nothing(staging: &dyn Staging, blobs: &dyn Blobs) {
    let of = begin(staging, "source/c1/abandoned").await;
    let sent = send(staging, &of, part(1, 9), &noise(9, 6)).await.unwrap();
    for _ in 0..2 {
        staging.abandon(&of).await.unwrap();
    }
    let late = send(staging, &of, part(1, 9), &noise(9, 6)).await;
    assert!(late.is_err(), "{late:?}");
    assert!(staging.assemble(&of, 9, &[sent]).await.is_err());
    assert!(matches!(blobs.size(&of.key).await, Err(Error::NotFound { .. })));
    assert_eq!(staging.list().await.unwrap(), []);
}
