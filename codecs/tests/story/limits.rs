//! Each source that is not taken gets one clear answer that names what is wrong.

use crate::sources::{film, silent, song};
use expect_test::{Expect, expect};
use playhouse_codecs::limits::{Kind, Limits, Refusal, RefusalCode, check as judge};
use playhouse_codecs::media::MediaInfo;
use playhouse_codecs::worker::FailureKind;

fn check(media: &MediaInfo, expected: Expect) {
    check_claimed(media, None, expected);
}

fn check_claimed(media: &MediaInfo, claim: Option<&str>, expected: Expect) {
    let outcome = match judge(media, 1_000_000, claim, &Limits::default()) {
        Ok(kind) => format!("{kind:?}"),
        Err(refusal) => wrapped(&refusal.to_string()),
    };
    expected.assert_eq(&outcome);
}

/// In lines of about 80 columns.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if lines.last().is_some_and(|line| line.len() + word.len() > 80) {
            lines.push(String::new());
        }
        let line = lines.last_mut().unwrap();
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.join("\n") + "\n"
}

fn changed(change: impl FnOnce(&mut MediaInfo)) -> MediaInfo {
    let mut media = film(1280, 720);
    change(&mut media);
    media
}

#[test]
fn films_and_songs_are_taken() {
    check(&film(1280, 720), expect!["Video"]);
    check(&silent(3840, 2160), expect!["Video"]);
    check(&song(2), expect!["Audio"]);
}

#[test]
fn a_file_without_tracks_is_no_media() {
    check(
        &changed(|m| (m.video, m.audio) = (None, vec![])),
        expect![[r#"
        not_media: the file has neither a video nor an audio track; upload a film or a
        sound
    "#]],
    );
}

#[test]
fn containers_and_codecs_are_taken_by_name() {
    check(
        &changed(|m| m.container = "hls".into()),
        expect![[r#"
        unsupported_container: the container hls is not taken; export the file as MP4,
        MOV, MKV or WebM
    "#]],
    );
    check(
        &changed(|m| m.video.as_mut().unwrap().codec = "gif".into()),
        expect![[r#"
        unsupported_codec: the video codec gif is not taken; export the film as H.264
    "#]],
    );
    check(
        &changed(|m| m.audio[0].codec = "cook".into()),
        expect![[r#"
        unsupported_codec: the audio codec cook is not taken; export the sound as AAC
    "#]],
    );
    check(&changed(|m| m.audio[0].codec = "pcm_s24le".into()), expect!["Video"]);
    check(
        &changed(|m| m.audio[0].codec = "pcm".into()),
        expect![[r#"
        unsupported_codec: the audio codec pcm is not taken; export the sound as AAC
    "#]],
    );
    check(
        &changed(|m| m.audio[0].channels = 0),
        expect![[r#"
        unsupported_codec: the audio track has no channels or no sample rate; export the
        sound again
    "#]],
    );
}

#[test]
fn pictures_have_a_usable_size() {
    check(
        &silent(0, 720),
        expect![[r#"
        bad_dimensions: the picture is 0x720; each side must be 16 to 8192 pixels,
        35651584 pixels in all at most; scale the film and export it again
    "#]],
    );
    check(&silent(8192, 4352), expect!["Video"]);
    check(
        &silent(8192, 8192),
        expect![[r#"
        bad_dimensions: the picture is 8192x8192; each side must be 16 to 8192 pixels,
        35651584 pixels in all at most; scale the film and export it again
    "#]],
    );
    check(
        &silent(20_000, 100),
        expect![[r#"
        bad_dimensions: the picture is 20000x100; each side must be 16 to 8192 pixels,
        35651584 pixels in all at most; scale the film and export it again
    "#]],
    );
}

#[test]
fn lengths_are_bounded() {
    let lasting = |duration_s| {
        changed(|m| {
            m.announced_s = None;
            m.video.as_mut().unwrap().duration_s = duration_s;
        })
    };
    check(
        &lasting(90_000.0),
        expect![[r#"
        too_long: the content lasts 90000 s and may last 86400 s; upload it in parts
    "#]],
    );
    check(
        &lasting(0.04),
        expect![[r#"
        too_short: the content lasts 0.040 s and must last at least 0.1 s
    "#]],
    );
    check(
        &lasting(f64::NAN),
        expect![[r#"
        too_short: the content lasts NaN s and must last at least 0.1 s
    "#]],
    );
    check(&lasting(1.0), expect!["Video"]);
}

#[test]
fn a_file_that_was_cut_short_is_told_so() {
    check(
        &changed(|m| m.announced_s = Some(60.0)),
        expect![[r#"
        truncated: the file announces 60.0 s and has only 30.0 s; it was cut short,
        upload the whole file
    "#]],
    );
    // Subtitles may outlast the picture, sound may begin late, and an estimate is no promise.
    check(&changed(|m| m.announced_s = Some(30.9)), expect!["Video"]);
    let late = |m: &mut MediaInfo| {
        m.announced_s = Some(40.0);
        m.audio[0].start_s = 10.0;
    };
    check(&changed(late), expect!["Video"]);
    let estimated = |m: &mut MediaInfo| {
        m.announced_s = Some(900.0);
        m.container = "mpegts".into();
    };
    check(&changed(estimated), expect!["Video"]);
}

#[test]
fn sizes_are_bounded_by_kind() {
    let limits = Limits::default();
    let code = |media: &MediaInfo, bytes| judge(media, bytes, None, &limits).map_err(|r| r.code);
    assert_eq!(code(&film(1280, 720), 20_000_000_000), Ok(Kind::Video));
    assert_eq!(code(&film(1280, 720), 20_000_000_001), Err(RefusalCode::TooLarge));
    assert_eq!(code(&song(2), 2_000_000_000), Ok(Kind::Audio));
    assert_eq!(code(&song(2), 2_000_000_001), Err(RefusalCode::TooLarge));
    assert_eq!(limits.bytes_max(), 20_000_000_000);
    let detail = judge(&song(2), 3_000_000_000, None, &limits).unwrap_err().detail;
    expect![[r#"
        the file has 3000000000 bytes and audio may have 2000000000; export it at a lower
        bitrate or in parts
    "#]]
    .assert_eq(&wrapped(&detail));
}

#[test]
fn a_wrong_claim_is_refused() {
    let film = film(1280, 720);
    check_claimed(
        &film,
        Some("image/png"),
        expect![[r#"
        wrong_filetype: the upload says image/png, but the file is video in a
        mov,mp4,m4a,3gp,3g2,mj2 container; send the right filetype, or none
    "#]],
    );
    check_claimed(
        &film,
        Some("audio/mpeg"),
        expect![[r#"
        wrong_filetype: the upload says audio/mpeg, but the file is video in a
        mov,mp4,m4a,3gp,3g2,mj2 container; send the right filetype, or none
    "#]],
    );
    for wrong in ["audio/mp4", "text/plain", "video/webm", "application/pdf", "video", "§"] {
        let refusal = judge(&film, 1, Some(wrong), &Limits::default()).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::WrongFiletype, "{wrong}");
    }
    let refusal = judge(&song(2), 1, Some("video/mp4"), &Limits::default()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::WrongFiletype);
}

#[test]
fn what_browsers_say_of_right_files_is_believed() {
    let film = film(1280, 720);
    for right in ["video/mp4", "Video/MP4; codecs=\"avc1\"", "video/quicktime", "", "video/x-new"] {
        check_claimed(&film, Some(right), expect!["Video"]);
    }
    check_claimed(&film, Some("application/octet-stream"), expect!["Video"]);
    check_claimed(&song(2), Some("audio/x-flac"), expect!["Audio"]);
    let transport = changed(|m| m.container = "mpegts".into());
    check_claimed(&transport, Some("text/vnd.trolltech.linguist"), expect!["Video"]);
    let sound_alone = changed(|m| m.video = None);
    check_claimed(&sound_alone, Some("video/mp4"), expect!["Audio"]);
}

#[test]
fn a_failed_probe_becomes_a_refusal_only_when_the_source_is_to_blame() {
    let refusal = Refusal::of_failure(FailureKind::NotMedia, "no demuxer knows the file.");
    expect![[r#"
        not_media: no demuxer knows the file; upload a film or a sound
    "#]]
    .assert_eq(&wrapped(&refusal.unwrap().to_string()));
    assert_eq!(Refusal::of_failure(FailureKind::Internal, "out of memory"), None);
}

#[test]
fn codes_are_the_same_stored_and_shown() {
    for code in [RefusalCode::NotMedia, RefusalCode::WrongFiletype, RefusalCode::TooLong] {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}

#[test]
fn limits_that_take_nothing_are_refused() {
    assert_eq!(Limits::default().validate(), Ok(()));
    let broken: [fn(&mut Limits); 4] = [
        |l| l.video_bytes_max = 0,
        |l| l.duration_s_max = f64::NAN,
        |l| l.duration_s_min = 1e9,
        |l| l.side_px_min = 9_000,
    ];
    for change in broken {
        let mut limits = Limits::default();
        change(&mut limits);
        assert!(limits.validate().is_err());
    }
    let unknown = serde_json::from_str::<Limits>("{\"video_byte_max\": 1}");
    assert!(unknown.unwrap_err().to_string().contains("video_byte_max"));
}
