//! What a viewer costs: in memory while nobody plays, and on disk at each heartbeat.

use super::disk::{Dies, Life};
use super::{START, event, open};
use crate::playback::session::Session;
use crate::playback::{Action, Config, Viewer};
use playhouse_storage::model::ContentId;

/// Some minutes of watching with a pause and a jump: a usual session.
fn life(minutes: u64) -> Life {
    let mut life = Life::new(Config::default());
    let mut open = open(ContentId::new(), "0198c5f2-8a3b-4cde-9f01-23456789abcd", Some(5_400.0));
    open.address = Some(u64::MAX);
    let session = life.open(open, START);
    for beat in 0..minutes * 6 {
        let seconds = 10 * beat as i64;
        let action = match beat {
            0 => Action::Start { startup_s: Some(0.734) },
            10 => Action::Pause,
            11 => Action::Play { stall_s: None },
            20 => Action::Seek { from_position_s: Some(200.0) },
            _ => Action::Heartbeat { playing: true },
        };
        let position_s = if beat < 20 { seconds } else { seconds + 600 } as f64;
        let mut event = event(beat, START + seconds * 1_000, position_s, action);
        event.bitrate_bps = Some(5_000_000.0);
        let now = START + seconds * 1_000 + 40;
        life.tell(session, &[event], now, Dies::Never).expect("an answer");
    }
    life
}

#[test]
fn a_session_is_written_in_less_than_400_bytes() {
    let check = |minutes, most| {
        let life = life(minutes);
        let session = &life.record.sessions[0];
        let text = session.encode().expect("it can be written");
        assert!(session.view.is_some() && session.reported.is_some());
        assert!(text.len() < most, "{} bytes: {text}", text.len());
    };
    check(10, 400);
    check(70, 420);
}

#[test]
fn a_viewer_at_rest_costs_some_hundred_bytes() {
    let mut life = life(70);
    life.rest(START + 3_600_000 * 2);
    life.reload();
    let (viewer, session) = (size_of::<Viewer>(), size_of::<Session>());
    let bytes = life.record.weight();
    println!("viewer {viewer}, session {session}, behind it {bytes}");
    assert!(viewer <= 256, "{viewer} bytes");
    assert!(session <= 416, "{session} bytes");
    assert!(bytes <= 640, "{bytes} bytes");
}

#[test]
fn a_session_that_is_told_in_pieces_stays_bounded() {
    let mut life = Life::new(Config::default());
    let session = life.open(open(ContentId::new(), "tv", Some(86_400.0)), START);
    let mut most = 0;
    // Pairs of events with a gap and a jump between any two.
    for pair in 0..1_000 {
        let (at, position_s) = (START + 1_000 * pair as i64, 40.0 * pair as f64);
        let plays = || Action::Heartbeat { playing: true };
        let events = [
            event(3 * pair, at, position_s, plays()),
            event(3 * pair + 1, at, position_s + 0.5, plays()),
        ];
        life.tell(session, &events, at, Dies::Never).expect("an answer");
        let text = life.record.sessions[0].encode().expect("it can be written");
        most = most.max(text.len()).max(life.record.weight());
    }
    assert!(most < 8_192, "{most} bytes");
}
