//! Viewers on real storage: what is answered is on disk, what is sent again changes nothing, and
//! who goes away is reported.

use crate::house::{BY_HAND, DEADLINE, House};
use jiff::{SignedDuration, Timestamp, Unit};
use playhouse_actors::Config;
use playhouse_actors::playback::{
    Action, Device, DeviceKind, Event, Explanation, Open, Reason, Refusal, Reply, Request, Told,
    ViewState,
};
use playhouse_actors::runtime::AskError;
use playhouse_storage::model::{ContentId, Country, FactKind, Report, SessionId, ViewerId};
use playhouse_storage::playback::{PutViewer, ViewerState};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const PLAYS: Action = Action::Heartbeat { playing: true };
const DURATION_S: f64 = 100.0;

/// A person with some devices.
struct Person {
    house: House,
    viewer: ViewerId,
}

impl Person {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let house = House::with(|config| {
            // No more than two seconds can have been watched in the first moment.
            config.playback.view_after_s = 1.0;
            config.engagement.settle_poll_ms = BY_HAND;
            settings(config);
        });
        Self { house: house.await, viewer: ViewerId::new(4_711) }
    }

    async fn asks(&self, request: Request) -> Result<Reply, AskError> {
        self.house.platform.viewer(self.viewer).ask(request, DEADLINE).await
    }

    async fn opens(&self, content: ContentId, device: &str) -> Reply {
        let device = Device { id: device.into(), name: None, kind: DeviceKind::Tv };
        let open = Open {
            content,
            duration_s: Some(DURATION_S),
            device,
            address: Some(9),
            country: Country::UNKNOWN,
        };
        self.asks(Request::Open(open)).await.expect("an answer")
    }

    /// The session, and where it goes on.
    async fn begins(&self, content: ContentId, device: &str) -> (SessionId, f64) {
        match self.opens(content, device).await {
            Reply::Opened { session, resume_position_s, .. } => (session, resume_position_s),
            other => panic!("{other:?}"),
        }
    }

    async fn tells(&self, session: SessionId, events: Vec<Event>) -> Told {
        match self.asks(Request::Tell { session, events }).await.expect("an answer") {
            Reply::Told(told) => told,
            other => panic!("{other:?}"),
        }
    }

    async fn explanation(&self, session: SessionId) -> Explanation {
        match self.asks(Request::Explain { session }).await.expect("an answer") {
            Reply::Explained(explanation) => *explanation,
            other => panic!("{other:?}"),
        }
    }

    async fn facts(&self) -> Vec<FactKind> {
        let facts = self.house.stores.engagement.facts(0, 1_000).await.expect("the facts");
        facts.into_iter().map(|fact| fact.kind).collect()
    }

    async fn views(&self) -> usize {
        let is_view = |fact: &FactKind| matches!(fact, FactKind::View { .. });
        self.facts().await.iter().filter(|fact| is_view(fact)).count()
    }

    async fn reports(&self) -> Vec<Report> {
        let report = |fact| match fact {
            FactKind::Report(report) => Some(*report),
            FactKind::View { .. } | FactKind::Refused { .. } => None,
        };
        self.facts().await.into_iter().filter_map(report).collect()
    }

    async fn row_version(&self) -> u64 {
        self.house.stores.playback.load(self.viewer).await.expect("stored").row_version
    }
}

/// Ten minutes into the hour before last: the same hour for a whole story.
fn earlier() -> Timestamp {
    let hour = Timestamp::now().round(Unit::Hour).expect("an hour");
    hour - SignedDuration::from_mins(170)
}

fn event(seq: u64, at: Timestamp, position_s: f64, action: Action) -> Event {
    Event { seq, at, position_s, action, bitrate_bps: None, rate: None, starved: false }
}

/// A second and a half of watching from a time and a position on.
fn watching(at: Timestamp, position_s: f64) -> Vec<Event> {
    let later = at + SignedDuration::from_millis(1_500);
    vec![
        event(0, at, position_s, Action::Start { startup_s: Some(0.25) }),
        event(1, later, position_s + 1.5, PLAYS),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_is_viewed_once_in_an_hour_and_the_session_says_so() {
    let person = Person::new().await;
    let content = ContentId::new();
    let (tv, _) = person.begins(content, "tv").await;
    let told = person.tells(tv, watching(earlier(), 0.0)).await;
    assert!(told.beat.counted && matches!(told.view, ViewState::Counted { .. }), "{told:?}");
    let (phone, _) = person.begins(content, "phone").await;
    let at = earlier() + SignedDuration::from_mins(10);
    let told = person.tells(phone, watching(at, 0.0)).await;
    assert!(matches!(told.view, ViewState::Refused { reason: Reason::Repeated, .. }), "{told:?}");
    let (tablet, _) = person.begins(content, "tablet").await;
    let at = earlier() + SignedDuration::from_hours(1);
    assert!(person.tells(tablet, watching(at, 0.0)).await.beat.counted, "another hour");
    let refused = FactKind::Refused { reason: "repeated".into() };
    let facts = person.facts().await;
    assert_eq!((person.views().await, facts.iter().filter(|it| **it == refused).count()), (2, 1));
    let explained = person.explanation(phone).await;
    assert!(explained.sentence.contains("in this hour already"), "{}", explained.sentence);
    assert_eq!((explained.watch_time_s, explained.needed_s), (1.5, 1.0));
    assert_eq!((explained.watched, explained.seen), (vec![(0.0, 1.5)], vec![(0, 1)]));
    person.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_sent_again_changes_nothing_before_or_after_a_restart() {
    let mut person = Person::new().await;
    let (session, _) = person.begins(ContentId::new(), "tv").await;
    let batch = watching(earlier(), 0.0);
    assert_eq!(person.tells(session, batch.clone()).await.accepted, 2);
    let version = person.row_version().await;
    for restart in [false, true] {
        if restart {
            person.house = person.house.reopen().await;
        }
        let told = person.tells(session, batch.clone()).await;
        assert_eq!((told.accepted, told.duplicates, told.beat.watched_s), (0, 2, 0.0));
        assert_eq!((person.row_version().await, person.views().await), (version, 1));
    }
    person.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_goes_on_where_this_one_stopped() {
    let mut person = Person::new().await;
    let content = ContentId::new();
    let (tv, from) = person.begins(content, "tv").await;
    assert_eq!(from, 0.0);
    person.tells(tv, watching(Timestamp::now(), 40.0)).await;
    assert_eq!(person.begins(content, "phone").await.1, 41.5);
    person.house = person.house.reopen().await;
    assert_eq!(person.begins(content, "tablet").await.1, 41.5);
    person.asks(Request::Rest).await.expect("an answer");
    person.house = person.house.reopen().await;
    assert_eq!(person.begins(content, "laptop").await.1, 41.5);
    person.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_device_too_many_hears_which_ones_play() {
    let person = Person::with(|config| config.playback.streams_per_viewer_max = 1).await;
    let (tv, _) = person.begins(ContentId::new(), "tv").await;
    let now = Timestamp::now();
    person.tells(tv, vec![event(0, now, 0.0, PLAYS)]).await;
    match person.opens(ContentId::new(), "phone").await {
        Reply::Refused(Refusal::StreamLimit { streams_max: 1, playing }) => {
            assert_eq!(playing.iter().map(|it| it.device.id.as_str()).collect::<Vec<_>>(), ["tv"]);
        }
        other => panic!("{other:?}"),
    }
    person.tells(tv, vec![event(1, now, 0.0, Action::Pause)]).await;
    person.begins(ContentId::new(), "phone").await;
    person.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_goes_away_is_reported_and_may_come_back() {
    let person = Person::with(|config| {
        config.playback.timeout_s = 1;
        config.playback.rest_slack_s = 0;
        config.playback.rest_every_s = 1;
    });
    let person = person.await;
    let (session, _) = person.begins(ContentId::new(), "tv").await;
    let before = Timestamp::now() - SignedDuration::from_millis(1_500);
    person.tells(session, watching(before, 50.0)).await;
    assert_eq!(person.reports().await, [], "nothing is due yet");
    let reported = async {
        while person.reports().await.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, reported).await.expect("it times out and is reported");
    let reports = person.reports().await;
    let [report] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!((report.sessions, report.watch_time_s), (1, 1.5));
    assert_eq!(
        (report.device.as_str(), &report.parts, report.stopped_at),
        ("tv", &vec![50, 51], Some(51))
    );
    assert_eq!(report.quality.startup_s, Some(0.25));
    assert_eq!(person.explanation(session).await.state, "timed_out");
    let stored = person.house.stores.playback.load(person.viewer).await.expect("stored");
    assert!(stored.record.is_some() && stored.sessions.is_empty(), "{stored:?}");
    // It comes back, by then enough time has passed for what it tells.
    person.tells(session, vec![event(2, Timestamp::now(), 52.0, PLAYS)]).await;
    assert_eq!(person.explanation(session).await.state, "playing");
    person.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_after_the_end_is_credited() {
    let person = Person::new().await;
    let (session, _) = person.begins(ContentId::new(), "tv").await;
    let at = |ms| earlier() + SignedDuration::from_millis(ms);
    let first = event(0, at(0), 0.0, PLAYS);
    let end = event(3, at(1_500), 1.5, Action::End);
    let told = person.tells(session, vec![end, first]).await;
    assert_eq!((told.accepted, told.view, told.beat.watched_s), (2, ViewState::Pending, 0.0));
    let late = vec![event(2, at(1_000), 1.0, PLAYS), event(1, at(500), 0.5, PLAYS)];
    let told = person.tells(session, late).await;
    assert_eq!((told.accepted, told.beat.watched_s, told.beat.counted), (2, 1.5, true));
    let explained = person.explanation(session).await;
    assert_eq!((explained.state.as_str(), explained.seen), ("ended", vec![(0, 3)]));
    let watched: f64 = person.reports().await.iter().map(|report| report.watch_time_s).sum();
    assert_eq!(watched, 1.5);
    person.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_was_overtaken_asks_to_be_told_again() {
    let person = Person::new().await;
    let (session, _) = person.begins(ContentId::new(), "tv").await;
    // A write of an earlier life lands late.
    let shard = person.viewer.shard(16);
    let fence = person.house.fences.iter().find(|fence| fence.shard == shard);
    let fence = *fence.expect("it is ours");
    person.asks(Request::Rest).await.expect("an answer");
    let stored = person.house.stores.playback.load(person.viewer).await.expect("stored");
    let row_version = stored.row_version + 1;
    let state = ViewerState::Whole(stored.record.expect("it rests"));
    let (facts, events) = (Vec::new(), Vec::new());
    let put = PutViewer { fence, viewer: person.viewer, row_version, state, facts, events };
    person.house.stores.playback.put(put).await.expect("it lands");
    let events = watching(earlier(), 0.0);
    let refused = person.asks(Request::Tell { session, events: events.clone() }).await;
    assert!(matches!(refused, Err(AskError::Busy { .. })), "{refused:?}");
    assert_eq!(person.views().await, 0);
    assert!(person.tells(session, events).await.beat.counted);
    assert_eq!(person.views().await, 1);
    person.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_knows_is_not_found() {
    let person = Person::new().await;
    let session = SessionId::of(person.viewer, Timestamp::now(), 0);
    for request in [Request::Explain { session }, Request::Tell { session, events: vec![] }] {
        let reply = person.asks(request).await.expect("an answer");
        assert_eq!(reply, Reply::Refused(Refusal::NotFound));
    }
    person.house.close().await;
}
