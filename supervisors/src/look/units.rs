//! Numbers as a person reads them at a glance: short, and with their unit.

use jiff::Timestamp;

/// Stands for a value that there is none of.
pub(super) const NONE: &str = "–";

/// Seconds: `0.4 ms`, `340 ms`, `3.2 s`, `34 s`, `4 m 05 s`, `3 h 12 m`, `5 d 3 h`.
pub(super) fn duration(seconds: f64) -> String {
    // Clocks differ a little: less than nothing is nothing.
    let seconds = if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
    let whole = seconds as u64;
    match seconds {
        0.0 => "0 s".to_owned(),
        ..0.001 => format!("{:.1} ms", seconds * 1e3),
        ..0.9995 => format!("{:.0} ms", seconds * 1e3),
        ..9.95 => format!("{seconds:.1} s"),
        ..60.0 => format!("{whole} s"),
        ..3_600.0 => format!("{} m {:02} s", whole / 60, whole % 60),
        ..86_400.0 => format!("{} h {:02} m", whole / 3_600, whole / 60 % 60),
        _ => format!("{} d {} h", whole / 86_400, whole / 3_600 % 24),
    }
}

/// A count: exact below ten thousand, then `12.3k`, `4.5M`, `1.0G`.
pub(super) fn count(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => scaled(n, 1e3, "k"),
        1_000_000..1_000_000_000 => scaled(n, 1e6, "M"),
        _ => scaled(n, 1e9, "G"),
    }
}

/// Times a second.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        ..0.05 => "0".to_owned(),
        ..9.95 => format!("{per_second:.1}"),
        _ => count(per_second.round() as u64),
    }
}

/// A share of one as percent; above 100 when several were busy.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        ..=0.0 => "0 %".to_owned(),
        ..0.5 => "<1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// A time of the log, UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Seconds from `then` to `now`.
pub(super) fn since(now: Timestamp, then: Timestamp) -> f64 {
    now.duration_since(then).as_secs_f64()
}

/// One block for each value, the highest being the whole height; all of them low when nothing was.
pub(super) fn spark(values: impl Iterator<Item = f64> + Clone) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.clone().fold(0.0, f64::max);
    let block = |value: f64| match (value, most) {
        (..=0.0, _) | (_, ..=0.0) => BLOCKS[0],
        (value, most) => BLOCKS[1 + ((value / most) * 6.0).round() as usize],
    };
    values.map(block).collect()
}

fn scaled(n: u64, unit: f64, name: &str) -> String {
    // Rounded down: what is told is there.
    format!("{:.1}{name}", (n as f64 / unit * 10.0).floor() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short_at_every_size() {
        let told = [0.0, 0.0004, 0.34, 3.21, 34.6, 245.0, 11_520.0, 442_800.0].map(duration);
        let expected =
            ["0 s", "0.4 ms", "340 ms", "3.2 s", "34 s", "4 m 05 s", "3 h 12 m", "5 d 3 h"];
        assert_eq!(told, expected);
        assert_eq!([-0.5, f64::NAN].map(duration), ["0 s", "0 s"]);
    }

    #[test]
    fn counts_and_rates_are_short_at_every_size() {
        assert_eq!([0, 9_999, 12_345, 999_999].map(count), ["0", "9999", "12.3k", "999.9k"]);
        assert_eq!([1_000_000, 12_000_000_000].map(count), ["1.0M", "12.0G"]);
        assert_eq!([0.0, 0.25, 31.6, 20_000.0].map(rate), ["0", "0.2", "32", "20.0k"]);
        assert_eq!([0.0, 0.001, 0.123, 2.5].map(percent), ["0 %", "<1 %", "12 %", "250 %"]);
    }

    #[test]
    fn a_trend_shows_its_own_highest_value() {
        assert_eq!(spark([0.0, 1.0, 3.0, 6.0].into_iter()), "▁▃▅█");
        assert_eq!(spark([0.0, 0.0].into_iter()), "▁▁");
        assert_eq!(spark([f64::NAN, 1.0].into_iter()), "▂█");
    }
}
