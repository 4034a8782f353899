//! Which renditions a source gets: as many as it can fill, never more.

use crate::sources::{film, silent, song};
use expect_test::{Expect, expect};
use playhouse_codecs::ladder::Ladder;
use playhouse_codecs::media::MediaInfo;

fn check(media: &MediaInfo, expected: Expect) {
    let ladder = Ladder::of(media);
    let mut out = String::new();
    for rung in &ladder.video {
        let audio = rung.audio.as_deref().unwrap_or("silent");
        let (kbps, profile) = (rung.maxrate_bps / 1000, &rung.profile);
        out +=
            &format!("{}: {}x{} {kbps}k {profile} {audio}\n", rung.name, rung.width, rung.height);
        assert!(rung.width % 2 == 0 && rung.height % 2 == 0);
    }
    for rung in &ladder.audio {
        out += &format!("{}: {} ch {}\n", rung.name, rung.channels, rung.bitrate_bps);
    }
    expected.assert_eq(&out);
}

#[test]
fn a_4k_film_gets_all_rungs_and_each_audio_rate_once() {
    check(
        &film(3840, 2160),
        expect![[r#"
        360p: 640x360 400k main audio-64k
        480p: 854x480 800k main audio-128k
        720p: 1280x720 2500k high audio-128k
        1080p: 1920x1080 5000k high audio-192k
        2160p: 3840x2160 16000k high audio-320k
        audio-64k: 2 ch 64000
        audio-128k: 2 ch 128000
        audio-192k: 2 ch 192000
        audio-320k: 2 ch 320000
    "#]],
    );
}

#[test]
fn a_720p_film_is_not_upscaled() {
    check(
        &film(1280, 720),
        expect![[r#"
        360p: 640x360 400k main audio-64k
        480p: 854x480 800k main audio-128k
        720p: 1280x720 2500k high audio-128k
        audio-64k: 2 ch 64000
        audio-128k: 2 ch 128000
    "#]],
    );
}

#[test]
fn a_phone_held_upright_gets_the_same_names() {
    check(
        &film(1080, 1920),
        expect![[r#"
        360p: 360x640 400k main audio-64k
        480p: 480x854 800k main audio-128k
        720p: 720x1280 2500k high audio-128k
        1080p: 1080x1920 5000k high audio-192k
        audio-64k: 2 ch 64000
        audio-128k: 2 ch 128000
        audio-192k: 2 ch 192000
    "#]],
    );
}

#[test]
fn odd_sizes_become_even_and_do_not_reach_the_next_rung() {
    check(
        &silent(853, 479),
        expect![[r#"
        360p: 642x360 400k main silent
    "#]],
    );
}

#[test]
fn small_sources_get_one_rung() {
    check(
        &silent(320, 240),
        expect![[r#"
        240p: 320x240 300k main silent
    "#]],
    );
    check(
        &silent(480, 270),
        expect![[r#"
        240p: 426x240 300k main silent
    "#]],
    );
    check(
        &silent(177, 145),
        expect![[r#"
        144p: 176x144 300k main silent
    "#]],
    );
    check(
        &silent(16, 16),
        expect![[r#"
        16p: 16x16 300k main silent
    "#]],
    );
}

#[test]
fn cinema_is_as_wide_as_it_is() {
    check(
        &silent(4096, 1716),
        expect![[r#"
        360p: 860x360 400k main silent
        480p: 1146x480 800k main silent
        720p: 1718x720 2500k high silent
        1080p: 2578x1080 5000k high silent
    "#]],
    );
}

#[test]
fn a_banner_gets_no_more_pixels_than_its_rates_carry() {
    check(
        &silent(8000, 1000),
        expect![[r#"
        136p: 1080x136 400k main silent
        180p: 1440x180 800k main silent
        270p: 2160x270 2500k high silent
    "#]],
    );
    check(
        &silent(1000, 8000),
        expect![[r#"
        136p: 136x1080 400k main silent
        180p: 180x1440 800k main silent
        270p: 270x2160 2500k high silent
    "#]],
    );
    check(
        &silent(2000, 20),
        expect![[r#"
        16p: 720x16 300k main silent
    "#]],
    );
}

#[test]
fn a_song_gets_four_rates() {
    check(
        &song(2),
        expect![[r#"
        audio-64k: 2 ch 64000
        audio-128k: 2 ch 128000
        audio-256k: 2 ch 256000
        audio-320k: 2 ch 320000
    "#]],
    );
}

#[test]
fn mono_stays_mono_and_wastes_no_rate_that_one_channel_cannot_carry() {
    check(
        &song(1),
        expect![[r#"
        audio-64k: 1 ch 64000
        audio-128k: 1 ch 128000
        audio-256k: 1 ch 256000
    "#]],
    );
}

#[test]
fn surround_becomes_stereo() {
    let mut media = song(8);
    assert!(Ladder::of(&media).audio.iter().all(|rung| rung.channels == 2));
    media.audio.clear();
    assert_eq!(Ladder::of(&media), Ladder::default());
}

#[test]
fn no_size_of_a_source_is_upscaled_or_bent() {
    for width in (16..4400).step_by(37) {
        for height in (16..4400).step_by(41) {
            let ladder = Ladder::of(&silent(width, height));
            assert!(!ladder.video.is_empty());
            for rung in &ladder.video {
                assert!(rung.width <= width && rung.height <= height, "{rung:?}");
                let (w, h) = (f64::from(rung.width), f64::from(rung.height));
                // What rounding to even numbers moves, and no more.
                let bent = (w * f64::from(height) - h * f64::from(width)).abs();
                let upright_or_tiny = rung.width == 16 || rung.height == 16;
                let bound = 2.0 * f64::from(width.max(height));
                assert!(upright_or_tiny || bent <= bound, "{width}x{height}: {rung:?}");
            }
        }
    }
}
