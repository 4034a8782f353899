//! The manifest lists the very segments that HLS lists, with their exact times.

use expect_test::expect_file;
use playhouse_codecs::cmaf::AAC_CODECS;
use playhouse_codecs::dash::{Format, Mpd, Representation, Segment, mpd};
use playhouse_codecs::plan::{AUDIO_RATE, Timeline};
use playhouse_codecs::rate::FrameRate;

fn timeline() -> Timeline {
    Timeline::new(FrameRate::nearest(29.97), 20.0)
}

fn segments(name: &str, times: impl Fn(u32) -> (u64, u64)) -> Vec<Segment> {
    let segment = |k| {
        let (start, duration) = times(k);
        Segment { uri: format!("{name}/{k}-a1.m4s"), start, duration }
    };
    (0..timeline().segments()).map(segment).collect()
}

fn film() -> Representation {
    let plan = timeline();
    Representation {
        id: "360p".into(),
        bandwidth_bps: 412_345,
        codecs: "avc1.4d401e".into(),
        format: Format::Video { width: 640, height: 360, frame_rate: plan.rate },
        timescale: plan.timescale(),
        init_uri: "360p/init-a1.mp4".into(),
        segments: segments("360p", |k| (plan.video_start(k), plan.video_duration(k))),
    }
}

fn sound() -> Representation {
    let plan = timeline();
    Representation {
        id: "audio-64k".into(),
        bandwidth_bps: 65_432,
        codecs: AAC_CODECS.into(),
        format: Format::Audio { sample_rate: AUDIO_RATE, channels: 2 },
        timescale: AUDIO_RATE,
        init_uri: "audio-64k/init-a1.mp4".into(),
        segments: segments("audio-64k", |k| (plan.audio_start(k), plan.audio_duration(k))),
    }
}

fn presentation(video: Vec<Representation>, audio: Vec<Representation>) -> Mpd {
    Mpd {
        duration_s: timeline().duration_s(),
        segment_s_max: 6.016,
        video,
        audio,
        language: Some("en".into()),
    }
}

#[test]
fn a_film_with_sound() {
    expect_file!["golden/film.mpd"].assert_eq(&mpd(&presentation(vec![film()], vec![sound()])));
}

#[test]
fn every_segment_has_a_time_of_its_own() {
    // dash.js took the third segment's address for the fourth when equal times were repeated.
    let text = mpd(&presentation(vec![film()], vec![sound()]));
    assert_eq!(text.matches("<S t=").count(), text.matches("<SegmentURL").count());
    assert!(!text.contains(" r="));
}

#[test]
fn silent_and_audio_only_contents_have_one_set() {
    let silent = mpd(&presentation(vec![film()], vec![]));
    assert_eq!(silent.matches("<AdaptationSet").count(), 1);
    assert!(!silent.contains("audio"));
    let song = mpd(&presentation(vec![], vec![sound()]));
    assert_eq!(song.matches("<AdaptationSet").count(), 1);
    assert!(!song.contains("video"));
}

#[test]
fn addresses_are_escaped() {
    let mut film = film();
    film.init_uri = "init?a=1&b=\"<2>\"".into();
    let text = mpd(&presentation(vec![film], vec![]));
    assert!(text.contains("sourceURL=\"init?a=1&amp;b=&quot;&lt;2&gt;&quot;\""), "{text}");
}
