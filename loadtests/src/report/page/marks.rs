//! Where the labels of marks go, so that none covers another and no stem crosses a text.
//!
//! Marks are taken from left to right; a label that would meet an earlier one goes a row further
//! down, where the earlier one's stem has already passed on its left. In a crowd there are numbers
//! only: the list below the plots has all texts.

use super::stack::text_width;
use crate::report::model::Mark;

const ROWS_MAX: usize = 4;
/// Between a stem and its text, and between a text and the next stem.
const GAP: f64 = 4.0;
/// A text cut shorter says too little.
const SHORT: usize = 12;

/// One label: its stem and text.
#[derive(Debug, PartialEq)]
pub(super) struct Label {
    pub(super) x: f64,
    pub(super) row: usize,
    pub(super) text: String,
    /// The text ends at the stem, since it has no room on its right.
    pub(super) left: bool,
}

/// Places the labels; `width` is what there is of it. Where not all texts have room all marks have
/// numbers, and of those only the ones that fit.
pub(super) fn place(marks: &[Mark], at: impl Fn(f64) -> f64, width: f64) -> Vec<Label> {
    let mut marks: Vec<_> = marks.iter().map(|mark| (at(mark.t_s), mark.what.as_str())).collect();
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let texts = rows(&marks, width, false);
    if texts.len() == marks.len() { texts } else { rows(&marks, width, true) }
}

fn rows(marks: &[(f64, &str)], width: f64, numbers: bool) -> Vec<Label> {
    let mut ends = [f64::NEG_INFINITY; ROWS_MAX];
    let mut labels = Vec::new();
    for (number, (x, what)) in marks.iter().enumerate() {
        let (x, number) = (*x, (number + 1).to_string());
        let row = (0..ROWS_MAX).find(|row| ends[*row..].iter().all(|end| *end <= x));
        let Some(row) = row else { continue };
        let room = width - x - GAP;
        let text = if numbers { number } else { fitted(&number, what, room) };
        let left = text_width(&text) > room;
        ends[row] = if left { width } else { x + GAP + text_width(&text) + GAP };
        labels.push(Label { x, row, text, left });
    }
    labels
}

fn fitted(number: &str, what: &str, room: f64) -> String {
    let whole = format!("{number} {what}");
    if text_width(&whole) <= room {
        return whole;
    }
    let cut = (0..whole.chars().count()).rev().map(|count| {
        let text: String = whole.chars().take(count).collect();
        format!("{}…", text.trim_end())
    });
    let mut fits = cut.filter(|text| text_width(text) <= room);
    let fits = fits.next().filter(|text| text.chars().count() >= SHORT);
    fits.unwrap_or_else(|| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(all: &[(f64, &str)]) -> Vec<Mark> {
        all.iter().map(|(t_s, what)| Mark { t_s: *t_s, what: (*what).to_owned() }).collect()
    }

    #[test]
    fn labels_do_not_meet() {
        let all = marks(&[(10.0, "a node is killed"), (20.0, "it is back"), (400.0, "again")]);
        let placed = place(&all, |t_s| t_s, 500.0);
        let rows: Vec<_> = placed.iter().map(|it| (it.row, it.text.as_str())).collect();
        assert_eq!(rows, [(0, "1 a node is killed"), (1, "2 it is back"), (0, "3 again")]);
    }

    #[test]
    fn no_text_leaves_the_page() {
        let all = marks(&[(300.0, "a very long story about a node"), (494.0, "end"), (499.0, "x")]);
        let placed = place(&all, |t_s| t_s, 500.0);
        assert!(placed[0].text.ends_with('…'), "{placed:?}");
        assert_eq!((placed[1].text.as_str(), placed[1].left), ("2", true));
        let inside = |it: &Label| it.left || it.x + GAP + text_width(&it.text) <= 500.0;
        assert!(placed.iter().all(inside), "{placed:?}");
    }

    #[test]
    fn a_crowd_has_numbers() {
        let crowd = |apart: f64| {
            let all: Vec<_> =
                (0..20).map(|at| (f64::from(at) * apart, "a fault of a kind")).collect();
            let placed = place(&marks(&all), |t_s| t_s, 500.0);
            placed.into_iter().map(|it| it.text).collect::<Vec<_>>()
        };
        assert_eq!(crowd(24.0), (1..=20).map(|number| number.to_string()).collect::<Vec<_>>());
        assert!(crowd(1.0).len() < 10, "what does not fit is in the list below");
    }
}
