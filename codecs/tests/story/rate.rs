//! Whatever a camera or a container says, players get a rate that they know.

use playhouse_codecs::rate::FrameRate;

fn check(mean_fps: f64, expected: &str) {
    assert_eq!(FrameRate::nearest(mean_fps).to_string(), expected, "of {mean_fps}");
}

#[test]
fn standard_rates_stay_what_they_are_however_well_they_were_measured() {
    check(23.976, "24000/1001");
    check(24.0, "24");
    check(25.0, "25");
    check(24.95, "25");
    check(29.97, "30000/1001");
    check(29.981, "30000/1001");
    check(30.0, "30");
    check(30.02, "30");
    check(50.0, "50");
    check(59.94, "60000/1001");
    check(60.0, "60");
    check(60.2, "60");
}

#[test]
fn a_rate_between_takes_the_higher() {
    check(27.0, "30");
    check(24.5, "25");
    check(26.0, "30");
    check(23.0, "24");
    check(40.0, "50");
    check(55.0, "60");
}

#[test]
fn slow_rates_take_a_multiple_so_that_each_frame_is_shown_equally_long() {
    check(12.0, "24");
    check(12.5, "25");
    check(15.0, "30");
    check(14.985, "30000/1001");
    check(10.0, "30");
    check(5.0, "25");
    check(1.0, "24");
    check(20.0, "24");
}

#[test]
fn fast_rates_are_reduced() {
    check(120.0, "60");
    check(119.88, "60000/1001");
    check(100.0, "50");
    check(240.0, "60");
    check(144.0, "60");
    check(90.0, "60");
    check(1e9, "60");
}

#[test]
fn nonsense_gets_a_rate_too() {
    for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -25.0] {
        check(nonsense, "25");
    }
}

#[test]
fn an_hour_of_ntsc_does_not_drift() {
    let rate = FrameRate::nearest(29.97);
    let hour = rate.frames_in(3_600.0);
    assert_eq!(hour, 107_892);
    assert_eq!(rate.ticks(hour), 107_892 * 1_001);
    assert_eq!(rate.units_at_or_after(hour, 48_000), (107_892 * 1_001 * 48_u64).div_ceil(30));
}

#[test]
fn any_duration_has_at_least_a_frame() {
    for duration_s in [0.0, -1.0, f64::NAN, 0.001] {
        assert_eq!(FrameRate::VIRTUAL.frames_in(duration_s), 1);
    }
    assert_eq!(FrameRate::VIRTUAL.frames_in(f64::INFINITY), 25_000_000_000);
}
