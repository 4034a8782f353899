//! Two reports beside each other: ratios, and whether they are more than noise.
//!
//! Absolute times are of one machine on one day; a ratio of two reports of the same machine is what
//! a change did. A ratio is noise when the runs of both sides overlap. When they do not, it may
//! still be chance: were nothing changed, m and n runs lie apart in 2·m!·n!/(m+n)! of all
//! comparisons (every order of them being as likely), so with two runs a side in one of three, and
//! with three in one of ten. Below three runs a side nothing is called a difference.

use super::environment::MACHINE;
use super::figures::{ALL, Figure, Spread, kinds};
use super::model::{Report, Run, Verdict};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Above this chance of lying apart by itself, a ratio is not called a difference.
const CHANCE_MAX: f64 = 0.11;
/// Of a scenario's numbers that differ, so many are named.
const NAMED_MAX: usize = 12;

/// What is compared of each kind of request.
const FIGURES: [(&str, Figure); 5] = [
    ("rate, 1/s", Figure::Rate),
    ("p50, ms", Figure::P50),
    ("p90, ms", Figure::P90),
    ("p99, ms", Figure::P99),
    ("p99.9, ms", Figure::P999),
];

/// New beside base.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// What makes the ratios mean less, or nothing.
    pub(crate) warnings: Vec<String>,
    /// Share of rows that would be apart by chance alone.
    pub(crate) chance: f64,
    pub(crate) rows: Vec<Row>,
}

/// One figure of both.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) figure: &'static str,
    pub(crate) base: Option<Spread>,
    pub(crate) new: Option<Spread>,
    /// Median of new by median of base; of two runs that is the middle between them.
    pub(crate) ratio: Option<f64>,
    pub(crate) word: Word,
}

/// What a ratio says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// The runs of both overlap.
    Noise,
    /// They do not, but so few runs often lie apart by chance.
    TooFewRuns,
    /// All runs of one lie above all of the other.
    Different,
    /// One side has no such figure.
    OneSided,
}

impl Word {
    /// As it is shown.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::TooFewRuns => "apart, but too few runs",
            Self::Different => "different",
            Self::OneSided => "on one side only",
        }
    }
}

/// Compares all figures of both.
pub(crate) fn compare(base: &Report, new: &Report) -> Comparison {
    let chance = chance(base.runs.len(), new.runs.len());
    let of = |kind: &str, figure: &'static str, value: &dyn Fn(&Run) -> Option<f64>| {
        let spread = |report: &Report| Spread::of(report.runs.iter().filter_map(value));
        row(kind, figure, (spread(base), spread(new)))
    };
    let mut rows = Vec::new();
    let both: BTreeSet<_> = kinds(&base.runs).into_iter().chain(kinds(&new.runs)).collect();
    let first = [ALL].into_iter().filter(|kind| both.contains(kind));
    for kind in first.chain(both.iter().copied().filter(|kind| *kind != ALL)) {
        rows.extend(FIGURES.map(|(name, figure)| of(kind, name, &|run| figure.of(run, kind))));
    }
    rows.push(of(ALL, "errors, %", &|run| Some(100.0 * run.errors_share())));
    rows.push(of(ALL, "server CPU, s/1000 good", &Run::cpu_s_per_thousand));
    let warnings = warnings(base, new, chance);
    Comparison { warnings, chance, rows }
}

fn row(kind: &str, figure: &'static str, (base, new): (Option<Spread>, Option<Spread>)) -> Row {
    let ratio = base.zip(new).and_then(|(base, new)| match (base.median, new.median) {
        (0.0, 0.0) => Some(1.0),
        (0.0, _) => None,
        (base, new) => Some(new / base),
    });
    let word = match base.zip(new) {
        None => Word::OneSided,
        Some((base, new)) if base.min <= new.max && new.min <= base.max => Word::Noise,
        Some((base, new)) if chance(base.runs, new.runs) > CHANCE_MAX => Word::TooFewRuns,
        Some(_) => Word::Different,
    };
    Row { kind: kind.to_owned(), figure, base, new, ratio, word }
}

/// How often m and n runs of the same thing lie apart: 2·m!·n!/(m+n)!.
fn chance(base: usize, new: usize) -> f64 {
    let orders = (1..=base).fold(1.0, |product, at| product * (new + at) as f64 / at as f64);
    f64::min(1.0, 2.0 / orders)
}

fn warnings(base: &Report, new: &Report, chance: f64) -> Vec<String> {
    let mut told = Vec::new();
    for (name, report) in [("base", base), ("new", new)] {
        match report.verdict {
            Verdict::Good | Verdict::OverLimit => (),
            Verdict::Wrong => told.push(format!("{name}: its counts were wrong")),
            Verdict::Invalid => told.push(format!("{name} is invalid: its figures mean nothing")),
        }
    }
    if base.name != new.name {
        told.push(format!("the scenarios differ: {} and {}", base.name, new.name));
    }
    if base.seed != new.seed {
        told.push(format!("the seeds differ: {} and {}", base.seed, new.seed));
    }
    let mut paths = Vec::new();
    differences("", &base.scenario, &new.scenario, &mut paths);
    told.extend(paths.into_iter().map(|path| format!("the scenarios differ: {path}")));
    told.extend(MACHINE.iter().filter_map(|name| machine(name, base, new)));
    if chance > CHANCE_MAX {
        let (m, n) = (base.runs.len(), new.runs.len());
        told.push(format!(
            "{m} and {n} runs tell too little of the spread: were nothing changed, {:.0} % of all \
             rows would lie apart; three runs a side are the least",
            100.0 * chance
        ));
    }
    told
}

fn machine(name: &str, base: &Report, new: &Report) -> Option<String> {
    let of = |report: &Report| report.environment.get(name).cloned();
    let (base, new) = (of(base), of(new));
    let show = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    (base != new).then(|| format!("the machines differ: {name}: {} and {}", show(base), show(new)))
}

/// Where two scenarios differ, by the paths of their numbers.
fn differences(path: &str, base: &Value, new: &Value, told: &mut Vec<String>) {
    if base == new || told.len() >= NAMED_MAX {
        return;
    }
    if let (Value::Object(base), Value::Object(new)) = (base, new) {
        let keys: BTreeSet<_> = base.keys().chain(new.keys()).collect();
        for key in keys {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let side =
                |object: &serde_json::Map<_, _>| object.get(key).cloned().unwrap_or_default();
            differences(&path, &side(base), &side(new), told);
        }
        return;
    }
    told.push(format!("{path}: {} and {}", short(base), short(new)));
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

impl Comparison {
    /// A table for a terminal, also valid Markdown.
    pub(crate) fn table(&self) -> String {
        let mut lines: Vec<String> = self.warnings.iter().map(|it| format!("! {it}")).collect();
        lines.push("| kind | figure | new ÷ base | word | base | new |".to_owned());
        lines.push("|---|---|---|---|---|---|".to_owned());
        for row in &self.rows {
            let [base, new] = [row.base, row.new].map(cell);
            let ratio = row.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            let (kind, figure, word) = (&row.kind, row.figure, row.word.text());
            lines.push(format!("| {kind} | {figure} | {ratio} | {word} | {base} | {new} |"));
        }
        lines.push(self.note());
        lines.join("\n")
    }

    /// How to read the words.
    pub(crate) fn note(&self) -> String {
        format!(
            "Median (least–greatest of the runs). noise: the runs of both overlap. Were nothing \
             changed, about {:.1} % of all rows would lie apart by chance.",
            100.0 * self.chance
        )
    }
}

/// `median (least–greatest)`; two runs have no middle.
pub(crate) fn cell(spread: Option<Spread>) -> String {
    let Some(Spread { min, median, max, runs }) = spread else { return "-".to_owned() };
    match runs {
        1 => figure(median),
        2 => format!("{}–{}", figure(min), figure(max)),
        _ => format!("{} ({}–{})", figure(median), figure(min), figure(max)),
    }
}

/// Three digits that mean something.
fn figure(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ if value.abs() >= 100.0 => format!("{value:.0}"),
        _ if value.abs() >= 10.0 => format!("{value:.1}"),
        _ if value.abs() >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use expect_test::expect;

    fn word(base: &[f64], new: &[f64]) -> Word {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        row("view", "p99, ms", (spread(base), spread(new))).word
    }

    #[test]
    fn a_ratio_within_the_spread_is_noise() {
        assert_eq!(word(&[10.0, 11.0, 12.0], &[12.0, 13.0, 14.0]), Word::Noise);
        assert_eq!(word(&[10.0, 11.0, 12.0], &[12.1, 13.0, 14.0]), Word::Different);
        assert_eq!(word(&[10.0, 11.0, 12.0], &[1.0, 2.0, 3.0]), Word::Different);
        assert_eq!(word(&[10.0, 11.0], &[20.0, 21.0]), Word::TooFewRuns);
        assert_eq!(word(&[10.0], &[20.0]), Word::TooFewRuns);
        assert_eq!(word(&[10.0], &[]), Word::OneSided);
    }

    #[test]
    fn chance_is_that_of_all_orders() {
        let third = |value: f64| (value * 1000.0).round() / 1000.0;
        assert_eq!(third(chance(2, 2)), 0.333);
        assert_eq!((third(chance(3, 3)), third(chance(5, 5))), (0.1, 0.008));
        assert_eq!((chance(1, 1), chance(0, 0)), (1.0, 1.0));
    }

    #[test]
    fn what_differs_is_said_first() {
        let (base, mut new) = (example::report(), example::report());
        new.seed = 8;
        new.scenario["rate"] = 9.into();
        new.environment.insert("cores".into(), "64".into());
        new.verdict = Verdict::Invalid;
        let told = compare(&base, &new).warnings.join("\n");
        expect![[r#"
            new is invalid: its figures mean nothing
            the seeds differ: 7 and 8
            the scenarios differ: rate: 200 and 9
            the machines differ: cores: 2 and 64"#]]
        .assert_eq(&told);
    }

    #[test]
    fn a_slower_system_is_seen_in_its_ratio() {
        let (base, mut new) = (example::report(), example::report());
        for run in &mut new.runs {
            for point in run.latencies.values_mut().flat_map(|it| &mut it.curve) {
                point.1 *= 2.0;
            }
        }
        let comparison = compare(&base, &new);
        let p50 = comparison.rows.iter().find(|row| row.figure == "p50, ms").expect("a row");
        assert_eq!((p50.ratio, p50.word), (Some(2.0), Word::Different));
        let rate = comparison.rows.iter().find(|row| row.figure == "rate, 1/s").expect("a row");
        assert_eq!((rate.ratio, rate.word), (Some(1.0), Word::Noise));
        assert!(comparison.table().contains("| 2.00 | different |"), "{}", comparison.table());
    }
}
