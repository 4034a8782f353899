//! The bounds of a scenario's numbers: whatever is outside is refused by its key.

use super::rate::{Rate, Relaxation};
use super::{Ask, Scenario};
use anyhow::ensure;

/// Longest run: a day.
const LENGTH_S_MAX: f64 = 86_400.0;
/// Highest rate: more than one thread of a generator sends.
const PER_S_MAX: f64 = 1_000_000.0;
/// Most flows, flips, cuts or faults.
const LIST_MAX: usize = 100;
/// Most connections: what one address can open to one port.
const CONNECTIONS_MAX: usize = 28_000;

/// One number, its key, and between what it must be.
fn bound(key: &str, value: f64, least: f64, most: f64) -> anyhow::Result<()> {
    ensure!((least..=most).contains(&value), "{key} must be {least} to {most}, and is {value}");
    Ok(())
}

/// # Errors
/// When a number is out of its bounds.
pub(super) fn check(of: &Scenario) -> anyhow::Result<()> {
    bound("length_s", of.length_s, 1.0, LENGTH_S_MAX)?;
    ensure!(
        (0.0..of.length_s).contains(&of.warm_up_s),
        "warm_up_s must be 0 to below length_s ({}), and is {}",
        of.length_s,
        of.warm_up_s
    );
    ensure!(of.warm_up_s.fract() == 0.0, "warm_up_s must be whole, and is {}", of.warm_up_s);
    bound("timeout_s", of.timeout_s, 0.01, 60.0)?;
    bound("late_after_s", of.late_after_s, 0.001, 10.0)?;
    bound("connections_max", of.connections_max as f64, 1.0, CONNECTIONS_MAX as f64)?;
    bound("settle_within_s", of.settle_within_s, 1.0, 3600.0)?;
    bound("contents.count_max", of.contents.count_max as f64, 1.0, 100.0)?;
    bound("contents.zipf_exponent", of.contents.zipf_exponent, 0.0, 5.0)?;
    bound("views.repeat_share", of.views.repeat_share, 0.0, 1.0)?;
    bound("views.repeat_within_s", of.views.repeat_within_s, 0.0, 600.0)?;
    check_people(of)?;
    check_moments(of)?;
    ensure!(!of.flows.is_empty(), "flow: at least one [[flow]] is wanted");
    ensure!(of.flows.len() <= LIST_MAX, "flow: at most {LIST_MAX} are taken");
    for (place, flow) in of.flows.iter().enumerate() {
        check_rate(&format!("flow[{place}].rate"), &flow.rate, of.length_s)?;
    }
    Ok(())
}

fn check_people(of: &Scenario) -> anyhow::Result<()> {
    let players = &of.players;
    bound("players.watch_mean_s", players.watch_mean_s, 0.1, LENGTH_S_MAX)?;
    bound("players.buffer_s", players.buffer_s, 0.1, 600.0)?;
    bound("players.heartbeat_s", players.heartbeat_s, 0.1, 600.0)?;
    bound("players.rewatch_share", players.rewatch_share, 0.0, 1.0)?;
    bound("players.view_after_s", players.view_after_s, 0.1, 3600.0)?;
    bound("players.trickle_bytes_per_s", players.trickle_bytes_per_s as f64, 0.0, 1e9)?;
    bound("players.trickle_share", players.trickle_share, 0.0, 1.0)?;
    let (bytes, piece) = (of.uploads.bytes, of.uploads.piece_bytes);
    bound("uploads.bytes", bytes as f64, 1.0, 1e9)?;
    bound("uploads.piece_bytes", piece as f64, 1024.0, 1e9)
}

fn check_moments(of: &Scenario) -> anyhow::Result<()> {
    for (key, count) in
        [("flip", of.flips.len()), ("cut", of.cuts.len()), ("fault", of.faults.len())]
    {
        ensure!(count <= LIST_MAX, "{key}: at most {LIST_MAX} are taken");
    }
    for (place, flip) in of.flips.iter().enumerate() {
        bound(&format!("flip[{place}].at_s"), flip.at_s, 0.0, of.length_s)?;
        bound(&format!("flip[{place}].by"), flip.by as f64, 1.0, 1000.0)?;
    }
    for (place, cut) in of.cuts.iter().enumerate() {
        bound(&format!("cut[{place}].at_s"), cut.at_s, 0.0, of.length_s)?;
        bound(&format!("cut[{place}].back_within_s"), cut.back_within_s, 0.0, 60.0)?;
        let any = of.flows.iter().any(|flow| flow.of == Ask::Player);
        ensure!(any, "cut[{place}]: there is no [[flow]] of players whose sockets could be cut");
    }
    for (place, fault) in of.faults.iter().enumerate() {
        bound(&format!("fault[{place}].at_s"), fault.at_s, 0.0, of.length_s)?;
        ensure!(!fault.run.is_empty(), "fault[{place}].run must name a command");
    }
    Ok(())
}

fn check_rate(key: &str, rate: &Rate, length_s: f64) -> anyhow::Result<()> {
    let per_s = |name: &str, value| bound(&format!("{key}.{name}"), value, 0.0, PER_S_MAX);
    let span = |name: &str, value| bound(&format!("{key}.{name}"), value, 0.001, LENGTH_S_MAX);
    let moment = |name: &str, value| bound(&format!("{key}.{name}"), value, 0.0, length_s);
    match rate {
        Rate::Constant { per_s: value } => per_s("per_s", *value),
        Rate::Step { from_per_s, to_per_s, at_s, rise_s, until_s } => {
            per_s("from_per_s", *from_per_s)?;
            per_s("to_per_s", *to_per_s)?;
            moment("at_s", *at_s)?;
            span("rise_s", *rise_s)?;
            let until = until_s.unwrap_or(at_s + rise_s);
            bound(&format!("{key}.until_s"), until, at_s + rise_s, f64::MAX)
        }
        Rate::FlashCrowd { base_per_s, peak_per_s, at_s, rise_s, hold_s, half_life_s } => {
            per_s("base_per_s", *base_per_s)?;
            bound(&format!("{key}.peak_per_s"), *peak_per_s, *base_per_s, PER_S_MAX)?;
            moment("at_s", *at_s)?;
            span("rise_s", *rise_s)?;
            bound(&format!("{key}.hold_s"), *hold_s, 0.0, LENGTH_S_MAX)?;
            span("half_life_s", *half_life_s)
        }
        Rate::ExogenousSubcritical(of)
        | Rate::ExogenousCritical(of)
        | Rate::EndogenousCritical(of) => check_relaxation(key, of, length_s),
        Rate::EndogenousSubcritical { mean_per_s, spread, slot_s } => {
            per_s("mean_per_s", *mean_per_s)?;
            bound(&format!("{key}.spread"), *spread, 0.0, 3.0)?;
            bound(&format!("{key}.slot_s"), *slot_s, 0.01, LENGTH_S_MAX)
        }
        Rate::Trace { share } => bound(&format!("{key}.share"), *share, 0.0, 1000.0),
    }
}

fn check_relaxation(key: &str, of: &Relaxation, length_s: f64) -> anyhow::Result<()> {
    bound(&format!("{key}.base_per_s"), of.base_per_s, 0.0, PER_S_MAX)?;
    bound(&format!("{key}.peak_per_s"), of.peak_per_s, of.base_per_s, PER_S_MAX)?;
    bound(&format!("{key}.at_s"), of.at_s, 0.0, length_s)?;
    bound(&format!("{key}.core_s"), of.core_s, 0.001, LENGTH_S_MAX)?;
    // Where the power laws of all classes fall.
    bound(&format!("{key}.theta"), of.theta, 0.0, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "about = 'a test'\nlength_s = 20\n[[flow]]\nof = 'view'\n\
        rate = { shape = 'constant', per_s = 10 }\n";

    fn refusal(text: &str) -> String {
        format!("{:#}", Scenario::parse(text).expect_err("it is out of bounds"))
    }

    #[test]
    fn a_number_outside_of_its_bounds_is_refused_by_its_key() {
        let good = Scenario::parse(GOOD).expect("a good one");
        assert_eq!((good.warm_up_s, good.flows.len()), (5.0, 1));
        for (from, to, expected) in [
            ("length_s = 20", "length_s = 0", "length_s must be 1 to 86400, and is 0"),
            (
                "length_s = 20",
                "warm_up_s = 1.5\nlength_s = 20",
                "warm_up_s must be whole, and is 1.5",
            ),
            ("length_s = 20", "length_s = nan", "length_s must be 1 to 86400, and is NaN"),
            (
                "length_s = 20",
                "length_s = 4",
                "warm_up_s must be 0 to below length_s (4), and is 5",
            ),
            ("per_s = 10", "per_s = -1", "flow[0].rate.per_s must be 0 to 1000000, and is -1"),
        ] {
            assert_eq!(refusal(&GOOD.replace(from, to)), expected);
        }
        for (more, expected) in [
            ("[views]\nrepeat_share = 1.5", "views.repeat_share must be 0 to 1, and is 1.5"),
            ("[[fault]]\nat_s = 21\nrun = 'x'", "fault[0].at_s must be 0 to 20, and is 21"),
            ("[[cut]]\nat_s = 2\nback_within_s = 1", "cut[0]: there is no [[flow]] of players"),
        ] {
            let told = refusal(&format!("{GOOD}{more}"));
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn a_key_that_is_not_known_is_named() {
        assert!(refusal(&GOOD.replace("per_s =", "per_second =")).contains("per_second"));
        assert!(refusal(&format!("{GOOD}[player]\nbuffer_s = 1")).contains("player"));
    }

    #[test]
    fn a_longer_storm_comes_back_as_fast() {
        let cut = "[[cut]]\nat_s = 10\nback_within_s = 2";
        let text = format!("{}{cut}", GOOD.replace("'view'", "'player'"));
        let hour = Scenario::parse(&text).and_then(|it| it.stretched(3600.0)).expect("a good one");
        assert_eq!((hour.cuts[0].at_s, hour.cuts[0].back_within_s), (1800.0, 2.0));
        let second = Scenario::parse(&text).and_then(|it| it.stretched(1.0)).expect("a good one");
        assert_eq!(second.warm_up_s, 0.0, "something is left to be measured");
    }

    #[test]
    fn a_stretched_scenario_keeps_its_shape() {
        let text = GOOD.replace(
            "shape = 'constant', per_s = 10",
            "shape = 'step', from_per_s = 1, to_per_s = 50, at_s = 10, rise_s = 1",
        );
        let half = Scenario::parse(&text).and_then(|it| it.stretched(10.0)).expect("a good one");
        let Rate::Step { at_s, rise_s, to_per_s, .. } = half.flows[0].rate else {
            panic!("{:?}", half.flows)
        };
        assert_eq!((half.warm_up_s, at_s, rise_s, to_per_s), (3.0, 5.0, 0.5, 50.0));
    }
}
