//! Something plays at once; what follows depends on how fast this machine is.

use crate::sources::{film, song};
use playhouse_codecs::order::{Order, Targets, after_opening, lowest, opening, remaining};
use playhouse_codecs::plan::EncodePlan;

fn names(targets: &Targets) -> Vec<String> {
    let video = targets.video.iter().map(|t| format!("{} {}..{}", t.rung.name, t.first, t.end));
    let audio = targets.audio.iter().map(|t| format!("{} {}..{}", t.rung.name, t.first, t.end));
    video.chain(audio).collect()
}

#[test]
fn the_opening_is_two_segments_of_the_lowest_rung_with_its_audio() {
    let plan = EncodePlan::new(&film(1920, 1080));
    assert_eq!(names(&opening(&plan)), ["360p 0..2", "audio-64k 0..2"]);
    assert_eq!(names(&opening(&EncodePlan::new(&song(2)))), ["audio-64k 0..2"]);
}

#[test]
fn a_short_film_opens_whole() {
    let mut media = film(1280, 720);
    media.video.as_mut().unwrap().duration_s = 5.0;
    let plan = EncodePlan::new(&media);
    assert_eq!(names(&opening(&plan)), ["360p 0..1", "audio-64k 0..1"]);
    assert_eq!(after_opening(&plan, Some(0.1), true), Order::Group);
}

#[test]
fn a_fast_machine_makes_all_rungs_from_one_decode() {
    let plan = EncodePlan::new(&film(1920, 1080));
    // A group of four rungs to 1080p runs at about a fifth of the lowest rung's speed.
    assert_eq!(after_opening(&plan, Some(10.0), false), Order::Group);
    assert_eq!(after_opening(&plan, Some(5.0), false), Order::LowestFirst);
}

#[test]
fn the_lowest_rung_comes_first_when_others_wait_or_the_speed_is_forgotten() {
    let plan = EncodePlan::new(&film(1920, 1080));
    assert_eq!(after_opening(&plan, Some(100.0), true), Order::LowestFirst);
    assert_eq!(after_opening(&plan, None, false), Order::LowestFirst);
}

#[test]
fn one_rung_has_no_order() {
    let plan = EncodePlan::new(&film(640, 360));
    assert_eq!(after_opening(&plan, Some(0.5), true), Order::Group);
    assert_eq!(after_opening(&EncodePlan::new(&song(2)), None, true), Order::Group);
}

#[test]
fn work_goes_on_from_the_last_finished_segment() {
    let plan = EncodePlan::new(&film(1280, 720));
    let finished = |name: &str| match name {
        "360p" | "audio-64k" => 5,
        "480p" => 3,
        _ => 0,
    };
    let rest = remaining(&plan, finished);
    assert_eq!(names(&rest), ["480p 3..5", "720p 0..5", "audio-128k 0..5"]);
    let split: Vec<_> = rest.split().iter().map(names).collect();
    assert_eq!(split, [["480p 3..5"], ["720p 0..5"], ["audio-128k 0..5"]]);
    assert!(lowest(&plan, finished).is_empty());
    let opened = lowest(&plan, |name| if name == "360p" { 2 } else { 1 });
    assert_eq!(names(&opened), ["360p 2..5", "audio-64k 1..5"]);
}
