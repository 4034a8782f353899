//! Segments of all renditions begin together and leave nothing out, for every rate and length.

use crate::sources::{film, silent, song, sound};
use playhouse_codecs::plan::{EncodePlan, PACKET_SAMPLES, Timeline, audio_track};
use playhouse_codecs::rate::FrameRate;

const RATES: [f64; 8] = [23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0];

/// Boundaries of video cover every frame once; those of audio every packet once, each begins with
/// the first packet at or after the video's boundary; no segment is empty or much too long.
fn check(timeline: Timeline) {
    let (mut frame, mut packet) = (0, 0);
    let (num, den) = (u128::from(timeline.rate.num), u128::from(timeline.rate.den));
    for k in 0..timeline.segments() {
        let (frames, packets) = (timeline.segment_range(k), timeline.audio_packets(k));
        assert_eq!(frames.start, frame, "video of {k} in {timeline:?}");
        assert_eq!(packets.start, packet, "audio of {k} in {timeline:?}");
        assert!(!frames.is_empty() && !packets.is_empty(), "{k} is empty in {timeline:?}");
        assert!(frames.end - frames.start <= u64::from(timeline.segment_frames) + 1);

        // Exact: video starts at frame × den / num seconds, audio at packet × 1024 / 48000.
        let video = u128::from(frames.start) * den * 48_000;
        let audio = u128::from(packets.start) * 1_024 * num;
        assert!(audio >= video && audio - video < 1_024 * num, "{k} in {timeline:?}");

        assert_eq!(timeline.video_start(k), frames.start * u64::from(timeline.rate.den));
        assert_eq!(timeline.audio_start(k), packets.start * PACKET_SAMPLES);
        assert_eq!(timeline.audio_duration(k), (packets.end - packets.start) * PACKET_SAMPLES);
        (frame, packet) = (frames.end, packets.end);
    }
    let samples = timeline.audio_samples();
    assert_eq!(frame, timeline.frames);
    assert!(packet * PACKET_SAMPLES >= samples && packet * PACKET_SAMPLES - samples < 1_024);
    let beyond = timeline.segments();
    assert!(timeline.segment_range(beyond).is_empty() && timeline.audio_packets(beyond).is_empty());
}

#[test]
fn every_length_to_a_minute_at_every_rate() {
    for rate in RATES.map(FrameRate::nearest) {
        for frames in 1..=(60.0 * rate.fps()) as u64 {
            check(Timeline { frames, ..Timeline::new(rate, 0.0) });
        }
    }
}

#[test]
fn long_contents_do_not_drift() {
    for rate in RATES.map(FrameRate::nearest) {
        for duration_s in [600.0, 5_400.017, 86_399.99] {
            check(Timeline::new(rate, duration_s));
        }
    }
}

#[test]
fn ntsc_has_segments_of_six_seconds_and_six_milliseconds() {
    let timeline = Timeline::new(FrameRate::nearest(29.97), 13.013);
    assert_eq!((timeline.gop_frames, timeline.segment_frames, timeline.frames), (60, 180, 390));
    assert_eq!(timeline.segments(), 3);
    assert_eq!(timeline.timescale(), 30_000);
    assert_eq!(timeline.video_start(1), 180_180);
    assert_eq!(timeline.video_duration(2), 30_030);
    assert_eq!(timeline.audio_packets(0), 0..282);
    assert_eq!(timeline.audio_packets(1), 282..564);
    assert_eq!(timeline.audio_packets(2), 564..610);
    assert_eq!(timeline.target_duration_s(), 6);
}

#[test]
fn every_rate_keeps_about_six_seconds() {
    let gops = RATES.map(|fps| Timeline::new(FrameRate::nearest(fps), 60.0).gop_frames);
    assert_eq!(gops, [48, 48, 50, 60, 60, 100, 120, 120]);
    for fps in RATES {
        assert_eq!(Timeline::new(FrameRate::nearest(fps), 60.0).target_duration_s(), 6);
    }
}

#[test]
fn a_single_frame_after_the_last_full_segment_belongs_to_it() {
    // At 60 a frame is 800 samples, less than a packet: a segment of its own could have no audio.
    let timeline =
        |fps: f64, frames| Timeline { frames, ..Timeline::new(FrameRate::nearest(fps), 0.0) };
    assert_eq!(timeline(60.0, 361).segments(), 1);
    assert_eq!(timeline(60.0, 361).segment_range(0), 0..361);
    assert_eq!(timeline(60.0, 362).segments(), 2);
    assert_eq!(timeline(25.0, 151).segments(), 2);
    assert_eq!(timeline(60.0, 1).segments(), 1);
    assert_eq!(timeline(60.0, 1).audio_packets(0), 0..1);
}

#[test]
fn a_song_is_planned_as_if_it_had_pictures() {
    let plan = EncodePlan::new(&song(2));
    assert_eq!(plan.timeline, Timeline::new(FrameRate::VIRTUAL, 95.0));
    assert_eq!(plan.timeline.segments(), 16);
    assert_eq!(plan.timeline.segment_frames, 150);
}

#[test]
fn video_decides_how_long_a_film_is() {
    let mut media = film(1280, 720);
    media.audio[0].duration_s = 99.0;
    assert_eq!(EncodePlan::new(&media).timeline.duration_s(), 30.0);
}

#[test]
fn the_default_track_is_heard_else_the_first() {
    let mut media = silent(640, 360);
    assert!(audio_track(&media).is_none());
    media.audio = vec![sound(1, 8), sound(2, 2), sound(3, 2)];
    assert_eq!(audio_track(&media).unwrap().index, 1);
    media.audio[1].default = true;
    media.audio[2].default = true;
    assert_eq!(audio_track(&media).unwrap().index, 2);
}
