//! Lines with tones: what is drawn, before it is known whether the terminal has colours.
//!
//! Widths are columns of the terminal, not characters: a name may hold wide or combining ones.
//! What a node tells is cleaned first, because an escape code in a name would command the terminal.

use console::Style;

/// What a piece of text means to the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it is.
    Plain,
    /// Of little interest right now.
    Dim,
    /// A title.
    Bold,
    /// Goes on.
    Good,
    /// Worth a look.
    Warn,
    /// Needs a hand.
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        let style = Style::new().force_styling(true);
        match self {
            Self::Plain => style,
            Self::Dim => style.dim(),
            Self::Bold => style.bold(),
            Self::Good => style.green(),
            Self::Warn => style.yellow(),
            Self::Bad => style.red().bold(),
        }
    }
}

/// One line of the picture, in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Vec<(Tone, String)>);

impl Line {
    /// A line of one piece.
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self::default().and(tone, text)
    }

    /// The line with one more piece.
    #[must_use]
    pub(super) fn and(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    /// The line within `width` columns; `…` stands for what is cut off.
    #[must_use]
    pub(super) fn clip(self, width: usize) -> Self {
        let whole: usize = self.0.iter().map(|(_, text)| columns(text)).sum();
        if whole <= width {
            return self;
        }
        let mut left = width;
        let mut pieces = Vec::new();
        for (tone, text) in self.0 {
            let wide = columns(&text);
            if wide >= left {
                // There is more behind even when this piece fits exactly.
                pieces.push((tone, clip(&format!("{text}…"), left)));
                break;
            }
            left -= wide;
            pieces.push((tone, text));
        }
        Self(pieces)
    }

    /// The text to print, with escape codes when there are `colours`.
    pub(super) fn paint(&self, colours: bool) -> String {
        let piece = |(tone, text): &(Tone, String)| match (colours, *tone) {
            (false, _) | (true, Tone::Plain) => text.clone(),
            (true, tone) => tone.style().apply_to(text).to_string(),
        };
        let painted: String = self.0.iter().map(piece).collect();
        painted.trim_end().to_owned()
    }
}

/// Columns that a text takes.
pub(super) fn columns(text: &str) -> usize {
    console::measure_text_width(text)
}

/// The beginning of a text, within `width` columns; `…` stands for the rest.
pub(super) fn clip(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    match width {
        0 => String::new(),
        width => head(text, width - 1) + "…",
    }
}

/// Both ends of a text, within `width` columns: of two ids it is the end that differs.
pub(super) fn middle(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    if width < 3 {
        return clip(text, width);
    }
    let first = head(text, width / 2);
    let last = tail(text, width - 1 - width / 2);
    format!("{first}…{last}")
}

/// A text with blanks up to `width` columns, in front of it or behind.
pub(super) fn pad(text: &str, width: usize, in_front: bool) -> String {
    let blanks = " ".repeat(width.saturating_sub(columns(text)));
    if in_front { blanks + text } else { format!("{text}{blanks}") }
}

/// What a node tells, without anything that commands a terminal or turns its writing around.
pub(super) fn clean(text: &str) -> String {
    let harmless = |letter: char| {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(letter, '\u{2066}'..='\u{2069}');
        if letter.is_control() || turns { '?' } else { letter }
    };
    text.chars().map(harmless).collect()
}

fn head(text: &str, width: usize) -> String {
    let mut taken = String::new();
    let mut used = 0;
    for letter in text.chars() {
        used += wide(letter);
        if used > width {
            break;
        }
        taken.push(letter);
    }
    taken
}

/// Begins with a letter of its own: a combining one would join what stands before.
fn tail(text: &str, width: usize) -> String {
    let mut taken = Vec::new();
    let mut used = 0;
    for letter in text.chars().rev() {
        used += wide(letter);
        if used > width {
            break;
        }
        taken.push(letter);
    }
    while taken.last().is_some_and(|letter| wide(*letter) == 0) {
        taken.pop();
    }
    taken.into_iter().rev().collect()
}

fn wide(letter: char) -> usize {
    columns(letter.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_name_keeps_both_ends_and_never_takes_more_columns() {
        assert_eq!(middle("upload.session", 14), "upload.session");
        assert_eq!(middle("0192-aaaa-bbbb-cccc", 9), "0192…cccc");
        let names = ["Ẹ káàsán, ayé", "動画の名前はここ", "e\u{301}e\u{301}e\u{301}e\u{301}"];
        for name in names {
            for width in 0..columns(name) {
                let cut = middle(name, width);
                assert!(columns(&cut) <= width, "{cut:?} is wider than {width}");
            }
        }
    }

    #[test]
    fn a_clipped_line_says_that_there_is_more() {
        let line = || Line::new(Tone::Bold, "1234").and(Tone::Bad, "5678");
        assert_eq!(line().clip(8).paint(false), "12345678");
        assert_eq!(line().clip(6).paint(false), "12345…");
        assert_eq!(line().clip(4).paint(false), "123…");
    }

    #[test]
    fn a_name_cannot_command_the_terminal() {
        assert_eq!(clean("a\u{1b}[2J\u{7}b\u{202e}c\n"), "a?[2J?b?c?");
    }

    #[test]
    fn colours_are_there_only_when_they_are_wanted() {
        let line = Line::new(Tone::Bad, "stuck");
        assert_eq!(line.paint(false), "stuck");
        assert!(line.paint(true).contains("\u{1b}[31m"), "{:?}", line.paint(true));
    }
}
