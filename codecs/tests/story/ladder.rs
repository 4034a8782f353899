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
    check(&film(3840, 2160), expect![[r#""#]]);
}

#[test]
fn a_720p_film_is_not_upscaled() {
    check(&film(1280, 720), expect![[r#""#]]);
}

#[test]
fn a_phone_held_upright_gets_the_same_names() {
    check(&film(1080, 1920), expect![[r#""#]]);
}

#[test]
fn odd_sizes_become_even_and_do_not_reach_the_next_rung() {
    check(&silent(853, 479), expect![[r#""#]]);
}

#[test]
fn small_sources_get_one_rung() {
    check(&silent(320, 240), expect![[r#""#]]);
    check(&silent(480, 270), expect![[r#""#]]);
    check(&silent(177, 145), expect![[r#""#]]);
    check(&silent(16, 16), expect![[r#""#]]);
}

#[test]
fn cinema_is_as_wide_as_it_is() {
    check(&silent(4096, 1716), expect![[r#""#]]);
}

#[test]
fn a_banner_gets_no_more_pixels_than_its_rates_carry() {
    check(&silent(8000, 1000), expect![[r#""#]]);
    check(&silent(1000, 8000), expect![[r#""#]]);
    check(&silent(2000, 20), expect![[r#""#]]);
}

#[test]
fn a_song_gets_four_rates() {
    check(&song(2), expect![[r#""#]]);
}

#[test]
fn mono_stays_mono_and_wastes_no_rate_that_one_channel_cannot_carry() {
    check(&song(1), expect![[r#""#]]);
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
