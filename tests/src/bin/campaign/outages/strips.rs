//! A picture of what users saw: a strip for each kind of request, a cell for each second.
//!
//! A line above the strips says when the engine was away; the picture ends with what the colours
//! mean.

use crate::crowd::{Book, Kind};
use std::fmt::Write;
use std::time::Duration;

const LABEL: u64 = 90;
const CELL: u64 = 12;
const HEAD: u64 = 34;
const LINE: usize = 18;
const NOTHING: &str = "#eee";
const DONE: &str = "#5a5";
const PARTLY: &str = "#ec5";
const LATER: &str = "#e83";
const WRONG: &str = "#c33";
const LEGEND: [(&str, &str); 5] = [
    (DONE, "all answered as wanted"),
    (PARTLY, "part put off (503, sent again)"),
    (LATER, "all put off"),
    (WRONG, "some answered wrongly or not at all"),
    (NOTHING, "nothing asked in this second"),
];
/// Strips of a trial and the room below them.
const HEIGHT: u64 = HEAD + CELL * Kind::ALL.len() as u64 + 16;

/// The picture of some trials, one below the other.
pub(super) struct Strips {
    body: String,
    trials: u64,
    seconds: u64,
}

impl Strips {
    pub(super) fn new() -> Self {
        Self { body: String::new(), trials: 0, seconds: 0 }
    }

    /// Draws a trial in which an engine was away from one moment until another.
    pub(super) fn add(&mut self, name: &str, book: &Book, from: Duration, until: Duration) {
        let top = self.trials * HEIGHT;
        self.text(0, top + 14, 13, name);
        let (x, width) = (LABEL + across(from), (across(until) - across(from)).max(1));
        let y = top + HEAD - 8;
        self.rect(x, y, width, 4, "#444", "the engine is away");
        let seconds = book.now().as_secs();
        for (row, kind) in (0_u64..).zip(Kind::ALL) {
            let y = top + HEAD + row * CELL;
            self.text(0, y + 10, 10, &format!("{kind:?}"));
            for second in 0..seconds {
                let start = Duration::from_secs(second);
                let figures = book.figures(kind, start, start + Duration::from_secs(1));
                let refused = figures.silent + figures.wrong.values().sum::<usize>();
                let color = match (figures.done, figures.later, refused) {
                    (0, 0, 0) => NOTHING,
                    (_, 0, 0) => DONE,
                    (0, _, 0) => LATER,
                    (_, _, 0) => PARTLY,
                    (_, _, _) => WRONG,
                };
                let told = format!("{second} s: {}", figures.words());
                self.rect(LABEL + second * CELL, y, CELL - 1, CELL - 1, color, &told);
            }
        }
        (self.trials, self.seconds) = (self.trials + 1, self.seconds.max(seconds));
    }

    /// The picture as SVG.
    pub(super) fn svg(mut self) -> String {
        let top = self.trials * HEIGHT;
        for (y, (color, meaning)) in (top..).step_by(LINE).zip(LEGEND) {
            self.rect(LABEL, y, CELL - 1, CELL - 1, color, meaning);
            self.text(LABEL + 2 * CELL, y + 10, 10, meaning);
        }
        let (width, height) =
            (LABEL + self.seconds.max(30) * CELL, top + LEGEND.len() as u64 * LINE as u64);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             font-family=\"sans-serif\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}\
             </svg>\n",
            self.body
        )
    }

    // Writing to a text does not fail; what is written has no character that SVG would take for
    // its own.
    fn text(&mut self, x: u64, y: u64, size: u64, text: &str) {
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\">{text}</text>");
    }

    fn rect(&mut self, x: u64, y: u64, width: u64, height: u64, fill: &str, title: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\">\
             <title>{title}</title></rect>"
        );
    }
}

fn across(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX) * CELL / 1000
}
