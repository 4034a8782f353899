//! Resumable uploads as a tus client meets them: what is acknowledged is kept, what is wrong is
//! named, and nobody writes into another's file.

use crate::house::{Answer, House};
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, request::Builder};
use futures_util::stream;
use playhouse_gateway::{Config, RateLimits, Role};
use std::io;

const OCTETS: &str = "application/offset+octet-stream";

/// A creator with a token and a house to upload to.
struct Creator<'a> {
    house: &'a House,
    token: String,
}

impl<'a> Creator<'a> {
    fn named(house: &'a House, name: &str) -> Self {
        Self { house, token: house.token(name, Role::Editor) }
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("tus-resumable", "1.0.0")
            .header("authorization", &self.token)
    }

    fn creation(&self, size: usize) -> Builder {
        self.request(Method::POST, "/api/v1/uploads").header("upload-length", size)
    }

    /// Creates an upload; its address.
    async fn create(&self, size: usize) -> String {
        let answer = self.house.send(self.creation(size), "").await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.header("location").to_owned()
    }

    async fn head(&self, path: &str) -> Answer {
        self.house.send(self.request(Method::HEAD, path), "").await
    }

    async fn offset(&self, path: &str) -> usize {
        self.head(path).await.header("upload-offset").parse().unwrap()
    }

    fn patch_of(&self, path: &str, offset: usize) -> Builder {
        self.request(Method::PATCH, path)
            .header("content-type", OCTETS)
            .header("upload-offset", offset)
    }

    async fn patch(&self, path: &str, offset: usize, body: impl Into<Body>) -> Answer {
        self.house.send(self.patch_of(path, offset), body).await
    }
}

/// Headers of a creation, and the status and words of its refusal.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

/// Bytes that tell where they stand.
fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 % 251) as u8).collect()
}

/// The bytes that the catalog says are the source of an upload's content.
async fn source(house: &House, answer: &Answer) -> Vec<u8> {
    let content = answer.header("playhouse-content-id").parse().unwrap();
    let catalog = &house.platform.engines.catalog;
    let key = catalog.content(content).await.unwrap().unwrap().source.unwrap().key;
    let stream = house.platform.engines.blobs.read(&key, None).await.unwrap();
    axum::body::to_bytes(Body::from_stream(stream), 64 << 20).await.unwrap().to_vec()
}

#[tokio::test]
async fn the_server_tells_what_it_can_do() {
    let house = House::open().await;
    let answer = house.send(Request::options("/api/v1/uploads"), "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("tus-version"), "1.0.0");
    assert_eq!(
        answer.header("tus-extension"),
        "creation,creation-with-upload,termination,expiration"
    );
    assert!(answer.header("tus-max-size").parse::<u64>().unwrap() > 1 << 30);
}

#[tokio::test]
async fn odd_pieces_make_the_whole_file() {
    let house = House::with(Config { upload_commit_bytes: 1_000, ..Config::default() }).await;
    let ada = Creator::named(&house, "ada");
    let file = bytes(100_003);
    let path = ada.create(file.len()).await;
    let mut offset = 0;
    for size in [1, 2, 4_093, 65_537].iter().cycle() {
        let end = (offset + size).min(file.len());
        let pieces = file[offset..end].chunks(977).map(Bytes::copy_from_slice).map(io::Result::Ok);
        let body = Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()));
        let answer = ada.patch(&path, offset, body).await;
        assert_eq!(answer.status, 204, "{:?}", answer.body);
        assert_eq!(answer.header("upload-offset"), end.to_string());
        assert_eq!(ada.offset(&path).await, end);
        offset = end;
        if offset == file.len() {
            assert_eq!(answer.header("upload-expires"), "");
            assert_eq!(source(&house, &answer).await, file);
            break;
        }
        assert!(answer.header("upload-expires").ends_with("GMT"));
    }
    // The answer to the last piece may be lost: asking again changes nothing.
    assert_eq!(ada.patch(&path, file.len(), "").await.status, 204);
    assert!(ada.patch(&path, 0, "").await.problem(409).contains("complete"));
}

#[tokio::test]
async fn a_creation_can_bring_the_first_bytes() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let file = bytes(5_000);
    let request = ada.creation(file.len()).header("content-type", OCTETS);
    let answer = house.send(request, file[..2_000].to_vec()).await;
    assert_eq!((answer.status.as_u16(), answer.header("upload-offset")), (201, "2000"));
    let path = answer.header("location").to_owned();
    let answer = ada.patch(&path, 2_000, file[2_000..].to_vec()).await;
    assert_eq!(source(&house, &answer).await, file);
}

#[tokio::test]
async fn a_creation_that_is_wrong_is_named_and_leaves_nothing() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let cases: [Case<'_>; 9] = [
        (&[], 400, "upload-length is missing"),
        (&[("upload-length", "-5")], 400, "upload-length"),
        (&[("upload-length", "0")], 400, "empty file"),
        (&[("upload-length", "30000000000")], 413, "over the limit"),
        (&[("upload-defer-length", "1")], 400, "Upload-Defer-Length is not supported"),
        (&[("upload-length", "5"), ("upload-metadata", "title ???")], 400, "'title'"),
        (&[("upload-length", "5"), ("upload-metadata", "residency bWFycw==")], 400, "mars"),
        (&[("upload-length", "5"), ("content-type", OCTETS), ("content-length", "6")], 413, "5"),
        (&[("upload-length", "5"), ("content-type", "a/b"), ("content-length", "6")], 415, OCTETS),
    ];
    for (headers, status, detail) in cases {
        let mut request = ada.request(Method::POST, "/api/v1/uploads");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let found = house.send(request, "abcdef").await.problem(status);
        assert!(found.contains(detail), "{headers:?}: {found}");
    }
    let list = house.get_as("/api/v1/content?owner=me", &ada.token).await.json();
    assert_eq!(list["items"], serde_json::json!([]));
}

#[tokio::test]
async fn another_offset_is_told_the_right_one() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    ada.patch(&path, 0, "abcd").await;
    for offset in [0, 3, 5] {
        let answer = ada.patch(&path, offset, "x").await;
        answer.problem(409);
        assert_eq!(answer.header("upload-offset"), "4");
    }
    let request = ada.request(Method::PATCH, &path).header("upload-offset", 4);
    house.send(request.header("content-type", "video/mp4"), "x").await.problem(415);
    let request = Request::patch(&path).header("authorization", &ada.token);
    let answer = house.send(request, "x").await;
    answer.problem(412);
    assert_eq!(answer.header("tus-version"), "1.0.0");
}

#[tokio::test]
async fn a_longer_body_than_announced_does_not_complete_the_upload() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    let announced = ada.patch_of(&path, 0).header("content-length", 11);
    house.send(announced, "0123456789a").await.problem(413);
    assert_eq!(ada.offset(&path).await, 0);

    // Chunked, so only the bytes themselves tell. The tenth is held back until the body has ended.
    let pieces = ["01234", "56789", "a"].map(|piece| io::Result::Ok(Bytes::from(piece)));
    ada.patch(&path, 0, Body::from_stream(stream::iter(pieces))).await.problem(413);
    assert_eq!(ada.offset(&path).await, 5);
    let answer = ada.patch(&path, 5, "56789").await;
    assert_eq!(source(&house, &answer).await, b"0123456789");
}

#[tokio::test]
async fn what_came_before_a_broken_connection_is_kept() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    let broken = io::Error::new(io::ErrorKind::ConnectionReset, "gone");
    let body = Body::from_stream(stream::iter([Ok(Bytes::from("0123")), Err(broken)]));
    assert!(ada.patch(&path, 0, body).await.problem(400).contains("broke off"));
    assert_eq!(ada.offset(&path).await, 4);
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up_and_what_came_is_kept() {
    let house = House::with(Config { body_stall_s: 1, ..Config::default() }).await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    sender.send(io::Result::Ok(Bytes::from("012"))).unwrap();
    let pieces = stream::unfold(receiver, |mut pieces| async move {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    ada.patch(&path, 0, Body::from_stream(pieces)).await.problem(408);
    assert_eq!(ada.offset(&path).await, 3);
    drop(sender);
}

#[tokio::test]
async fn of_two_writers_the_newer_writes() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    // Room for one piece: the second can be sent only when the older writer has taken the first,
    // so it has its grant by then.
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let pieces = stream::unfold(receiver, |mut pieces| async move {
        pieces.recv().await.map(|piece| (io::Result::Ok(piece), pieces))
    });
    let older = ada.patch(&path, 0, Body::from_stream(pieces));
    let newer = async {
        sender.send(Bytes::from("old")).await.unwrap();
        drop(sender.reserve().await.unwrap());
        let answer = ada.patch(&path, 0, "0123").await;
        assert_eq!(answer.status, 204, "{:?}", answer.body);
        sender.send(Bytes::from("old")).await.unwrap();
        drop(sender);
    };
    let (older, ()) = tokio::join!(older, newer);
    assert!(older.problem(409).contains("another request"));
    assert_eq!(ada.offset(&path).await, 4);
    let answer = ada.patch(&path, 4, "456789").await;
    assert_eq!(source(&house, &answer).await, b"0123456789");
}

#[tokio::test]
async fn nobody_touches_anothers_upload() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let bob = Creator::named(&house, "bob");
    let path = ada.create(10).await;
    bob.head(&path).await;
    assert_eq!(bob.head(&path).await.status, 403);
    bob.patch(&path, 0, "x").await.problem(403);
    house.send(bob.request(Method::DELETE, &path), "").await.problem(403);
    let viewer = Creator { house: &house, token: house.token("ada", Role::Viewer) };
    viewer.patch(&path, 0, "x").await.problem(403);
    let nobody = Request::patch(&path).header("tus-resumable", "1.0.0");
    house.send(nobody, "x").await.problem(401);
    let root = Creator { house: &house, token: house.token("root", Role::Admin) };
    assert_eq!(root.patch(&path, 0, "x").await.status, 204);
}

#[tokio::test]
async fn an_upload_that_was_ended_is_gone() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    ada.patch(&path, 0, "0123").await;
    assert_eq!(house.send(ada.request(Method::DELETE, &path), "").await.status, 204);
    assert_eq!(ada.head(&path).await.status, 410);
    ada.patch(&path, 4, "x").await.problem(410);
    let other = format!("/api/v1/uploads/{}", uuid::Uuid::now_v7());
    assert_eq!(ada.head(&other).await.status, 404);
    let list = house.get_as("/api/v1/content?owner=me", &ada.token).await.json();
    assert_eq!(list["items"], serde_json::json!([]));
}

#[tokio::test]
async fn a_proxy_that_knows_no_patch_is_no_obstacle() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    let post = || ada.request(Method::POST, &path);
    let patch = post()
        .header("x-http-method-override", "PATCH")
        .header("content-type", OCTETS)
        .header("upload-offset", 0);
    assert_eq!(house.send(patch, "0123").await.status, 204);
    assert_eq!(ada.offset(&path).await, 4);
    house.send(post(), "").await.problem(405);
    let delete = post().header("x-http-method-override", "DELETE");
    assert_eq!(house.send(delete, "").await.status, 204);
}

#[tokio::test]
async fn every_answer_names_the_version_refusals_too() {
    let house = House::open().await;
    let ada = Creator::named(&house, "ada");
    let path = ada.create(10).await;
    let nowhere = format!("/api/v1/uploads/{}", uuid::Uuid::now_v7());
    for answer in [
        ada.head(&path).await,
        ada.head(&nowhere).await,
        ada.patch(&path, 3, "x").await,
        house.send(Request::put(&path), "").await,
        house.send(ada.request(Method::DELETE, &path), "").await,
    ] {
        assert_eq!(answer.header("tus-resumable"), "1.0.0", "{}", answer.status);
    }
}

#[tokio::test]
async fn a_creator_who_begins_uploads_without_end_is_told_to_wait() {
    let rates = RateLimits { uploads_per_hour_max: 2, ..RateLimits::default() };
    let house = House::with(Config { rates, ..Config::default() }).await;
    let (ada, bob) = (Creator::named(&house, "ada"), Creator::named(&house, "bob"));
    for _ in 0..2 {
        ada.create(10).await;
    }
    let refused = house.send(ada.creation(10), "").await;
    let wait_s: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3_500..=3_600).contains(&wait_s), "{wait_s}");
    assert!(refused.problem(429).contains("2 uploads"));
    bob.create(10).await;
    let admin = Creator { house: &house, token: house.token("ada", Role::Admin) };
    admin.create(10).await;
}
