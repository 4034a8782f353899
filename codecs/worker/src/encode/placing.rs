//! Where sound belongs: source timestamps against a line of samples without holes.
//!
//! Timestamps jitter (Matroska's are whole milliseconds), so small differences are ignored and
//! sound runs on by its own length. A larger one is real: a gap becomes silence, an overlap is
//! cut.

use playhouse_codecs::plan::AUDIO_RATE;

/// A timestamp so far from where sound has run on to is believed, seconds: below, it is jitter;
/// a frame of AAC at 48 kHz lasts 21 ms.
const JITTER_S: f64 = 0.03;

/// Follows one stream of decoded sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Clock {
    /// Where sound would run on, seconds of the content.
    expected_s: Option<f64>,
}

impl Clock {
    /// Sound of `length_s` comes with timestamp `at_s`: the output sample at which a new run
    /// begins, or `None` when it goes on.
    pub(super) fn place(&mut self, at_s: Option<f64>, length_s: f64) -> Option<i64> {
        let expected = self.expected_s;
        let jump = match (at_s, expected) {
            (Some(at), Some(expected)) => (at - expected).abs() > JITTER_S,
            (_, None) => true,
            (None, Some(_)) => false,
        };
        let begins = if jump { at_s.unwrap_or(0.0) } else { expected.unwrap_or(0.0) };
        self.expected_s = Some(begins + length_s);
        jump.then(|| (begins * f64::from(AUDIO_RATE)).round() as i64)
    }
}

/// The samples of the content in order: silence in holes, nothing twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The next sample that is missing.
    next: u64,
}

/// What to append to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Append {
    /// Samples of silence first.
    pub(super) silence: u64,
    /// Samples of what came to leave out, from its start.
    pub(super) cut: u64,
}

impl Line {
    pub(super) fn starting_at(next: u64) -> Self {
        Self { next }
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// `samples` come for position `at`, which may be before the content.
    pub(super) fn append(&mut self, at: i64, samples: u64) -> Append {
        let end = u64::try_from(at.saturating_add_unsigned(samples)).unwrap_or(0);
        if end <= self.next {
            return Append { silence: 0, cut: samples };
        }
        let start = end.saturating_sub(samples).max(self.next);
        let append = Append { silence: start - self.next, cut: samples - (end - start) };
        self.next = end;
        append
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds of a container do not tear sound apart; a real hole is heard as one.
    #[test]
    fn jitter_is_ignored_and_a_gap_is_believed() {
        let mut clock = Clock::default();
        let length = 1024.0 / 44_100.0;
        assert_eq!(clock.place(Some(1.7), length), Some(81_600));
        assert_eq!(clock.place(Some(1.723), length), None);
        assert_eq!(clock.place(Some(1.746), length), None);
        assert_eq!(clock.place(None, length), None);
        assert_eq!(clock.place(Some(2.5), length), Some(120_000));
        assert_eq!(clock.place(Some(2.0), length), Some(96_000));
    }

    #[test]
    fn late_sound_follows_silence_and_early_sound_is_cut() {
        let mut line = Line::starting_at(0);
        assert_eq!(line.append(-500, 400), Append { silence: 0, cut: 400 });
        assert_eq!(line.append(-100, 400), Append { silence: 0, cut: 100 });
        assert_eq!(line.append(300, 100), Append { silence: 0, cut: 0 });
        assert_eq!(line.append(1_000, 100), Append { silence: 600, cut: 0 });
        assert_eq!(line.append(1_050, 100), Append { silence: 0, cut: 50 });
        assert_eq!(line.next(), 1_150);
    }

    #[test]
    fn a_resumed_line_takes_nothing_from_before_it() {
        let mut line = Line::starting_at(4_096);
        assert_eq!(line.append(3_000, 1_000), Append { silence: 0, cut: 1_000 });
        assert_eq!(line.append(4_000, 1_000), Append { silence: 0, cut: 96 });
        assert_eq!(line.next(), 5_000);
    }
}
