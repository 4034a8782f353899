//! Uploads in parts as a creator meets them: any order, any part again, and at the end a file or a
//! sentence that says what is missing. The addresses are all that a part needs.

use crate::house::{Answer, House};
use axum::body::Body;
use axum::http::{Method, Request};
use playhouse_actors::Config as ActorsConfig;
use playhouse_gateway::{Config, RateLimits, Role};
use serde_json::{Value, json};

const SESSIONS: &str = "/api/v1/uploads/session";
/// Least bytes of a part.
const PART: usize = 5 << 20;

/// Bytes that tell where they stand.
fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 % 251) as u8).collect()
}

async fn house() -> House {
    let actors = ActorsConfig { upload_part_bytes: PART as u64, ..ActorsConfig::default() };
    House::of(actors, Config::default()).await
}

/// A creator with a token and a house to upload to.
struct Creator<'a> {
    house: &'a House,
    token: String,
}

impl<'a> Creator<'a> {
    fn named(house: &'a House, name: &str) -> Self {
        Self { house, token: house.token(name, Role::Editor) }
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.keyed(method, path, body, None).await
    }

    async fn keyed(&self, method: Method, path: &str, body: &Value, key: Option<&str>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", &self.token)
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.house.send(request, body.to_string()).await
    }

    /// Begins the upload of so many bytes.
    async fn begin(&self, size: usize) -> Value {
        let body = json!({ "size_bytes": size, "filename": "a.mp4", "title": "A film" });
        let answer = self.ask(Method::POST, SESSIONS, &body).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        json_of(&answer)
    }

    async fn look(&self, session: &Value) -> Value {
        let answer = self.ask(Method::GET, &path(session, ""), &json!(null)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        json_of(&answer)
    }

    /// The addresses of parts.
    async fn addresses(&self, session: &Value, numbers: &[u32]) -> Vec<Value> {
        let body = json!({ "part_numbers": numbers });
        let answer = self.ask(Method::POST, &path(session, "/parts"), &body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        json_of(&answer)["parts"].as_array().unwrap().clone()
    }

    async fn complete(&self, session: &Value, parts: &Value) -> Answer {
        let body = json!({ "parts": parts });
        self.ask(Method::POST, &path(session, "/complete"), &body).await
    }

    /// Sends all parts of a file, the last one first; the list that completes it.
    async fn send_all(&self, session: &Value, file: &[u8]) -> Value {
        let mut list = Vec::new();
        for (number, chunk) in (1u32..).zip(file.chunks(PART)).collect::<Vec<_>>().into_iter().rev()
        {
            let address = &self.addresses(session, &[number]).await[0];
            let answer = put(self.house, address, chunk.to_vec()).await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            list.push(json!({ "part_number": number, "etag": answer.header("etag") }));
        }
        json!(list)
    }
}

fn path(session: &Value, below: &str) -> String {
    format!("{}{below}", session["upload_url"].as_str().unwrap())
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// PUT without a token.
async fn put(house: &House, address: &Value, body: impl Into<Body>) -> Answer {
    house.send(Request::put(address["url"].as_str().unwrap()), body).await
}

async fn source(house: &House, session: &Value) -> Vec<u8> {
    let content = session["content_id"].as_str().unwrap().parse().unwrap();
    let content = house.platform.engines.catalog.content(content).await.unwrap().unwrap();
    let key = content.source.unwrap().key;
    let stream = house.platform.engines.blobs.read(&key, None).await.unwrap();
    axum::body::to_bytes(Body::from_stream(stream), 64 << 20).await.unwrap().to_vec()
}

#[tokio::test]
async fn parts_in_any_order_and_one_of_them_twice_make_the_file() {
    let house = house().await;
    let ada = Creator::named(&house, "ada");
    let file = bytes(2 * PART + 1_003);
    let session = ada.begin(file.len()).await;
    assert_eq!(session["part_size_bytes"], PART);
    assert_eq!(session["parts_total"], 3);
    assert_eq!(session["presigned_url"], session["part"]["url"]);

    let addresses = ada.addresses(&session, &[3, 1, 2]).await;
    let [third, first, second] = &addresses[..] else { panic!("{addresses:?}") };
    assert_eq!((&third["offset_bytes"], &third["size_bytes"]), (&json!(2 * PART), &json!(1_003)));
    assert_eq!(third["method"], "PUT");
    let e3 = put(&house, third, file[2 * PART..].to_vec()).await;
    assert_eq!(e3.status, 200, "{:?}", e3.body);
    // Sent wrongly first, then rightly: the last one counts.
    let wrong = put(&house, first, vec![7; PART]).await;
    let standing = ada.look(&session).await;
    assert_eq!(standing["missing"], json!([2]));
    assert_eq!(standing["received"][0]["part_number"], 1);
    let e1 = put(&house, first, file[..PART].to_vec()).await;
    assert_ne!(wrong.header("etag"), e1.header("etag"));
    let e2 = put(&house, second, file[PART..2 * PART].to_vec()).await;
    let etags = [&e1, &e2, &e3].map(|answer| answer.header("etag").to_owned());
    let list: Vec<_> =
        (1..).zip(&etags).map(|(n, etag)| json!({ "part_number": n, "etag": etag })).collect();

    let done = ada.complete(&session, &json!(list)).await;
    assert_eq!(done.status, 200, "{:?}", done.body);
    assert_eq!(json_of(&done)["state"], "completed");
    assert!(source(&house, &session).await == file);
    // Its answer may be lost: the same list is answered the same, in whatever order it comes.
    let reversed: Vec<_> = list.iter().rev().cloned().collect();
    let again = ada.complete(&session, &json!(reversed)).await;
    assert_eq!((again.status, again.body), (done.status, done.body));
    let other = json!([{ "part_number": 1, "etag": "x" }]);
    assert!(ada.complete(&session, &other).await.problem(409).contains("another list"));
    assert!(put(&house, first, vec![7; PART]).await.problem(409).contains("complete already"));
    assert!(source(&house, &session).await == file);
}

#[tokio::test]
async fn a_small_file_is_one_part_at_the_presigned_url() {
    let house = house().await;
    let ada = Creator::named(&house, "ada");
    let session = ada.begin(10).await;
    let url = session["presigned_url"].as_str().unwrap();
    // The MD5 of it, as `md5sum` and base64 give it: the creator's own check.
    let request = Request::put(url).header("content-md5", "4vxxTEcn7pOV8yTNLn8zHw==");
    let put = house.send(request, "abcd").await;
    assert!(put.problem(400).contains("part 1 has 10 bytes, fewer came"));
    let request = Request::put(url).header("content-md5", "4vxxTEcn7pOV8yTNLn8zHw==");
    assert!(house.send(request, "0123456789").await.problem(400).contains("Content-MD5"));
    let request = Request::put(url).header("content-md5", "eB5eJF1ptWaXm4bijSPyxw==");
    let put = house.send(request, "0123456789").await;
    assert_eq!(put.status, 200, "{:?}", put.body);
    assert_eq!(put.header("etag"), "\"781e5e245d69b566979b86e28d23f2c7\"");
    let list = json!([{ "part_number": 1, "etag": put.header("etag") }]);
    assert_eq!(ada.complete(&session, &list).await.status, 200);
    assert_eq!(source(&house, &session).await, b"0123456789");
}

#[tokio::test]
async fn a_list_that_does_not_make_the_file_is_told_what_it_lacks() {
    let house = house().await;
    let ada = Creator::named(&house, "ada");
    let file = bytes(PART + 9);
    let session = ada.begin(file.len()).await;
    let told = async |list: Value| ada.complete(&session, &list).await.problem(400);
    let entry = |number: u32| json!({ "part_number": number, "etag": "e" });
    assert!(told(json!([])).await.contains("lacks the parts 1, 2"));
    assert!(told(json!([entry(1), entry(2)])).await.contains("parts 1, 2 have not come"));
    let list = ada.send_all(&session, &file).await;
    assert!(told(json!([entry(1), entry(2)])).await.contains("other ETags"));
    assert!(told(json!([entry(1), entry(2), entry(3)])).await.contains("no parts 3"));
    assert!(told(json!([entry(1), entry(1), entry(2)])).await.contains("twice the parts 1"));
    let quoted = json!([{ "part_number": 1, "etag": "<&>" }, entry(2)]);
    assert!(told(quoted).await.contains("header ETag"));
    assert!(told(json!([{ "number": 1 }])).await.contains("unknown field"));
    // None of that has cost anything.
    assert_eq!(ada.complete(&session, &list).await.status, 200);
    assert!(source(&house, &session).await == file);
}

#[tokio::test]
async fn a_url_is_good_for_its_part_alone_and_its_bytes_are_counted() {
    let house = house().await;
    let ada = Creator::named(&house, "ada");
    let session = ada.begin(PART + 9).await;
    let addresses = ada.addresses(&session, &[1, 2]).await;
    let second = addresses[1]["url"].as_str().unwrap();
    let first = second.replace("/parts/2", "/parts/1");
    let answer = house.send(Request::put(&first), vec![0; PART]).await;
    assert!(answer.problem(403).contains("was not signed here"));
    let (path, _) = second.split_once('?').unwrap();
    house.send(Request::put(path), "123456789").await.problem(400);
    let old = format!("{path}?expires=1&signature=AAAA");
    house.send(Request::put(&old), "123456789").await.problem(403);
    for (body, named) in [("1234567", "fewer came"), ("1234567890", "more came")] {
        assert!(put(&house, &addresses[1], body).await.problem(400).contains(named));
        let long = Request::put(second).header("content-length", body.len());
        assert!(house.send(long, body).await.problem(400).contains("Content-Length is"));
    }
    assert_eq!(ada.look(&session).await["missing"], json!([1, 2]));
    let body = json!({ "part_numbers": [3] });
    let answer = ada.ask(Method::POST, &self::path(&session, "/parts"), &body).await;
    assert!(answer.problem(400).contains("they go from 1 to 2"));
    let body = json!({ "part_numbers": vec![1; 1_001] });
    let answer = ada.ask(Method::POST, &self::path(&session, "/parts"), &body).await;
    assert!(answer.problem(400).contains("send 1 to 1000"));
}

#[tokio::test]
async fn what_a_creator_says_of_the_file_is_held_against_the_rules() {
    let house = house().await;
    let ada = Creator::named(&house, "ada");
    for (body, status, named) in [
        (json!({ "size_bytes": 0 }), 400, "size_bytes is 0"),
        (json!({ "size_bytes": 30_000_000_000u64 }), 413, "over the limit"),
        (json!({ "size_bytes": -1 }), 400, "size_bytes"),
        (json!({ "filename": "a" }), 400, "size_bytes"),
        (json!({ "size_bytes": 9, "residency": "mars" }), 400, "residency 'mars'"),
        (json!({ "size_bytes": 9, "protection": "rot13" }), 400, "protection 'rot13'"),
        (json!({ "size_bytes": 9, "language": "english please" }), 400, "no BCP 47 tag"),
        (json!({ "size_bytes": 9, "title": "x".repeat(501) }), 400, "'title' has 501 bytes"),
        (json!({ "size_bytes": 9, "titel": "x" }), 400, "titel"),
    ] {
        let answer = ada.ask(Method::POST, SESSIONS, &body).await;
        let told = answer.problem(status);
        assert!(told.contains(named), "{body}: {told}");
    }
    let guest = Request::post(SESSIONS).header("content-type", "application/json");
    house.send(guest, json!({ "size_bytes": 9 }).to_string()).await.problem(401);
}

#[tokio::test]
async fn nobody_touches_the_session_of_another_and_neither_protocol_that_of_the_other() {
    let house = house().await;
    let (ada, bob) = (Creator::named(&house, "ada"), Creator::named(&house, "bob"));
    let session = ada.begin(9).await;
    let of = path(&session, "");
    bob.ask(Method::GET, &of, &json!(null)).await.problem(403);
    bob.ask(Method::DELETE, &of, &json!(null)).await.problem(403);
    bob.complete(&session, &json!([])).await.problem(403);
    let id = session["session_id"].as_str().unwrap();
    let tus = |method: Method, path: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("tus-resumable", "1.0.0")
            .header("authorization", &ada.token)
    };
    let head = house.send(tus(Method::HEAD, &format!("/api/v1/uploads/{id}")), "").await;
    assert_eq!(head.status, 409);
    let patch = tus(Method::PATCH, &format!("/api/v1/uploads/{id}"))
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", 0);
    assert!(house.send(patch, "123456789").await.problem(409).contains("sent in parts"));
    let stream = tus(Method::POST, "/api/v1/uploads").header("upload-length", 9);
    let stream = house.send(stream, "").await;
    let stream_id = stream.header("location").rsplit('/').next().unwrap();
    let looked = ada.ask(Method::GET, &format!("{SESSIONS}/{stream_id}"), &json!(null)).await;
    assert!(looked.problem(409).contains("one stream"));
}

#[tokio::test]
async fn what_is_aborted_is_gone_with_its_bytes() {
    let house = house().await;
    let ada = Creator::named(&house, "ada");
    let session = ada.begin(9).await;
    assert_eq!(put(&house, &session["part"], "123456789").await.status, 200);
    let folder = house.data().join("blobs/.staging").join(session["session_id"].as_str().unwrap());
    assert!(folder.exists());
    for status in [204, 410] {
        let answer = ada.ask(Method::DELETE, &path(&session, ""), &json!(null)).await;
        assert_eq!(answer.status, status, "{:?}", answer.body);
    }
    assert!(!folder.exists());
    put(&house, &session["part"], "123456789").await.problem(410);
    assert!(!folder.exists(), "a late part makes no new folder");
    ada.complete(&session, &json!([])).await.problem(410);
}

#[tokio::test]
async fn a_beginning_that_is_sent_again_begins_nothing_new() {
    let rates = RateLimits { uploads_per_hour_max: 2, ..RateLimits::default() };
    let house = House::with(Config { rates, ..Config::default() }).await;
    let (ada, bob) = (Creator::named(&house, "ada"), Creator::named(&house, "bob"));
    let film = json!({ "size_bytes": 9, "title": "A film" });
    let begin = async |creator: &Creator<'_>, body: &Value, key| {
        creator.keyed(Method::POST, SESSIONS, body, key).await
    };
    let first = json_of(&begin(&ada, &film, Some("k1")).await);
    for _ in 0..3 {
        let again = begin(&ada, &film, Some("k1")).await;
        assert_eq!(again.status, 201);
        assert_eq!(json_of(&again)["session_id"], first["session_id"]);
        assert_eq!(json_of(&again)["content_id"], first["content_id"]);
    }
    let other = json!({ "size_bytes": 10, "title": "A film" });
    assert!(begin(&ada, &other, Some("k1")).await.problem(409).contains("another file"));
    let bobs = json_of(&begin(&bob, &film, Some("k1")).await);
    assert_ne!(bobs["session_id"], first["session_id"]);
    begin(&ada, &film, Some("a key")).await.problem(400);
    // Beginnings count, repetitions do not.
    assert_eq!(begin(&ada, &film, Some("k2")).await.status, 201);
    assert!(begin(&ada, &film, None).await.problem(429).contains("uploads"));
}

#[tokio::test]
async fn a_page_of_another_origin_may_send_parts() {
    let house = house().await;
    let session = Creator::named(&house, "ada").begin(9).await;
    let url = session["presigned_url"].as_str().unwrap();
    let preflight = Request::options(url)
        .header("origin", "https://studio.example")
        .header("access-control-request-method", "PUT");
    let answer = house.send(preflight, "").await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("access-control-allow-methods").contains("PUT"));
    let answer = house.send(Request::put(url).header("origin", "https://x.example"), "123456789");
    let answer = answer.await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.header("access-control-expose-headers").contains("ETag"));
}
