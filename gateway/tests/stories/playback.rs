//! Players tell what they do: what they send, what they are answered, and why a view counts.

use crate::house::{Answer, House, published};
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use playhouse_actors::playback;
use playhouse_gateway::{Config, PlaybackLimits, Role};
use playhouse_storage::model::{Content, ContentId, Status};
use serde_json::{Value, json};

/// A clip of three seconds: half of it makes a view.
fn clip(owner: &str) -> Content {
    Content { duration_s: Some(3.0), ..published(owner, "clip") }
}

/// A player with its cookie.
struct Player<'a> {
    house: &'a House,
    session: String,
    cookie: String,
    opened: Timestamp,
}

impl<'a> Player<'a> {
    async fn open(house: &'a House, content: ContentId) -> Self {
        let answer = open(house, content, json!("phone"), &[]).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let session = answer.json()["session_id"].as_str().unwrap().to_owned();
        Self { house, session, cookie, opened: Timestamp::now() }
    }

    fn at(&self, seconds: f64) -> Timestamp {
        self.opened + SignedDuration::from_secs_f64(seconds)
    }

    fn event(&self, seq: u64, event: &str, position_s: f64) -> Value {
        let at = self.at(position_s);
        json!({"seq": seq, "event": event, "position_s": position_s, "at": at})
    }

    async fn send(&self, body: impl ToString) -> Answer {
        tell(self.house, &self.session, Some("application/json"), body.to_string()).await
    }

    /// What an accepted batch is answered.
    async fn tell(&self, body: Value) -> Value {
        let answer = self.send(body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        answer.json()
    }

    /// Watches for so long that it is a view.
    async fn watch(&self) -> Value {
        let events = [self.event(1, "start", 0.0), self.event(2, "heartbeat", 1.6)];
        self.tell(json!(events)).await
    }

    async fn explain(&self, headers: &[(&str, &str)]) -> Answer {
        explain(self.house, &self.session, headers).await
    }
}

async fn open(
    house: &House,
    content: ContentId,
    device: Value,
    headers: &[(&str, &str)],
) -> Answer {
    let body = json!({"content_id": content, "device": device});
    post(house, "/api/v1/playback/sessions", headers, &body).await
}

async fn post(house: &House, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    house.send(request, body.to_string()).await
}

async fn tell(house: &House, session: &str, kind: Option<&str>, body: String) -> Answer {
    let request = Request::post(format!("/api/v1/playback/sessions/{session}/events"));
    let request = kind.into_iter().fold(request, |it, kind| it.header("content-type", kind));
    house.send(request, body).await
}

async fn explain(house: &House, session: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::get(format!("/api/v1/playback/sessions/{session}/explain"));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    house.send(request, "").await
}

#[tokio::test]
async fn a_session_says_where_to_play_and_how_to_tell() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    let device = json!({"id": "d1", "name": "Ada's phone", "kind": "mobile"});
    let answer = open(&house, content.id, device, &[]).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("set-cookie").starts_with("playhouse_viewer="), "a name to come back by");
    let mut session = answer.json();
    assert!(session["session_id"].as_str().is_some_and(|id| id.len() == 36));
    let server_time: Timestamp = session["server_time"].as_str().unwrap().parse().unwrap();
    assert!(Timestamp::now().duration_since(server_time).abs() < SignedDuration::from_secs(60));
    session.as_object_mut().unwrap().retain(|key, _| key != "session_id" && key != "server_time");
    let expected = json!({
        "hls": format!("/media/{}/master.m3u8", content.id),
        "dash": null,
        "license_url": null,
        "resume_position_s": 0.0,
        "heartbeat_interval_s": 10,
        "timeout_s": 45,
    });
    assert_eq!(session, expected);
}

#[tokio::test]
async fn a_view_counts_once_and_a_batch_that_is_sent_again_changes_nothing() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    let player = Player::open(&house, content.id).await;
    let start = player.tell(player.event(1, "start", 0.0)).await;
    let pending = json!({"accepted": 1, "duplicates": 0, "refused": [], "view": "pending"});
    assert_eq!(start, pending);
    assert_eq!(player.watch().await["view"], "counted");
    let again = json!({"accepted": 0, "duplicates": 2, "refused": [], "view": "counted"});
    assert_eq!(player.watch().await, again);

    let explained = player.explain(&[("cookie", &player.cookie)]).await.json();
    assert_eq!(explained["view"]["state"], "counted");
    assert_eq!(explained["view"]["reason"], Value::Null);
    assert!(explained["view"]["sentence"].as_str().is_some_and(|text| text.ends_with('.')));
    assert_eq!(explained["content_id"], content.id.to_string());
    assert_eq!(explained["device"], json!({"id": "phone", "name": null, "kind": "other"}));
    assert_eq!(explained["state"], "playing");
    assert_eq!((&explained["needed_s"], &explained["watch_time_s"]), (&json!(1.5), &json!(1.6)));
    assert_eq!(explained["watched"], json!([[0.0, 1.6]]));
    assert_eq!(explained["seq"], json!({"seen": [[1, 2]], "gaps": 0}));
    assert_eq!(explained["events"], json!({"accepted": 2, "duplicates": 3, "refused": {}}));
}

#[tokio::test]
async fn what_cmcd_tells_is_shown_as_quality() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    let player = Player::open(&house, content.id).await;
    let mut start = player.event(1, "start", 0.0);
    (start["startup_s"], start["cmcd"]) = (json!(0.4), json!("br=3200,bl=2100,sf=h"));
    let mut beat = player.event(2, "heartbeat", 1.0);
    beat["cmcd"] = json!({"br": 3200, "bs": true});
    player.tell(json!([start, beat])).await;
    let explained = player.explain(&[("cookie", &player.cookie)]).await.json();
    let quality = json!({
        "startup_s": 0.4,
        "stalls": 1,
        "stalled_s": 0.0,
        "bitrate_bps": 3_200_000.0,
        "errors": 0,
    });
    assert_eq!(explained["qoe"], quality);
}

#[tokio::test]
async fn events_come_alone_in_a_list_in_an_object_and_from_a_beacon() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    let player = Player::open(&house, content.id).await;
    let accepted = |answer: Answer| answer.json()["accepted"].clone();
    let one = player.event(1, "start", 0.0);
    assert_eq!(accepted(player.send(one).await), 1);
    let list = json!([player.event(2, "heartbeat", 0.5), player.event(3, "pause", 1.0)]);
    assert_eq!(accepted(player.send(list).await), 2);
    let object = json!({"events": [player.event(4, "play", 1.0)], "sent_by": "a test"});
    assert_eq!(accepted(player.send(object).await), 1);
    for (seq, kind) in [(5, Some("text/plain;charset=UTF-8")), (6, None)] {
        let body = player.event(seq, "heartbeat", 1.2).to_string();
        assert_eq!(accepted(tell(&house, &player.session, kind, body).await), 1);
    }
    let form = Some("application/x-www-form-urlencoded");
    let refused = tell(&house, &player.session, form, "{}".into()).await;
    assert!(refused.problem(415).contains("text/plain"));
    // What a page of another origin may do without asking first (Fetch standard).
    let wild = tell(&house, &player.session, None, "{".into()).await;
    assert_eq!(wild.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn what_is_malformed_is_named_and_nothing_of_its_batch_is_carried_out() {
    let limits = PlaybackLimits { events_max: 3, events_bytes_max: 600, ..Default::default() };
    let house = House::with(Config { playback: limits, ..Config::default() }).await;
    let content = clip("ada");
    house.put(&content).await;
    let player = Player::open(&house, content.id).await;
    let with = |field: &str, value: Value| {
        let mut event = player.event(1, "start", 0.0);
        event[field] = value;
        event
    };
    let good = with("seq", json!(1));
    for (body, detail) in [
        (json!([good, with("event", json!("watch"))]), "event 1: event must be one of start, play"),
        (with("position_s", json!(-1)), "event 0: position_s must be a number of seconds"),
        (with("at", json!(1_700_000_000)), "event 0: at must be an RFC 3339 time"),
        (with("seq", json!(-1)), "event 0: seq must be a whole number"),
        (with("cmcd", json!(7)), "event 0: cmcd must be a CMCD text"),
        (json!({"event": "start"}), "event 0: seq is missing: it must be"),
        (json!([]), "the list of events is empty"),
        (json!([1, 2, 3, 4]), "4 events are too many: send at most 3"),
        (json!("start"), "send one event, a list of events"),
    ] {
        let answer = player.send(&body).await;
        let told = answer.problem(400);
        assert!(told.contains(detail), "{body}: {told}");
        assert_eq!(answer.json()["type"], "/docs#problem-bad-event");
    }
    let broken = player.send("{\"seq\":").await;
    broken.problem(400);
    assert_eq!(broken.json()["type"], "/docs#problem-bad-json");
    assert!(player.send("x".repeat(601)).await.problem(413).contains("600 bytes"));
    assert_eq!(player.tell(good).await["accepted"], 1, "the first event is new: nothing was taken");
}

#[tokio::test]
async fn what_is_late_early_or_of_no_session_is_told() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    let player = Player::open(&house, content.id).await;
    let at = |seq, hours| {
        let mut event = player.event(seq, "heartbeat", 0.0);
        event["at"] = json!(Timestamp::now() + SignedDuration::from_hours(hours));
        event
    };
    let told = player.tell(json!([at(1, -25), at(2, 1)])).await;
    let refused = json!([{"seq": 1, "reason": "too_old"}, {"seq": 2, "reason": "in_future"}]);
    assert_eq!((&told["accepted"], &told["refused"]), (&json!(0), &refused));

    let event = player.event(1, "start", 0.0).to_string();
    let other = uuid::Uuid::now_v7().to_string();
    for session in [other.as_str(), "no-id", "0b9d4e0c-0000-4000-8000-000000000000"] {
        tell(&house, session, None, event.clone()).await.problem(404);
        explain(&house, session, &[]).await.problem(404);
    }
}

#[tokio::test]
async fn what_may_not_be_seen_is_not_played() {
    let house = House::open().await;
    let draft = Content { unlisted: true, ..clip("ada") };
    let blocked = Content { status: Status::Blocked, ..clip("ada") };
    let young = Content { published_at: None, ..clip("ada") };
    for content in [&draft, &blocked, &young] {
        house.put(content).await;
    }
    let ada = house.token("ada", Role::Editor);
    let as_ada = [("authorization", ada.as_str())];
    open(&house, draft.id, json!("d"), &[]).await.problem(404);
    assert_eq!(open(&house, draft.id, json!("d"), &as_ada).await.status, 201);
    let none = open(&house, blocked.id, json!("d"), &as_ada).await.problem(404);
    assert!(none.contains("blocked"), "{none}");
    let early = open(&house, young.id, json!("d"), &as_ada).await.problem(409);
    assert!(early.contains("nothing of this content plays yet"), "{early}");
    open(&house, ContentId::new(), json!("d"), &[]).await.problem(404);
}

#[tokio::test]
async fn a_wish_that_names_no_device_is_told_how() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    for (device, detail) in [
        (json!(""), "device must have an id"),
        (json!({"id": " "}), "device must have an id"),
        (json!("x".repeat(129)), "1 to 128 characters"),
        (json!({"id": "d", "kind": "fridge"}), "device must be a text, or an object"),
        (json!({"name": "d"}), "device must be a text, or an object"),
        (json!(7), "device must be a text, or an object"),
    ] {
        let told = open(&house, content.id, device.clone(), &[]).await;
        let told = String::from_utf8_lossy(&told.body).into_owned();
        assert!(told.contains(detail), "{device}: {told}");
    }
    let path = "/api/v1/playback/sessions";
    post(&house, path, &[], &json!({"content_id": "x", "device": "d"})).await.problem(400);
    post(&house, path, &[], &json!({"device": "d"})).await.problem(400);
}

#[tokio::test]
async fn one_device_more_than_allowed_is_told_which_ones_play() {
    let mut actors = playhouse_actors::Config::default();
    actors.playback = playback::Config { streams_per_viewer_max: 1, ..actors.playback };
    let house = House::of(actors, Config::default()).await;
    let content = clip("ada");
    house.put(&content).await;
    let token = house.token("bob", Role::Viewer);
    let as_bob = [("authorization", token.as_str())];
    let device = json!({"id": "tv", "name": "Living room", "kind": "tv"});
    assert_eq!(open(&house, content.id, device.clone(), &as_bob).await.status, 201);
    let refused = open(&house, content.id, json!("phone"), &as_bob).await;
    assert!(refused.problem(409).contains("one device at once"));
    let problem = refused.json();
    assert_eq!(problem["type"], "/docs#problem-stream-limit");
    assert_eq!(problem["streams_max"], 1);
    let playing = &problem["playing"][0];
    assert_eq!((&playing["device"], &playing["title"]), (&device, &json!("clip")));
    assert!(playing["since"].as_str().unwrap().parse::<Timestamp>().is_ok());
    // The same device is taken over, by a reload of the page.
    assert_eq!(open(&house, content.id, device, &as_bob).await.status, 201);
}

#[tokio::test]
async fn a_session_is_explained_to_those_whom_it_concerns() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    let player = Player::open(&house, content.id).await;
    let stranger = Player::open(&house, content.id).await;
    let token = |subject, role| house.token(subject, role);
    let allowed = [
        ("cookie", player.cookie.clone()),
        ("authorization", token("ada", Role::Editor)),
        ("authorization", token("root", Role::Admin)),
        ("authorization", token("olga", Role::Operator)),
    ];
    for (name, value) in &allowed {
        assert_eq!(player.explain(&[(name, value)]).await.status, 200, "{value}");
    }
    let refused =
        [("cookie", stranger.cookie.clone()), ("authorization", token("bob", Role::Editor))];
    for (name, value) in &refused {
        let told = player.explain(&[(name, value)]).await.problem(403);
        assert!(told.contains("its viewer"), "{told}");
    }
    player.explain(&[]).await.problem(403);
}

#[tokio::test]
async fn a_viewer_who_comes_back_goes_on_where_they_stopped() {
    let house = House::open().await;
    let content = Content { duration_s: Some(600.0), ..published("ada", "film") };
    house.put(&content).await;
    let token = house.token("bob", Role::Viewer);
    let as_bob = [("authorization", token.as_str())];
    let first = open(&house, content.id, json!("phone"), &as_bob).await.json();
    let session = first["session_id"].as_str().unwrap();
    let at = Timestamp::now();
    let events = json!([
        {"seq": 1, "event": "start", "position_s": 100, "at": at},
        {"seq": 2, "event": "pause", "position_s": 120.5, "at": at + SignedDuration::from_secs(20)},
    ]);
    assert_eq!(tell(&house, session, None, events.to_string()).await.status, 202);
    let second = open(&house, content.id, json!("tv"), &as_bob).await.json();
    assert_eq!(second["resume_position_s"], 120.5);
    let other = open(&house, content.id, json!("tv"), &[]).await.json();
    assert_eq!(other["resume_position_s"], 0.0, "another viewer begins at the beginning");
}

#[tokio::test]
async fn a_player_keeps_its_events_while_too_many_wait() {
    let house = House::open().await;
    let content = clip("ada");
    house.put(&content).await;
    let player = Player::open(&house, content.id).await;
    let waiting_max = house.platform.config.engagement.facts_waiting_max;
    house.platform.cells.facts_wait(waiting_max);
    let full = player.send(player.event(1, "start", 0.0)).await;
    assert!(full.problem(503).contains("send it later"));
    assert_eq!(full.header("retry-after"), "5");
    assert_eq!(full.header("access-control-allow-origin"), "*");
    house.platform.cells.facts_wait(waiting_max - 1);
    assert_eq!(player.tell(player.event(1, "start", 0.0)).await["accepted"], 1);
}
