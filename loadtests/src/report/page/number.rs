//! Numbers as people read them: as many digits as mean something, groups of three, units.

/// A thin space that does not break, between groups of three digits.
const GROUP: char = '\u{202f}';

/// A whole number in groups of three.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        // Four digits are read at one glance.
        if at > 0 && digits.len() > 4 && (digits.len() - at).is_multiple_of(3) {
            text.push(GROUP);
        }
        text.push(digit);
    }
    text
}

/// Three digits that mean something, groups above.
pub(super) fn figure(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "-".to_owned(),
        size if size >= 1e15 => format!("{value:.2e}"),
        0.0 => "0".to_owned(),
        size if size >= 99.95 => {
            let sign = if value < 0.0 { "−" } else { "" };
            format!("{sign}{}", count(size.round() as u64))
        }
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A latency with its unit.
pub(super) fn latency(ms: f64) -> String {
    match ms {
        _ if ms >= 999.5 => format!("{} s", figure(ms / 1000.0)),
        _ => format!("{} ms", figure(ms)),
    }
}

/// A tick of an axis: no digit that its step does not need.
pub(super) fn tick(value: f64, step: f64) -> String {
    match step {
        _ if value == 0.0 => "0".to_owned(),
        _ if step >= 1.0 => count(value.round().abs() as u64),
        _ if step >= 0.1 => format!("{value:.1}"),
        _ if step >= 0.01 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A moment of a run: `45 s`, in longer ones `12:45` or `1:02:45`.
pub(super) fn moment(t_s: f64, length_s: f64) -> String {
    let whole = t_s.round().max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match length_s {
        _ if length_s <= 300.0 => format!("{whole} s"),
        _ if length_s <= 3600.0 => format!("{}:{seconds:02}", whole / 60),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A share in percent that never hides that it is not zero.
pub(super) fn percent(share: f64) -> String {
    match 100.0 * share {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.01 => "< 0.01 %".to_owned(),
        percent if percent < 10.0 => format!("{percent:.2} %"),
        percent => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        let shown = [0.0, 0.0421, 0.9996, 4.218, 9.999, 42.18, 99.96, 421.8, 42_180.0, -1234.0];
        let wanted =
            ["0", "0.042", "1.00", "4.22", "10.0", "42.2", "100", "422", "42 180", "−1234"];
        assert_eq!(shown.map(|it| figure(it).replace(GROUP, " ")), wanted);
        assert_eq!((figure(f64::NAN), figure(1.8e300)), ("-".to_owned(), "1.80e300".to_owned()));
        assert_eq!(count(1_234_567).replace(GROUP, " "), "1 234 567");
    }

    #[test]
    fn units_follow_the_size() {
        assert_eq!(
            [0.5, 42.0, 999.6, 12_000.0].map(latency),
            ["0.500 ms", "42.0 ms", "1.00 s", "12.0 s"]
        );
        assert_eq!(
            [(45.0, 120.0), (765.0, 900.0), (3765.0, 9000.0)].map(|(t, all)| moment(t, all)),
            ["45 s", "12:45", "1:02:45"]
        );
        assert_eq!(
            [0.0, 0.000_01, 0.002, 0.5].map(percent),
            ["0 %", "< 0.01 %", "0.20 %", "50.0 %"]
        );
        assert_eq!(
            [(0.0, 0.5), (0.5, 0.5), (12_000.0, 2000.0)].map(|(at, by)| tick(at, by)),
            ["0", "0.5", "12\u{202f}000"]
        );
    }
}
