//! One rule at a time, each with the smallest story that shows it.

use super::disk::{Dies, Life};
use super::{START, event, open, sums};
use crate::playback::{Action, Config, Event, Reason, Refusal, Told, ViewState};
use playhouse_storage::model::{ContentId, SessionId, ViewerId};

const PLAYS: Action = Action::Heartbeat { playing: true };

/// A life with one open session of a content of 100 seconds.
fn one(config: Config) -> (Life, SessionId) {
    let mut life = Life::new(config);
    let session = life.open(open(ContentId::new(), "tv", Some(100.0)), START);
    (life, session)
}

fn beat(seq: u64, second: i64) -> Event {
    event(seq, START + second * 1_000, second as f64, PLAYS)
}

fn tell(life: &mut Life, session: SessionId, events: &[Event]) -> Told {
    let last = events.iter().map(|event| event.at.as_millisecond()).max();
    life.tell(session, events, last.unwrap_or(START), Dies::Never).expect("an answer")
}

#[test]
fn time_between_neighbours_counts_when_it_plays_and_comes_forward() {
    let start = || Action::Start { startup_s: None };
    let check = |first: Action, then: (i64, f64, Action), expected_s: f64| {
        let (mut life, session) = one(Config::default());
        let shown = format!("{first:?} {then:?}");
        let events = [
            event(0, START + 20_000, 20.0, first),
            event(1, START + 20_000 + then.0, then.1, then.2),
        ];
        let told = tell(&mut life, session, &events);
        assert_eq!(told.beat.watched_s, expected_s, "{shown}");
    };
    check(start(), (5_000, 25.0, PLAYS), 5.0);
    check(PLAYS, (5_000, 25.0, Action::Pause), 5.0);
    check(PLAYS, (5_000, 25.0, Action::End), 5.0);
    check(PLAYS, (5_000, 25.0, Action::Buffering), 5.0);
    // At twice the speed, and at half of it.
    check(PLAYS, (5_000, 30.0, PLAYS), 5.0);
    check(PLAYS, (5_000, 22.5, PLAYS), 2.5);
    // Jumps that the player did not tell.
    check(PLAYS, (5_000, 41.0, PLAYS), 5.0);
    check(PLAYS, (5_000, 41.1, PLAYS), 0.0);
    check(PLAYS, (5_000, 19.0, PLAYS), 0.0);
    check(PLAYS, (-5_000, 20.5, PLAYS), 0.0);
    // Where it did not play.
    check(Action::Pause, (5_000, 25.0, PLAYS), 0.0);
    check(Action::Buffering, (5_000, 25.0, PLAYS), 0.0);
    check(Action::Heartbeat { playing: false }, (5_000, 25.0, PLAYS), 0.0);
    check(Action::End, (5_000, 25.0, PLAYS), 0.0);
    // A jump counts the time before it, when it says where it was.
    let seek = |from_position_s| Action::Seek { from_position_s };
    check(PLAYS, (5_000, 90.0, seek(Some(25.0))), 5.0);
    check(PLAYS, (5_000, 90.0, seek(None)), 0.0);
    check(seek(None), (5_000, 25.0, PLAYS), 5.0);
    // Something went wrong, and it went on or did not.
    let error = || Action::Error { code: None, message: None };
    check(error(), (5_000, 25.0, PLAYS), 5.0);
    check(error(), (5_000, 20.0, PLAYS), 0.0);
    // Clocks may be off by a little.
    check(PLAYS, (0, 21.0, PLAYS), 0.0);
}

#[test]
fn a_view_is_ten_seconds_or_half_of_what_is_shorter() {
    let check = |duration_s, watched: i64, expected| {
        let mut life = Life::new(Config::default());
        let session = life.open(open(ContentId::new(), "tv", duration_s), START);
        let told = tell(&mut life, session, &[beat(0, 0), beat(1, watched)]);
        assert_eq!(told.view != ViewState::Pending, expected, "{watched} s of {duration_s:?}");
        assert_eq!(told.beat.counted, expected);
    };
    check(None, 9, false);
    check(None, 10, true);
    check(Some(100.0), 9, false);
    check(Some(100.0), 10, true);
    check(Some(12.0), 5, false);
    check(Some(12.0), 6, true);
}

#[test]
fn a_viewer_is_counted_once_in_an_hour_on_whatever_device() {
    let mut life = Life::new(Config::default());
    let content = ContentId::new();
    let mut watch = |device: &str, minute: i64| {
        let begin = minute * 60;
        let opened = START + begin * 1_000;
        let session = life.open(open(content, device, Some(9_000.0)), opened);
        tell(&mut life, session, &[beat(0, begin), beat(1, begin + 10)]).view
    };
    let at = |minute: i64| super::time(START + (minute * 60 + 10) * 1_000);
    assert_eq!(watch("tv", 0), ViewState::Counted { at: at(0) });
    let repeated = |minute| ViewState::Refused { reason: Reason::Repeated, at: at(minute) };
    assert_eq!(watch("phone", 10), repeated(10));
    assert_eq!(watch("tv", 54), repeated(54));
    assert_eq!(watch("tv", 55), ViewState::Counted { at: at(55) });
    let sums = sums(&life.disk.facts);
    assert_eq!((sums.views, sums.refused["repeated"]), (2, 2));
}

#[test]
fn views_of_one_viewer_and_of_one_address_have_a_limit() {
    let config =
        Config { views_per_viewer_hour_max: 2, views_per_address_hour_max: 1, ..Config::default() };
    let mut life = Life::new(config);
    let content = ContentId::new();
    let mut watch = |content, address| {
        let mut open = open(content, "tv", None);
        open.address = address;
        let session = life.open(open, START);
        match tell(&mut life, session, &[beat(0, 0), beat(1, 10)]).view {
            ViewState::Refused { reason, .. } => Some(reason),
            ViewState::Counted { .. } => None,
            ViewState::Pending => panic!("it was watched for ten seconds"),
        }
    };
    assert_eq!(watch(content, Some(9)), None);
    assert_eq!(watch(ContentId::new(), Some(9)), None, "another content");
    assert_eq!(watch(ContentId::new(), None), Some(Reason::ViewerLimit));
    let mut other = Life::new(life.config.clone());
    other.viewer = ViewerId::new(8);
    other.addresses = life.addresses.clone();
    let mut open = open(content, "tv", None);
    open.address = Some(9);
    let session = other.open(open, START);
    let told = tell(&mut other, session, &[beat(0, 0), beat(1, 10)]);
    assert!(
        matches!(told.view, ViewState::Refused { reason: Reason::AddressLimit, .. }),
        "{told:?}"
    );
}

#[test]
fn no_more_is_watched_than_time_allows() {
    let (mut life, session) = one(Config::default());
    // Forty seconds of yesterday, told one second after it was opened.
    let yesterday =
        |seq, second: i64| event(seq, START + (second - 3_600) * 1_000, second as f64, PLAYS);
    let events = [yesterday(0, 0), yesterday(1, 40)];
    let told = life.tell(session, &events, START + 1_000, Dies::Never).expect("an answer");
    assert_eq!((told.beat.watched_s, told.view), (4.0, ViewState::Pending));
    let sentence =
        life.record.session(session).expect("it is there").explain(START, &life.config).sentence;
    assert!(sentence.contains("more than can have been watched"), "{sentence}");
    // Time catches up.
    let told = life.tell(session, &[yesterday(2, 41)], START + 10_000, Dies::Never);
    let told = told.expect("an answer");
    assert_eq!(told.beat.watched_s, 18.0);
    assert!(matches!(told.view, ViewState::Counted { .. }), "{told:?}");
}

#[test]
fn what_is_too_old_or_from_the_future_is_not_taken() {
    let (mut life, session) = one(Config::default());
    let now = START + 1_000;
    let at = |seq, ms: i64| event(seq, now + ms, 1.0, PLAYS);
    let day = 86_400_000;
    let events = [at(0, -day - 1), at(1, -day), at(2, 60_000), at(3, 60_001)];
    let told = life.tell(session, &events, now, Dies::Never).expect("an answer");
    assert_eq!(told.accepted, 2);
    assert_eq!(told.refused, [(0, Reason::TooOld), (3, Reason::InFuture)]);
}

#[test]
fn the_oldest_of_too_many_gaps_is_given_up() {
    let (mut life, session) = one(Config { gaps_max: 2, ..Config::default() });
    let odd: Vec<_> = [1, 3, 5, 7].map(|seq| beat(seq, seq as i64)).into();
    assert_eq!(tell(&mut life, session, &odd).accepted, 4);
    let told = tell(&mut life, session, &[beat(2, 2), beat(4, 4), beat(0, 0), beat(3, 3)]);
    assert_eq!(told.refused, [(2, Reason::TooManyGaps)]);
    assert_eq!((told.accepted, told.duplicates), (2, 1));
    let explained = life.record.session(session).expect("it is there").explain(START, &life.config);
    assert_eq!(explained.seen, [(0, 1), (3, 5), (7, 7)]);
    // From 0 to 1 and from 3 to 5.
    assert_eq!(explained.watch_time_s, 3.0);
}

#[test]
fn waiting_is_told_or_measured_and_never_both() {
    let check = |events: &[Event], expected_s: f64| {
        let (mut life, session) = one(Config::default());
        for event in events {
            tell(&mut life, session, std::slice::from_ref(event));
            life.reload();
        }
        let quality = life.record.sessions[0].quality();
        assert_eq!((quality.stalls, quality.stalled_s), (1, expected_s), "{events:?}");
    };
    let dry = |then: Vec<Event>, expected_s: f64| {
        let mut events = vec![beat(0, 0), event(1, START + 10_000, 10.0, Action::Buffering)];
        events.extend(then);
        check(&events, expected_s);
        // That it has run dry comes last.
        events[1..].rotate_left(1);
        check(&events, expected_s);
    };
    let at = |seq, second: i64, action| event(seq, START + second * 1_000, 10.0, action);
    let plays = |stall_s| Action::Play { stall_s };
    dry(vec![at(2, 13, plays(None))], 3.0);
    dry(vec![at(2, 13, plays(Some(2.5)))], 2.5);
    dry(vec![at(2, 13, PLAYS)], 3.0);
    dry(vec![at(2, 13, Action::End)], 3.0);
    let still = |seq, second| at(seq, second, Action::Heartbeat { playing: false });
    dry(vec![still(2, 20), at(3, 25, plays(Some(15.0)))], 15.0);
    // A heartbeat does not end it, in whatever order it comes; nor need it end well.
    dry(vec![still(2, 20), at(3, 25, plays(None))], 15.0);
    dry(vec![still(2, 20), at(3, 25, PLAYS)], 15.0);
    dry(vec![still(2, 20), still(3, 30), at(4, 31, Action::End)], 21.0);
    dry(vec![at(4, 31, Action::End), still(3, 30), still(2, 20)], 21.0);
    dry(vec![at(4, 31, plays(Some(20.5))), still(3, 30), still(2, 20)], 20.5);
    dry(vec![at(2, 13, Action::Pause), still(3, 30), at(4, 31, Action::End)], 3.0);
    // Of one that goes on as much is known as the last heartbeat says.
    dry(vec![still(2, 20), still(3, 30)], 20.0);
    dry(vec![at(2, 3_000, plays(None))], 600.0);
}

#[test]
fn a_session_reports_every_minute_and_at_its_end() {
    let (mut life, session) = one(Config::default());
    let mut reports = Vec::new();
    for second in (0..=90).step_by(10) {
        tell(&mut life, session, &[beat(second / 10, second as i64)]);
        reports.push(sums(&life.disk.facts).watched_ms / 1_000);
    }
    assert_eq!(reports, [0, 0, 0, 0, 0, 0, 60, 60, 60, 60]);
    tell(&mut life, session, &[event(10, START + 95_000, 95.0, Action::End)]);
    let mut sums = sums(&life.disk.facts);
    assert_eq!((sums.sessions, sums.watched_ms, sums.parts.len()), (1, 95_000, 95));
    assert_eq!(sums.stops.pop_first(), Some((95, 1)));
    // It goes on after its end, and rests: it stopped there all the same.
    tell(&mut life, session, &[beat(11, 96), beat(12, 99)]);
    life.rest(START + 3_600_000);
    let sums = super::sums(&life.disk.facts);
    assert_eq!((sums.sessions, sums.watched_ms, sums.stops.len()), (1, 98_000, 1));
    let facts = life.disk.facts.len();
    life.rest(START + 3_600_000);
    assert_eq!(life.disk.facts.len(), facts, "nothing more to report");
}

#[test]
fn a_player_that_stands_still_reports_for_how_long() {
    let (mut life, session) = one(Config::default());
    let at = |seq, second: i64, action| event(seq, START + second * 1_000, 10.0, action);
    tell(&mut life, session, &[beat(0, 0), beat(1, 10), at(2, 10, Action::Buffering)]);
    let mut reports = Vec::new();
    for (seq, second) in [(3, 32), (4, 54), (5, 76), (6, 98)] {
        tell(&mut life, session, &[at(seq, second, Action::Heartbeat { playing: false })]);
        reports.push(sums(&life.disk.facts).stalled_ms);
    }
    assert_eq!(reports, [0, 0, 66_000, 66_000]);
    // It is told longer than it was measured, then shorter: what was reported stands.
    tell(&mut life, session, &[at(7, 130, Action::Play { stall_s: Some(110.0) })]);
    assert_eq!(sums(&life.disk.facts).stalled_ms, 110_000);
    let still = Action::Heartbeat { playing: false };
    tell(&mut life, session, &[at(8, 140, Action::Buffering), at(9, 190, still)]);
    assert_eq!(sums(&life.disk.facts).stalled_ms, 160_000);
    let shorter = [at(10, 191, Action::Play { stall_s: Some(40.0) }), at(11, 192, Action::End)];
    tell(&mut life, session, &shorter);
    assert_eq!(sums(&life.disk.facts).stalled_ms, 160_000);
    assert_eq!(life.record.sessions[0].quality().stalled_s, 150.0);
}

#[test]
fn who_leaves_before_the_first_picture_is_reported_when_it_is_over() {
    let (mut life, session) = one(Config::default());
    let error = Action::Error { code: None, message: None };
    tell(&mut life, session, &[event(0, START + 1_000, 0.0, error)]);
    for (seq, second) in [(1, 30), (2, 70), (3, 110)] {
        let waits = Action::Heartbeat { playing: false };
        tell(&mut life, session, &[event(seq, START + second * 1_000, 0.0, waits)]);
    }
    assert!(life.disk.facts.is_empty(), "it may still begin: {:?}", life.disk.facts);
    tell(&mut life, session, &[event(4, START + 120_000, 0.0, Action::End)]);
    let sums = sums(&life.disk.facts);
    assert_eq!((sums.sessions, sums.startups_ms, sums.watched_ms, sums.errors), (1, 0, 0, 1));
}

#[test]
fn another_device_goes_on_where_this_one_is() {
    let mut life = Life::new(Config::default());
    let content = ContentId::new();
    let tv = life.open(open(content, "tv", Some(100.0)), START);
    tell(&mut life, tv, &[beat(0, 0), beat(1, 10), beat(2, 20)]);
    let opens = |life: &mut Life, device: &str, now| {
        let open = open(content, device, Some(100.0));
        life.record.open(life.viewer, open, now, &life.config).expect("room").resume_position_s
    };
    assert_eq!(opens(&mut life, "phone", START + 21_000), 20.0);
    // What the television did before comes late, and does not turn anybody back.
    let phone = life.record.sessions[1].id;
    tell(&mut life, phone, &[beat(0, 40), beat(1, 50)]);
    tell(&mut life, tv, &[event(3, START + 22_000, 22.0, Action::End)]);
    assert_eq!(opens(&mut life, "tablet", START + 60_000), 50.0);
}

#[test]
fn positions_outlive_sessions() {
    let mut life = Life::new(Config { sessions_max: 6, ..Config::default() });
    let contents: Vec<_> = std::iter::repeat_with(ContentId::new).take(20).collect();
    for (at, content) in contents.iter().enumerate() {
        let second = at as i64 * 100;
        let session = life.open(open(*content, "tv", None), START + second * 1_000);
        tell(&mut life, session, &[beat(0, second + 7), beat(1, second + 9)]);
        assert!(life.record.sessions.len() <= 6);
    }
    life.reload();
    for (at, content) in contents.iter().enumerate() {
        let opened = life.opens(open(*content, "tv", None), START + 3_000_000);
        assert_eq!(opened.resume_position_s, at as f64 * 100.0 + 9.0);
    }
    // Every one of those that were forgotten has been reported.
    life.rest(START + 3_600_000);
    let sums = sums(&life.disk.facts);
    assert_eq!((sums.sessions, sums.watched_ms), (20, 40_000));
}

#[test]
fn as_many_devices_play_as_may() {
    let mut life = Life::new(Config { streams_per_viewer_max: 2, ..Config::default() });
    let content = ContentId::new();
    let refused = |life: &mut Life, device: &str, content, now| {
        let opened = life.record.open(life.viewer, open(content, device, None), now, &life.config);
        match opened {
            Ok(_) => None,
            Err(Refusal::StreamLimit { playing, .. }) => {
                Some(playing.into_iter().map(|it| it.device.id).collect::<Vec<_>>())
            }
            Err(Refusal::NotFound) => panic!("nothing was asked for"),
        }
    };
    let tv = life.open(open(content, "tv", None), START);
    let phone = life.open(open(content, "phone", None), START);
    tell(&mut life, tv, &[beat(0, 30)]);
    tell(&mut life, phone, &[beat(0, 30)]);
    let now = START + 31_000;
    let both = vec!["tv".to_owned(), "phone".to_owned()];
    assert_eq!(refused(&mut life, "tablet", content, now), Some(both));
    assert_eq!(refused(&mut life, "tv", ContentId::new(), now), None, "the same device");
    tell(&mut life, phone, &[event(1, now, 31.0, Action::Pause)]);
    assert_eq!(refused(&mut life, "tablet", content, now), None, "one of them pauses");
    // Nothing is heard of any of them for too long.
    assert_eq!(refused(&mut life, "laptop", content, START + 77_000), None);
}

#[test]
fn a_new_session_of_the_same_content_and_device_ends_the_old_one() {
    let mut life = Life::new(Config::default());
    let content = ContentId::new();
    let old = life.open(open(content, "tv", Some(100.0)), START);
    tell(&mut life, old, &[beat(0, 0), beat(1, 20)]);
    let now = START + 25_000;
    let opened = life.record.open(life.viewer, open(content, "tv", Some(100.0)), now, &life.config);
    let opened = opened.expect("room");
    let beat = opened.beat.expect("the old one has ended");
    assert!(beat.was_playing_at.is_some() && !beat.playing, "{beat:?}");
    assert_eq!(sums(&opened.facts).stops.len(), 1);
    assert_eq!(life.record.session(old).expect("known").state(now, &life.config), "ended");
    assert_ne!(opened.session, old);
}
