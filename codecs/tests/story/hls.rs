//! The playlists that players read, word for word.

use expect_test::expect_file;
use playhouse_codecs::cmaf::AAC_CODECS;
use playhouse_codecs::hls::{
    AudioRendition, Bandwidth, MediaPlaylist, Segment, Variant, measured_bandwidth, media,
    multivariant, planned_bandwidth,
};
use playhouse_codecs::rate::FrameRate;

fn variant(name: &str, bandwidth_bps: u64, resolution: (u32, u32)) -> Variant {
    Variant {
        uri: format!("{name}/index.m3u8"),
        bandwidth_bps,
        average_bandwidth_bps: None,
        codecs: vec!["avc1.64001f".into(), AAC_CODECS.into()],
        resolution: Some(resolution),
        frame_rate: Some(FrameRate::nearest(29.97)),
        audio_group: Some("audio-64k".into()),
    }
}

fn sound(name: &str, language: Option<&str>) -> AudioRendition {
    AudioRendition {
        group: name.into(),
        uri: format!("{name}/index.m3u8"),
        language: language.map(String::from),
        channels: 2,
    }
}

fn playlist(segments: usize, ended: bool) -> MediaPlaylist {
    let segment = |k| Segment { uri: format!("{k}-a1.m4s"), duration_s: 180_180.0 / 30_000.0 };
    MediaPlaylist {
        target_duration_s: 6,
        init_uri: "init-a1.mp4".into(),
        segments: (0..segments).map(segment).collect(),
        ended,
    }
}

#[test]
fn a_film_while_it_grows() {
    let lowest = variant("360p", planned_bandwidth(400_000, 64_000), (640, 360));
    expect_file!["golden/growing-master.m3u8"]
        .assert_eq(&multivariant(&[lowest], &[sound("audio-64k", None)]));
    expect_file!["golden/growing-media.m3u8"].assert_eq(&media(&playlist(2, false)));
}

#[test]
fn a_film_that_is_whole() {
    let mut higher = variant("720p", 2_700_123, (1280, 720));
    higher.average_bandwidth_bps = Some(1_900_456);
    higher.audio_group = Some("audio-128k".into());
    let variants = [variant("360p", 460_000, (640, 360)), higher];
    let audio = [sound("audio-64k", Some("en")), sound("audio-128k", Some("en"))];
    expect_file!["golden/whole-master.m3u8"].assert_eq(&multivariant(&variants, &audio));
    expect_file!["golden/whole-media.m3u8"].assert_eq(&media(&playlist(3, true)));
}

#[test]
fn a_song_has_its_audio_playlists_as_variants() {
    let variant = Variant {
        codecs: vec![AAC_CODECS.into()],
        resolution: None,
        frame_rate: None,
        audio_group: None,
        ..variant("audio-64k", 80_000, (0, 0))
    };
    expect_file!["golden/song-master.m3u8"].assert_eq(&multivariant(&[variant], &[]));
}

#[test]
fn a_growing_playlist_only_gets_longer() {
    for segments in 0..5 {
        let (before, after) =
            (media(&playlist(segments, false)), media(&playlist(segments + 1, false)));
        assert!(after.starts_with(&before));
    }
}

#[test]
fn no_name_breaks_out_of_its_quotes() {
    let text = multivariant(&[], &[sound("x\",URI=\"y\n#EXT", None)]);
    assert!(text.contains("GROUP-ID=\"x,URI=y#EXT\""), "{text}");
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn bandwidth_is_measured_over_runs_of_about_a_target_duration() {
    // The last, short and dense segment counts with its neighbour only.
    let segments = [(750_000, 6.0), (1_500_000, 6.0), (100_000, 0.1)];
    let measured = measured_bandwidth(&segments, 6);
    let average_bps = (2_350_000.0_f64 * 8.0 / 12.1).ceil() as u64;
    let peak_bps = (1_600_000.0_f64 * 8.0 / 6.1).ceil() as u64;
    assert_eq!(measured, Bandwidth { peak_bps, average_bps });

    // Shorter than half a target: the whole is all there is.
    let short = measured_bandwidth(&[(1_000, 0.5)], 6);
    assert_eq!(short, Bandwidth { peak_bps: 16_000, average_bps: 16_000 });
    assert_eq!(measured_bandwidth(&[], 6), Bandwidth::default());
    let sum = short + Bandwidth { peak_bps: 2, average_bps: 1 };
    assert_eq!(sum, Bandwidth { peak_bps: 16_002, average_bps: 16_001 });
}
