//! Panels over one another on one axis of time, with marks through all of them.
//!
//! A panel draws itself in its own coordinates, `0..width` by `0..height` from its upper left
//! corner; the stack adds titles, legends, ticks, marks and, where a pointer can hover, one
//! invisible column per moment that tells everything about it.

use super::marks::place;
use super::number::moment;
use super::path::rounded;
use super::scale::{Scale, time_ticks};
use crate::report::model::{Mark, Run};
use maud::{Markup, html};

/// How wide a picture is, and how fine.
pub(super) struct Look {
    /// Name of its class, by which the page shows the one that fits the screen.
    pub(super) class: &'static str,
    pub(super) width: f64,
    /// Room of the ticks' labels.
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) columns: usize,
    /// Whether moments tell about themselves.
    pub(super) hover: bool,
}

/// For a desk.
pub(super) const WIDE: Look =
    Look { class: "wide", width: 960.0, left: 56.0, right: 14.0, columns: 600, hover: true };
/// For a hand.
pub(super) const NARROW: Look =
    Look { class: "narrow", width: 380.0, left: 46.0, right: 10.0, columns: 150, hover: false };

/// One plot of the stack.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) height: f64,
    /// Heights from the top, and their labels.
    pub(super) ticks: Vec<(f64, String)>,
    pub(super) keys: Vec<Key>,
    pub(super) body: Markup,
}

/// A line of a legend.
pub(super) struct Key {
    /// Classes of its sample.
    pub(super) class: String,
    /// A line, else an area.
    pub(super) line: bool,
    pub(super) text: String,
}

/// The axis of time of all panels.
pub(super) struct Time {
    pub(super) scale: Scale,
    pub(super) width: f64,
    pub(super) length_s: f64,
}

impl Time {
    pub(super) fn new(look: &Look, run: &Run) -> Self {
        let width = look.width - look.left - look.right;
        Self { scale: Scale::linear(0.0, run.length_s, width), width, length_s: run.length_s }
    }
}

const LINE: f64 = 16.0;
const KEY_GAP: f64 = 14.0;
const SAMPLE: f64 = 18.0;
const PANEL_GAP: f64 = 16.0;
/// More marks than these are drawn pale.
const MARKS_MANY: usize = 10;

/// About how wide a text is; letters of most fonts are narrower.
pub(super) fn text_width(text: &str) -> f64 {
    6.4 * text.chars().count() as f64
}

/// What is told of each moment: where it begins and ends, and the text.
pub(super) type Moments = Vec<((f64, f64), String)>;

/// The whole picture of a run.
pub(super) fn stack(look: &Look, run: &Run, panels: &[Panel], moments: &Moments) -> Markup {
    let time = Time::new(look, run);
    let labels = place(&run.marks, |t_s| time.scale.at(t_s), time.width);
    let rows = labels.iter().map(|label| label.row + 1).max().unwrap_or(0);
    let band = rows as f64 * LINE;
    let top = band + 2.0 * LINE;
    let mut y = top;
    let mut placed = Vec::new();
    for panel in panels {
        let keys = flow(&panel.keys, &panel.title, time.width);
        let head = LINE * keys.last().map_or(1.0, |key| key.1.1 + 1.0) + 4.0;
        placed.push((y, head, keys, panel));
        y += head + panel.height + PANEL_GAP;
    }
    let bottom = y - PANEL_GAP;
    let height = bottom + LINE + 6.0;
    html! {
        svg class=(look.class) viewBox=(format!("0 0 {} {}", look.width, rounded(height)))
            role="img" aria-label="The run over time" {
            g transform=(format!("translate({} 0)", look.left)) {
                (clock(&time, band + LINE - 2.0))
                (clock(&time, bottom + LINE))
                @for (y, head, keys, panel) in &placed {
                    g transform=(format!("translate(0 {})", rounded(*y))) {
                        (heading(panel, keys))
                        g transform=(format!("translate(0 {})", rounded(*head))) {
                            (plot(panel, run, &time))
                        }
                    }
                }
                @for label in &labels {
                    (mark_label(label, band))
                }
                @if look.hover {
                    (hover(moments, &time, (top, bottom)))
                }
            }
        }
    }
}

/// Where each key goes: behind the title as long as there is room, then line by line.
fn flow<'a>(keys: &'a [Key], title: &str, width: f64) -> Vec<(&'a Key, (f64, f64))> {
    let (mut x, mut line) = (text_width(title) * 1.08 + KEY_GAP, 0.0);
    let place = |key: &'a Key| {
        let wide = SAMPLE + 4.0 + text_width(&key.text);
        if x + wide > width && x > 0.0 {
            (x, line) = (0.0, line + 1.0);
        }
        let at = (x, line);
        x += wide + KEY_GAP;
        (key, at)
    };
    keys.iter().map(place).collect()
}

fn heading(panel: &Panel, keys: &[(&Key, (f64, f64))]) -> Markup {
    html! {
        text class="title" x="0" y="11" { (panel.title) }
        @for (key, (x, line)) in keys {
            g transform=(format!("translate({} {})", rounded(*x), LINE * line)) {
                @if key.line {
                    path class=(key.class) d=(format!("M0 7H{SAMPLE}")) {}
                } @else {
                    rect class=(key.class) y="2" width=(SAMPLE) height="10" {}
                }
                text x=(SAMPLE + 4.0) y="11" { (key.text) }
            }
        }
    }
}

fn plot(panel: &Panel, run: &Run, time: &Time) -> Markup {
    let (width, height) = (rounded(time.width), panel.height);
    let vertical = |t_s: f64| format!("M{} 0v{height}", rounded(time.scale.at(t_s)));
    html! {
        rect class="plot" width=(width) height=(height) {}
        @if run.warm_up_s > 0.0 {
            rect class="warm" width=(rounded(time.scale.at(run.warm_up_s))) height=(height) {
                title { "warm-up: not counted" }
            }
        }
        @for t_s in time_ticks(time.length_s, time.width / 74.0) {
            path class="grid" d=(vertical(t_s)) {}
        }
        @for (y, label) in &panel.ticks {
            path class="grid" d=(format!("M0 {}h{width}", rounded(*y))) {}
            text class="tick" x="-6" y=(rounded(y + 4.0)) { (label) }
        }
        (panel.body)
        @for mark in &run.marks {
            path class=(mark_class(run)) d=(vertical(mark.t_s)) { title { (told(mark, time)) } }
        }
    }
}

/// Many lines must not hide what they cross.
fn mark_class(run: &Run) -> &'static str {
    if run.marks.len() > MARKS_MANY { "mark many" } else { "mark" }
}

fn told(mark: &Mark, time: &Time) -> String {
    format!("{}: {}", moment(mark.t_s, time.length_s), mark.what)
}

fn clock(time: &Time, y: f64) -> Markup {
    html! {
        @for t_s in time_ticks(time.length_s, time.width / 74.0) {
            text class="clock" x=(rounded(time.scale.at(t_s))) y=(rounded(y)) {
                (moment(t_s, time.length_s))
            }
        }
    }
}

fn mark_label(label: &super::marks::Label, band: f64) -> Markup {
    let (x, y) = (rounded(label.x), LINE * label.row as f64);
    let (class, at) = if label.left { ("flag left", x - 4.0) } else { ("flag", x + 4.0) };
    html! {
        path class="mark" d=(format!("M{x} {}V{}", y + 2.0, band + 3.0)) {}
        text class=(class) x=(rounded(at)) y=(y + 11.0) { (label.text) }
    }
}

fn hover(moments: &Moments, time: &Time, (top, bottom): (f64, f64)) -> Markup {
    html! {
        g class="moments" {
            @for ((from_s, to_s), text) in moments {
                @let (left, right) = (time.scale.at(*from_s), time.scale.at(*to_s));
                rect x=(rounded(left)) y=(rounded(top)) width=(rounded(right - left))
                    height=(rounded(bottom - top)) { title { (text) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_goes_on_in_the_next_line() {
        let key = |text: &str| Key { class: "l".into(), line: true, text: text.into() };
        let keys = [key("0123456789"), key("0123456789"), key("0123456789")];
        let lines: Vec<_> = flow(&keys, "title", 300.0).iter().map(|it| it.1).collect();
        assert_eq!(lines.iter().map(|at| at.1).collect::<Vec<_>>(), [0.0, 0.0, 1.0]);
        assert_eq!(lines[2].0, 0.0);
    }
}
