//! Wall-clock time as events carry it: RFC 3339 in UTC with milliseconds.
//!
//! A load writes some hundred thousand times a second; the day is formatted once.

use jiff::Timestamp;
use std::io::Write;

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970 (UTC).
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Writes times; remembers the day that it wrote last.
#[derive(Default)]
pub(crate) struct Clock {
    day: i64,
    text: String,
}

impl Clock {
    /// Appends `2026-11-21T17:32:16.123Z`.
    pub(crate) fn write(&mut self, ms: i64, into: &mut Vec<u8>) {
        let day = ms.div_euclid(DAY_MS);
        if day != self.day || self.text.is_empty() {
            let midnight = Timestamp::from_millisecond(day * DAY_MS).unwrap_or_default();
            self.day = day;
            self.text = midnight.strftime("%Y-%m-%dT").to_string();
        }
        into.extend_from_slice(self.text.as_bytes());
        let ms = ms.rem_euclid(DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        two(hour, b':', into);
        two(minute, b':', into);
        two(second, b'.', into);
        // Writing to a vector does not fail.
        let _ = write!(into, "{:03}Z", ms % 1000);
    }
}

fn two(number: i64, after: u8, into: &mut Vec<u8>) {
    let digit = |value: i64| b'0' + u8::try_from(value % 10).unwrap_or_default();
    into.extend_from_slice(&[digit(number / 10), digit(number), after]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_library() {
        let mut clock = Clock::default();
        for ms in [1_795_282_336_123, 1_795_282_336_007, 1_795_305_599_999, 1_795_305_600_000, 5] {
            let mut text = Vec::new();
            clock.write(ms, &mut text);
            let text = String::from_utf8(text).expect("plain text");
            let read: Timestamp = text.parse().expect("RFC 3339");
            assert_eq!((read.as_millisecond(), text.len()), (ms, 24), "{text}");
        }
    }
}
